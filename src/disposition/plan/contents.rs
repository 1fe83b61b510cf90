//! What a list holds, counted and digested: what the manifest must say of it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;

use rusqlite::Connection;
use sha2::{Digest as _, Sha256};

use super::body::{DESTROY, out_of_form, place};
use super::draft::create_private;
use super::{Items, PlanError};
use crate::model::Digest;

/// How many items are sorted in memory at once (about 8 MiB of them).
const SORTED_AT_ONCE: u64 = 65_536;

/// At most so many files are open at once; of more than 16 million items, each holds more than are said to be sorted at once.
const MOST_RANGES: u64 = 256;

/// What a list holds.
pub(super) struct Contents {
    /// Per rule.
    pub items: Vec<Items>,
    /// How many items stand at each series and level.
    pub steps: BTreeMap<(usize, u32), u64>,
}

/// Counts the items, and digests them per rule in the order of their fingerprints.
///
/// The list is read once, whatever its length. Fingerprints are spread evenly: so those of each range go to a file of their own beside the
/// list, and each range is sorted in memory. SQLite's own sorter would spill private values into a temporary directory.
///
/// # Errors
/// The list cannot be read, or no file be written beside it.
pub(super) fn read_contents(connection: &Connection, path: &Path, rules: usize) -> Result<Contents, PlanError> {
    read_in_ranges(connection, path, rules, SORTED_AT_ONCE)
}

/// The same, so many items sorted at once.
pub(super) fn read_in_ranges(
    connection: &Connection,
    path: &Path,
    rules: usize,
    at_once: u64,
) -> Result<Contents, PlanError> {
    let unread = |source| PlanError::Body { path: path.to_owned(), source };
    let unsorted = |source| PlanError::File { doing: "sort the items of", path: path.to_owned(), source };
    let all: i64 = connection.query_row("SELECT count(*) FROM item", [], |row| row.get(0)).map_err(unread)?;
    let count = (all.unsigned_abs() / at_once + 1).min(MOST_RANGES);
    let dir = path.parent().unwrap_or(Path::new("."));
    let mut ranges: Vec<Range> = (0..count).map(|_| Range::new(dir, count)).collect::<Result<_, _>>()?;
    let mut select = connection
        .prepare_cached("SELECT fp, action, due, facts, key, day, level, series, rule FROM item")
        .map_err(unread)?;
    let mut rows = select.query([]).map_err(unread)?;
    while let Some(row) = rows.next().map_err(unread)? {
        let line = Line::read(row, rules).map_err(unread)?;
        ranges[line.range(count)].add(line).map_err(unsorted)?;
    }
    let mut digests: Vec<ItemDigest> = (0..rules).map(|_| ItemDigest::default()).collect();
    let mut steps = BTreeMap::new();
    for range in ranges {
        for line in range.sorted().map_err(unsorted)? {
            digests[line.rule()].add(&line);
            *steps.entry(line.step()).or_default() += 1;
        }
    }
    Ok(Contents { items: digests.into_iter().map(ItemDigest::finish).collect(), steps })
}

/// The lines whose fingerprints begin alike: in memory where there is one range only, else in a file that has no name any more.
enum Range {
    Memory(Vec<Line>),
    File(BufWriter<File>),
}

impl Range {
    fn new(dir: &Path, ranges: u64) -> Result<Self, PlanError> {
        if ranges == 1 {
            return Ok(Self::Memory(Vec::new()));
        }
        let (path, file) = create_private(dir)?;
        fs::remove_file(&path).map_err(|source| PlanError::File { doing: "remove", path, source })?;
        Ok(Self::File(BufWriter::new(file)))
    }

    fn add(&mut self, line: Line) -> io::Result<()> {
        match self {
            Self::Memory(lines) => {
                lines.push(line);
                Ok(())
            }
            Self::File(file) => file.write_all(&line.0),
        }
    }

