//! Holds of which only a log before this one tells: the private database has lost them, and the log that says that they
//! were placed was succeeded by another.

use std::collections::{BTreeMap, BTreeSet};

use super::{Desk, DeskError};
use crate::audit::Entries;
use crate::audit::leaf::HoldLeaf;
use crate::model::{HoldId, Origin};

/// Name of the memo of the log that tells of all holds which the logs before it had in force.
const CARRIED: &str = "carried_holds";

impl Desk {
    /// Holds that the logs before this one have in force, and of which neither this one nor the private database, which
    /// knows those named here, tells. The logs are read until this one has taken over all that they say.
    pub(super) fn carried(&mut self, known: &BTreeSet<HoldId>) -> Result<BTreeMap<HoldId, HoldLeaf>, DeskError> {
        if self.recall::<Origin>(CARRIED)?.as_ref() == Some(self.log.origin()) {
            return Ok(BTreeMap::new());
        }
        self.earlier()?;
        let logs: Vec<_> = std::iter::once(&self.chronicle)
            .chain(self.earlier.iter().flatten().map(|earlier| &earlier.chronicle))
            .collect();
        let mut carried = BTreeMap::new();
        for (place, log) in logs.iter().enumerate().skip(1) {
            let is_over = |id: &HoldId| logs[..place].iter().any(|later| later.is_lifted(id));
            let is_told = |id: &HoldId| known.contains(id) || logs[0].holds().contains_key(id) || is_over(id);
            let untold = log.holds().iter().filter(|(id, _)| !is_told(id));
            // The fingerprint keys of another log are not declared in this one.
            let anew = |leaf: &HoldLeaf| HoldLeaf { year: None, fp: None, ..leaf.clone() };
            carried.extend(untold.map(|(id, leaf)| (id.clone(), anew(leaf))));
        }
        Ok(carried)
    }

    /// Notes that this log tells of all that those before it had in force. Where that cannot be noted they are read
    /// again.
    pub(super) fn all_carried(&self) {
        let noted = match self.log.continued() {
            Ok(Some(_)) => self.memorize(CARRIED, Some(self.log.origin())),
            Ok(None) => Ok(()),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = noted {
            tracing::debug!(%error, "the holds of the logs before this one will be read again");
        }
    }
}
