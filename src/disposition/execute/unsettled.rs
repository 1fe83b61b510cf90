//! Batches that a crash interrupted and whose log was succeeded before they had an outcome: no log tells what they did,
//! but the database that committed them does, or the trail of the files that had begun to go.

use std::collections::BTreeSet;

use super::error::ExecuteError;
use super::left::without_named;
use super::named_by;
use super::note::{self, Done};
use super::spool::{Spool, SpoolDir, SpooledFile};
use crate::audit::leaf::RecordOutcome;
use crate::disposition::desk::Desk;
use crate::records::sqlite::{FenceState, Writer};

/// The files of such a batch that are to go: of records that it destroyed, and that no row names of a database that
/// bears its row; another one may not know them, nor may rows be asked by a mapping that was not approved for it.
/// `None` where nothing tells what it did, or the configuration has its source no more.
pub(super) fn due_files(
    desk: &mut Desk,
    spools: &SpoolDir,
    spool: &Spool,
) -> Result<Option<Vec<SpooledFile>>, ExecuteError> {
    let install = desk.install().clone();
    let Some(source) = install.sources.get(&spool.source) else { return Ok(None) };
    let may_ask = named_by::objection(desk, spool)?.is_none();
    let mut writer = Writer::open(source, &install.series, &spool.log)?;
    let (done, files) = match writer.fence(spool.batch)? {
        // Keyed digests go on with the successor; where their key was lost, the text tells nothing any more.
        FenceState::Committed(text) => {
            let files = if may_ask { without_named(&mut writer, spool)?.0 } else { spool.files.clone() };
            (note::unsealed(desk.log(), spool.batch, &text), files)
        }
        FenceState::NoTable | FenceState::Absent | FenceState::Aborted => {
            (spools.trail(spool)?.done(), spool.files.clone())
        }
    };
    let Some(destroyed) = done.and_then(|done| destroyed(&done)) else { return Ok(None) };
    Ok(Some(files.into_iter().filter(|file| destroyed.contains(&file.record)).collect()))
}

/// The places of the records that were destroyed.
fn destroyed(done: &Done) -> Option<BTreeSet<usize>> {
    let outcomes = done.outcomes()?.into_iter().enumerate();
    Some(outcomes.filter(|(_, outcome)| *outcome == RecordOutcome::Destroyed).map(|(place, _)| place).collect())
}
