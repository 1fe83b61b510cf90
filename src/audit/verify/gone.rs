//! Records that go twice: in the runs of one plan that is a flaw, for a later one leaves out what was settled;
//! otherwise it is told, for a database may give the key of a row that is gone to a new one.

use std::collections::{BTreeMap, HashSet};

use crate::model::{PlanId, SourceName};

/// Most names that are remembered, of the plan at hand and of all (about 10 MB each); beyond, a repetition goes unseen.
const NAMES_KEPT: usize = 900_000;

/// The beginnings of the fingerprints of what is gone: as good as the whole to find one again. A key names records for
/// a year, so who goes twice in different years is not found by them.
#[derive(Debug, Default)]
pub(super) struct Gone {
    plan: Option<PlanId>,
    /// Destroyed or anonymized by runs of the plan at hand.
    of_plan: Names,
    /// Destroyed under any plan. To anonymize what is destroyed later is no repetition.
    destroyed: Names,
    /// What was gone from a source whose database may have been put back since.
    let_go: Names,
    uncompared: u64,
}

/// Names by the source of their records.
type Names = BTreeMap<SourceName, HashSet<u64>>;

/// How many records had gone before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Repeats {
    /// In a run of the plan at hand.
    pub of_plan: u64,
    /// Destroyed under an earlier plan.
    pub across: u64,
    /// Under whatever plan, and an entry since says that the database was put back, or that a person let it go on.
    pub excused: u64,
}

impl Gone {
    /// Takes up what an outcome under a plan says is gone from a source: each name, and whether it was destroyed.
    pub fn read(&mut self, plan: &PlanId, source: &SourceName, names: impl Iterator<Item = (u64, bool)>) -> Repeats {
        if self.plan.as_ref() != Some(plan) {
            self.plan = Some(plan.clone());
            self.of_plan.clear();
        }
        let mut repeats = Repeats::default();
        for (name, was_destroyed) in names {
            repeats.excused += u64::from(self.let_go.get(source).is_some_and(|names| names.contains(&name)));
            if is_known(&mut self.of_plan, source, name) == Some(true) {
                repeats.of_plan += 1;
            } else if was_destroyed {
                match is_known(&mut self.destroyed, source, name) {
                    Some(known) => repeats.across += u64::from(known),
                    None => self.uncompared += 1,
                }
            }
        }
        repeats
    }

    /// The database of this source may have been put back: what was gone from it can go again.
    pub fn forget(&mut self, source: &SourceName) {
        let names = [self.of_plan.remove(source), self.destroyed.remove(source)];
        for name in names.into_iter().flatten().flatten() {
            self.uncompared += u64::from(is_known(&mut self.let_go, source, name).is_none());
        }
    }

    /// Records destroyed that were not remembered, so that those after them were not compared with them.
    pub fn uncompared(&self) -> u64 {
        self.uncompared
    }
}

/// Whether a name was there before; `None`: it was not, and is not remembered either.
fn is_known(names: &mut Names, source: &SourceName, name: u64) -> Option<bool> {
    // Sources are few, and so are the sets to count.
    let is_full = names.values().map(HashSet::len).sum::<usize>() >= NAMES_KEPT;
    match names.get_mut(source) {
        Some(known) if is_full => known.contains(&name).then_some(true),
        Some(known) => Some(!known.insert(name)),
        None if is_full => None,
        None => {
            names.insert(source.clone(), HashSet::from([name]));
            Some(false)
        }
    }
}
