//! Which files of earlier batches are left, by their spools and by what the logs say of their records.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::ExecuteError;
use super::logged::{LoggedBatch, logged_batch};
use super::spool::{Spool, SpoolDir, SpoolError, SpooledFile};
use super::unsettled::due_files;
use crate::audit::leaf::RecordOutcome;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::control::LeftFiles;
use crate::disposition::desk::{Desk, DeskError};
use crate::model::{Instant, Origin, PlanId};

/// The files that are left, by the plans whose batches left them.
///
/// # Errors
/// What the state keeps of them cannot be read.
pub fn left_files(state: &Path) -> Result<Vec<LeftFiles>, SpoolError> {
    let mut of_plans: BTreeMap<PlanId, LeftFiles> = BTreeMap::new();
    for spool in SpoolDir::of(state, None).all()? {
        let Some(since) = spool.left_since else { continue };
        let none = LeftFiles { plan: spool.plan.clone(), files: 0, since };
        let of_plan = of_plans.entry(spool.plan).or_insert(none);
        of_plan.files += spool.files.len() as u64;
        of_plan.since = of_plan.since.min(since);
    }
    Ok(of_plans.into_values().collect())
}

/// The lists of files of which nobody can say whether their records went: they were set aside for a person, who removes
/// a list once each of its files was looked at.
///
/// # Errors
/// What the state keeps of them cannot be read.
pub fn unclear_files(state: &Path) -> Result<Vec<PathBuf>, SpoolError> {
    let mut lists = SpoolDir::of(state, None).unclear()?;
    lists.sort();
    Ok(lists)
}

/// The files of every batch that are not gone or not known to be, by their plans: where a log ends, all that is left of
/// it is here.
///
/// # Errors
/// What the state keeps of them cannot be read.
pub fn spooled_files(state: &Path) -> Result<BTreeMap<PlanId, u64>, SpoolError> {
    let mut of_plans = BTreeMap::new();
    for spool in SpoolDir::of(state, None).all()? {
        *of_plans.entry(spool.plan).or_default() += spool.files.len() as u64;
    }
    Ok(of_plans)
}

/// Marks as left what batches have left that a crash interrupted before that mark: by their outcome, also where a log
/// before this one has it; and where none has, by what the database tells. Forgets what none of their files are left
/// of.
pub(super) fn mark(desk: &mut Desk, now: Instant) -> Result<(), ExecuteError> {
    let spools = SpoolDir::of_desk(desk);
    for spool in settled(desk)?.into_iter().filter(|spool| spool.left_since.is_none()) {
        let left = match still_left(desk, &spool)? {
            Left::Files(left) => Some(left.files),
            Left::Untold(left) => match due_files(desk, &spools, &left) {
                // A later run may be able to read it.
                Err(error) if error.is_of_one_source() => None,
                due => due?,
            },
        };
        if let Some(left) = left {
            spools.keep(&spool, &left, now)?;
        }
    }
    Ok(())
}

/// The files that wait to go, by the plans whose batches left them, where nothing is under way: those that are left,
/// and those of batches that a crash interrupted, of which the next run finds whether they are to go. Changes nothing.
///
/// # Errors
/// What the state keeps of them, or a log, cannot be read.
pub fn waiting_files(desk: &mut Desk) -> Result<BTreeMap<PlanId, u64>, DeskError> {
    let mut of_plans = BTreeMap::new();
    for spool in SpoolDir::of_desk(desk).all()? {
        let spool = if is_under_way(desk, &spool) { spool } else { still_left(desk, &spool)?.into_spool() };
        if !spool.files.is_empty() {
            *of_plans.entry(spool.plan).or_default() += spool.files.len() as u64;
        }
    }
    Ok(of_plans)
}

/// The spools of batches that are not under way: of the others nobody knows yet whether their files are to go.
pub(super) fn settled(desk: &mut Desk) -> Result<Vec<Spool>, SpoolError> {
    let mut spools = SpoolDir::of_desk(desk).all()?;
    spools.retain(|spool| !is_under_way(desk, spool));
    Ok(spools)
}

