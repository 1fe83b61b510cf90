//! Files that should be gone and are not: their rows went, and they were changed, moved or out of reach. Each run tries
//! them again; a person may end that.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::{Deserialize, Serialize};

use super::error::ExecuteError;
use super::fault;
use super::named_by;
use super::recover::{LeftBehind, recover};
use super::remains::{Left, left_of, logged, records_of, settled, still_left};
use super::rightful::{NOT_RIGHTFUL, is_rightful};
use super::spool::{Spool, SpoolDir, SpooledFile};
use super::statement::{BatchResult, Statement};
use super::unlink::{Word, unlink_files, unreferenced};
use crate::audit::ENDED;
use crate::audit::leaf::{Body, Correction, EarlierBatch, RecordOutcome};
use crate::disposition::chronicle::correction;
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
    pub(super) fn leave(&mut self, reason: &str, files: u64) {
        if files == 0 {
            return;
        }
        self.left += files;
        *self.reasons.entry(reason.to_owned()).or_default() += files;
    }
}

/// Tries again to unlink the files that earlier batches had to leave; of each record of which none is left then, that
/// is put on record.
pub(super) fn retry(desk: &mut Desk, now: Instant) -> Result<Late, ExecuteError> {
    let mut late = Late::default();
    let spools = SpoolDir::of_desk(desk);
    let unresolved: BTreeSet<SourceName> =
        desk.log().unresolved().into_iter().map(|(_, intent)| intent.source).collect();
    for spool in settled(desk)? {
        let files = spool.files.len() as u64;
        if unresolved.contains(&spool.source) {
            late.leave("a batch of the file's source is not resolved yet", files);
            continue;
        }
        match retry_spool(desk, &spools, &spool, &mut late, now) {
            Err(ExecuteError::Store(_)) => {
                late.leave("the database that named a file cannot be opened or read now", files);
            }
            tried => tried?,
        }
    }
    Ok(late)
}

fn retry_spool(
    desk: &mut Desk,
    spools: &SpoolDir,
    spool: &Spool,
    late: &mut Late,
    now: Instant,
) -> Result<(), ExecuteError> {
    let left = still_left(desk, spool)?;
    if left.spool().files.is_empty() {
        return Ok(spools.remove(spool)?);
    }
    let install = desk.install().clone();
    let Some(source) = install.sources.get(&spool.source) else {
        late.leave("a file is of a source that the configuration no longer has", spool.files.len() as u64);
        return Ok(());
    };
    let (is_rightful, objection) = (is_rightful(desk, spool)?, named_by::objection(desk, left.spool())?);
    let mut writer = Writer::open(source, &install.series, desk.log().origin())?;
    match left {
        Left::Files(left) => match objection.as_deref().or((!is_rightful).then_some(NOT_RIGHTFUL)) {
            None => retry_files(desk, spools, &left, &mut writer, late, now),
            Some(reason) => {
                late.leave(reason, left.files.len() as u64);
                Ok(())
            }
        },
        Left::Untold(left) => {
            if let Some(reason) = objection {
                late.leave(&reason, left.files.iter().filter(|file| !is_gone(file)).count() as u64);
                return Ok(());
            }
            // What a row names is that row's, and waits for no one; but a copy from before may have rows that went.
            let (mut free, _) = without_named(&mut writer, &left)?;
            free.retain(|file| !is_gone(file));
            late.leave("no log tells any more whether the record of a file was destroyed", free.len() as u64);
            Ok(if free.is_empty() && is_rightful { spools.remove(spool) } else { Ok(()) }?)
        }
    }
}

/// Whether a file is not there any more. Where its root is not, nobody can tell.
fn is_gone(file: &SpooledFile) -> bool {
    let found = file.root.join(&file.path).symlink_metadata();
    file.root.is_dir() && found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

fn retry_files(
    desk: &mut Desk,
    spools: &SpoolDir,
    spool: &Spool,
    writer: &mut Writer,
    late: &mut Late,
    now: Instant,
) -> Result<(), ExecuteError> {
    let (origin, reserved) = (desk.log().origin().clone(), desk.install().reserved());
    let records = records_of(&spool.files);
    // Their rows went, whatever became of their files.
    let outcomes = vec![RecordOutcome::Destroyed; records.last().map_or(0, |last| last + 1)];
    let mut result = BatchResult { outcomes, ..BatchResult::default() };
    let (free, named) = without_named(writer, spool)?;
    unlink_files(writer, spools.trail(spool)?, &free, &reserved, &Word::Rightful, &mut result)?;
    spools.tell_others(spool)?;
    fault::step("files-gone")?;
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

/// The files of a spool that no row names again, and those that one does.
pub(super) fn without_named(
    writer: &mut Writer,
    spool: &Spool,
) -> Result<(Vec<SpooledFile>, Vec<SpooledFile>), ExecuteError> {
    let mut files: Vec<&SpooledFile> = spool.files.iter().collect();
    files.sort_by(|one, other| one.root.cmp(&other.root));
    let free: Vec<SpooledFile> =
        unreferenced(files, |root, paths| writer.still_referenced(root, paths))?.into_iter().cloned().collect();
    let named = spool.files.iter().filter(|file| !free.contains(file)).cloned().collect();
    Ok((free, named))
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
    let spools = SpoolDir::of_desk(desk);
    // A crash may have come between the entry that ends files and the end of their spool.
    let left = left_of(desk, plan)?;
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

/// The run that went through a plan, under this log or one that it succeeds; or that began to under an earlier one,
/// with whose end all approvals ended. Where that log does not tell any more which run it was, this try is named as
/// one.
fn over(desk: &mut Desk, plan: &PlanId, spools: &[Spool]) -> Result<Option<RunId>, DeskError> {
    if let Some(run) = desk.chronicle()?.finished(plan) {
        return Ok(Some(run.clone()));
    }
    if let Some(run) = desk.earlier()?.iter().find_map(|log| log.chronicle.finished(plan)) {
        return Ok(Some(run.clone()));
    }
    let Some(spool) = spools.iter().find(|spool| spool.log != *desk.log().origin()) else { return Ok(None) };
    let logged = logged(desk, spool)?.map(|logged| logged.intent.run);
    Ok(Some(logged.unwrap_or_else(|| RunId::new(format!("{plan}-{}", desk.log().size())))))
}

/// Whether a plan left files through which no run went yet.
pub(super) fn is_left_unfinished(desk: &mut Desk, plan: &PlanId) -> Result<bool, DeskError> {
    let mut left = settled(desk)?;
    left.retain(|spool| spool.plan == *plan);
    Ok(!left.is_empty() && over(desk, plan, &left)?.is_none())
}

/// What an `apply` does that was refused: of a plan that was executed before, or begun under an earlier log, the files
/// that it left are tried again.
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
    let mut left = settled(&mut desk)?;
    left.retain(|spool| spool.plan == *plan);
    let run = match &refused {
        DeskError::Approval(_) | DeskError::Plan(PlanError::Erased { .. }) if !left.is_empty() => {
            over(&mut desk, plan, &left)?
        }
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
