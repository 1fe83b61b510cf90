//! A log as a run writes it.

use std::collections::BTreeMap;

use retentiond::audit::leaf::{
    Action, Approval, Body, GovernedBy, MappingLeaf, Outcome, RecordOutcome, Run, RunCounts, VerdictCounts,
};
use retentiond::audit::{DestructionLog, Fingerprinter, IntentDraft, IntentRecord, LogError, encode_results};
use retentiond::disposition::declared::calendar_leaf;
use retentiond::model::{CivilDate, DurableEvidence, Fingerprint, Instant, KeyValue, RecordKey, SeriesName};

use super::Failure;

const PLAN: &str = "2026-11-20-00112233";
const PLAN_DIGEST: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// Named after the log's size at its beginning.
const RUN: &str = "2026-11-20-00112233-5";

const CALENDAR: &str = r#"[calendar]
number = "OPC-PC"
organization = "Office"
title = { en = "Bench" }
version = 1
approval = { authority = "BAnQ", date = 2024-03-20 }
effective = { from = 2024-04-04 }
timezone = "America/Toronto"

[[series]]
name = "dossier"
triggers = { closure = { en = "Closure" } }

[[rule]]
number = "PC-1"
series = "dossier"
trigger = "closure"
keep = "P1Y"
disposition = "destroy"
basis = [{ source = "Policy", text = "destroyed" }]
"#;

/// The series that is destroyed, and its source.
pub const SERIES: &str = "dossier";
pub const SOURCE: &str = "parle";

/// The name of a record.
pub fn name_of(fingerprinter: &Fingerprinter, key: u64) -> Fingerprint {
    fingerprinter.record(&SeriesName::from(SERIES), &RecordKey::new(vec![KeyValue::Integer(key.cast_signed())]))
}

/// What must stand in a log before the first intent.
pub fn prepare(log: &mut DestructionLog, now: Instant) -> Result<(), Failure> {
    let calendar =
        retentiond::calendar::parse("calendar", CALENDAR.as_bytes()).map_err(|faults| format!("{faults:?}"))?;
    log.put_blob(CALENDAR.as_bytes())?;
    log.append(Body::Calendar(calendar_leaf(&calendar)), now)?;
    let mapping = log.keyed_digest("mapping");
    let (series, source, table) = ("dossier".into(), "parle".into(), "dossier".into());
    let (key, reference) = (vec!["id".to_owned()], None);
    log.append(Body::Mapping(MappingLeaf { series, source, table, key, reference, digest: mapping }), now)?;
    let approval = Approval {
        plan: PLAN.into(),
        digest: PLAN_DIGEST.parse()?,
        actor: "bench (0)".into(),
        only: Vec::new(),
        excepted: 0,
        accepted: vec!["rules".to_owned()],
        governed: [("dossier".into(), GovernedBy { rules: calendar.rule_set_digest(&"dossier".into()), mapping })]
            .into(),
    };
    log.append(Body::Approval(approval), now)?;
    Ok(())
}

/// One batch as a run writes it: fingerprints, intents, the disk, outcomes.
pub fn append(
    log: &mut DestructionLog,
    fingerprinter: &Fingerprinter,
    keys: std::ops::Range<u64>,
    now: Instant,
) -> Result<(), LogError> {
    let record = |key: u64| IntentRecord {
        fingerprint: name_of(fingerprinter, key),
        reference: None,
        day: CivilDate::default() + chrono::Days::new(19_000 + key % 1_000),
    };
    let draft = IntentDraft {
        run: RUN.into(),
        plan: PLAN.into(),
        source: SOURCE.into(),
        series: SERIES.into(),
        rule: "PC-1".into(),
        calendar: "OPC-PC".into(),
        version: 1,
        action: Action::Destroy,
        year: fingerprinter.year(),
        with_references: false,
        records: keys.map(record).collect(),
    };
    let pending = log.append_intents(draft, now)?;
    let durable = log.make_durable(pending)?;
    for (index, intent) in durable.leaves() {
        let outcome = Outcome {
            batch: durable.batch(),
            intent: *index,
            committed: true,
            recovered: false,
            results: encode_results(&vec![RecordOutcome::Destroyed; intent.n as usize]),
            rows: [("dossier".to_owned(), u64::from(intent.n))].into(),
            detached: 0,
            triggered: 0,
            files: BTreeMap::new(),
            bytes: 0,
            left: 0,
        };
        log.append(Body::Outcome(outcome), now)?;
    }
    Ok(())
}

/// The statement of the run.
pub fn finish(log: &mut DestructionLog, records: u64, now: Instant) -> Result<(), LogError> {
    let verdicts = VerdictCounts { rows: records, due: records, ..VerdictCounts::default() };
    let run = Run {
        run: RUN.into(),
        plan: PLAN.into(),
        started: now.timestamp(),
        actor: "bench (0)".into(),
        finished: true,
        counts: RunCounts { planned: records, destroyed: records, ..RunCounts::default() },
        rows: records,
        detached: 0,
        triggered: 0,
        files: 0,
        bytes: 0,
        verdicts: [("PC-1".into(), verdicts)].into(),
        more: false,
    };
    log.append(Body::Run(run), now)?;
    log.sync()
}
