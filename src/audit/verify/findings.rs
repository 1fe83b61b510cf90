//! What verification found, in order.

use std::fmt;

use super::flaw::Flaw;

/// Something wrong, and where.
#[derive(Debug)]
pub struct Finding {
    /// Index of the entry, where it is one entry's.
    pub entry: Option<u64>,
    pub flaw: Flaw,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.entry {
            Some(entry) => write!(f, "entry {entry}: {}", self.flaw),
            None => self.flaw.fmt(f),
        }
    }
}

/// Most findings that are kept; what follows is counted.
const KEPT: usize = 100;

/// Findings, of which the first hundred are kept so that a log full of flaws does not fill memory.
#[derive(Debug, Default)]
pub(super) struct Findings {
    kept: Vec<Finding>,
    more: u64,
}

impl Findings {
    /// Notes a flaw of an entry.
    pub fn at(&mut self, entry: u64, flaw: Flaw) {
        self.add(Some(entry), flaw);
    }

    /// Notes a flaw of the whole log.
    pub fn add(&mut self, entry: Option<u64>, flaw: Flaw) {
        if self.kept.len() < KEPT {
            self.kept.push(Finding { entry, flaw });
        } else {
            self.more += 1;
        }
    }

    /// The findings kept, and how many more there were.
    pub fn into_parts(self) -> (Vec<Finding>, u64) {
        (self.kept, self.more)
    }
}