    fn sorted(self) -> io::Result<Vec<Line>> {
        let mut lines = match self {
            Self::Memory(lines) => lines,
            Self::File(file) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                let bytes = file.stream_position()?;
                file.seek(SeekFrom::Start(0))?;
                let mut lines = vec![Line([0; LINE]); bytes as usize / LINE];
                let mut file = io::BufReader::new(file);
                for line in &mut lines {
                    file.read_exact(&mut line.0)?;
                }
                lines
            }
        };
        lines.sort_unstable();
        Ok(lines)
    }
}

/// Of an item, all that the digests say, and where it belongs: fingerprint, action, due, facts, digest of the key, day, level, series and
/// rule, numbers big-endian.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Line([u8; LINE]);

const LINE: usize = LEVEL.end + 8;
const FINGERPRINT: std::ops::Range<usize> = 0..32;
const ACTION_AND_DUE: std::ops::Range<usize> = 32..41;
const FACTS: std::ops::Range<usize> = 41..73;
const KEY: std::ops::Range<usize> = 73..105;
const DAY: std::ops::Range<usize> = 105..109;
const LEVEL: std::ops::Range<usize> = 109..113;

impl Line {
    /// Reads an item; refuses one of a rule that the plan does not have.
    fn read(row: &rusqlite::Row<'_>, rules: usize) -> rusqlite::Result<Self> {
        let number = |column| {
            let number = u32::try_from(place(row, column)?).map_err(|_| out_of_form(column))?;
            Ok::<_, rusqlite::Error>(number.to_be_bytes())
        };
        if place(row, 8)? >= rules {
            return Err(out_of_form(8));
        }
        let mut line = [0; LINE];
        let action = if row.get::<_, i64>(1)? == DESTROY { b'D' } else { b'A' };
        line[FINGERPRINT].copy_from_slice(&row.get::<_, [u8; 32]>(0)?);
        line[ACTION_AND_DUE.start] = action;
        line[ACTION_AND_DUE.start + 1..ACTION_AND_DUE.end].copy_from_slice(&row.get::<_, i64>(2)?.to_be_bytes());
        line[FACTS].copy_from_slice(&row.get::<_, [u8; 32]>(3)?);
        line[KEY].copy_from_slice(Digest::of(row.get_ref(4)?.as_blob()?).as_bytes());
        line[DAY].copy_from_slice(&row.get::<_, i32>(5)?.to_be_bytes());
        line[LEVEL].copy_from_slice(&number(6)?);
        line[LEVEL.end..LEVEL.end + 4].copy_from_slice(&number(7)?);
        line[LEVEL.end + 4..].copy_from_slice(&number(8)?);
        Ok(Self(line))
    }

    /// To which of so many ranges it belongs; ranges are in the order of the fingerprints.
    fn range(&self, ranges: u64) -> usize {
        let first = u64::from(self.number(0)) << 32 | u64::from(self.number(4));
        ((u128::from(first) * u128::from(ranges)) >> 64) as usize
    }

    fn step(&self) -> (usize, u32) {
        (self.number(LEVEL.end) as usize, self.number(LEVEL.start))
    }

    fn rule(&self) -> usize {
        self.number(LEVEL.end + 4) as usize
    }

    fn number(&self, from: usize) -> u32 {
        u32::from_be_bytes([self.0[from], self.0[from + 1], self.0[from + 2], self.0[from + 3]])
    }
}

#[derive(Default)]
struct ItemDigest {
    count: u64,
    items: Sha256,
    content: Sha256,
}

impl ItemDigest {
    fn add(&mut self, line: &Line) {
        self.count += 1;
        self.items.update(&line.0[FINGERPRINT.start..ACTION_AND_DUE.end]);
        self.content.update(&line.0[FINGERPRINT]);
        self.content.update(&line.0[FACTS.start..LEVEL.end]);
    }

    fn finish(self) -> Items {
        Items {
            count: self.count,
            digest: Digest::from_bytes(self.items.finalize().into()),
            content: Digest::from_bytes(self.content.finalize().into()),
        }
    }
}
