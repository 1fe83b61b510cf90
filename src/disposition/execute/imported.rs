//! Records that a plan lists and that the log says are gone, while the database remembers its batches: rows were taken
//! from a copy. That goes on record, and the source waits for a person.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::error::ExecuteError;
use super::logged::logged_batch;
use super::restored::resurrected;
use crate::audit::leaf::Body;
use crate::audit::{BACK, Brief, Entries, LogError, LogReader, Marks, dir_in};
use crate::disposition::Installation;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::SharedDesk;
use crate::disposition::plan::{Plan, PlanDirs, back_in};
use crate::model::{BatchNumber, Fingerprint, Instant, PlanId, SourceName};

/// Looks for the records that were back when a plan was made, and puts on record which of their batches stand in their
/// table again; nothing where that is on record already, or the plan cannot be read. Whoever decides on a plan hears
/// what keeps it from being read.
///
/// # Errors
/// A source that cannot be read, a log that cannot be read or written.
pub fn put_imported_on_record(shared: &SharedDesk, plan: &PlanId, now: Instant) -> Result<(), ExecuteError> {
    let install = shared.install();
    let dirs = PlanDirs::of(&install.state);
    let has_some = dirs.manifest(plan).is_ok_and(|file| file.manifest.rules.iter().any(|rule| rule.back > 0));
    let Some(plan) = has_some.then(|| dirs.open(plan).ok()).flatten() else { return Ok(()) };
    let log = LogReader::open(&dir_in(&install.state))?;
    let mut news = not_on_record(&install, &log, &plan)?;
    let mut desk = shared.lock()?;
    // Somebody else may have put them on record meanwhile.
    let said_since = said_to_be_back(desk.log(), log.size())?;
    for (source, batches) in &mut news {
        batches.retain(|batch| !said_since.contains_key(batch));
        let batches: Vec<BatchNumber> = batches.iter().copied().collect();
        for found in resurrected(&install, desk.log(), source, &batches, Some(now))?.back {
            desk.record(Body::Correction(found), now)?;
        }
    }
    Ok(())
}

/// By source, the batches by which records of a plan went that are back, and of which the log does not say yet that
/// each of these is. Grows with the batches, not with the records.
fn not_on_record(
    install: &Installation,
    log: &LogReader,
    plan: &Plan,
) -> Result<BTreeMap<SourceName, BTreeSet<BatchNumber>>, ExecuteError> {
    let said = said_to_be_back(log, 0)?;
    let mut news: BTreeMap<SourceName, BTreeSet<BatchNumber>> = BTreeMap::new();
    back_in(install, log, plan, &mut |back| -> Result<(), ExecuteError> {
        for (batch, names) in back {
            let Some(logged) = logged_batch(log, batch)? else { continue };
            let names: HashSet<Fingerprint> = names.into_iter().collect();
            let is_said = |place| said.get(&batch).is_some_and(|marks| marks.is_marked(place) == Some(true));
            if (0..).zip(&logged.records).any(|(place, (name, _))| names.contains(name) && !is_said(place)) {
                news.entry(logged.intent.source).or_default().insert(batch);
            }
        }
        Ok(())
    })?;
    Ok(news)
}

/// Which records of each batch the log says, from an entry on, are back.
fn said_to_be_back(log: &impl Entries, from: u64) -> Result<BTreeMap<BatchNumber, Marks>, LogError> {
    let mut said = BTreeMap::new();
    log.scan_brief(from, &mut |_, brief| {
        if let Brief::Whole(leaf) = brief
            && let Body::Correction(told) = leaf.body
            && told.what == correction::RESURRECTED
        {
            said.extend(told.batch.zip(told.back.as_deref().and_then(|back| BACK.read(back))));
        }
        ControlFlow::Continue(())
    })?;
    Ok(said)
}
