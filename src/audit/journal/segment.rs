//! The files of a journal: their names, their disk, and how one is put in place.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::frame::{HEADER, header};
use crate::audit::durable::{SHARED, create_new, rename, step, sync_dir, temporary};
use crate::audit::error::{FileError, LogError};
use crate::audit::regular::MAX_SEGMENT;

/// First indexes of the segments that stand in a directory, in order.
///
/// # Errors
/// A directory that cannot be listed; a segment under a name that none has.
pub(in crate::audit) fn segments(dir: &Path) -> Result<Vec<u64>, LogError> {
    let listed = || fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>();
    let mut firsts = Vec::new();
    for entry in listed().map_err(FileError::new("list", dir))? {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "seg") {
            continue;
        }
        let number = path.file_stem().and_then(|name| name.to_str()).and_then(decimal_20);
        let what = || "a journal segment is not named by 20 decimal digits".to_owned();
        firsts.push(number.ok_or_else(|| LogError::Corrupt { place: path.clone(), what: what() })?);
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// A number of 20 decimal digits.
fn decimal_20(name: &str) -> Option<u64> {
    let is_number = name.len() == 20 && name.bytes().all(|byte| byte.is_ascii_digit());
    name.parse().ok().filter(|_| is_number)
}

pub(in crate::audit) fn segment_path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.seg"))
}

/// Puts a segment in place, perhaps over one of the same name; returns it and where its next frame goes.
pub(super) fn put_segment(dir: &Path, first: u64, length: u64, frames: &[u8]) -> Result<(File, u64), FileError> {
    let (beside, file, end) = write_segment(dir, first, length, frames)?;
    rename("segment", &beside, &segment_path(dir, first))?;
    Ok((file, end))
}

/// Writes a segment with these frames beside its place. Durable on return; gives the disk back where there is not
/// enough.
pub(super) fn write_segment(
    dir: &Path,
    first: u64,
    length: u64,
    frames: &[u8],
) -> Result<(PathBuf, File, u64), FileError> {
    let beside = temporary(&segment_path(dir, first));
    let written = || {
        step("segment", "write::before")?;
        let file = create_new(&beside, SHARED)?;
        reserve(&file, length)?;
        file.write_all_at(&header(first, length), 0)?;
        file.write_all_at(frames, HEADER as u64)?;
        step("segment", "write::after")?;
        file.sync_all()?;
        Ok(file)
    };
    match written() {
        Ok(file) => Ok((beside, file, (HEADER + frames.len()) as u64)),
        Err(error) => {
            // Where even this fails, the next attempt or the next opening removes it.
            let _ = fs::remove_file(&beside);
            Err(FileError::new("reserve disk for", &beside)(error))
        }
    }
}

/// Allocates a whole segment.
fn reserve(file: &File, length: u64) -> io::Result<()> {
    if length > MAX_SEGMENT {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "no reader would take so long a segment"));
    }
    allocate(file, length)
}

/// Gives a file its length and all of its disk; where the file system knows no allocation, by writing zeros.
///
/// # Errors
/// The disk is full, or fails.
pub fn allocate(file: &File, length: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::empty(), 0, length) {
        Err(Errno::OPNOTSUPP) => {
            let zeros = vec![0; 1 << 16];
            let mut place = 0;
            while place < length {
                let count = (length - place).min(zeros.len() as u64);
                file.write_all_at(&zeros[..count as usize], place)?;
                place += count;
            }
            Ok(())
        }
        other => other.map_err(io::Error::from),
    }
}

/// Syncs the journal's directory, after leftovers of an interrupted attempt were removed.
pub(in crate::audit) fn remove_leftovers(dir: &Path) -> Result<(), FileError> {
    let swept = || -> io::Result<bool> {
        let mut found = false;
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.path().extension().is_some_and(|extension| extension == "tmp") {
                fs::remove_file(entry.path())?;
                found = true;
            }
        }
        Ok(found)
    };
    if swept().map_err(FileError::new("sweep", dir))? { sync_dir("journal", dir) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_segment_is_made_that_no_reader_would_take() {
        let file = tempfile::tempfile().unwrap();
        let refused = reserve(&file, MAX_SEGMENT + 1).unwrap_err();
        assert_eq!((refused.kind(), file.metadata().unwrap().len()), (io::ErrorKind::FileTooLarge, 0));
        reserve(&file, 4096).unwrap();
    }
}
