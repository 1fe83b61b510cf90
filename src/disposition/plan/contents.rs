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

/// At most so many files are open at once; of more than 16 million items, each holds more than are said to be sorted at
/// once.
const MOST_RANGES: u64 = 256;

/// What a list holds under one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RuleTotals {
    pub items: Items,
    /// When the oldest item was due, as seconds since 1970.
    pub oldest_due: Option<i64>,
    /// Items that were due before the calendar's approval.
    pub backlog: u64,
}

/// What a list holds.
pub(super) struct Contents {
    /// Per rule.
    pub rules: Vec<RuleTotals>,
    /// How many items stand at each series and level.
    pub steps: BTreeMap<(usize, u32), u64>,
}

/// Counts the items, and digests them per rule in the order of their fingerprints. `approved` has, per rule, the first
/// second from which terms count as reached by the calendar's approval.
///
/// The list is read once, whatever its length. Fingerprints are spread evenly: so those of each range go to a file of
/// their own beside the list, and each range is sorted in memory. SQLite's own sorter would spill private values into a
/// temporary directory.
///
/// # Errors
/// The list cannot be read, or no file be written beside it.
pub(super) fn read_contents(
    connection: &Connection,
    path: &Path,
    approved: &[Option<i64>],
) -> Result<Contents, PlanError> {
    read_in_ranges(connection, path, approved, SORTED_AT_ONCE)
}

/// The same, so many items sorted at once.
pub(super) fn read_in_ranges(
    connection: &Connection,
    path: &Path,
    approved: &[Option<i64>],
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
        let line = Line::read(row, approved.len()).map_err(unread)?;
        ranges[line.range(count)].add(line).map_err(unsorted)?;
    }
    let mut rules: Vec<Reading> = approved.iter().map(|approved| Reading::new(*approved)).collect();
    let mut steps = BTreeMap::new();
    for range in ranges {
        for line in range.sorted().map_err(unsorted)? {
            rules[line.rule()].add(&line);
            *steps.entry(line.step()).or_default() += 1;
        }
    }
    Ok(Contents { rules: rules.into_iter().map(Reading::finish).collect(), steps })
}

/// The lines whose fingerprints begin alike: in memory where there is one range only, else in a file that has no name
/// any more.
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

/// Of an item, all that the digests say, and where it belongs: fingerprint, action, due, facts, digest of the key, day,
/// level, series and rule, numbers big-endian.
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

    fn due(&self) -> i64 {
        let place = ACTION_AND_DUE.start + 1;
        i64::from(self.number(place)) << 32 | i64::from(self.number(place + 4))
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

/// What was read of one rule's items so far.
struct Reading {
    approved: Option<i64>,
    count: u64,
    oldest_due: Option<i64>,
    backlog: u64,
    items: Sha256,
    content: Sha256,
}

impl Reading {
    fn new(approved: Option<i64>) -> Self {
        Self { approved, count: 0, oldest_due: None, backlog: 0, items: Sha256::default(), content: Sha256::default() }
    }

    fn add(&mut self, line: &Line) {
        let due = line.due();
        self.count += 1;
        self.oldest_due = self.oldest_due.into_iter().chain([due]).min();
        // Without an approval nothing was due before it.
        self.backlog += u64::from(self.approved.is_some_and(|approved| due < approved));
        self.items.update(&line.0[FINGERPRINT.start..ACTION_AND_DUE.end]);
        self.content.update(&line.0[FINGERPRINT]);
        self.content.update(&line.0[FACTS.start..LEVEL.end]);
    }

    fn finish(self) -> RuleTotals {
        let items = Items {
            count: self.count,
            digest: Digest::from_bytes(self.items.finalize().into()),
            content: Digest::from_bytes(self.content.finalize().into()),
        };
        RuleTotals { items, oldest_due: self.oldest_due, backlog: self.backlog }
    }
}