fn is_under_way(desk: &mut Desk, spool: &Spool) -> bool {
    let log = desk.log();
    spool.log == *log.origin() && log.unresolved().iter().any(|(_, intent)| intent.batch == spool.batch)
}

/// What is left of a spool: the spool with these of its files; a crash may have kept more.
pub(super) enum Left {
    Files(Spool),
    /// No log at hand tells what became of the batch.
    Untold(Spool),
}

impl Left {
    pub fn spool(&self) -> &Spool {
        match self {
            Self::Files(spool) | Self::Untold(spool) => spool,
        }
    }

    pub fn into_spool(self) -> Spool {
        match self {
            Self::Files(spool) | Self::Untold(spool) => spool,
        }
    }
}

/// The files of a spool that are left according to the log of its batch: of records whose outcome says so, and of which
/// no later entry tells that they are gone or released, of this log or one before it.
pub(super) fn still_left(desk: &mut Desk, spool: &Spool) -> Result<Left, DeskError> {
    let outcomes = logged(desk, spool)?.filter(|logged| logged.is_resolved).map(|logged| logged.records);
    let is_incomplete = |record: &usize| match &outcomes {
        Some(records) => records.get(*record).is_some_and(|(_, outcome)| *outcome == RecordOutcome::Incomplete),
        None => true,
    };
    let left: BTreeSet<usize> = records_of(&spool.files).into_iter().filter(is_incomplete).collect();
    let left = without_ended(desk, spool, left)?;
    let is_left = |file: &&SpooledFile| left.contains(&file.record);
    let left = Spool { files: spool.files.iter().filter(is_left).cloned().collect(), ..spool.clone() };
    // The log, or the database, told when its files were marked as left.
    let is_told = outcomes.is_some() || spool.left_since.is_some();
    Ok(if is_told { Left::Files(left) } else { Left::Untold(left) })
}

/// The batch of a spool as its log has it; `None` where that log is not at hand.
pub(super) fn logged(desk: &mut Desk, spool: &Spool) -> Result<Option<LoggedBatch>, DeskError> {
    if spool.log == *desk.log().origin() {
        return Ok(logged_batch(desk.log(), spool.batch)?);
    }
    let earlier = desk.earlier()?.iter().find(|earlier| earlier.origin == spool.log);
    Ok(earlier.map(|earlier| logged_batch(&earlier.log, spool.batch)).transpose()?.flatten())
}

/// What the batches of a plan have left.
pub(super) fn left_of(desk: &mut Desk, plan: &PlanId) -> Result<Vec<Spool>, DeskError> {
    let mut left = Vec::new();
    for spool in settled(desk)?.into_iter().filter(|spool| spool.plan == *plan) {
        left.push(still_left(desk, &spool)?.into_spool());
    }
    left.retain(|spool| !spool.files.is_empty());
    Ok(left)
}

/// These records of a spool without those of which a log tells that their files are gone or released. The spool may
/// have outlived the log that says so.
fn without_ended(desk: &mut Desk, spool: &Spool, mut records: BTreeSet<usize>) -> Result<BTreeSet<usize>, DeskError> {
    let own = desk.log().origin().clone();
    let mut without = |origin: &Origin, chronicle: &Chronicle| {
        let ended = chronicle.ended(Some(&spool.log).filter(|log| *log != origin), spool.batch);
        records.retain(|record| !ended(*record));
    };
    without(&own, desk.chronicle()?);
    if spool.log != own {
        desk.earlier()?.iter().for_each(|earlier| without(&earlier.origin, &earlier.chronicle));
    }
    Ok(records)
}

/// The places, in their batch, of the records that these files are of.
pub(super) fn records_of(files: &[SpooledFile]) -> BTreeSet<usize> {
    files.iter().map(|file| file.record).collect()
}
