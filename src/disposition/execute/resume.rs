//! What an interrupted run has already settled: the next `apply` of the same plan goes on where it stopped.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use super::statement::Interrupted;
use crate::audit::leaf::{Body, Correction, Intent, Outcome, RecordOutcome};
use crate::audit::{DestructionLog, Entries, LogError, decode_results};
use crate::disposition::chronicle::correction;
use crate::model::{BatchNumber, Fingerprint, PlanId};

/// What earlier runs of a plan have done.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// Records with a final outcome; those put off are tried again. Memory grows with what the interrupted runs had
    /// done, and only when a run is resumed.
    pub records: HashSet<Fingerprint>,
    /// Of them, those of which no statement told: the run that took them was interrupted. `planned` is their sum.
    pub untold: Interrupted,
}

/// What the log says that earlier runs of a plan have done.
pub(super) fn settled(log: &DestructionLog, plan: &PlanId) -> Result<Settled, LogError> {
    let mut reading = Reading::default();
    log.scan(0, &mut |index, leaf| {
        match leaf.body {
            Body::Intent(intent) if intent.plan == *plan => reading.open.push((index, intent)),
            Body::Outcome(outcome) => reading.note(&outcome),
            // Files that an interrupted run had to leave went since.
            Body::Correction(now) if now.what == correction::COMPLETED => reading.complete(&now),
            Body::Run(run) if run.plan == *plan => reading.untold.clear(),
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(Settled { untold: reading.sum(), records: reading.records })
}

/// What has been read so far.
#[derive(Default)]
struct Reading {
    open: Vec<(u64, Intent)>,
    records: HashSet<Fingerprint>,
    untold: BTreeMap<BatchNumber, Interrupted>,
}

impl Reading {
    fn note(&mut self, outcome: &Outcome) {
        let Some(place_of) = self.open.iter().position(|(index, _)| *index == outcome.intent) else { return };
        let (_, intent) = self.open.swap_remove(place_of);
        let results = decode_results(&outcome.results, intent.n).unwrap_or_default();
        let names = intent.fingerprints().unwrap_or_default();
        let untold = self.untold.entry(intent.batch).or_default();
        untold.rows += outcome.rows.values().sum::<u64>();
        untold.files += outcome.files.values().sum::<u64>();
        untold.bytes += outcome.bytes;
        for (name, result) in names.into_iter().zip(results).filter(|(_, result)| *result != RecordOutcome::Deferred) {
            self.records.insert(name);
            *untold.counts.of(result) += 1;
        }
    }

    fn complete(&mut self, now: &Correction) {
        if let Some(Interrupted { counts, .. }) = now.batch.and_then(|batch| self.untold.get_mut(&batch)) {
            let records = now.records.min(counts.incomplete);
            counts.incomplete -= records;
            counts.destroyed += records;
        }
    }

    fn sum(&self) -> Interrupted {
        let mut sum = Interrupted::default();
        for untold in self.untold.values() {
            sum.counts.add(untold.counts);
            sum.rows += untold.rows;
            sum.files += untold.files;
            sum.bytes += untold.bytes;
        }
        sum.counts.planned = sum.counts.accounted().unwrap_or(u64::MAX);
        sum
    }
}
