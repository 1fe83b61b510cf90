//! What can go wrong at the desk, and how it is told over the socket.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rusqlite::ErrorCode;

use super::super::approval::ApprovalError;
use super::super::governs::meant;
use super::super::kinds::in_full;
use super::super::plan::PlanError;
use super::super::request::{Refusal, RefusalKind};
use super::Holder;
use crate::audit::LogError;
use crate::model::{BatchNumber, HoldId, Origin, PlanId, RuleNumber, SeriesName, SourceName, counted};
use crate::records::sqlite::StoreError;

/// What can go wrong at the desk.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    #[error("could not {doing} {}", path.display())]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("{holder} holds {}; wait until it ends, or stop it", state.display())]
    Locked { state: PathBuf, holder: Holder },
    #[error("{} belongs to user {owner}, not to user {own}, who runs this; run as that user, or `chown -R {own} {}`", path.display(), state.display())]
    Owner { path: PathBuf, state: PathBuf, owner: u32, own: u32 },
    #[error("{} has the mode {mode:03o}, which lets others {danger}; `chmod {mend} {}`", path.display(), path.display())]
    Mode { path: PathBuf, mode: u32, danger: &'static str, mend: &'static str },
    #[error("{} is not what it should be: {what}; move it away", path.display())]
    Kind { path: PathBuf, what: &'static str },
    #[error("could not use the private database {}", path.display())]
    Database { path: PathBuf, source: rusqlite::Error },
    #[error("the disk that holds the private database {} is full, so nothing can be noted and nothing is destroyed; free space there, then run again", path.display())]
    Full { path: PathBuf },
    #[error("the disk that holds {} is full, and of the room set aside there too little is left: what people say is kept as long as it lasts, and nothing is destroyed that cannot be put on record; free space there", path.display())]
    NoRoom { path: PathBuf },
    #[error("the private database {} holds what this version cannot read", path.display())]
    Form { path: PathBuf, source: serde_json::Error },
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    #[error(
        "the log lies behind the database of {source_name}, which remembers batch {batch}: the log has {told}, and no such batch; the state directory is older than what was destroyed since, as one restored from a copy is, so nothing is planned, approved or destroyed under it; \
         put the newer state directory back, or, where it is lost, stop the service and begin a successor: `retentiond audit adopt --reason …`. \
         Where a checkpoint that somebody else keeps proves that the log has lost nothing (`retentiond audit verify --checkpoint KEPT`), somebody wrote that row by hand: let the owner of the database take it out, \
         `DELETE FROM retentiond_batch WHERE origin = '{origin}' AND batch = {batch};`",
        told = counted(*entries, "entry", "entries")
    )]
    LogBehind { source_name: SourceName, origin: Origin, batch: BatchNumber, entries: u64 },
    #[error("no hold {hold} is in force; `retentiond hold list` lists them")]
    NoHold { hold: HoldId },
    #[error(
        "the log says that these holds are in force, but the private database has lost what they keep: {}; nothing is destroyed until each is placed again and the lost one lifted (`retentiond hold lift`)",
        names(holds)
    )]
    HoldsLost { holds: Vec<HoldId> },
    #[error("no series {series} is mapped; `retentiond check` lists them")]
    UnknownSeries { series: SeriesName },
    #[error("no rule {rule} is in a calendar; {}", meant(rule, known))]
    UnknownRule { rule: RuleNumber, known: Vec<RuleNumber> },
    #[error("a key of {series} is its {}, and {found} values were given; give one argument per key column", key.join(", "))]
    KeyColumns { series: SeriesName, key: Vec<String>, found: usize },
    #[error("the mapping of {series} names no reference; hold by key, or add `reference = …` to it")]
    NoReference { series: SeriesName },
    #[error(
        "what the expression reads may go or change before the record does, and {why}, so that not each record for which it holds can be noted by its key; place the hold by key, by reference or on the series {series}"
    )]
    UnboundHold { series: SeriesName, why: String },
    #[error(
        "whoever holds {} goes by another configuration or calendar than the one on disk, and by that the hold would not keep the records of {series} that it keeps by the one on disk, so nothing was placed; have the files read again (`retentiond ctl reload`, or wait until the `apply` ends), or take the change back, then place the hold", state.display()
    )]
    OtherMeaning { series: SeriesName, state: PathBuf },
    #[error(
        "a reason is needed, of at most {most} bytes, and a case number no longer than that; say why with `--reason`"
    )]
    Reason { most: usize },
    #[error(
        "{missing} of the excepted records are not on the list of the plan, so nothing was approved; correct the file, whose lines `retentiond plan --csv` writes"
    )]
    NotOnPlan { missing: usize },
    #[error("{expected} records were to be excepted, but {found} arrived, so nothing was approved; run it again")]
    OtherExceptions { expected: u64, found: u64 },
    #[error("more than {most} records are excepted; approve fewer rules, or make a smaller plan")]
    TooManyExceptions { most: usize },
    #[error(transparent)]
    Records(#[from] StoreError),
    #[error("no random number could be had from the system")]
    Random(#[source] io::Error),
    #[error("a part of the program failed while it held the state; start it again")]
    Broken,
    #[error("no answer came from who holds {}: {what}", state.display())]
    NoAnswer { state: PathBuf, what: &'static str, source: Option<io::Error> },
    #[error("{holder} holds {} and gave no sign within {} s, so nothing was asked of it; let it go on, wait until it ends, or stop it", state.display(), waited.as_secs())]
    Silent { state: PathBuf, holder: Holder, waited: Duration },
    #[error("{holder} holds {} and gave no answer within {} s, so whether it granted what was asked is unknown; let it go on, and look before you ask again", state.display(), waited.as_secs())]
    Unanswered { state: PathBuf, holder: Holder, waited: Duration },
    #[error("who holds {} stopped answering, and did not read the request", state.display())]
    Unheard { state: PathBuf },
    #[error("this user may neither use {} nor ask who holds it; run the command as the owner of that directory, or as a user of its group", state.display())]
    NoRights { state: PathBuf },
    #[error("no daemon runs on {}; start it with `systemctl start retentiond` or `retentiond run`", state.display())]
    NoDaemon { state: PathBuf },
    #[error("no daemon runs on {}; {holder}", state.display())]
    HeldByCommand { state: PathBuf, holder: String },
    #[error(
        "the log is in order, and {batches} batches in it wait for their outcome, which a successor could not give them; \
         start the daemon or run `retentiond apply` on their plan: that settles them"
    )]
    Unsettled { batches: usize },
    #[error(
        "nothing is left of plan {plan} that could be released; `retentiond ctl status` names the plans of which files are left"
    )]
    NothingLeft { plan: PlanId },
    #[error("the line is no request: {message}")]
    NotARequest { message: String },
    #[error("the connection is refused: {what}")]
    Crowded { what: &'static str },
}

