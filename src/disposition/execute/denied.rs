//! Batches of which the log says that they were not committed, and the database that they were: another one stood in
//! its place when they were settled, and the right one is back. What it says is sealed by us.

use std::collections::BTreeSet;

use super::error::ExecuteError;
use super::left::without_named;
use super::logged::{is_gone, logged_batch};
use super::note;
use super::spool::SpoolDir;
use crate::audit::Entries;
use crate::audit::leaf::{Correction, EarlierBatch, RecordOutcome};
use crate::disposition::chronicle::{Chronicle, correction};
use crate::disposition::desk::Desk;
use crate::model::{BatchNumber, Origin, SourceName};
use crate::records::sqlite::{FenceState, Reader, Writer};

/// What the log must say of such batches of a source; each once, for a person who let the source go on knew of them.
/// Their files, which nobody may unlink by that word alone, are listed for a person.
pub(super) fn found(desk: &mut Desk, source: &SourceName) -> Result<Vec<Correction>, ExecuteError> {
    let origin = desk.log().origin().clone();
    let mut corrections = Vec::new();
    for (batch, text) in committed(desk, source, &origin)? {
        let chronicle = desk.chronicle()?;
        if chronicle.expected_fences().get(source) == Some(&batch) || chronicle.is_altered(None, batch) {
            continue;
        }
        let gone = if is_denied(desk.log(), source, batch)? { gone_by(desk, batch, &text) } else { Vec::new() };
        if gone.is_empty() {
            continue;
        }
        list_files(desk, source, (&origin, batch), &gone)?;
        let records = gone.len() as u64;
        let correction = Correction::new(source.clone(), correction::ALTERED_FENCE);
        corrections.push(Correction { batch: Some(batch), records, ..correction });
    }
    corrections.extend(found_before(desk, source)?);
    Ok(corrections)
}

/// The same of batches of the logs before this one, until it has committed a batch in the source itself: where that was
/// in another database, its row is missing in this one, which waits for a person too.
fn found_before(desk: &mut Desk, source: &SourceName) -> Result<Vec<Correction>, ExecuteError> {
    let mut corrections = Vec::new();
    let chronicle = desk.chronicle()?;
    if chronicle.tells_of(source) && !chronicle.is_restored(source) {
        return Ok(corrections);
    }
    for place in 0..desk.earlier()?.len() {
        let origin = desk.earlier()?[place].origin.clone();
        for (batch, text) in committed(desk, source, &origin)? {
            let earlier = EarlierBatch { origin: origin.clone(), batch };
            if !is_denied(&desk.earlier()?[place].log, source, batch)? || is_told(desk, &earlier)? {
                continue;
            }
            let gone = gone_by(desk, batch, &text);
            if gone.is_empty() {
                continue;
            }
            list_files(desk, source, (&origin, batch), &gone)?;
            let correction = Correction::new(source.clone(), correction::ALTERED_FENCE);
            corrections.push(Correction { earlier: Some(earlier), records: gone.len() as u64, ..correction });
        }
    }
    Ok(corrections)
}

/// Whether its own log, or one after it, says of a batch of an earlier log that its row says something else.
fn is_told(desk: &mut Desk, batch: &EarlierBatch) -> Result<bool, ExecuteError> {
    let is_told_by = |origin: &Origin, chronicle: &Chronicle| {
        chronicle.is_altered(Some(&batch.origin).filter(|log| *log != origin), batch.batch)
    };
    let own = desk.log().origin().clone();
    let is_told = is_told_by(&own, desk.chronicle()?);
    Ok(is_told || desk.earlier()?.iter().any(|earlier| is_told_by(&earlier.origin, &earlier.chronicle)))
}

/// The batches of a log of which a source says that they were committed in it, with the texts of their rows.
fn committed(desk: &Desk, source: &SourceName, origin: &Origin) -> Result<Vec<(BatchNumber, String)>, ExecuteError> {
    let install = desk.install();
    let mut reader = Reader::open(&install.sources[source], &install.series)?;
    let mut committed = Vec::new();
    for batch in reader.fences(origin)? {
        if let FenceState::Committed(text) = reader.fence(origin, batch)? {
            committed.push((batch, text));
        }
    }
    Ok(committed)
}

/// Whether a log says of a batch of the source that it was not committed.
fn is_denied(log: &impl Entries, source: &SourceName, batch: BatchNumber) -> Result<bool, ExecuteError> {
    let logged = logged_batch(log, batch)?;
    Ok(logged.is_some_and(|logged| logged.intent.source == *source && logged.is_resolved && logged.records.is_empty()))
}

/// Which records went with a batch by the text of its row, and how; none where that is not ours.
fn gone_by(desk: &mut Desk, batch: BatchNumber, text: &str) -> Vec<(usize, RecordOutcome)> {
    let outcomes = note::unsealed(desk.log(), batch, text).and_then(|done| done.outcomes()).unwrap_or_default();
    outcomes.into_iter().enumerate().filter(|(_, outcome)| is_gone(*outcome)).collect()
}

/// Lists for a person the files of the records that such a batch destroyed, where no row names them.
fn list_files(
    desk: &mut Desk,
    source: &SourceName,
    (origin, batch): (&Origin, BatchNumber),
    gone: &[(usize, RecordOutcome)],
) -> Result<(), ExecuteError> {
    let (install, spools) = (desk.install().clone(), SpoolDir::of_desk(desk));
    let Some(mut spool) = spools.put_off_of(origin, batch)? else { return Ok(()) };
    let destroyed = gone.iter().filter(|(_, outcome)| *outcome == RecordOutcome::Destroyed);
    let destroyed: BTreeSet<usize> = destroyed.map(|(record, _)| *record).collect();
    spool.files.retain(|file| destroyed.contains(&file.record));
    let mut writer = Writer::open(&install.sources[source], &install.series, origin)?;
    let (free, _) = without_named(&mut writer, &spool)?;
    spools.set_aside(&spool, free)?;
    Ok(spools.forget_put_off(&spool)?)
}

/// Forgets the files that were kept of batches that recovery put off, where a later one of their source was committed:
/// the rows of that one tell from now on which database is the right one.
pub(super) fn forget(desk: &mut Desk) -> Result<(), ExecuteError> {
    let spools = SpoolDir::of_desk(desk);
    let own = desk.log().origin().clone();
    for spool in spools.all_put_off()? {
        let last = desk.chronicle()?.expected_fences().get(&spool.source);
        if last.is_some_and(|last| spool.log != own || *last >= spool.batch) {
            spools.forget_put_off(&spool)?;
        }
    }
    Ok(())
}
