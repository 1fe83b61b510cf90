//! What verification can find wrong.

mod code;

use crate::audit::error::entries;
use chrono::DateTime;

use super::term::TermError;
use crate::audit::codec::LeafError;
use crate::model::{
    BatchNumber, CalendarNumber, HoldId, Origin, PlanId, RuleNumber, RunId, SeriesName, SourceName, in_utc,
};

/// What is wrong.
#[derive(Debug, thiserror::Error)]
pub enum Flaw {
    // The directory and its signature.
    #[error(
        "the journal ends in bytes that are no complete group of entries: a write that a crash cut off and that nothing was done on, or damage; start retentiond once, which drops such a write, and verify again"
    )]
    TornJournal,
    #[error("the journal ends after {size_told}, before the {signed} that the checkpoint covers: it is an older one, or was cut", size_told = entries(*size))]
    JournalBehind { size: u64, signed: u64 },
    #[error("in the journal it is another than the one that the checkpoint covers: either was changed")]
    JournalDiffers,
    #[error("entries {from} to {to} are missing between the checkpoint and the journal")]
    Gap { from: u64, to: u64 },
    #[error("{file} cannot be read: {reason}")]
    Unreadable { file: String, reason: String },
    #[error("{file} is damaged: {reason}")]
    Damaged { file: String, reason: String },
    #[error(
        "the checkpoint is not signed by the key you trust, {key}: {reason}; if the operator changed keys, obtain the new one from them and check it by another way"
    )]
    NotSignedBy { key: String, reason: String },
    #[error("the checkpoint of {size_told} is signed by a key that the log did not declare for that size", size_told = entries(*size))]
    UndeclaredKey { size: u64 },
    #[error("the file vkey is not the key that the log declares last")]
    VkeyFile,
    #[error("{file} says something else than the hash of the entries: {what}")]
    TileDiffers { file: String, what: &'static str },
    #[error("the entries hash to another root than the checkpoint of {size_told} is signed for", size_told = entries(*size))]
    RootDiffers { size: u64 },
    #[error("the older checkpoint of {older_told} is of another log, {origin}", older_told = entries(*older))]
    OtherLog { older: u64, origin: String },
    #[error("the older checkpoint of {older_told} is not a beginning of this log: entries were rewritten since, or the log was forked", older_told = entries(*older))]
    Inconsistent { older: u64 },
    #[error("the older checkpoint speaks of {older_told}, this log has {size}: entries were cut off, or an older copy was put back", older_told = entries(*older))]
    Shortened { older: u64, size: u64 },

    #[error("the file `{file}`: {flaw}")]
    Witnessed { file: String, flaw: Box<Flaw> },

    // The logs before it.
    #[error("{dir} does not hold the {size_told} of the log {origin} that this log continues: it is another log, or was changed since", size_told = entries(*size))]
    OtherPredecessor { origin: Origin, size: u64, dir: String },
    #[error("the older checkpoint of {older_told} is of the log {origin}, which this one continues and which is not here to be held against it: ask the operator for its directory, and name it with --earlier", older_told = entries(*older))]
    PredecessorAbsent { older: u64, origin: Origin },
    #[error("the older checkpoint speaks of {older_told} of the log {origin}, which this one continues after {size}: the others were lost or kept back when it was succeeded", older_told = entries(*older))]
    PredecessorShortened { older: u64, size: u64, origin: Origin },
    #[error("the older checkpoint of {older_told} is not a beginning of the log {origin}, which this one continues: entries of it were rewritten since, or it was forked", older_told = entries(*older))]
    PredecessorDiffers { older: u64, origin: Origin },

    #[error("it speaks of a batch of the log {origin}, which is none of those that this log continues")]
    NotContinued { origin: Origin },

    // Leaves, one by one.
    #[error(transparent)]
    Leaf(LeafError),
    #[error("an entry says that more of it follows, and what follows is not the rest of it")]
    BrokenEntry,
    #[error("it is dated {}, before the entry that precedes it ({})", time(.at), time(.before))]
    TimeRunsBack { at: i64, before: i64 },
    #[error("it is dated {}, but a witness had seen it by {}", time(.at), time(&i64::try_from(*.seen).unwrap_or(i64::MAX)))]
    AfterWitness { at: i64, seen: u64 },
    #[error(
        "it is dated {}, after now ({}): the operator's clock or yours is wrong, or it was written in advance",
        time(.at),
        time(.now)
    )]
    AfterNow { at: i64, now: i64 },
    #[error(
        "the log does not begin with one genesis entry of its own origin, succeeds itself, or names a root of no entries that is none"
    )]
    Genesis,
    #[error("a second genesis entry")]
    SecondGenesis,
    #[error("it declares a signing key that is none of this log: {0}")]
    BadSigningKey(String),
    #[error("its calendar has a zone that the tz database does not know")]
    UnknownZone,
    #[error(
        "it declares calendar {calendar}, version {version}, a second time and otherwise: a version has one content"
    )]
    CalendarChanged { calendar: CalendarNumber, version: u32 },
    #[error("{file}, the text of its calendar, does not say what this entry says: {reason}")]
    TextDiffers { file: String, reason: String },
    #[error("its actor is no account by name and number, `name (uid)`, nor by number alone, `uid N`")]
    BadActor,
    #[error("its {field} is a word that this format does not know")]
    UnknownWord { field: &'static str },
    #[error("rule {rule} of its calendar cannot be reckoned: {error}")]
    BadTerm { rule: RuleNumber, error: TermError },

    // Fingerprint keys.
    #[error("it uses the fingerprint key of source {source_name} and year {year}, which was not declared before")]
    UndeclaredFingerprintKey { source_name: SourceName, year: i32 },
    #[error(
        "it declares the fingerprint key of source {source_name} and year {year} a second time: the first may have been exchanged"
    )]
    SecondFingerprintKey { source_name: SourceName, year: i32 },
    #[error("it uses the fingerprint key of source {source_name} and year {year}, which was destroyed before")]
    DestroyedFingerprintKey { source_name: SourceName, year: i32 },
    #[error("it uses the fingerprint key of {year}, which is not the key of its own year, or older than its plan")]
    OtherYear { year: i32 },
    #[error("it destroys a fingerprint key under which {pending} intents wait for their outcome")]
    KeyInUse { pending: u64 },
    #[error("it destroys a fingerprint key under which {holds} holds in place name their records")]
    KeyOfHold { holds: usize },

    // Intents.
    #[error("its number of records, its fingerprints and its days are not of one count")]
    CountsDiffer,
    #[error("batch {batch} is not one unbroken row of intents of the same kind")]
    BrokenBatch { batch: BatchNumber },
    #[error("plan {plan} was not approved before")]
    NotApproved { plan: PlanId },
    #[error("plan {plan} was approved without rule {rule}")]
    RuleNotApproved { plan: PlanId, rule: RuleNumber },
    #[error("plan {plan} was approved without series {series}")]
    SeriesNotApproved { plan: PlanId, series: SeriesName },
    #[error("plan {plan} had been rejected")]
    Rejected { plan: PlanId },
    #[error("plan {plan} is not named after its day and digest, or its day had not come")]
    PlanName { plan: PlanId },
    #[error(
        "it approves plan {plan}, whose {rail} of series {series} were not approved before, without naming the rail"
    )]
    RailNotNamed { plan: PlanId, rail: &'static str, series: SeriesName },
    #[error("plan {plan} was approved under other rules on series {series} than its calendar has")]
    OtherRules { plan: PlanId, series: SeriesName },
    #[error("rule {rule} of its calendar lets no record of this series be disposed of by itself")]
    KeptByRule { rule: RuleNumber },
    #[error("plan {plan} had been carried out to its end by an earlier run")]
    PlanDone { plan: PlanId },
    #[error("it names a calendar or a version that no entry before it declares")]
    UndeclaredCalendar,
    #[error("it names rule {rule}, which its calendar does not have for this series")]
    UndeclaredRule { rule: RuleNumber },
    #[error("rule {rule} does not let a record be {action}")]
    WrongAction { rule: RuleNumber, action: &'static str },
    #[error("its calendar was not in force on that day")]
    NotInForce,
    #[error("it obeys version {version} of calendar {calendar}, which version {by}, declared before it, had ended")]
    Superseded { calendar: CalendarNumber, version: u32, by: u32 },
    #[error("plan {plan} was approved or rejected before under another digest")]
    PlanDigest { plan: PlanId },
    #[error("the mapping approved for series {series} in this source was not declared before")]
    UndeclaredMapping { series: SeriesName },
    #[error("a day of its records is in no year from 1 to 9999")]
    BadDay,
    #[error("it begins a run of plan {plan}, whose approval was older than a fortnight by then")]
    ApprovalOld { plan: PlanId },
    #[error("{records} of its records were not due yet under rule {rule}, on the dates that the operator recorded")]
    TooEarly { records: u64, rule: RuleNumber },

    // Outcomes, holds, runs.
    #[error("it is the outcome of entry {intent}, which is no intent waiting for one")]
    NoIntent { intent: u64 },
    #[error("it tells another batch than its intent does")]
    OtherBatch,
    #[error("its results are not one for each of its intent's {records} records")]
    Results { records: u32 },
    #[error("its results do not fit what its intent announced, or a transaction that did not commit")]
    ImpossibleResults,
    #[error("one intent of batch {batch} committed and another did not, though a batch is one transaction")]
    HalfCommitted { batch: BatchNumber },
    #[error("{records} of its records were disposed of while hold {hold} kept them")]
    Held { records: u64, hold: HoldId },
    #[error("it lifts hold {hold}, which was not in place")]
    NoHold { hold: HoldId },
    #[error("it lifts hold {hold} with another scope, series, rule or record than the hold was placed with")]
    OtherHold { hold: HoldId },
    #[error("it places hold {hold} a second time")]
    SecondHold { hold: HoldId },
    #[error("the hold cannot be kept as it is written: {what}")]
    BadHold { what: &'static str },
    #[error("it corrects batch {batch}, which has no intent before it")]
    NoBatch { batch: BatchNumber },
    #[error(
        "it is a correction of `{what}` that names no batch of this log, and this log succeeds no other that had one"
    )]
    Unplaced { what: String },
    #[error("it is a correction of `{what}` that {why}")]
    Answer { what: String, why: &'static str },
    #[error("it says that {back} records of batch {batch} are back, of which {gone} had gone by then")]
    NeverGone { batch: BatchNumber, back: u64, gone: u64 },
    #[error("it says that {records} records of batch {batch} are back that the batch left in place")]
    BackOfKept { batch: BatchNumber, records: u64 },
    #[error(
        "it ends what was left of {records} records, and of some of them its batch had left no file, or that had ended before"
    )]
    NeverLeft { records: u64 },
    #[error(
        "what it says of the records whose files are gone or released is not one letter for each record of one batch to the last of them, or counts otherwise"
    )]
    Ended,
    #[error("it corrects batch {batch} of another source, or more records than that batch announces")]
    OtherCorrection { batch: BatchNumber },
    #[error(
        "what it says of the records that are back is not one letter for each record of a resurrected batch, or counts otherwise"
    )]
    Back,
    #[error("it tells of records that could not be looked for, and says nothing of what it looked for")]
    Unnamed,
    #[error("run {run} had ended by its own statement before")]
    RunClosed { run: RunId },
    #[error("run {run} says that it finished, and {pending} of its intents have no outcome")]
    RunPending { run: RunId, pending: u64 },
    #[error("run {run} is of one plan, and here of another")]
    RunPlan { run: RunId },
    #[error("run {run} states that it started after it ended, after its first intent, or before its plan was approved")]
    RunStart { run: RunId },
    #[error("it names a plan by what is no name of a plan, or a reason by what is no code")]
    Refused,
    #[error("what it counts is, together with all that was counted before, beyond all numbers")]
    Sum,
    #[error("run {run} is not named after its plan and the log's size at its beginning")]
    RunName { run: RunId },
    #[error("run {run} says that it went through its plan and put records off, or neither")]
    RunEnd { run: RunId },
    #[error(
        "run {run} states {stated} records planned, and {settled} had been settled before: that is not what the plan found due and a person approved"
    )]
    RunPlanned { run: RunId, stated: u64, settled: u64 },
    #[error(
        "run {run} states that its plan found {due} records due under rule {rule}; {settled} were settled under it"
    )]
    RunDue { run: RunId, rule: RuleNumber, due: u64, settled: u64 },
    #[error("plan {plan} found something else according to an earlier run")]
    PlanChanged { plan: PlanId },
    #[error("run {run} has no entry before")]
    UnknownRun { run: RunId },
    #[error("no intent of its run before it names source {source_name}, or no mapping does")]
    UnknownSource { source_name: SourceName },
    #[error("batch {batch} states that {rows} rows of its own table went, for {records} records")]
    FewerRows { batch: BatchNumber, rows: u64, records: u64 },
    #[error("batch {batch} tells of rows, files or bytes that do not fit its records: {what}")]
    Effects { batch: BatchNumber, what: &'static str },
    #[error(
        "{records} of its records had been disposed of before under plan {plan}, and nothing says that they came back"
    )]
    Repeated { records: u64, plan: PlanId },
    #[error("run {run} does not add up: {planned} records planned, {accounted} accounted for")]
    RunSum { run: RunId, planned: u64, accounted: u64 },
    #[error("run {run} states {stated} {what}, the outcomes in the log say {logged}")]
    RunDiffers { run: RunId, what: &'static str, stated: u64, logged: u64 },
    #[error("the verdicts of rule {rule} do not add up: {rows} rows, {counted} counted")]
    VerdictSum { rule: RuleNumber, rows: u64, counted: u64 },
}

/// A time of the log as a person reads it, in UTC; the bare seconds where no calendar reaches.
fn time(seconds: &i64) -> String {
    DateTime::from_timestamp(*seconds, 0).map_or_else(|| format!("second {seconds}"), in_utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_a_person_reads_them_and_as_seconds_where_no_calendar_reaches() {
        let told = Flaw::AfterNow { at: 1_796_878_800, now: 1_795_311_427 }.to_string();
        assert!(told.starts_with("it is dated 2026-12-10T05:00:00Z, after now (2026-11-22T01:37:07Z)"), "{told}");
        let told = Flaw::AfterWitness { at: 0, seen: u64::MAX }.to_string();
        assert!(told.contains("1970-01-01T00:00:00Z") && told.ends_with("second 9223372036854775807"), "{told}");
    }
}
