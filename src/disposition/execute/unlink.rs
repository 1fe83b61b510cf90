//! Files go: each is unlinked only where no row names it any more, and what cannot be unlinked is left for a later try.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::thread;
use std::time::Instant as Stopwatch;

use super::error::ExecuteError;
use super::fault;
use super::spool::{Spool, SpooledFile};
use super::statement::BatchResult;
use crate::audit::leaf::RecordOutcome;
use crate::records::files::{FileError, Reserved, Unlinked, confirm_all, device_of, unlink_each};
use crate::records::sqlite::{StoreError, Writer};

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

/// Unlinks the spooled files of records that are gone, each only where no row names it. Nobody else writes from the
/// last look at the rows to the unlinking: an application that finds a file, and writes a row that names it in the same
/// transaction, does both before or finds none.
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
        note(result, file, unlinked, absence);
    }
    Ok(())
}

/// Notes what became of a file; one that is not known to be gone by our doing is left.
fn note(result: &mut BatchResult, file: &SpooledFile, unlinked: Result<Unlinked, FileError>, absence: Absence) {
    let reason = match unlinked {
        Ok(Unlinked::Gone) => {
            *result.files.entry(file.part.clone()).or_default() += 1;
            result.bytes += file.id.size;
            return;
        }
        Ok(Unlinked::AlreadyAbsent) if device_of(&file.root) != Some(file.id.dev) => {
            "a root lies on another device than when its files were recognized; mount its volume".to_owned()
        }
        Ok(Unlinked::AlreadyAbsent) if absence == Absence::OurDoing => return,
        Ok(Unlinked::AlreadyAbsent) => "a file was moved or removed by somebody else".to_owned(),
        Ok(Unlinked::Changed) => "a file was changed since it was recognized".to_owned(),
        Err(error) => error.to_string(),
    };
    leave(result, file, reason);
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
