//! After the COMMIT: files go, absence is read back, the outcome is logged. Live run and recovery both end here.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::thread;
use std::time::Instant as Stopwatch;

use super::error::ExecuteError;
use super::fault;
use super::spool::{Spool, SpoolDir, SpooledFile};
use super::statement::{BatchResult, Changes};
use crate::audit::leaf::{Body, Intent, Outcome, RecordOutcome};
use crate::audit::{DestructionLog, encode_results};
use crate::model::{Instant, RecordKey};
use crate::records::files::{Reserved, Unlinked, confirm_all, device_of, unlink_each};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{StoreError, Writer};

/// What a committed transaction did, as its fence row says.
pub(super) struct Committed {
    pub outcomes: Vec<RecordOutcome>,
    pub changes: Changes,
}

/// What a batch leaves to do once it is committed.
#[derive(Clone, Copy)]
pub(super) struct After<'a> {
    pub mapping: &'a SeriesMapping,
    pub spool: &'a Spool,
    /// What no row may have unlinked.
    pub reserved: &'a Reserved,
    pub spools: &'a SpoolDir,
    pub absence: Absence,
}

/// Unlinks the files of the records that are gone, reads back that records and files are absent, and says what is true.
///
/// `keys` are the batch's records in order; `None` for a record of which recovery has found that no row bears its name.
pub(super) fn finish(
    writer: &mut Writer,
    committed: Committed,
    keys: &[Option<RecordKey>],
    after: &After<'_>,
) -> Result<BatchResult, ExecuteError> {
    let mut result = BatchResult { outcomes: committed.outcomes, changes: committed.changes, ..BatchResult::default() };
    read_back(writer, after.mapping, keys, &mut result)?;
    after.spools.begin(after.spool)?;
    unlink_files(writer, after.spool, after.reserved, after.absence, &mut result)?;
    fault::step("files-gone")?;
    Ok(result)
}

/// A record that is still there was not destroyed, and one without its masks not anonymized, whatever the transaction believed.
fn read_back(
    writer: &mut Writer,
    mapping: &SeriesMapping,
    keys: &[Option<RecordKey>],
    result: &mut BatchResult,
) -> Result<(), StoreError> {
    let places = |outcomes: &[RecordOutcome], wanted| -> Vec<(usize, RecordKey)> {
        let places = places_of(outcomes, wanted).into_iter();
        places.filter_map(|place| Some((place, keys.get(place)?.clone()?))).collect()
    };
    let (destroyed, anonymized) =
        (places(&result.outcomes, RecordOutcome::Destroyed), places(&result.outcomes, RecordOutcome::Anonymized));
    let asked: Vec<RecordKey> = destroyed.iter().map(|(_, key)| key.clone()).collect();
    let there: HashSet<RecordKey> = writer.still_there(&mapping.series, &asked)?.into_iter().collect();
    for (place, _) in destroyed.iter().filter(|(_, key)| there.contains(key)) {
        fail(result, *place, "the record stood in its table again after the commit; look at what writes it back");
    }
    let asked: Vec<RecordKey> = anonymized.iter().map(|(_, key)| key.clone()).collect();
    for ((place, _), is_masked) in anonymized.iter().zip(writer.masked(&mapping.series, &asked)?) {
        if !is_masked {
            fail(result, *place, "a mask was no longer in place after the commit; look at what writes the value back");
        }
    }
    Ok(())
}

fn fail(result: &mut BatchResult, place: usize, reason: &'static str) {
    result.outcomes[place] = RecordOutcome::Failed;
    result.reasons.push(reason.to_owned());
    result.failed.push((place, reason));
}

/// What it means that a file which was recognized is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The program may have unlinked it before it crashed.
    OurDoing,
    /// Somebody else took it: perhaps it lives on under another name, so it is not claimed to be gone.
    Foreign,
}

/// Files that are unlinked under one lock of the database: some milliseconds.
const TOGETHER: usize = 64;

