//! The journal: where leaves become durable, one `fdatasync` a group, before they are published in bundles.
//!
//! A directory of segments, each named by the index of its first leaf. A segment's disk is allocated, and its length
//! fixed, before its first frame: a full disk shows then, not between an intent and its outcome, and a file that was
//! cut is told apart from a torn write.

pub mod frame;
mod segment;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use self::frame::{Contents, FRAME, HEADER, MARK, Tag, Tail, read_segment, write_mark};
pub use self::segment::allocate;
use self::segment::{put_segment, write_segment};
pub(super) use self::segment::{remove_leftovers, segment_path, segments};
use super::durable::{remove, rename, step};
use super::error::{FileError, LogError};
use super::regular::{self, MAX_SEGMENT};

/// Usual length of a segment: some eighty full leaves; small enough to read whole. Smaller in tests, which then change
/// segments often.
pub(super) const SEGMENT: u64 = if cfg!(test) { 16 << 10 } else { 4 << 20 };

/// Is shown each leaf as it is stored, with its index.
pub(super) type Visit<'a> = dyn FnMut(u64, &[u8]) -> Result<(), LogError> + 'a;

/// The segments of one log; the last one is open for writing.
pub(super) struct Journal {
    dir: PathBuf,
    /// First index of each segment, in order; the last is the open one's.
    firsts: Vec<u64>,
    file: File,
    /// Length of the open segment.
    length: u64,
    /// Where its next frame goes.
    end: u64,
    /// Whether a step failed after which nobody knows what the disk has: then nothing more is written.
    is_doubtful: bool,
}

/// What opening a journal found, beside its leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replayed {
    /// The log's size with the journal.
    pub size: u64,
    /// State of the last segment's end.
    pub tail: Tail,
}

impl Journal {
    /// Begins a journal at this index.
    pub fn create(dir: &Path, first: u64) -> Result<Self, FileError> {
        super::durable::create_dirs(dir, 0o755)?;
        let (file, end) = put_segment(dir, first, SEGMENT, &[])?;
        Ok(Self { dir: dir.to_owned(), firsts: vec![first], file, length: SEGMENT, end, is_doubtful: false })
    }

    /// Opens a journal for writing and shows its leaves, each with its index, in order. What a crash left is put in
    /// order: the valid beginning of the last segment is copied into a fresh file, which is synced, before anything is
    /// built on it.
    ///
    /// `distrust` asks for that copy in any case: after a failed sync nobody knows what the disk has.
    pub fn open(dir: &Path, distrust: bool, visit: &mut Visit<'_>) -> Result<(Self, Replayed), LogError> {
        let firsts = segments(dir)?;
        let Some(first) = firsts.last().copied() else {
            return Err(LogError::Corrupt { place: dir.to_owned(), what: "its journal has no segment".to_owned() });
        };
        let replayed = replay(dir, visit)?;
        let path = segment_path(dir, first);
        let bytes = regular::read(&path, MAX_SEGMENT).map_err(FileError::new("read", &path))?;
        let contents = read_segment(&bytes).map_err(damaged(&path))?;
        let length = bytes.len() as u64;
        let (file, end) = if contents.tail == Tail::Clean && !distrust {
            let file = File::options().read(true).write(true).open(&path).map_err(FileError::new("open", &path))?;
            (file, contents.end as u64)
        } else {
            put_segment(dir, first, length, &bytes[HEADER..contents.end])?
        };
        let mut journal = Self { dir: dir.to_owned(), firsts, file, length, end, is_doubtful: false };
        if contents.tail != Tail::Clean {
            journal.mark_synced(contents.size())?;
        }
        Ok((journal, replayed))
    }

    /// Whether only reading the journal again can tell what the disk has.
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Lets nothing more be written until the journal is opened again.
    pub fn doubt(&mut self) {
        self.is_doubtful = true;
    }

    /// Bytes left in the open segment.
    pub fn room(&self) -> u64 {
        self.length - self.end
    }

    /// Writes one group, its commit frame included, and waits until it is on stable storage.
    ///
    /// The caller saw to its room. After an error nothing is known of what the disk has.
    pub fn write_group(&mut self, group: &[u8], size: u64) -> Result<(), FileError> {
        let written = || {
            step("journal", "write::before")?;
            self.file.write_all_at(group, self.end)?;
            step("journal", "write::after")?;
            step("journal", "sync::before")?;
            self.file.sync_data()?;
            step("journal", "sync::after")
        };
        self.is_doubtful = true;
        written().map_err(FileError::new("make entries durable in", &self.dir))?;
        self.end += group.len() as u64;
        self.mark_synced(size)?;
        self.is_doubtful = false;
        Ok(())
    }

