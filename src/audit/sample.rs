//! Entries for tests: a batch of dossiers, as it is announced and as it ended.

use super::leaf::{Action, Body, Outcome, RecordOutcome};
use super::{IntentDraft, IntentRecord, encode_results};
use crate::model::BatchNumber;

/// The announcement that these records are to be destroyed.
pub fn draft(records: Vec<IntentRecord>) -> IntentDraft {
    IntentDraft {
        run: "run-1".into(),
        plan: "plan-1".into(),
        source: "parle".into(),
        series: "dossier".into(),
        rule: "PC-1".into(),
        calendar: "OPC-PC".into(),
        version: 2,
        action: Action::Destroy,
        year: 2026,
        with_references: false,
        records,
    }
}

/// That a batch of `n` records was committed, every one of them destroyed.
pub fn outcome(batch: BatchNumber, intent: u64, n: u32) -> Body {
    Body::Outcome(Outcome {
        batch,
        intent,
        committed: true,
        recovered: false,
        results: encode_results(&vec![RecordOutcome::Destroyed; n as usize]),
        rows: [("dossier".to_owned(), u64::from(n))].into(),
        detached: 0,
        triggered: 0,
        files: [].into(),
        bytes: 0,
        left: 0,
    })
}
