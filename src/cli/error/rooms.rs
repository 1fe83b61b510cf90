//! Each room's errors, mapped: which exit code, and what to do where the room's own sentence does not say.

use super::sentence::apart;
use super::{COMMAND_LINE, CONFIGURATION, Details, Failure, STATE};
use crate::audit::LogError;
use crate::audit::prove::ProofError;
use crate::audit::witness::WitnessError;
use crate::cli::exit::Exit;
use crate::disposition::desk::DeskError;
use crate::disposition::door::AskError;
use crate::disposition::execute::ExecuteError;
use crate::disposition::plan::PlanError;
use crate::disposition::request::{Refusal, RefusalKind};
use crate::model::Fault;
use crate::records::sqlite::StoreError;
use crate::report::rails::TrippedRail;

impl From<Vec<Fault>> for Failure {
    /// Faults of TOML files: all of them, exit 78.
    fn from(faults: Vec<Fault>) -> Self {
        let mut files: Vec<&str> = faults.iter().map(|fault| fault.file.as_str()).collect();
        files.sort_unstable();
        files.dedup();
        let count = match faults.len() {
            1 => "one fault".to_owned(),
            several => format!("{several} faults"),
        };
        let message = format!("The configuration is not in order: {count}.");
        let mend = match faults.as_slice() {
            [only] => only.mend.clone(),
            _ => "Mend each fault as it says, then run `check`.".to_owned(),
        };
        let mut failure = Self::new(Exit::BadConfig, "configuration", message, files.join(", "), mend);
        failure.details = Details::Faults(faults.into());
        failure
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let exit = RefusalKind::of_records(&error).into();
        let place = match &error {
            StoreError::Key { .. } | StoreError::Expression { .. } => COMMAND_LINE.to_owned(),
            error => database(error).map(|path| path.display().to_string()).unwrap_or_default(),
        };
        let mend = match &error {
            StoreError::Key { .. } => "Give the key as the table holds it, one argument per key column.",
            StoreError::Expression { .. } => "Correct the expression; the row is called `this`.",
            _ => "Run `check`, which looks at every database.",
        };
        Self::of_room(exit, error.code(), &error, place, mend)
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let mend = match &error {
            LogError::KeyNeeded { .. } => "Nothing was changed. `plans` and `audit show` say what still waits.",
            LogError::KeyDestroyed { .. } => {
                "Nothing was changed. `audit show --kind fpkey_destroyed` says when, and by whom."
            }
            LogError::KeyUnknown { .. } => {
                "Nothing was changed. Give the source and the year of a key that the log declares."
            }
            LogError::KeyUntold { .. } => {
                "Nothing was changed. Put that log's directory back beside this one, as `audit.N`, and run the command again."
            }
            _ => "Nothing more is destroyed until the log can be written.",
        };
        Self::of_room(RefusalKind::of_log(&error).into(), error.code(), &error, "the destruction log", mend)
    }
}

impl From<ProofError> for Failure {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Log(error) => error.into(),
            ProofError::Outside(_) => Self::of_room(
                Exit::Usage,
                "no-such-entry",
                &error,
                "the destruction log",
                "Only entries that the signed checkpoint covers can be proven; `audit show` lists them.",
            ),
            error => Self::of_room(Exit::LogFault, "proof", &error, "the destruction log", "Run `audit verify`."),
        }
    }
}

impl From<WitnessError> for Failure {
    fn from(error: WitnessError) -> Self {
        let (exit, code) = match error {
            WitnessError::Log(error) => return error.into(),
            WitnessError::Inconsistent { .. } | WitnessError::Refused { .. } => (Exit::LogFault, "not-cosigned"),
            WitnessError::Conflict { .. }
            | WitnessError::OtherLog { .. }
            | WitnessError::Unmatched
            | WitnessError::NotOurs
            | WitnessError::Untimed
            | WitnessError::NotYet { .. }
            | WitnessError::Moved => (Exit::Refused, "not-cosigned"),
            WitnessError::Secret(_) | WitnessError::Key { .. } | WitnessError::Taken { .. } => {
                let mend = "Nothing was co-signed; put the key back from your copy.";
                return Self::of_room(Exit::Failure, "witness-key", &error, "the key of this witness", mend);
            }
            _ => (Exit::Failure, "witness"),
        };
        Self::of_room(exit, code, &error, "the log to co-sign", "Run `audit verify` on it, and keep what you have.")
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        let text = error.to_string();
        match error {
            // What ails a database or the log keeps its own code and mend; what was being done goes before it.
            PlanError::Records { source, .. } | PlanError::Source { source, .. } => Self::from(source).after(&text),
            PlanError::Log(error) => error.into(),
            error => DeskError::Plan(error).refusal().into(),
        }
    }
}

