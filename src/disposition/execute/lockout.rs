//! Databases that another program keeps locked for so long that a run gives up.

use std::collections::HashMap;

use super::divide::Took;
use super::turn::Holder;
use crate::model::SourceName;

/// So many chunks in succession wait for their turn in vain, each for as long as [`super::turn`] has patience; then
/// nobody is kept waiting any more, neither who started the run nor who writes beside it.
const IN_VAIN: u32 = 5;

/// How often in succession each source had no turn for us, and who kept it locked.
#[derive(Debug, Default)]
pub(super) struct Lockouts(HashMap<SourceName, (u32, Holder)>);

impl Lockouts {
    /// Learns from a chunk of a source.
    pub fn learn(&mut self, source: &SourceName, took: &Took) {
        match took.in_vain() {
            Some(holder) => {
                let (times, last) = self.0.entry(source.clone()).or_insert((0, holder));
                (*times, *last) = (*times + 1, holder);
            }
            None => drop(self.0.remove(source)),
        }
    }

    /// Who keeps it locked, where what is left of this source is to be put off.
    pub fn of(&self, source: &SourceName) -> Option<Holder> {
        self.0.get(source).filter(|(times, _)| *times >= IN_VAIN).map(|(_, holder)| *holder)
    }
}