fn names(holds: &[HoldId]) -> String {
    holds.iter().map(HoldId::as_str).collect::<Vec<_>>().join(", ")
}

impl DeskError {
    /// Whether room on the disk may be what was missing: of a file that it cannot lengthen, SQLite says no more.
    pub(super) fn may_be_full(&self) -> bool {
        match self {
            Self::Full { .. } | Self::Log(LogError::Full { .. }) => true,
            Self::Database { source, .. } => source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure),
            Self::File { source, .. } => source.kind() == io::ErrorKind::StorageFull,
            _ => false,
        }
    }

    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::File { .. } => "state-file",
            Self::Locked { .. } | Self::Silent { .. } => "state-locked",
            Self::Owner { .. } => "state-owner",
            Self::Mode { .. } => "state-mode",
            Self::Kind { .. } => "state-kind",
            Self::Database { .. } | Self::Form { .. } => "state-database",
            Self::Full { .. } | Self::NoRoom { .. } => "disk-full",
            Self::Log(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Approval(error) => error.code(),
            Self::LogBehind { .. } => "log-behind",
            Self::NoHold { .. } => "no-hold",
            Self::HoldsLost { .. } => "holds-lost",
            Self::UnknownSeries { .. } => "unknown-series",
            Self::UnknownRule { .. } => "unknown-rule",
            Self::KeyColumns { .. } => "key-columns",
            Self::NoReference { .. } => "no-reference",
            Self::UnboundHold { .. } => "hold-unbound",
            Self::OtherMeaning { .. } => "hold-otherwise",
            Self::Reason { .. } => "reason",
            Self::NotOnPlan { .. } => "not-on-plan",
            Self::OtherExceptions { .. } => "other-exceptions",
            Self::TooManyExceptions { .. } => "too-many-exceptions",
            Self::Records(error) => error.code(),
            Self::Random(_) => "random",
            Self::Broken => "broken",
            Self::NoAnswer { .. } | Self::Unanswered { .. } => "no-answer",
            Self::Unheard { .. } => "unheard",
            Self::NoRights { .. } => "state-rights",
            Self::NoDaemon { .. } | Self::HeldByCommand { .. } => "no-daemon",
            Self::Unsettled { .. } => "log-unsettled",
            Self::NothingLeft { .. } => "nothing-left",
            Self::NotARequest { .. } => "not-a-request",
            Self::Crowded { .. } => "crowded",
        }
    }

    /// What kind of answer it is.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Locked { .. } | Self::Silent { .. } | Self::Crowded { .. } | Self::Unheard { .. } => {
                RefusalKind::Busy
            }
            Self::Owner { .. } | Self::Mode { .. } | Self::Kind { .. } => RefusalKind::Configuration,
            Self::Log(error) => RefusalKind::of_log(error),
            Self::Plan(error) => error.kind(),
            Self::Records(error) => RefusalKind::of_records(error),
            Self::Approval(ApprovalError::UnknownRule { .. }) => RefusalKind::Usage,
            Self::Approval(_)
            | Self::HoldsLost { .. }
            | Self::LogBehind { .. }
            | Self::OtherMeaning { .. }
            | Self::Unsettled { .. }
            | Self::NothingLeft { .. } => RefusalKind::Refused,
            Self::NoHold { .. }
            | Self::UnknownSeries { .. }
            | Self::UnknownRule { .. }
            | Self::KeyColumns { .. }
            | Self::NoReference { .. }
            | Self::UnboundHold { .. }
            | Self::Reason { .. }
            | Self::NotOnPlan { .. }
            | Self::TooManyExceptions { .. }
            | Self::NotARequest { .. } => RefusalKind::Usage,
            Self::File { .. }
            | Self::Database { .. }
            | Self::Full { .. }
            | Self::NoRoom { .. }
            | Self::Form { .. }
            | Self::Random(_)
            | Self::Broken
            | Self::OtherExceptions { .. }
            | Self::NoRights { .. }
            | Self::NoDaemon { .. }
            | Self::HeldByCommand { .. }
            | Self::NoAnswer { .. }
            | Self::Unanswered { .. } => RefusalKind::Failure,
        }
    }

    /// Where a plan was refused because it no longer stands, what has changed since it was made.
    pub fn what_changed(&self) -> Option<String> {
        match self {
            Self::Approval(ApprovalError::Changed { what, .. }) => Some(what.clone()),
            Self::Plan(error @ PlanError::NotInForce { .. }) => Some(error.to_string()),
            _ => None,
        }
    }

    /// As it is told over the socket: the sentence, and what lies beneath it.
    pub fn refusal(&self) -> Refusal {
        let rails = match self {
            Self::Approval(ApprovalError::Rails { tripped, .. }) => tripped.clone(),
            _ => Vec::new(),
        };
        Refusal { kind: self.kind(), code: self.code().to_owned(), message: in_full(self), rails, faults: Vec::new() }
    }
}