impl From<DeskError> for Failure {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::Plan(error) => error.into(),
            DeskError::Log(error) => error.into(),
            DeskError::Records(error) => error.into(),
            error => error.refusal().into(),
        }
    }
}

impl From<ExecuteError> for Failure {
    fn from(error: ExecuteError) -> Self {
        match error {
            ExecuteError::Store(error) => error.into(),
            ExecuteError::Log(error) => error.into(),
            ExecuteError::Plan(error) => error.into(),
            ExecuteError::Desk(error) => error.into(),
            error => {
                let mend = "Run the same command again: it goes on from where it stopped.";
                Self::of_room(error.kind().into(), error.code(), &error, "", mend)
            }
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Here(error) => error.into(),
            AskError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let exit = refusal.kind.into();
        let otherwise = match refusal.kind {
            RefusalKind::Refused => "`plans` and `hold list` say where things stand.",
            RefusalKind::Usage => "See the command's --help.",
            RefusalKind::Busy => "Try the same command again later.",
            RefusalKind::Configuration => "Run `check`.",
            RefusalKind::Log => "Run `audit verify`.",
            RefusalKind::Failure => "Mend what the message says, then run the same command again.",
        };
        let otherwise = match refusal.code.as_ref() {
            "simulation" => "Make a plan without `--as-of`, and approve that one.",
            "key" => "Give the key as the table holds it, one argument per key column.",
            _ => otherwise,
        };
        if !refusal.faults.is_empty() {
            // Each fault says where it is and how to mend it; what became of the request goes before them.
            let (asked, _) = refusal.message.split_once(": ").unwrap_or((&refusal.message, ""));
            return Self::from(refusal.faults).after(asked);
        }
        let place = match refusal.kind {
            _ if refusal.code == "calendar-not-in-force" => CONFIGURATION,
            _ if refusal.code.starts_with("state-") => STATE,
            RefusalKind::Usage => COMMAND_LINE,
            RefusalKind::Configuration => CONFIGURATION,
            _ => STATE,
        };
        let (message, mend) = apart(&refusal.message, otherwise);
        let mut failure = Self::new(exit, refusal.code, message, place, mend);
        if !refusal.rails.is_empty() {
            failure.details = Details::Rails(refusal.rails.iter().map(TrippedRail::from).collect());
        }
        failure
    }
}

fn database(error: &StoreError) -> Option<&std::path::Path> {
    match error {
        StoreError::Missing { database }
        | StoreError::NotAFile { database }
        | StoreError::NotADatabase { database }
        | StoreError::Corrupt { database }
        | StoreError::Locked { database }
        | StoreError::Unfinished { database }
        | StoreError::ReadOnly { database }
        | StoreError::NoAccess { database }
        | StoreError::UnsafeToOpen { database, .. }
        | StoreError::DiskFull { database }
        | StoreError::Io { database, .. }
        | StoreError::Setting { database, .. }
        | StoreError::Schema { database, .. }
        | StoreError::SchemaChanged { database, .. }
        | StoreError::Replaced { database }
        | StoreError::FenceTable { database, .. }
        | StoreError::Constraint { database, .. }
        | StoreError::RowFails { database, .. }
        | StoreError::Interrupted { database }
        | StoreError::TooSlow { database, .. }
        | StoreError::Sql { database, .. } => Some(database),
        StoreError::SqliteTooOld { .. }
        | StoreError::Unmapped { .. }
        | StoreError::PartOfNone { .. }
        | StoreError::Expression { .. }
        | StoreError::Key { .. }
        | StoreError::CountDiffers { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_s_sentence_is_taken_apart_into_what_happened_and_what_to_do() {
        let failure = Failure::from(StoreError::Locked { database: "/srv/a.db".into() });
        assert_eq!(failure.exit, Exit::Locked);
        assert_eq!(failure.message, "Another program keeps /srv/a.db locked.");
        assert_eq!((failure.place.as_str(), failure.mend.as_str()), ("/srv/a.db", "Try again later."));
    }

    #[test]
    fn several_faults_are_told_together_and_one_keeps_its_own_mend() {
        let fault = |mend: &str| Fault::of_file("a.toml", "code", "message", mend);
        assert_eq!(Failure::from(vec![fault("write this")]).mend, "write this");
        let both = Failure::from(vec![fault("one"), fault("two")]);
        assert!(both.message.contains("2 faults") && both.place == "a.toml", "{both:?}");
        assert_eq!(both.to_json()["faults"].as_array().map(Vec::len), Some(2));
    }
}
