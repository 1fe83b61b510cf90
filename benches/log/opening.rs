//! What a large log costs at each start of the program, and who asks something of it: `cargo bench --bench log -- open
//! [RECORDS]`.
//!
//! The log is written in memory where there is such a place: it is the reading that counts.

use std::path::Path;

use retentiond::audit::lookup::{Answer, Wanted, WantedBy, lookup};
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::{DestructionLog, LogReader};
use retentiond::disposition::chronicle::Chronicle;
use retentiond::model::Instant;

use super::writing::{SERIES, SOURCE, append, finish, name_of, prepare};
use super::{Failure, Watch, peak_memory, size_of};

/// Longest time, in seconds, that a start may spend on the log.
const STARTED: f64 = 2.0;

/// Writes a log of this many records, so many an entry, then opens it, folds it, looks a record up and verifies it.
pub fn measure(records: u64, batch: u64) -> Result<(), Failure> {
    let memory = Path::new("/dev/shm");
    let home = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let (dir, keys) = (home.path().join("audit"), home.path().join("keys"));
    let now = Instant::from_timestamp(1_795_262_400, 0).ok_or("no such time")?;
    let mut log = DestructionLog::create(&dir, &keys, "log.example/bench".into(), now)?;
    prepare(&mut log, now)?;
    let fingerprinter = log.fingerprinter(&SOURCE.into(), 2026, now)?;
    for first in (0..records).step_by(usize::try_from(batch)?) {
        append(&mut log, &fingerprinter, first..records.min(first + batch), now)?;
        if first % 1_000_000 == 0 {
            log.publish()?;
        }
    }
    finish(&mut log, records, now)?;
    log.publish()?;
    drop(log);
    println!("{records} records, {batch} an entry: {:.0} MB", size_of(&dir)? as f64 / 1e6);

    let start = Watch::start();
    let log = DestructionLog::open(&dir, &keys, now)?;
    println!("  opened, every entry hashed again, in {:.2} s", start.seconds());
    let folding = Watch::start();
    let mut chronicle = Chronicle::default();
    chronicle.read(&log)?;
    println!(
        "  folded in {:.2} s; a start takes both: {:.2} s (at most {STARTED})",
        folding.seconds(),
        start.seconds()
    );
    drop(log);

    let start = Watch::start();
    let name = name_of(&fingerprinter, records / 2);
    let fingerprints = [(2026, vec![name.into()])].into();
    let columns = vec!["id".to_owned()];
    let wanted = Wanted { source: SOURCE.into(), series: SERIES.into(), by: WantedBy::Key, columns, fingerprints };
    let found = lookup(&LogReader::open(&dir)?, &wanted)?;
    if found.answer != Answer::Destroyed {
        return Err(format!("{found:?}").into());
    }
    println!("  looked up in {:.2} s", start.seconds());

    let start = Watch::start();
    let verified = verify(&dir, &Trust::default());
    if verified.verdict != Verdict::OkUnanchored {
        return Err(format!("{:?}", verified.findings).into());
    }
    println!("  verified in {:.2} s", start.seconds());
    println!("  {} MB of memory at most, the log's writing included", peak_memory()?);
    Ok(())
}
