//! The journal's bytes: a segment's header, and frames with a checksum each. See `docs/log-format.md`.
//!
//! Pure. What a crash can leave behind is told apart from damage here, and nowhere else.

use std::ops::Range;

/// First bytes of a segment.
const MAGIC: &[u8; 8] = b"rtdlogj1";

/// Length of a segment's header: magic, first index, length of the file, checksum.
pub(in crate::audit) const HEADER: usize = 28;

/// What a frame adds to its content: tag, length, checksum.
pub(in crate::audit) const FRAME: usize = 9;

/// Length of a commit frame, and of a synced frame.
pub(in crate::audit) const MARK: usize = FRAME + 8;

/// What a frame holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::audit) enum Tag {
    /// One leaf.
    Leaf,
    /// The end of a group: the log's size with it. What was not followed by this was never promised to anybody.
    Commit,
    /// The log's size that is known to be on stable storage: written after the sync returned.
    Synced,
}

impl Tag {
    const ALL: [Self; 3] = [Self::Leaf, Self::Commit, Self::Synced];

    const fn byte(self) -> u8 {
        match self {
            Self::Leaf => b'L',
            Self::Commit => b'C',
            Self::Synced => b'S',
        }
    }
}

/// The header of a segment whose first leaf has this index and whose file has this length, now and ever.
pub(in crate::audit) fn header(first: u64, length: u64) -> [u8; HEADER] {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..16].copy_from_slice(&first.to_be_bytes());
    bytes[16..24].copy_from_slice(&length.to_be_bytes());
    let checksum = crc32c::crc32c(&bytes[..24]);
    bytes[24..].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

/// Appends a frame: tag, length as u32 BE, content, CRC-32C over all of these as u32 BE.
pub(in crate::audit) fn write_frame(out: &mut Vec<u8>, tag: Tag, content: &[u8]) {
    let start = out.len();
    out.push(tag.byte());
    out.extend((content.len() as u32).to_be_bytes());
    out.extend(content);
    let checksum = crc32c::crc32c(&out[start..]);
    out.extend(checksum.to_be_bytes());
}

/// Appends a commit or synced frame.
pub(in crate::audit) fn write_mark(out: &mut Vec<u8>, tag: Tag, size: u64) {
    write_frame(out, tag, &size.to_be_bytes());
}

/// What a segment holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Contents {
    /// Index of the first leaf.
    pub first: u64,
    /// Where each committed leaf stands in the file.
    pub leaves: Vec<Range<usize>>,
    /// Where the next frame goes.
    pub end: usize,
    pub tail: Tail,
}

impl Contents {
    /// The log's size with this segment.
    pub fn size(&self) -> u64 {
        self.first + self.leaves.len() as u64
    }
}

/// What stands after the last complete group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing, and all before it is known to be durable.
    Clean,
    /// Nothing, but the last group may not be durable yet: its sync was not seen to return.
    Unsynced,
    /// Part of a group whose sync never returned.
    Torn,
}

/// Why a segment cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("the header of a journal segment is not readable")]
    Header,
    #[error("a journal segment has not the length it was made with: it was cut")]
    Cut,
    #[error("a journal segment holds unreadable bytes at {0} before entries that were durable")]
    Inside(usize),
}

/// Reads a segment.
///
/// # Errors
/// Damage that no crash explains. A crash leaves at most one incomplete group, the last one, and nothing after it.
pub fn read_segment(bytes: &[u8]) -> Result<Contents, Damage> {
    let first = read_header(bytes)?;
    let mut contents = Contents { first, leaves: Vec::new(), end: HEADER, tail: Tail::Clean };
    let mut group = Vec::new();
    let mut place = HEADER;
    while let Some((tag, content)) = frame_at(bytes, place) {
        let next = content.end + 4;
        let size = || u64::from_be_bytes(bytes[content.clone()].try_into().unwrap_or_default());
        match tag {
            Tag::Leaf => group.push(content),
            Tag::Commit if size() == contents.size() + group.len() as u64 => {
                contents.leaves.append(&mut group);
                (contents.end, contents.tail) = (next, Tail::Unsynced);
            }
            Tag::Synced if group.is_empty() && size() == contents.size() => {
                (contents.end, contents.tail) = (next, Tail::Clean);
            }
            Tag::Commit | Tag::Synced => break,
        }
        place = next;
    }
    let rest = &bytes[contents.end..];
    if rest.iter().any(|byte| *byte != 0) {
        if holds_durable_frames(rest) {
            return Err(Damage::Inside(place));
        }
        contents.tail = Tail::Torn;
    }
    Ok(contents)
}

fn read_header(bytes: &[u8]) -> Result<u64, Damage> {
    let header_bytes = bytes.first_chunk::<HEADER>().ok_or(Damage::Cut)?;
    let first = u64::from_be_bytes(header_bytes[8..16].try_into().unwrap_or_default());
    let length = u64::from_be_bytes(header_bytes[16..24].try_into().unwrap_or_default());
    if *header_bytes != header(first, length) {
        return Err(Damage::Header);
    }
    // No crash changes the length of a segment: it was set, and synced, before the first frame.
    if length == bytes.len() as u64 { Ok(first) } else { Err(Damage::Cut) }
}

/// The valid frame that begins here, and where its content stands.
fn frame_at(bytes: &[u8], place: usize) -> Option<(Tag, Range<usize>)> {
    let rest = bytes.get(place..)?;
    let (head, _) = rest.split_first_chunk::<5>()?;
    let tag = Tag::ALL.into_iter().find(|tag| tag.byte() == head[0])?;
    let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if tag != Tag::Leaf && length != 8 {
        return None;
    }
    let checked = rest.get(..length.checked_add(5)?)?;
    let checksum = rest.get(checked.len()..)?.first_chunk::<4>()?;
    (crc32c::crc32c(checked).to_be_bytes() == *checksum).then_some((tag, place + 5..place + checked.len()))
}

/// Whether bytes after the last readable group hold what was durable once.
///
/// The group that a crash tears is the last: its pages reach the disk in any order, so its commit frame may be whole
/// where a leaf is not. But no synced frame follows it, and no second commit frame.
fn holds_durable_frames(rest: &[u8]) -> bool {
    let mut commits = 0;
    for place in 0..rest.len() {
        match frame_at(rest, place) {
            Some((Tag::Synced, _)) => return true,
            Some((Tag::Commit, _)) => commits += 1,
            _ => (),
        }
    }
    commits > 1
}

#[cfg(test)]
mod tests;
