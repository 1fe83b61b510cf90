//! Files that should be gone and are not: their rows went, and they were changed, moved or out of reach. Each run tries
//! them again; a person may end that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ExecuteError;
use super::fault;
use super::logged::{is_gone, logged_batch};
use super::recover::{LeftBehind, recover};
use super::spool::{Spool, SpoolDir, SpoolError, SpooledFile};
use super::statement::{BatchResult, Statement};
use super::unlink::{Absence, unlink_files, unreferenced};
use crate::audit::leaf::{Body, Correction, RecordOutcome};
use crate::disposition::approval::ApprovalError;
use crate::disposition::chronicle::correction;
use crate::disposition::control::LeftFiles;
use crate::disposition::desk::{Desk, DeskError, SharedDesk};
use crate::disposition::request::Released;
use crate::model::{Actor, Digest, Instant, Opening, Origin, PlanId};
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

/// Tries again to unlink the files that earlier batches had to leave; what succeeds whole is put on record.
pub(super) fn retry(desk: &mut Desk, now: Instant) -> Result<Late, ExecuteError> {
    let mut late = Late::default();
    let spools = SpoolDir::of(&desk.install().state);
    for spool in spools.all()? {
        let is_own = spool.log == *desk.log().origin();
        if is_own && desk.chronicle()?.is_settled(spool.batch) {
            spools.remove(&spool)?;
        } else if is_own || spool.left_since.is_some() {
            retry_batch(desk, &spools, &spool, &mut late, now)?;
        }
    }
    Ok(late)
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
    let outcomes = outcomes_of(desk, spool)?;
    let gone = |outcome: &RecordOutcome| if is_gone(*outcome) { RecordOutcome::Destroyed } else { *outcome };
    let mut result = BatchResult { outcomes: outcomes.iter().map(gone).collect(), ..BatchResult::default() };
    let (free, named) = without_named(&mut writer, spool)?;
    // Before the batch's outcome a crash may have come between unlinking and its entry; what was left after it was
    // there, or was taken by somebody else.
    let absence = if spool.unlinking { Absence::OurDoing } else { Absence::Foreign };
    unlink_files(&mut writer, &free, &install.reserved(), absence, &mut result)?;
    let incomplete = |file: &&SpooledFile| outcomes.get(file.record) == Some(&RecordOutcome::Incomplete);
    if spool.left_since.is_some() {
        result.reasons.extend(named.iter().map(|_| "a row names a file again".to_owned()));
        result.left.extend(named);
    }
    // Only what an outcome named as left is worth an entry: a crash may also have kept a spool whose files are all
    // gone.
    let records = records_of(spool.files.iter().filter(incomplete));
    if records > 0 && result.left.is_empty() && !result.files.is_empty() {
        desk.record(settled(&origin, spool, correction::COMPLETED, records, None), now)?;
        fault::step("completed")?;
    }
    spools.keep(spool, &result.left, now)?;
    late.gone += result.files.values().sum::<u64>();
    result.reasons.iter().for_each(|reason| late.leave(reason, 1));
    Ok(())
}

/// What the log says became of each record of a batch, in order: a file goes only with a record that went. Of a log
/// before this one only what is left is known: its records went.
fn outcomes_of(desk: &mut Desk, spool: &Spool) -> Result<Vec<RecordOutcome>, ExecuteError> {
    if spool.log != *desk.log().origin() {
        let records = spool.files.iter().map(|file| file.record + 1).max().unwrap_or_default();
        return Ok(vec![RecordOutcome::Incomplete; records]);
    }
    let records = logged_batch(desk.log(), spool.batch)?.map(|logged| logged.records).unwrap_or_default();
    Ok(records.into_iter().map(|(_, outcome)| outcome).collect())
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

fn records_of<'f>(files: impl Iterator<Item = &'f SpooledFile>) -> u64 {
    files.map(|file| file.record).collect::<BTreeSet<_>>().len() as u64
}

/// That nothing is left of a batch any more. A batch of a log before this one has no entry here that could be named.
fn settled(own: &Origin, spool: &Spool, what: &str, records: u64, answer: Option<(&Actor, Digest)>) -> Body {
    Body::Correction(Correction {
        source: spool.source.clone(),
        what: what.to_owned(),
        batch: (spool.log == *own).then_some(spool.batch),
        back: None,
        actor: answer.map(|(actor, _)| actor.clone()),
        reason: answer.map(|(_, reason)| reason),
        records,
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
    let mut left = spools.all()?;
    left.retain(|spool| spool.plan == *plan && spool.left_since.is_some());
    if left.is_empty() {
        return Err(DeskError::NothingLeft { plan: plan.clone() });
    }
    keep_reason(desk, Release { plan: plan.clone(), actor: actor.clone(), at: now, reason: reason.to_owned() })?;
    let (own, digest) = (desk.log().origin().clone(), desk.log().keyed_digest(reason));
    let mut files = Vec::new();
    for spool in left {
        let records = records_of(spool.files.iter());
        let released = settled(&own, &spool, correction::RELEASED, records, Some((actor, digest)));
        desk.record(released, now)?;
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
        DeskError::Approval(ApprovalError::Executed { .. }) if is_left => desk.chronicle()?.finished(plan).cloned(),
        _ => None,
    };
    let Some(run) = run else { return Err(refused.into()) };
    if install.windows.open_at(now) == Opening::Blackout {
        return Err(ExecuteError::Blackout { until: install.windows.changes_after(now) });
    }
    let Late { gone, left, reasons } = recover(&mut desk, LeftBehind::TryAgain, now)?.late;
    desk.log().publish()?;
    Ok(Statement { late: gone, left, reasons, ..Statement::nothing_more(run, plan.clone()) })
}
