//! Fingerprint keys of the logs before a log: their files stay where they are when it is succeeded, so it is the
//! successor that puts on record that one was destroyed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::earlier::{EarlierLog, EarlierState, Kept, beside, earlier_logs};
use super::entries::Entries;
use super::error::LogError;
use super::keys::{KeyPlaces, load_committed_fingerprinter};
use super::leaf::{Body, HoldAction};
use super::reader::LogReader;
use super::standing::Standing;
use super::writer::DestructionLog;
use crate::model::{Digest, HoldId, SourceName};

/// What the logs before a log say of the fingerprint keys that they declared, as far as they are there.
#[derive(Default)]
pub(super) struct EarlierKeys {
    /// Of all of them, read in the order in which they were written.
    standing: Standing,
    /// The first one that is not there, or not whole.
    unread: Option<EarlierLog>,
}

impl EarlierKeys {
    /// Reads the logs before this one.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn of(log: &DestructionLog) -> Result<Self, LogError> {
        let named = log.continued()?;
        let found = earlier_logs(named.as_ref(), beside(&log.dir), &[]);
        let mut read = Self::default();
        for earlier in found.iter().rev() {
            let told = EarlierLog::from(earlier);
            if let Kept::Whole(pinned) = &earlier.kept {
                read.note(&LogReader::succeeded(&pinned.dir, &earlier.named))?;
            }
            if told.state != EarlierState::Whole {
                read.unread = Some(told);
            }
        }
        Ok(read)
    }

    fn note(&mut self, log: &LogReader) -> Result<(), LogError> {
        for kind in ["fpkey", "fpkey_destroyed", "hold"] {
            log.scan_kind(kind, &mut |index, leaf| {
                self.standing.note(index, &leaf);
                ControlFlow::Continue(())
            })?;
        }
        Ok(())
    }

    /// What they committed to of this key, which one of them declared last and none destroyed since.
    pub fn commitment(&self, source: &SourceName, year: i32) -> Option<Digest> {
        self.standing.fpkeys.get(&(source.clone(), year)).copied().flatten()
    }

    /// Checks that they declared this key, and that no other lies in its place.
    ///
    /// # Errors
    /// [`LogError::KeyDestroyed`], [`LogError::KeyUnknown`], [`LogError::KeyUntold`], another key
    /// in its place.
    pub fn check_place(&self, places: &KeyPlaces, source: &SourceName, year: i32) -> Result<(), LogError> {
        let source_name = source.clone();
        match (self.standing.fpkeys.get(&(source.clone(), year)), &self.unread) {
            (Some(Some(commitment)), _) => load_committed_fingerprinter(places, source, year, commitment).map(drop),
            (Some(None), _) => Err(LogError::KeyDestroyed { source_name, year }),
            (None, None) => Err(LogError::KeyUnknown { source_name, year }),
            (None, Some(unread)) => Err(LogError::KeyUntold { source_name, year, log: unread.log.clone() }),
        }
    }

    /// How many holds that this log has in force are named under this key by one before it.
    pub fn holds_under(&self, log: &DestructionLog, source: &SourceName, year: i32) -> Result<usize, LogError> {
        let mut in_force = BTreeSet::<HoldId>::new();
        log.scan(0, &mut |_, leaf| {
            if let Body::Hold(hold) = leaf.body {
                match hold.action {
                    HoldAction::Lifted => drop(in_force.remove(&hold.hold)),
                    _ => drop(in_force.insert(hold.hold)),
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok(self.standing.named_under(source, year).filter(|hold| in_force.contains(*hold)).count())
    }
}
