//! What may be asked of whoever holds the state, and what it answers: JSON lines over the control socket, or the same
//! values in one process.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;

use serde::{Deserialize, Serialize};

use super::approval::Decision;
use super::control::{Control, Status};
use super::desk::{PlanState, Stayed};
use super::execute::Statement;
use super::holds::{Hold, HoldScope, Meaning};
use super::rails::{Rail, Tripped};
use crate::model::{Actor, CivilDate, Digest, Fault, HoldId, Instant, PlanId, RuleNumber, SeriesName, SourceName};

/// A request. Who asks is known from the socket, or from the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Keeps records from now on. Acknowledged means effective.
    HoldPlace {
        hold: HoldScope,
        /// What these names mean by the configuration of whoever asks, who counts by it what is kept: where they mean
        /// less to who answers, nothing is placed. `None` where that configuration is not in order.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        meaning: Option<Meaning>,
        reason: String,
        case: Option<String>,
        review_by: Option<CivilDate>,
    },
    HoldLift {
        hold: HoldId,
        reason: String,
    },
    HoldList,
    /// Names records that the next [`Request::Approve`] on the same connection leaves out. May be sent several times.
    Except {
        plan: PlanId,
        records: Vec<NamedRecord>,
    },
    /// `excepted`: how many different records [`Request::Except`] named, so that none is lost on the way.
    Approve {
        plan: PlanId,
        accept: Vec<Rail>,
        only: Vec<RuleNumber>,
        excepted: u64,
    },
    Reject {
        plan: PlanId,
        reason: String,
    },
    /// Ends what a plan has left: whoever asks answers for these files, and they are not tried any more.
    ReleaseFiles {
        plan: PlanId,
        reason: String,
    },
    Plans,
    /// The approved plans, not yet executed, that list a record.
    ApprovalsOf {
        record: NamedRecord,
    },
    /// Why records stayed when they were last tried.
    Stayed {
        records: Vec<NamedRecord>,
    },
    /// Makes sure that the sources' fingerprint keys of this year stand, and keys these digests: what planning needs of
    /// the log.
    PlanningKeys {
        sources: Vec<SourceName>,
        digests: Vec<Digest>,
    },
    /// For the daemon alone.
    Daemon {
        control: Control,
    },
}

/// A record, by its key: one text per key column.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedRecord {
    pub series: SeriesName,
    pub key: Vec<String>,
}

/// Records named in one request; more go in several.
const MOST_RECORDS: usize = 1_000;

/// Bytes that records take in one request: what holds the state reads no line of more than 64 KiB.
const MOST_BYTES: usize = 60 << 10;

impl NamedRecord {
    /// Divides records over requests, in their order, so that each can be sent.
    pub fn in_requests(mut records: &[Self]) -> impl Iterator<Item = &[Self]> {
        iter::from_fn(move || {
            let mut bytes = 0;
            let fits = records.iter().take(MOST_RECORDS).take_while(|record| {
                bytes += record.bytes();
                bytes <= MOST_BYTES
            });
            let (first, rest) = records.split_at_checked(fits.count().max(1))?;
            records = rest;
            Some(first)
        })
    }

    /// How many bytes it takes in a request, the comma behind it included.
    fn bytes(&self) -> usize {
        serde_json::to_vec(self).map_or(MOST_BYTES, |json| json.len() + 1)
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Response {
    /// Said first on every connection: requests are read from here on.
    Ready,
    /// Said last: what comes after it is not read. Ask whoever holds the state now.
    Closing,
    HoldPlaced {
        hold: Hold,
        /// Why it is not on record yet. It holds all the same, and is put on record as soon as the log can be written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unrecorded: Option<String>,
    },
    HoldLifted {
        hold: HoldId,
    },
    Holds {
        holds: Vec<Hold>,
        lost: Vec<HoldId>,
    },
    Excepted {
        records: u64,
    },
    Approved {
        decision: Decision,
    },
    Rejected {
        plan: PlanId,
    },
    FilesReleased(Released),
    Plans {
        plans: Vec<PlanStatus>,
    },
    ApprovalsOf {
        approvals: Vec<RecordApproval>,
    },
    Stayed {
        /// In the order of the records.
        stayed: Vec<Option<Stayed>>,
    },
    PlanningKeys {
        /// Of the fingerprint keys: that of the time which the log's entries bear.
        year: i32,
        digests: Vec<Digest>,
    },
    Status {
        status: Box<Status>,
    },
    /// What whoever holds the state believes of the clock.
    Clock {
        now: Instant,
        /// What speaks against it. That no server confirmed it speaks for nothing until records are destroyed.
        doubt: Option<String>,
    },
    /// Done, or begun; in a sentence.
    Done {
        message: String,
    },
    /// An execution is under way or waits for its turn.
    Applying {
        /// To ask for it with [`Control::Progress`].
        execution: u64,
        planned: u64,
        done: u64,
    },
    Applied {
        statement: Statement,
    },
    Refused(Refusal),
}

/// Files that a person answers for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    pub plan: PlanId,
    /// Where they were: for who asked, and nowhere else.
    pub files: Vec<String>,
}

/// Where a plan stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStatus {
    pub plan: PlanId,
    pub state: PlanState,
    pub digest: Option<Digest>,
    pub as_of: Option<CivilDate>,
    pub made_at: Option<Instant>,
    /// Records on its list, per rule.
    pub planned: BTreeMap<RuleNumber, u64>,
    /// Sources that could not be read when it was made: it says nothing of their records.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub unread: BTreeSet<SourceName>,
    /// The one rule that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lists_only: Option<RuleNumber>,
    /// The rails it tripped when it was made.
    pub rails: Vec<Tripped>,
    pub decision: Option<Decision>,
    /// What is wrong with its file.
    pub fault: Option<String>,
}

/// An approved plan that lists a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordApproval {
    pub plan: PlanId,
    pub actor: Actor,
    pub at: Instant,
    pub covered: Covered,
}

/// Whether an approval lets a record of its plan go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covered {
    /// It goes when the plan is applied.
    Listed,
    /// The approval left it out (`approve --except`).
    Excepted,
    /// The approval is of other rules only (`approve --only`).
    OtherRule,
}

/// A request that was not granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    pub kind: RefusalKind,
    /// Stable name of the reason.
    pub code: String,
    /// A sentence that names the thing and the mend.
    pub message: String,
    /// The rails that were tripped and not named.
    pub rails: Vec<Tripped>,
    /// What is wrong with the configuration or with calendars, fault by fault, where that is why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// What kind of answer a refusal is: the edge gives each an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// By a hold, an approval, a rail, or because it was done already.
    Refused,
    /// The request itself is wrong.
    Usage,
    /// Something else uses what is needed; try later.
    Busy,
    /// Calendar or configuration do not allow it.
    Configuration,
    /// The log is damaged or inconsistent.
    Log,
    /// Everything else.
    Failure,
}
