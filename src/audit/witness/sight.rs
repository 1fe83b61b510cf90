//! What a witness saw beside the log that it co-signed, and what it did not: the logs before it.

use std::fs;

use super::{Kept, STATE, Witness, WitnessError};
use crate::audit::earlier::EarlierLog;
use crate::audit::error::FileError;
use crate::audit::note::Signature;
use crate::audit::verify::Report;

/// A cosignature, and what it says nothing of.
#[derive(Debug)]
pub struct Sight {
    pub cosignature: Signature,
    /// The logs that the co-signed one continues, the last one first, as far as each leads to the one before.
    pub earlier: Vec<EarlierLog>,
    /// Where they lead to none that is known to be the first: what this witness had co-signed of logs that are not
    /// among them. Each of these may stand before them, and would then have been done away with unseen.
    pub others: Option<Vec<Kept>>,
}

impl Witness {
    /// What it had co-signed of logs that may stand before those that a report tells of; `None` where none can.
    pub(super) fn perhaps_before(&self, report: &Report) -> Result<Option<Vec<Kept>>, WitnessError> {
        if report.are_all_earlier_known {
            return Ok(None);
        }
        let listed = fs::read_dir(&self.dir).map_err(FileError::new("read", &self.dir))?;
        let paths = listed.flatten().map(|entry| entry.path());
        let mut others = Vec::new();
        for path in paths.filter(|path| path.extension().is_some_and(|end| end == STATE)) {
            let Some(seen) = self.read_state(&path)? else { continue };
            let log = &seen.claimed().origin;
            let is_known = report.origin.as_ref() == Some(log) || report.earlier.iter().any(|one| one.log == *log);
            others.extend((!is_known).then(|| self.kept(seen.claimed())));
        }
        others.sort_by(|one, other| one.log.cmp(&other.log));
        Ok(Some(others))
    }
}
