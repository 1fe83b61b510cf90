//! Files that should be gone and are not: their rows went, and they were changed, moved or out of reach. Each run tries
//! them again; a person may end that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ExecuteError;
use super::fault;
use super::logged::logged_batch;
use super::recover::{LeftBehind, recover};
use super::spool::{Spool, SpoolDir, SpoolError, SpooledFile};
use super::statement::{BatchResult, Statement};
use super::unlink::{Absence, unlink_files, unreferenced};
use crate::audit::ENDED;
use crate::audit::leaf::{Body, Correction, EarlierBatch, RecordOutcome};
use crate::disposition::chronicle::{Chronicle, correction};
use crate::disposition::control::LeftFiles;
use crate::disposition::desk::{Desk, DeskError, SharedDesk};
use crate::disposition::plan::PlanError;
use crate::disposition::request::Released;
use crate::model::{Actor, Digest, Instant, Opening, Origin, PlanId, RunId, SourceName};
use crate::records::sqlite::Writer;

/// What became of the files that earlier batches had left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// Those that went now.
    pub gone: u64,
    /// Those that are left still.
    pub left: u64,
    /// Why, and how many.
    pub reasons: BTreeMap<String, u64>,
}

impl Late {
    fn leave(&mut self, reason: &str, files: u64) {
        self.left += files;
        *self.reasons.entry(reason.to_owned()).or_default() += files;
    }
}

/// The files that are left, by the plans whose batches left them.
///
/// # Errors
/// What the state keeps of them cannot be read.
pub fn left_files(state: &Path) -> Result<Vec<LeftFiles>, SpoolError> {
    let mut of_plans: BTreeMap<PlanId, LeftFiles> = BTreeMap::new();
    for spool in SpoolDir::of(state).all()? {
        let Some(since) = spool.left_since else { continue };
        let none = LeftFiles { plan: spool.plan.clone(), files: 0, since };
        let of_plan = of_plans.entry(spool.plan).or_insert(none);
        of_plan.files += spool.files.len() as u64;
        of_plan.since = of_plan.since.min(since);
    }
    Ok(of_plans.into_values().collect())
}

/// Tries again to unlink the files that earlier batches had to leave; of each record of which none is left then, that
/// is put on record.
pub(super) fn retry(desk: &mut Desk, now: Instant) -> Result<Late, ExecuteError> {
    let mut late = Late::default();
    let spools = SpoolDir::of(&desk.install().state);
    let unresolved: BTreeSet<SourceName> =
        desk.log().unresolved().into_iter().map(|(_, intent)| intent.source).collect();
    for spool in spools.all()? {
        if spool.log != *desk.log().origin() && spool.left_since.is_none() {
            continue;
        }
        if unresolved.contains(&spool.source) {
            // That batch's own files among them: of these nobody knows yet whether they are to go.
            if spool.left_since.is_some() {
                late.leave("a batch of the file's source is not resolved yet", spool.files.len() as u64);
            }
            continue;
        }
        let left = still_left(desk, &spool)?;
        if left.files.is_empty() {
            spools.remove(&spool)?;
        } else {
            match retry_batch(desk, &spools, &left, &mut late, now) {
                Err(ExecuteError::Store(_)) => {
                    late.leave("the database that named a file cannot be opened or read now", left.files.len() as u64);
                }
                tried => tried?,
            }
        }
    }
    Ok(late)
}