    /// Notes that the log is durable up to this size, so that damage before is never taken for a torn write.
    fn mark_synced(&mut self, size: u64) -> Result<(), FileError> {
        let mut mark = Vec::with_capacity(MARK);
        write_mark(&mut mark, Tag::Synced, size);
        let written = || {
            step("journal", "mark::before")?;
            self.file.write_all_at(&mark, self.end)?;
            step("journal", "mark::after")
        };
        written().map_err(FileError::new("mark entries durable in", &self.dir))?;
        self.end += MARK as u64;
        Ok(())
    }

    /// Goes on in a fresh segment that begins at `first`, the log's durable size, and has room for this many bytes.
    ///
    /// # Errors
    /// A full disk among others; the old segment stays in use then.
    pub fn roll(&mut self, first: u64, room: u64) -> Result<(), FileError> {
        let length = SEGMENT.max(HEADER as u64 + room);
        let (beside, file, end) = write_segment(&self.dir, first, length, &[])?;
        self.is_doubtful = true;
        // The last mark of the old segment: from here on a torn end of it would be damage.
        self.file.sync_data().map_err(FileError::new("sync", &self.dir))?;
        rename("segment", &beside, &segment_path(&self.dir, first))?;
        self.is_doubtful = false;
        if self.firsts.last() != Some(&first) {
            self.firsts.push(first);
        }
        (self.file, self.length, self.end) = (file, length, end);
        Ok(())
    }

    /// Removes all segments but the open one, once their leaves are published.
    pub fn remove_closed(&mut self) -> Result<(), FileError> {
        while let [first, _, ..] = self.firsts[..] {
            remove("segment", &segment_path(&self.dir, first))?;
            self.firsts.remove(0);
        }
        Ok(())
    }

    /// Whether more than half of the open segment is used.
    pub fn is_half_full(&self) -> bool {
        self.end > self.length / 2
    }
}

/// Shows the committed leaves of a journal, each with its index, in order, without changing anything.
///
/// # Errors
/// Damage that no crash explains, or what `visit` answers.
pub(super) fn replay(dir: &Path, visit: &mut Visit<'_>) -> Result<Replayed, LogError> {
    let mut last: Option<Replayed> = None;
    for first in segments(dir)? {
        let path = segment_path(dir, first);
        let bytes = regular::read(&path, MAX_SEGMENT).map_err(FileError::new("read", &path))?;
        let contents = read_segment(&bytes).map_err(damaged(&path))?;
        check_order(last, first, &contents, &path)?;
        for (place, leaf) in contents.leaves.iter().enumerate() {
            visit(first + place as u64, &bytes[leaf.clone()])?;
        }
        last = Some(Replayed { size: contents.size(), tail: contents.tail });
    }
    last.ok_or_else(|| LogError::Corrupt { place: dir.to_owned(), what: "its journal has no segment".to_owned() })
}

/// Segments follow each other without gap; only the last may end in what a crash left.
fn check_order(before: Option<Replayed>, named: u64, contents: &Contents, path: &Path) -> Result<(), LogError> {
    let corrupt = |what: &str| Err(LogError::Corrupt { place: path.to_owned(), what: what.to_owned() });
    if contents.first != named {
        return corrupt("a journal segment is not the one that its name says");
    }
    match before {
        Some(before) if before.tail == Tail::Torn => corrupt("a journal segment before the last ends in a torn group"),
        Some(before) if before.size != named => corrupt("entries are missing between two journal segments"),
        _ => Ok(()),
    }
}

fn damaged(path: &Path) -> impl Fn(frame::Damage) -> LogError {
    move |damage| LogError::Corrupt { place: path.to_owned(), what: damage.to_string() }
}

/// Length of a group of leaves with its marks, given what the leaves' frames take.
pub(super) const fn with_marks(frames: usize) -> u64 {
    (frames + 2 * MARK) as u64
}

/// Length of a leaf's frame.
pub(super) const fn frame_length(leaf: usize) -> usize {
    FRAME + leaf
}
