//! How fast the destruction log takes on a million records, and how fast an auditor verifies them.
//!
//! `cargo bench --bench log [-- RECORDS]`; `-- open [RECORDS]` measures what a large log costs at each start
//! (`opening.rs`). Each batch names its records by fingerprint, 1,000 an entry, waits for the disk once for all of its
//! entries, and notes its outcomes, which reach the disk with the next batch's intents: as a run does. The log is
//! published at the end. Prints one line a measure, with what is asked of it, and the processor's time beside the
//! clock's: on a busy machine the second says little.
//!
//! A batch of 1,000 records is one entry and one wait for the disk; a run makes its chunks larger, up to 10,000
//! records, while the database keeps pace.

mod opening;
mod writing;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant as Clock};

use retentiond::audit::DestructionLog;
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::model::Instant;
use rustix::time::{ClockId, clock_gettime};

use writing::{append, finish, prepare};

/// Records a second that the project promises, appended and durable, and verified on one core.
const APPENDED: u64 = 500_000;
const VERIFIED: u64 = 2_000_000;

pub type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = arguments.iter().find_map(|argument| argument.parse().ok());
    if arguments.iter().any(|argument| argument == "open") {
        let records = asked.unwrap_or(10_000_000);
        return [1_000, 100].into_iter().try_for_each(|batch| opening::measure(records, batch));
    }
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

/// Time since it was started: the clock's, and this process's on the processor.
pub struct Watch {
    clock: Clock,
    processor: Duration,
}

impl Watch {
    /// Seconds so far.
    pub fn seconds(&self) -> f64 {
        self.clock.elapsed().as_secs_f64()
    }

    pub fn start() -> Self {
        Self { clock: Clock::now(), processor: processor_time() }
    }

    /// Says how many records a second there were, and how many are asked for.
    pub fn report(&self, what: &str, records: u64, asked: u64) {
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
pub fn size_of(dir: &Path) -> std::io::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    let mut size = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        size += if entry.file_type()?.is_dir() { size_of(&entry.path())? } else { entry.metadata()?.blocks() * 512 };
    }
    Ok(size)
}

/// Most memory that this process ever had, in MB.
pub fn peak_memory() -> Result<u64, Failure> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find(|line| line.starts_with("VmHWM")).ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
    Ok(kilobytes / 1024)
}