/// Unlinks the spooled files of records that are gone, each only where no row names it. Nobody else writes from the last look at the rows to the
/// unlinking: an application that finds a file, and writes a row that names it in the same transaction, does both before or finds none.
pub(super) fn unlink_files(
    writer: &mut Writer,
    spool: &Spool,
    reserved: &Reserved,
    absence: Absence,
    result: &mut BatchResult,
) -> Result<(), ExecuteError> {
    let is_gone = |file: &&SpooledFile| result.outcomes.get(file.record) == Some(&RecordOutcome::Destroyed);
    let due: Vec<&SpooledFile> = spool.files.iter().filter(is_gone).collect();
    // A first look reads what is slow to read, so that the application waits for the unlinking alone.
    let free = unreferenced(once(due), |root, paths| writer.still_referenced(root, paths))?;
    let (mut files, mut unlinked) = (Vec::new(), Vec::new());
    let mut groups = free.chunks(TOGETHER);
    while let Some(group) = groups.next() {
        let started = Stopwatch::now();
        let alone = match writer.begin() {
            Err(error) if error.is_locked() => {
                let rest = group.iter().chain(groups.flatten());
                rest.for_each(|file| leave(result, file, "the database stayed locked".to_owned()));
                break;
            }
            begun => begun?,
        };
        let free = unreferenced(group.to_vec(), |root, paths| alone.still_named(root, paths))?;
        fault::step("files-alone")?;
        unlinked.extend(unlink_each(free.iter().map(|file| (file.file(), file.id)).collect(), reserved));
        alone.roll_back();
        files.extend(free);
        // The application gets its turn.
        thread::sleep(started.elapsed());
    }
    for (file, unlinked) in files.into_iter().zip(confirm_all(unlinked)) {
        fault::step("file-unlinked")?;
        match unlinked {
            Ok(Unlinked::Gone) => {
                *result.files.entry(file.part.clone()).or_default() += 1;
                result.bytes += file.id.size;
            }
            Ok(Unlinked::AlreadyAbsent)
                if absence == Absence::OurDoing && device_of(&file.root) == Some(file.id.dev) => {}
            Ok(Unlinked::AlreadyAbsent) if device_of(&file.root) != Some(file.id.dev) => leave(
                result,
                file,
                "a root lies on another device than when its files were recognized; mount its volume".to_owned(),
            ),
            Ok(Unlinked::AlreadyAbsent) => {
                leave(result, file, "a file was moved or removed by somebody else".to_owned())
            }
            Ok(Unlinked::Changed) => leave(result, file, "a file was changed since it was recognized".to_owned()),
            Err(error) => leave(result, file, error.to_string()),
        }
    }
    Ok(())
}

/// Each file once, in order of roots and paths.
fn once(files: Vec<&SpooledFile>) -> Vec<&SpooledFile> {
    let mut once: BTreeMap<(&Path, &str), &SpooledFile> = BTreeMap::new();
    for file in files {
        once.entry((&file.root, &file.path)).or_insert(file);
    }
    // The same file may be named by two spellings of its root, or beneath two roots.
    let mut files: Vec<&SpooledFile> = once.into_values().collect();
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert((file.id.dev, file.id.ino)));
    files
}

/// Those that no row names any more: a shared file goes with its last reference.
pub(super) fn unreferenced(
    files: Vec<&SpooledFile>,
    mut still_referenced: impl FnMut(&Path, &[&str]) -> Result<Vec<bool>, StoreError>,
) -> Result<Vec<&SpooledFile>, StoreError> {
    let mut free = Vec::new();
    for beneath_one_root in files.chunk_by(|one, next| one.root == next.root) {
        let paths: Vec<&str> = beneath_one_root.iter().map(|file| file.path.as_str()).collect();
        let referenced = still_referenced(&beneath_one_root[0].root, &paths)?;
        free.extend(
            beneath_one_root.iter().zip(referenced).filter(|(_, referenced)| !referenced).map(|(file, _)| *file),
        );
    }
    Ok(free)
}

fn leave(result: &mut BatchResult, file: &SpooledFile, reason: String) {
    result.outcomes[file.record] = RecordOutcome::Incomplete;
    result.left.push(file.clone());
    result.reasons.push(reason);
}

fn places_of(outcomes: &[RecordOutcome], wanted: RecordOutcome) -> Vec<usize> {
    outcomes.iter().enumerate().filter(|(_, outcome)| **outcome == wanted).map(|(place, _)| place).collect()
}

/// How a batch ended, for its outcome leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    pub committed: bool,
    /// Written by recovery.
    pub recovered: bool,
}

/// Appends one outcome per intent leaf. Rows and files are the batch's: they stand in its first outcome.
pub(super) fn log_outcomes(
    log: &mut DestructionLog,
    intents: &[(u64, Intent)],
    result: &BatchResult,
    ending: Ending,
    now: Instant,
) -> Result<(), ExecuteError> {
    let mut rest = result.outcomes.as_slice();
    for (place, (index, intent)) in intents.iter().enumerate() {
        let (own, others) = rest.split_at(rest.len().min(intent.n as usize));
        rest = others;
        let is_first = place == 0;
        let outcome = Outcome {
            batch: intent.batch,
            intent: *index,
            committed: ending.committed,
            recovered: ending.recovered,
            results: encode_results(own),
            rows: if is_first { result.changes.rows.clone() } else { BTreeMap::new() },
            detached: if is_first { result.changes.detached } else { 0 },
            triggered: if is_first { result.changes.triggered } else { 0 },
            files: if is_first { result.files.clone() } else { BTreeMap::new() },
            bytes: if is_first { result.bytes } else { 0 },
            left: if is_first { result.left.len() as u64 } else { 0 },
        };
        log.append(Body::Outcome(outcome), now)?;
    }
    fault::step("outcome-appended")?;
    Ok(())
}
