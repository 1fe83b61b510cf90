//! Many records that lead to each other, as answers in a thread do: each row to which any of them leads is looked at
//! once, with the steps between the rows, and what keeps a row keeps all records from which steps lead there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::company::Companion;
use super::reached::number;

/// So many rows and steps are kept in memory, some ten megabytes; where there are more, each record is asked by itself.
const MOST: usize = 200_000;

/// A row at a place: the same row at another place is something else to a record.
type Node = usize;

/// What one row of a traced statement says, by its second column.
pub(super) const RECORD: usize = 0;
pub(super) const STEP: usize = 1;

/// The rows to which records lead, and how.
#[derive(Default)]
pub(super) struct Web {
    nodes: HashMap<Vec<u8>, Node>,
    /// Of each row, those from which a step leads to it.
    before: Vec<BTreeSet<Node>>,
    /// Of each row, the records whose own it is.
    records: Vec<BTreeSet<usize>>,
    steps: usize,
    keepers: BTreeMap<Node, Companion>,
}

impl Web {
    /// Notes what a row of a traced statement says of a record or of a step between rows, which `width` columns tell
    /// apart.
    pub(super) fn note(&mut self, record: usize, row: &Row<'_>, width: usize) -> rusqlite::Result<()> {
        let from = self.node(row, 2, width)?;
        if number(row, 1)? == RECORD {
            self.records[from].insert(record);
        } else {
            let to = self.node(row, 3 + width, width)?;
            self.steps += usize::from(self.before[to].insert(from));
        }
        Ok(())
    }

    /// A row that keeps the records that lead to it.
    pub(super) fn keeps(&mut self, row: &Row<'_>, width: usize, companion: Companion) -> rusqlite::Result<()> {
        let node = self.node(row, 2, width)?;
        self.keepers.insert(node, companion);
        Ok(())
    }

    pub(super) fn is_too_large(&self) -> bool {
        self.before.len() + self.steps > MOST
    }

    /// Every record with each of the rows that keep it.
    pub(super) fn show(&self, visit: &mut dyn FnMut(usize, &Companion)) {
        let mut seen_for = vec![None; self.before.len()];
        for (keeper, companion) in &self.keepers {
            let mut waiting = vec![*keeper];
            seen_for[*keeper] = Some(*keeper);
            while let Some(node) = waiting.pop() {
                self.records[node].iter().for_each(|record| visit(*record, companion));
                for before in &self.before[node] {
                    if seen_for[*before].replace(*keeper) != Some(*keeper) {
                        waiting.push(*before);
                    }
                }
            }
        }
    }

    /// By its place, in this column, and by what tells it apart, in the following ones.
    fn node(&mut self, row: &Row<'_>, first: usize, width: usize) -> rusqlite::Result<Node> {
        let mut name = Vec::new();
        for column in first..=first + width {
            let (kind, bytes) = match row.get_ref(column)? {
                ValueRef::Null => (b'n', Vec::new()),
                ValueRef::Integer(number) => (b'i', number.to_le_bytes().to_vec()),
                ValueRef::Real(number) => (b'r', number.to_le_bytes().to_vec()),
                ValueRef::Text(text) => (b't', text.to_vec()),
                ValueRef::Blob(blob) => (b'b', blob.to_vec()),
            };
            name.push(kind);
            name.extend((bytes.len() as u64).to_le_bytes());
            name.extend(bytes);
        }
        let next = self.before.len();
        let node = *self.nodes.entry(name).or_insert(next);
        if node == next {
            self.before.push(BTreeSet::new());
            self.records.push(BTreeSet::new());
        }
        Ok(node)
    }
}
