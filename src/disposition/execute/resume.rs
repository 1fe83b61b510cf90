//! What an interrupted run has already settled: the next `apply` of the same plan goes on where it stopped.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::audit::leaf::{Body, Intent, RecordOutcome};
use crate::audit::{DestructionLog, LogError, decode_results};
use crate::model::{Fingerprint, PlanId};

/// The records of a plan that have a final outcome; those put off are tried again.
///
/// Memory grows with what the interrupted runs had done, and only when a run is resumed.
pub(super) fn settled(log: &DestructionLog, plan: &PlanId) -> Result<HashSet<Fingerprint>, LogError> {
    let mut settled = HashSet::new();
    let mut open: Vec<(u64, Intent)> = Vec::new();
    log.scan(0, &mut |index, leaf| {
        match leaf.body {
            Body::Intent(intent) if intent.plan == *plan => open.push((index, intent)),
            Body::Outcome(outcome) => {
                if let Some(place) = open.iter().position(|(index, _)| *index == outcome.intent) {
                    let (_, intent) = open.swap_remove(place);
                    let results = decode_results(&outcome.results, intent.n).unwrap_or_default();
                    let names = intent.fingerprints().unwrap_or_default();
                    let done = names.into_iter().zip(results).filter(|(_, result)| *result != RecordOutcome::Deferred);
                    settled.extend(done.map(|(name, _)| name));
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(settled)
}