/// The spool with those of its files that are left according to the log: of records whose outcome says so, and of which
/// no later entry tells that they are gone or released, of this log or one before it. A crash may have kept more.
fn still_left(desk: &mut Desk, spool: &Spool) -> Result<Spool, DeskError> {
    let is_own = spool.log == *desk.log().origin();
    // Of a batch of a log before this one only what is left is known: its records went.
    let outcomes = match is_own {
        true => logged_batch(desk.log(), spool.batch)?.map(|logged| logged.records),
        false => None,
    };
    let is_incomplete = |record: usize| match &outcomes {
        Some(records) => records.get(record).is_some_and(|(_, outcome)| *outcome == RecordOutcome::Incomplete),
        None => !is_own,
    };
    let left: BTreeSet<usize> = records_of(&spool.files).into_iter().filter(|record| is_incomplete(*record)).collect();
    let left = without_ended(desk, spool, left)?;
    let is_left = |file: &&SpooledFile| left.contains(&file.record);
    Ok(Spool { files: spool.files.iter().filter(is_left).cloned().collect(), ..spool.clone() })
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

fn retry_batch(
    desk: &mut Desk,
    spools: &SpoolDir,
    spool: &Spool,
    late: &mut Late,
    now: Instant,
) -> Result<(), ExecuteError> {
    let install = desk.install().clone();
    let Some(source) = install.sources.get(&spool.source) else {
        late.leave("a file is of a source that the configuration no longer has", spool.files.len() as u64);
        return Ok(());
    };
    let origin = desk.log().origin().clone();
    let mut writer = Writer::open(source, &install.series, &origin)?;
    let records = records_of(&spool.files);
    // Their rows went, whatever became of their files.
    let outcomes = vec![RecordOutcome::Destroyed; records.last().map_or(0, |last| last + 1)];
    let mut result = BatchResult { outcomes, ..BatchResult::default() };
    let (free, named) = without_named(&mut writer, spool)?;
    // What was left was there, or was taken by somebody else; the program did not unlink it.
    unlink_files(&mut writer, &free, &install.reserved(), Absence::Foreign, &mut result)?;
    result.reasons.extend(named.iter().map(|_| "a row names a file again".to_owned()));
    result.left.extend(named);
    let gone: BTreeSet<usize> = records.difference(&records_of(&result.left)).copied().collect();
    if !gone.is_empty() {
        desk.record(ended(&origin, spool, correction::COMPLETED, &gone, None), now)?;
        fault::step("completed")?;
    }
    spools.keep(spool, &result.left, now)?;
    late.gone += result.files.values().sum::<u64>();
    result.reasons.iter().for_each(|reason| late.leave(reason, 1));
    Ok(())
}

/// The spool without the files that a row names again, and these.
fn without_named(writer: &mut Writer, spool: &Spool) -> Result<(Spool, Vec<SpooledFile>), ExecuteError> {
    let mut files: Vec<&SpooledFile> = spool.files.iter().collect();
    files.sort_by(|one, other| one.root.cmp(&other.root));
    let free: Vec<SpooledFile> =
        unreferenced(files, |root, paths| writer.still_referenced(root, paths))?.into_iter().cloned().collect();
    let named = spool.files.iter().filter(|file| !free.contains(file)).cloned().collect();
    Ok((Spool { files: free, ..spool.clone() }, named))
}

fn records_of(files: &[SpooledFile]) -> BTreeSet<usize> {
    files.iter().map(|file| file.record).collect()
}

/// That no file of these records of a batch is tried any more. A batch of a log before this one has no number here.
fn ended(own: &Origin, spool: &Spool, what: &str, records: &BTreeSet<usize>, answer: Option<(&Actor, Digest)>) -> Body {
    let marked: Vec<bool> =
        (0..records.last().map_or(0, |last| last + 1)).map(|place| records.contains(&place)).collect();
    let is_own = spool.log == *own;
    let earlier = (!is_own).then(|| EarlierBatch { origin: spool.log.clone(), batch: spool.batch });
    Body::Correction(Correction {
        batch: is_own.then_some(spool.batch),
        earlier,
        ended: Some(ENDED.write(&marked)),
        actor: answer.map(|(actor, _)| actor.clone()),
        reason: answer.map(|(_, reason)| reason),
        records: records.len() as u64,
        ..Correction::new(spool.source.clone(), what)
    })
}

/// Ends what a plan has left: a person answers for these files, and they are not tried any more. First on record, then
/// in fact.
///
/// # Errors
/// Nothing of the plan is left; the log or the private state cannot be written.
pub fn release(
    desk: &mut Desk,
    plan: &PlanId,
    reason: &str,
    actor: &Actor,
    now: Instant,
) -> Result<Released, DeskError> {
    let spools = SpoolDir::of(&desk.install().state);
    let mut all = spools.all()?;
    all.retain(|spool| spool.plan == *plan && spool.left_since.is_some());
    let mut left = Vec::new();
    for spool in all {
        // A crash may have come between the entry that ends them and the end of the spool.
        left.extend(Some(still_left(desk, &spool)?).filter(|left| !left.files.is_empty()));
    }
    if left.is_empty() {
        return Err(DeskError::NothingLeft { plan: plan.clone() });
    }
    keep_reason(desk, Release { plan: plan.clone(), actor: actor.clone(), at: now, reason: reason.to_owned() })?;
    let (own, digest) = (desk.log().origin().clone(), desk.log().keyed_digest(reason));
    let mut files = Vec::new();
    for spool in left {
        let answer = Some((actor, digest));
        desk.record(ended(&own, &spool, correction::RELEASED, &records_of(&spool.files), answer), now)?;
        let path = desk.install().state.clone();
        fault::step("released").map_err(|source| DeskError::File { doing: "go on in", path, source })?;
        spools.remove(&spool)?;
        files.extend(spool.files.iter().map(|file| file.root.join(&file.path).display().to_string()));
    }
    Ok(Released { plan: plan.clone(), files })
}

/// Who released what a plan had left, and why: the log has a digest of the reason.
#[derive(Debug, Serialize, Deserialize)]
struct Release {
    plan: PlanId,
    actor: Actor,
    at: Instant,
    reason: String,
}

/// Durable before the log names its digest.
fn keep_reason(desk: &Desk, release: Release) -> Result<(), DeskError> {
    let mut releases: Vec<Release> = desk.recall("releases")?.unwrap_or_default();
    releases.push(release);
    desk.memorize("releases", Some(&releases))
}

/// The run that went through a plan, under this log or one that it succeeds.
fn finished(desk: &mut Desk, plan: &PlanId) -> Result<Option<RunId>, DeskError> {
    let run = desk.chronicle()?.finished(plan).cloned();
    let earlier = || Ok(desk.earlier()?.iter().find_map(|log| log.chronicle.finished(plan)).cloned());
    run.map_or_else(earlier, |run| Ok(Some(run)))
}

/// What an `apply` does that was refused: of a plan that was executed before, the files that it left are tried again.
///
/// # Errors
/// The refusal, where nothing of the plan is left; what keeps the files from being tried.
pub fn apply_left(
    shared: &SharedDesk,
    plan: &PlanId,
    refused: DeskError,
    now: Instant,
) -> Result<Statement, ExecuteError> {
    let install = shared.install();
    let mut desk = shared.lock()?;
    let is_left = left_files(&install.state)?.iter().any(|left| left.plan == *plan);
    let run = match &refused {
        DeskError::Approval(_) | DeskError::Plan(PlanError::Erased { .. }) if is_left => finished(&mut desk, plan)?,
        _ => None,
    };
    let Some(run) = run else { return Err(refused.into()) };
    if install.windows.open_at(now) == Opening::Blackout {
        return Err(ExecuteError::Blackout { until: install.windows.changes_after(now) });
    }
    // What of it waits, its files say.
    let Late { gone, left, reasons } = recover(&mut desk, &BTreeSet::new(), LeftBehind::TryAgain, now)?.late;
    desk.log().publish()?;
    Ok(Statement { late: gone, left, reasons, ..Statement::nothing_more(run, plan.clone()) })
}
