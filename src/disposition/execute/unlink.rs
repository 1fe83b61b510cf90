//! Files go: each is unlinked only where no row names it any more, and what cannot be unlinked is left for a later try.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::thread;
use std::time::Instant as Stopwatch;

use super::error::ExecuteError;
use super::fault;
use super::rightful::NOT_RIGHTFUL;
use super::spool::{SpooledFile, Trail};
use super::statement::BatchResult;
use crate::audit::leaf::RecordOutcome;
use crate::records::files::{FileError, Reserved, Unlinked, confirm_all, device_of, is_gone, unlink_each};
use crate::records::sqlite::{StoreError, Writer};

/// Files that are unlinked under one lock of the database: some milliseconds.
const TOGETHER: usize = 64;

/// Whose word it is that no row names a file any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The database's in which our last batch was committed.
    Rightful,
    /// That of a database of which nothing says so: what it knows nothing of may be of a living record.
    Doubtful,
    /// Nobody's, for this reason: today's mapping may ask other rows than those that name the files.
    Unasked(String),
}

/// Unlinks the spooled files of records that are gone, each only where no row names it. Nobody else writes from the
/// last look at the rows to the unlinking: an application that finds a file, and writes a row that names it in the same
/// transaction, does both before or finds none.
pub(super) fn unlink_files(
    writer: &mut Writer,
    mut trail: Trail,
    files: &[SpooledFile],
    reserved: &Reserved,
    word: &Word,
    result: &mut BatchResult,
) -> Result<(), ExecuteError> {
    let is_due = |file: &&SpooledFile| result.outcomes.get(file.record) == Some(&RecordOutcome::Destroyed);
    let due = once(files.iter().filter(is_due).collect());
    if let Word::Unasked(reason) = word {
        leave_all(&due, &due, &trail, reason, result);
        return Ok(());
    }
    // A first look reads what is slow to read, so that the application waits for the unlinking alone.
    let free = unreferenced(due.clone(), |root, paths| writer.still_referenced(root, paths))?;
    if *word == Word::Doubtful {
        leave_all(&due, &free, &trail, NOT_RIGHTFUL, result);
        return Ok(());
    }
    count_gone_before(&due, &free, &trail, result);
    let (mut tried, mut unlinked) = (Vec::new(), Vec::new());
    let mut groups = free.chunks(TOGETHER);
    while let Some(group) = groups.next() {
        trail.announce(group)?;
        fault::step("group-announced")?;
        let started = Stopwatch::now();
        let alone = match writer.begin() {
            Err(error) if error.is_locked() => {
                let rest = group.iter().chain(groups.flatten());
                rest.for_each(|file| leave(result, file, "the database stayed locked".to_owned()));
                trail.end_group()?;
                break;
            }
            begun => begun?,
        };
        let free = unreferenced(group.to_vec(), |root, paths| alone.still_named(root, paths))?;
        fault::step("files-alone")?;
        let going = free.iter().map(|file| (file.file(), file.id)).collect();
        let noted = unlink_each(going, reserved, &mut |file, unlinking| {
            trail.note(file, unlinking)?;
            fault::step("file-begun")
        });
        alone.roll_back();
        unlinked.extend(noted.map_err(|source| trail.failed(source))?);
        trail.end_group()?;
        tried.extend(free);
        // The application gets its turn.
        thread::sleep(started.elapsed());
    }
    for (file, unlinked) in tried.into_iter().zip(confirm_all(unlinked)) {
        fault::step("file-unlinked")?;
        note(result, file, unlinked, &trail);
    }
    Ok(())
}

/// Notes what became of a file; one that is not known to be gone by our doing is left.
fn note(result: &mut BatchResult, file: &SpooledFile, unlinked: Result<Unlinked, FileError>, trail: &Trail) {
    let reason = match unlinked {
        Ok(Unlinked::AlreadyAbsent) if device_of(&file.root) != Some(file.id.dev) => {
            "a root lies on another device than when its files were recognized; mount its volume".to_owned()
        }
        Ok(Unlinked::AlreadyAbsent) if !trail.is_ours(file) => {
            "a file was moved or removed by somebody else".to_owned()
        }
        Ok(Unlinked::Gone | Unlinked::AlreadyAbsent) => return count(result, file),
        Ok(Unlinked::Changed) => "a file was changed since it was recognized".to_owned(),
        Err(error) => error.to_string(),
    };
    leave(result, file, reason);
}

fn count(result: &mut BatchResult, file: &SpooledFile) {
    *result.files.entry(file.part.clone()).or_default() += 1;
    result.bytes += file.id.size;
}

/// Counts the files that an interrupted try unlinked and a row names again: nothing more is done to what it names.
fn count_gone_before(due: &[&SpooledFile], free: &[&SpooledFile], trail: &Trail, result: &mut BatchResult) {
    let named = due.iter().filter(|file| trail.is_ours(file) && !free.contains(file));
    // What was begun last may not have come to pass.
    named.filter(|file| is_gone(&file.file(), &file.id)).for_each(|file| count(result, file));
}

/// Leaves these files, but for those that an interrupted try unlinked.
fn leave_all(due: &[&SpooledFile], waiting: &[&SpooledFile], trail: &Trail, reason: &str, result: &mut BatchResult) {
    count_gone_before(due, &[], trail, result);
    let waits = |file: &&&SpooledFile| !(trail.is_ours(file) && is_gone(&file.file(), &file.id));
    waiting.iter().filter(waits).for_each(|file| leave(result, file, reason.to_owned()));
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
