//! Records that go twice: in one run that is a flaw; across runs it is told, for a database may give the key of a row that is gone to a new one.

use std::collections::HashSet;

use crate::model::RunId;

/// Most names that are remembered, of the run at hand and of all (about 10 MB each); beyond, a repetition goes unseen.
const NAMES_KEPT: usize = 900_000;

/// The beginnings of the fingerprints of what is gone: as good as the whole to find one again. A key names records for a year, so who
/// goes twice in different years is not found by them.
#[derive(Debug, Default)]
pub(super) struct Gone {
    run: Option<RunId>,
    /// Destroyed or anonymized by the run at hand.
    in_run: HashSet<u64>,
    /// Destroyed by any run. To anonymize what is destroyed later is no repetition.
    destroyed: HashSet<u64>,
    uncompared: u64,
}

/// How many records had gone before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Repeats {
    pub in_run: u64,
    pub across: u64,
}

impl Gone {
    /// Takes up what an outcome of the run says is gone: each name, and whether it was destroyed.
    pub fn read(&mut self, run: &RunId, names: impl Iterator<Item = (u64, bool)>) -> Repeats {
        if self.run.as_ref() != Some(run) {
            self.run = Some(run.clone());
            self.in_run.clear();
        }
        let mut repeats = Repeats::default();
        for (name, was_destroyed) in names {
            if is_known(&mut self.in_run, name) == Some(true) {
                repeats.in_run += 1;
            } else if was_destroyed {
                match is_known(&mut self.destroyed, name) {
                    Some(known) => repeats.across += u64::from(known),
                    None => self.uncompared += 1,
                }
            }
        }
        repeats
    }

    /// The database may have been put back: what was gone can go again.
    pub fn forget(&mut self) {
        (self.run, self.in_run, self.destroyed) = (None, HashSet::new(), HashSet::new());
    }

    /// Records destroyed that were not remembered, so that those after them were not compared with them.
    pub fn uncompared(&self) -> u64 {
        self.uncompared
    }
}

/// Whether a name was there before; `None`: it was not, and is not remembered either.
fn is_known(names: &mut HashSet<u64>, name: u64) -> Option<bool> {
    if names.len() < NAMES_KEPT { Some(!names.insert(name)) } else { names.contains(&name).then_some(true) }
}
