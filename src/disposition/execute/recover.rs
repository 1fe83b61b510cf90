//! After a crash: every intent without outcome gets one, from what the database itself says. Runs before anything else
//! does.

use std::collections::BTreeSet;

use super::again::{Announced, told_of};
use super::denied;
use super::error::ExecuteError;
use super::fault;
use super::finish::{After, Ending, finish, log_outcomes};
use super::found::{Asked, Found, asked_of_the_fence, found_without_fence};
use super::keys::{keys_of, source_of};
use super::left::{self, Late};
use super::named_by;
use super::remains;
use super::restored;
use super::spool::{Spool, SpoolDir, SpooledFile};
use super::statement::BatchResult;
use super::unlink::Word;
use crate::audit::leaf::{Body, Intent, RecordOutcome};
use crate::disposition::desk::{Desk, behind};
use crate::model::{Instant, Origin, SourceName};
use crate::records::sqlite::Writer;

/// Whether files that earlier batches had to leave are tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftBehind {
    /// Something is destroyed by it, so nothing may stand in the way of that.
    TryAgain,
    Leave,
}

/// What recovery found.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Batches that had no outcome and have one now.
    pub batches: u64,
    /// Those among them that the database says were committed.
    pub committed: u64,
    /// What became of files that earlier batches had left; where these are not tried again, what the batches among
    /// `batches` have left.
    pub late: Late,
    /// Why batches of other sources than were asked for wait for theirs: nothing is destroyed from these meanwhile.
    pub waiting: Vec<ExecuteError>,
}

/// Gives every intent without outcome its outcome, before something is destroyed from these sources. Batches of another
/// source that cannot be read now wait, and keep nothing from being destroyed elsewhere.
///
/// # Errors
/// Nothing is resolved by a log that lies behind a database. One of these sources cannot be read now; the log names one
/// that the configuration no longer has, which may be any of them under another name.
pub fn recover(
    desk: &mut Desk,
    sources: &BTreeSet<SourceName>,
    left: LeftBehind,
    now: Instant,
) -> Result<Recovered, ExecuteError> {
    // Under a log that is not the newest, a batch without outcome may have had one.
    behind::look(desk)?;
    let mut recovered = Recovered::default();
    for intents in by_batch(desk.log().unresolved()) {
        match resolve(desk, &intents, now) {
            Ok(resolved) => {
                recovered.batches += 1;
                recovered.committed += u64::from(resolved.committed);
                // Else each is tried again below, and told of then.
                let untold = resolved.left.iter().filter(|_| left == LeftBehind::Leave);
                untold.for_each(|reason| recovered.late.leave(reason, 1));
            }
            Err(error) if error.is_of_one_source() && !sources.contains(&intents[0].1.source) => {
                recovered.waiting.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    remains::mark(desk, now)?;
    if left == LeftBehind::TryAgain {
        recovered.late = left::retry(desk, now)?;
    }
    // A batch resolved just now may have let go of the fence before it, so this comes after.
    for source in sources {
        restored::look(desk, source, now)?;
    }
    denied::forget(desk)?;
    Ok(recovered)
}

/// Groups intents by their batch, in the log's order.
fn by_batch(intents: Vec<(u64, Intent)>) -> Vec<Vec<(u64, Intent)>> {
    let mut batches: Vec<Vec<(u64, Intent)>> = Vec::new();
    for (index, intent) in intents {
        match batches.last_mut() {
            Some(last) if last[0].1.batch == intent.batch => last.push((index, intent)),
            _ => batches.push(vec![(index, intent)]),
        }
    }
    batches
}

/// What recovery found of one batch.
struct Resolved {
    committed: bool,
    /// Why each file stays that should be gone.
    left: Vec<String>,
}

/// Resolves one batch.
fn resolve(desk: &mut Desk, intents: &[(u64, Intent)], now: Instant) -> Result<Resolved, ExecuteError> {
    let first = &intents[0].1;
    let batch = first.batch;
    let records: usize = intents.iter().map(|(_, intent)| intent.n as usize).sum();
    let (spools, log) = (SpoolDir::of_desk(desk), desk.log().origin().clone());
    let spool = spools.read(&log, batch)?.unwrap_or_else(|| empty_spool(log, first));
    let may_ask = named_by::is_as_approved(desk, &spool)?;
    let mut keys = if may_ask { keys_of(desk, intents)? } else { vec![None; records] };
    let mut writer = open_source(desk, first)?;
    let mut word = Word::Doubtful;
    let announced = Announced { intents, keys: &keys, may_ask };
    let found = match asked_of_the_fence(desk, &mut writer, announced, now)? {
        Asked::Committed(committed) => {
            word = Word::Rightful;
            Found::Committed(committed)
        }
        Asked::NoRow { is_table_gone } => match spools.trail(&spool)?.done().and_then(|done| done.read(records)) {
            // The database was put back since: which of these records are in it again is told of all its batches.
            Some(done) => {
                keys.clear();
                Found::Committed(done)
            }
            None => found_without_fence(desk, &mut writer, announced, is_table_gone, now)?,
        },
    };
    let (result, back, committed) = match found {
        Found::Committed(committed) => {
            let install = desk.install().clone();
            let back = told_of(&install, Announced { intents, keys: &keys, may_ask }, &committed.outcomes, now)?;
            let word = named_by::objection(desk, &spool)?.map_or(word, Word::Unasked);
            let reserved = install.reserved();
            let after = After { series: &first.series, spool: &spool, reserved: &reserved, spools: &spools, word };
            (finish(&mut writer, committed, &[], &after)?, back, true)
        }
        Found::Nothing(outcomes) => (BatchResult { outcomes, ..BatchResult::default() }, None, false),
    };
    let is_unclear = |file: &&SpooledFile| result.outcomes.get(file.record) == Some(&RecordOutcome::Failed);
    let unclear = spool.files.iter().filter(is_unclear).cloned().collect();
    let (unclear, _) = left::without_named(&mut writer, &Spool { files: unclear, ..spool.clone() })?;
    // Before the outcome: after it nobody knows of them any more.
    if !committed {
        let others = spool.files.iter().filter(|file| !unclear.contains(file)).cloned().collect();
        spools.put_off(&spool, others)?;
    }
    spools.set_aside(&spool, unclear)?;
    log_outcomes(desk.log(), intents, &result, Ending { committed, recovered: true }, now)?;
    if let Some(back) = back {
        // Of one group with the outcomes: no crash leaves those alone.
        desk.log().append(Body::Correction(back), now)?;
    }
    desk.log().sync()?;
    fault::step("outcome-durable")?;
    spools.keep(&spool, &result.left, now)?;
    Ok(Resolved { committed, left: result.reasons })
}

fn open_source(desk: &mut Desk, intent: &Intent) -> Result<Writer, ExecuteError> {
    let (install, origin) = (desk.install().clone(), desk.log().origin().clone());
    let unresolved =
        |source| ExecuteError::Unresolved { batch: intent.batch, source_name: intent.source.clone(), source };
    Writer::open(source_of(&install, intent)?, &install.series, &origin).map_err(unresolved)
}

fn empty_spool(log: Origin, intent: &Intent) -> Spool {
    Spool {
        log,
        batch: intent.batch,
        plan: intent.plan.clone(),
        source: intent.source.clone(),
        series: intent.series.clone(),
        named_by: Vec::new(),
        left_since: None,
        files: Vec::new(),
    }
}
