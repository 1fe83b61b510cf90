//! How fast the destruction log takes on a million records, and how fast an auditor verifies them.
//!
//! `cargo bench --bench log [-- RECORDS]`. Each batch names its records by fingerprint, 1,000 an entry, waits for the disk once for all of
//! its entries, and notes its outcomes, which reach the disk with the next batch's intents: as a run does. The log is published at the
//! end. Prints one line a measure, with what is asked of it, and the processor's time beside the clock's: on a busy machine the second
//! says little.
//!
//! A batch of 1,000 records is one entry and one wait for the disk; a run makes its chunks larger, up to 10,000 records, while the database
//! keeps pace.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use retentiond::audit::leaf::{
    Action, Approval, Body, GovernedBy, MappingLeaf, Outcome, RecordOutcome, Run, RunCounts, VerdictCounts,
};
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::{DestructionLog, Fingerprinter, IntentDraft, IntentRecord, LogError, encode_results};
use retentiond::disposition::execute::calendar_leaf;
use retentiond::model::{CivilDate, DurableEvidence, Instant, KeyValue, RecordKey, SeriesName};
use rustix::time::{ClockId, clock_gettime};

/// Records a second that the project promises, appended and durable, and verified on one core.
const APPENDED: u64 = 500_000;
const VERIFIED: u64 = 2_000_000;

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

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let asked = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let records: u64 = asked.unwrap_or(1_000_000);
    for batch in [1_000, 8_000, 10_000] {
        measure(records, batch)?;
    }
    Ok(())
}

/// Appends, publishes, opens again and verifies a log of this many records.
fn measure(records: u64, batch: u64) -> Result<(), Failure> {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (dir, keys) = (home.path().join("audit"), home.path().join("keys"));
    let now = Instant::from_timestamp(1_795_262_400, 0).ok_or("no such time")?;
    let mut log = DestructionLog::create(&dir, &keys, "log.example/bench".into(), now)?;
    prepare(&mut log, now)?;
    let fingerprinter = log.fingerprinter(&"parle".into(), 2026, now)?;
    println!("{records} records, {batch} a batch");

    let start = Watch::start();
    for first in (0..records).step_by(usize::try_from(batch)?) {
        append(&mut log, &fingerprinter, first..records.min(first + batch), now)?;
    }
    finish(&mut log, records, now)?;
    start.report("appended durable", records, APPENDED);
    let start_publish = Watch::start();
    log.publish()?;
    start.report("appended and published", records, APPENDED);
    println!("  published in {:.3} s", start_publish.clock.elapsed().as_secs_f64());
    drop(log);
    println!("  {:.1} bytes a record on disk (at most 80)", size_of(&dir)? as f64 / records as f64);

    let start = Watch::start();
    drop(DestructionLog::open(&dir, &keys, now)?);
    println!("  opened again in {:.3} s", start.clock.elapsed().as_secs_f64());

    let start = Watch::start();
    let verified = verify(&dir, &Trust::default());
    if verified.verdict != Verdict::OkUnanchored {
        return Err(format!("{:?}", verified.findings).into());
    }
    start.report("verified", records, VERIFIED);
    println!("  {} MB of memory at most", peak_memory()?);
    Ok(())
}

/// What must stand in a log before the first intent.
fn prepare(log: &mut DestructionLog, now: Instant) -> Result<(), Failure> {
    let calendar =
        retentiond::calendar::parse("calendar", CALENDAR.as_bytes()).map_err(|faults| format!("{faults:?}"))?;
    log.put_blob(CALENDAR.as_bytes())?;
    log.append(Body::Calendar(calendar_leaf(&calendar)), now)?;
    let mapping = log.keyed_digest("mapping");
    let (series, source, table) = ("dossier".into(), "parle".into(), "dossier".into());
    log.append(Body::Mapping(MappingLeaf { series, source, table, digest: mapping }), now)?;
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
fn append(
    log: &mut DestructionLog,
    fingerprinter: &Fingerprinter,
    keys: std::ops::Range<u64>,
    now: Instant,
) -> Result<(), LogError> {
    let series = SeriesName::from("dossier");
    let record = |key: u64| IntentRecord {
        fingerprint: fingerprinter.record(&series, &RecordKey::new(vec![KeyValue::Integer(key.cast_signed())])),
        reference: None,
        day: CivilDate::default() + chrono::Days::new(19_000 + key % 1_000),
    };
    let draft = IntentDraft {
        run: RUN.into(),
        plan: PLAN.into(),
        source: "parle".into(),
        series: series.clone(),
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
fn finish(log: &mut DestructionLog, records: u64, now: Instant) -> Result<(), LogError> {
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
    };
    log.append(Body::Run(run), now)?;
    log.sync()
}

/// Time since it was started: the clock's, and this process's on the processor.
struct Watch {
    clock: Clock,
    processor: Duration,
}

impl Watch {
    fn start() -> Self {
        Self { clock: Clock::now(), processor: processor_time() }
    }

    /// Says how many records a second there were, and how many are asked for.
    fn report(&self, what: &str, records: u64, asked: u64) {
        let clock = records as f64 / self.clock.elapsed().as_secs_f64();
        let processor = records as f64 / (processor_time() - self.processor).as_secs_f64();
        println!("  {what}: {clock:.0} records/s (at least {asked}); by the processor's time {processor:.0}");
    }
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Bytes of all files below a directory, as allocated on disk.
fn size_of(dir: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.blocks() * 512 };
    }
    Ok(size)
}

/// Most memory that this process ever had, in MB.
fn peak_memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kilobytes / 1024)
}
