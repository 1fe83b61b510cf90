//! What entries count, all of them added up: while that is a number, no sum of some of them can be beyond all numbers.

use crate::audit::leaf::{Body, Outcome, Run, RunCounts, VerdictCounts};

/// The sum of what outcomes, runs, approvals and corrections count.
#[derive(Debug, Default)]
pub(super) struct Sum(u64);

impl Sum {
    /// Adds what an entry counts; whether the sum is still a number.
    pub fn add(&mut self, body: &Body) -> bool {
        let sum = counts(body).into_iter().try_fold(self.0, u64::checked_add);
        self.0 = sum.unwrap_or(self.0);
        sum.is_some()
    }
}

fn counts(body: &Body) -> Vec<u64> {
    match body {
        Body::Approval(approval) => vec![approval.excepted],
        Body::Correction(correction) => vec![correction.records],
        Body::Outcome(outcome) => {
            let Outcome { rows, files, detached, triggered, bytes, left, .. } = outcome;
            rows.values().chain(files.values()).chain([detached, triggered, bytes, left]).copied().collect()
        }
        Body::Run(run) => {
            let Run { counts, rows, detached, triggered, files, bytes, verdicts, .. } = run;
            let verdicts = verdicts.values().flat_map(of_verdicts);
            of_run(counts).into_iter().chain([*rows, *detached, *triggered, *files, *bytes]).chain(verdicts).collect()
        }
        _ => Vec::new(),
    }
}

fn of_run(counts: &RunCounts) -> [u64; 9] {
    let RunCounts { planned, destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed } = *counts;
    [planned, destroyed, anonymized, held, blocked, drifted, deferred, incomplete, failed]
}

fn of_verdicts(verdicts: &VerdictCounts) -> [u64; 8] {
    let VerdictCounts { rows, open, undated, not_yet, held, blocked, due, filtered } = *verdicts;
    [rows, open, undated, not_yet, held, blocked, due, filtered]
}
