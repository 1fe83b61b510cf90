//! What is past its term: counted by scans of all rules, less what runs disposed of since. Told in the status, the
//! metrics and alerts.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::alerts::kind;
use super::board::Counts;
use super::runner::Runner;
use super::scan::{ALL, Made};
use crate::audit::leaf::{Body, RecordOutcome};
use crate::audit::{Entries, decode_results};
use crate::disposition::control::Overdue;
use crate::disposition::desk::{Desk, DeskError};
use crate::disposition::door::AskError;
use crate::model::{Instant, RuleNumber, counted};

/// Name of the memo that keeps the counts over restarts.
pub(super) const COUNTS: &str = "past-term";

/// Records disposed of, by rule and action.
type Disposed = BTreeMap<(RuleNumber, &'static str), u64>;

impl Runner {
    /// Counts what is past its term, and keeps no plan of it.
    pub(super) fn count(&mut self) {
        self.is_to_count.set(false);
        if let Err(error) = self.try_count() {
            // What was being read was given up for it; nothing is wrong.
            if self.is_ending() {
                return;
            }
            let message = format!("the count failed: {}", error.refusal().message);
            self.board.raise(kind::SCAN_FAILED, ALL, message, self.watch.now());
        }
    }

    fn try_count(&mut self) -> Result<(), AskError> {
        let made = self.make_plan(None)?;
        self.take_counts(&made)?;
        Ok(self.withdraw_made(&made)?)
    }

    /// Counts anew where the last run left records of which nobody knows since when they are due.
    pub(super) fn count_anew(&mut self) {
        if self.is_to_count.get() && !self.schedule.suspended {
            self.count();
        }
    }

    /// Takes what a scan of all rules found. Of sources that it could not scan, what was counted before stands.
    pub(super) fn take_counts(&mut self, made: &Made) -> Result<(), DeskError> {
        let at = self.watch.now();
        let rules = &made.file.manifest.rules;
        let mut overdue = match &self.board.show().counts {
            Some(before) if !made.failed.is_empty() => before.overdue.clone(),
            _ => BTreeMap::new(),
        };
        overdue.retain(|number, _| rules.iter().all(|rule| rule.rule != *number));
        for rule in rules {
            let of = overdue.entry(rule.rule.clone()).or_default();
            of.records += rule.counts.due;
            of.oldest = of.oldest.into_iter().chain(rule.oldest_due).min();
        }
        self.is_to_count.set(false);
        let entries = self.desk.lock()?.log().size();
        self.metrics.scanned(at);
        self.show_counts(Counts { at, entries, overdue })
    }

    /// Takes from the counts what the log says was disposed of since, whoever did it.
    pub(super) fn follow_runs(&self) -> Result<(), DeskError> {
        let Some(mut counts) = self.board.show().counts.clone() else { return Ok(()) };
        let mut desk = self.desk.lock()?;
        let disposed = disposed_since(&mut desk, &mut Mark::at(counts.entries))?;
        counts.entries = desk.log().size();
        drop(desk);
        if disposed.is_empty() {
            return Ok(());
        }
        self.is_to_count.set(counts.dispose(&disposed) || self.is_to_count.get());
        self.show_counts(counts)
    }

    /// The same at the start: a person may have executed a plan while the daemon was down.
    pub fn follow_runs_of_others(&self) {
        if let Err(error) = self.follow_runs() {
            self.trouble(&error, self.watch.now());
        }
    }

    /// Counts for the metrics what a run disposed of since the mark.
    pub(super) fn count_disposed(&self, mark: &RefCell<Mark>) -> Result<(), DeskError> {
        let disposed = disposed_since(&mut *self.desk.lock()?, &mut mark.borrow_mut())?;
        for ((rule, action), records) in &disposed {
            self.metrics.disposed(rule, action, *records);
        }
        Ok(())
    }

    fn show_counts(&self, counts: Counts) -> Result<(), DeskError> {
        self.metrics.overdue(&counts);
        self.watch_overdue(&counts.overdue, self.watch.now());
        self.desk.lock()?.memorize(COUNTS, Some(&counts))?;
        self.board.show().counts = Some(counts);
        Ok(())
    }

    /// Judges what was counted last, by the days of the configuration that is in use now.
    pub(super) fn judge_counts(&self) {
        let counts = self.board.show().counts.clone();
        if let Some(counts) = counts {
            self.watch_overdue(&counts.overdue, self.watch.now());
        }
    }

    fn watch_overdue(&self, overdue: &BTreeMap<RuleNumber, Overdue>, now: Instant) {
        let mut shown = self.board.show();
        let due = overdue.iter().filter(|(_, of)| of.records > 0).map(|(rule, _)| rule.as_str());
        // What a run left and nothing is due of any more, somebody dealt with.
        shown.alerts.keep_only(kind::RUN_PARTIAL, &due.collect::<Vec<_>>());
        // A rule may be gone, or called otherwise.
        let rules: Vec<&str> = overdue.keys().map(|rule| rule.as_str()).collect();
        shown.alerts.keep_only(kind::OVERDUE, &rules);
        for (rule, overdue) in overdue {
            let oldest = overdue.oldest.filter(|oldest| now.date_naive() - *oldest > self.config.alerts.overdue);
            match oldest {
                Some(oldest) if overdue.records > 0 => {
                    let message = format!(
                        "{} under rule {rule}, the oldest since {oldest}; `retentiond ctl status` says what destruction waits for",
                        counted(overdue.records, "record is past its term", "records are past their term")
                    );
                    shown.alerts.raise(kind::OVERDUE, rule.as_str(), message, now);
                }
                _ => shown.alerts.clear(kind::OVERDUE, rule.as_str()),
            }
        }
    }
}

impl Counts {
    /// Takes away what was disposed of; says whether some of it is left, of which the oldest may be gone.
    fn dispose(&mut self, disposed: &Disposed) -> bool {
        let mut is_left = false;
        for ((rule, _), records) in disposed {
            let Some(of) = self.overdue.get_mut(rule) else { continue };
            of.records = of.records.saturating_sub(*records);
            if of.records == 0 {
                of.oldest = None;
            }
        }
        for (rule, _) in disposed.keys() {
            is_left |= self.overdue.get(rule).is_some_and(|of| of.records > 0);
        }
        is_left
    }
}

/// How far the log was looked through for what was disposed of.
pub(super) struct Mark {
    next: u64,
    /// Intents before it whose outcome was not seen: their rule, and how many records.
    open: BTreeMap<u64, (RuleNumber, u32)>,
}

impl Mark {
    /// Begins with this entry.
    pub fn at(next: u64) -> Self {
        Self { next, open: BTreeMap::new() }
    }
}

/// What the log says was disposed of in batches that began at the mark or later and of which it did not say so before.
fn disposed_since(desk: &mut Desk, mark: &mut Mark) -> Result<Disposed, DeskError> {
    let mut disposed = Disposed::new();
    // While a batch is under way, its last entries may not be shown yet.
    let from = mark.next;
    desk.log().scan(from, &mut |index, leaf| {
        mark.next = index + 1;
        match leaf.body {
            Body::Intent(intent) => {
                mark.open.insert(index, (intent.rule, intent.n));
            }
            Body::Outcome(outcome) => {
                if let Some((rule, records)) = mark.open.remove(&outcome.intent) {
                    let results = decode_results(&outcome.results, records).unwrap_or_default();
                    for (action, of) in
                        [("destroy", RecordOutcome::Destroyed), ("anonymize", RecordOutcome::Anonymized)]
                    {
                        let records = results.iter().filter(|result| **result == of).count() as u64;
                        if records > 0 {
                            *disposed.entry((rule.clone(), action)).or_default() += records;
                        }
                    }
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    })?;
    Ok(disposed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_disposed_of_is_no_longer_past_its_term_and_the_oldest_of_a_rest_is_unknown() {
        let day = "2026-01-01".parse().ok();
        let rule = RuleNumber::from;
        let overdue = [("PC-1", 3), ("PC-2", 5), ("PC-3", 2)];
        let overdue = overdue.map(|(number, records)| (rule(number), Overdue { records, oldest: day })).into();
        let mut counts = Counts { at: "2026-11-21T17:00:00Z".parse().unwrap(), entries: 1, overdue };
        let left = |counts: &Counts| counts.overdue.values().map(|of| (of.records, of.oldest)).collect::<Vec<_>>();
        assert!(!counts.dispose(&[((rule("PC-1"), "destroy"), 1), ((rule("PC-1"), "anonymize"), 2)].into()));
        assert_eq!(left(&counts), [(0, None), (5, day), (2, day)]);
        assert!(counts.dispose(&[((rule("PC-2"), "destroy"), 4), ((rule("PC-9"), "destroy"), 1)].into()));
        assert!(!counts.dispose(&[((rule("PC-3"), "destroy"), 9)].into()), "some came to their term after the count");
        assert_eq!(left(&counts), [(0, None), (1, day), (0, None)]);
    }
}
