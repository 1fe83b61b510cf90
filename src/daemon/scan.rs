//! A scan: a plan, and what the mode does with it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::TimeDelta;

use super::alerts::kind;
use super::board::Counts;
use super::probe::may_be_due;
use super::runner::Runner;
use crate::config::Mode;
use crate::disposition::desk::{DeskError, PlanState};
use crate::disposition::door::{AskError, Door};
use crate::disposition::execute;
use crate::disposition::plan::{self, PlanFile, PlanRequest};
use crate::disposition::request::Refusal;
use crate::model::{RuleNumber, SourceName};

/// A scan of the largest database anybody keeps in one file takes less.
const LONGEST_SCAN: Duration = Duration::from_secs(6 * 3_600);

/// So long full counts serve; a bit less than a day, so that a nightly scan always counts.
const COUNTS_SERVE: TimeDelta = TimeDelta::hours(20);

/// What a scan of all rules is about.
pub(super) const ALL: &str = "all rules";

/// What a scan of one rule is about.
pub(super) fn about_rule(rule: &RuleNumber) -> String {
    format!("rule {rule}")
}

/// What is about one source.
pub(super) fn about_source(source: &SourceName) -> String {
    format!("source {source}")
}

/// How a scan goes about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// A look-up per rule first; nothing more where that finds nothing and counts are fresh.
    Probe,
    /// Every record.
    Full,
}

/// How a scan ended.
pub(super) struct Scanned {
    /// In a few words.
    pub outcome: String,
    pub reach: Reach,
    /// The daemon ends, and some of it was given up for that.
    pub is_interrupted: bool,
}

/// The rules whose records a scan has looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// All that it was asked for.
    Whole,
    /// Only these: a database could not be scanned.
    Part(BTreeSet<RuleNumber>),
}

/// What one scan found.
struct Found {
    /// In a few words.
    outcome: String,
    /// Sources whose databases could not be scanned.
    failed: BTreeMap<SourceName, Refusal>,
    reach: Reach,
}

/// What a scan made.
pub(super) struct Made {
    pub file: PlanFile,
    /// It was not there before: the same records on the same day are the same plan, and a person may be about to decide
    /// on that one.
    pub is_new: bool,
    /// Sources of which it says nothing, since their databases could not be scanned.
    pub failed: BTreeMap<SourceName, Refusal>,
}

impl Reach {
    /// Whether a scan of these rules would find nothing else.
    pub fn covers(&self, rules: &[RuleNumber]) -> bool {
        match self {
            Self::Whole => true,
            Self::Part(reached) => rules.iter().all(|rule| reached.contains(rule)),
        }
    }
}

impl Runner {
    /// Scans these rules (none: all), and does with what is due what the mode allows.
    pub(super) fn scan(&mut self, rules: &[RuleNumber], depth: Depth) -> Scanned {
        let each: Vec<Option<RuleNumber>> = match rules {
            [] => vec![None],
            rules => rules.iter().cloned().map(Some).collect(),
        };
        let (mut words, mut reach, mut is_interrupted) = (Vec::new(), Reach::Whole, false);
        for only in each {
            let about = only.as_ref().map_or(ALL.to_owned(), about_rule);
            match self.scan_one(only, depth) {
                Ok(Found { outcome, failed, reach: found }) => {
                    match about.as_str() {
                        ALL => self.tell_failed(&failed),
                        about => self.board.clear(kind::SCAN_FAILED, about),
                    }
                    words.extend(failed.iter().map(|(source, why)| format!("source {source} failed: {}", why.code)));
                    words.push(outcome);
                    if found != Reach::Whole {
                        reach = found;
                    }
                    continue;
                }
                // What was being read was given up for it; nothing is wrong.
                Err(_) if self.is_ending() => {
                    is_interrupted = true;
                    words.push("stopped".to_owned());
                }
                Err(error) => {
                    let message = format!("the scan of {about} failed: {}", error.refusal().message);
                    self.board.raise(kind::SCAN_FAILED, &about, message, self.watch.now());
                    words.push(format!("failed: {}", error.refusal().code));
                }
            }
            reach = Reach::Part(BTreeSet::new());
        }
        Scanned { outcome: words.join("; "), reach, is_interrupted }
    }

    /// Alerts of the sources that the last scan of all rules could not scan, and of nothing else.
    fn tell_failed(&self, failed: &BTreeMap<SourceName, Refusal>) {
        for (source, why) in failed {
            let message = format!("source {source} could not be scanned, the others were: {}", why.message);
            self.board.raise(kind::SCAN_FAILED, &about_source(source), message, self.watch.now());
        }
        let failed: Vec<String> = failed.keys().map(about_source).collect();
        let failed: Vec<&str> = failed.iter().map(String::as_str).collect();
        self.board.show().alerts.keep_only(kind::SCAN_FAILED, &failed);
    }

    fn scan_one(&mut self, only: Option<RuleNumber>, depth: Depth) -> Result<Found, AskError> {
        if depth == Depth::Probe && !self.needs_counts(&only) {
            let now = self.watch.now();
            self.board.doing("probing");
            // What cannot be probed, the scan tells by source.
            if matches!(may_be_due(&self.desk.install(), only.as_ref(), now), Ok(false)) {
                self.succeed_retired(&only)?;
                self.withdraw_own(&only, None)?;
                self.metrics.scanned(now);
                let outcome = "nothing due, by probe".to_owned();
                return Ok(Found { outcome, failed: BTreeMap::new(), reach: Reach::Whole });
            }
        }
        self.retire_outdated()?;
        let made = self.make_plan(only.clone())?;
        if only.is_none() {
            self.take_counts(&made)?;
        }
        self.succeed_retired(&only)?;
        self.metrics.scanned(self.watch.now());
        let reached = || made.file.manifest.rules.iter().map(|rule| rule.rule.clone()).collect();
        let reach = if made.failed.is_empty() { Reach::Whole } else { Reach::Part(reached()) };
        Ok(Found { outcome: self.treat(&made, &only)?, failed: made.failed, reach })
    }

    /// Does with a plan what the mode allows.
    fn treat(&mut self, made: &Made, only: &Option<RuleNumber>) -> Result<String, AskError> {
        let file = &made.file;
        let planned = file.manifest.planned();
        tracing::info!(plan = %file.plan, due = planned, rails = file.rails.len(), "scanned");
        if planned == 0 {
            self.withdraw_made(made)?;
            if made.failed.is_empty() {
                // All on it is gone, held, or due no more.
                self.withdraw_own(only, None)?;
            }
            return Ok("nothing due".to_owned());
        }
        match self.config.mode {
            Mode::Report => {
                self.withdraw_own(only, Some(&file.plan))?;
                self.remember_own(made, only)?;
                Ok(format!("{planned} due, plan {}", file.plan))
            }
            Mode::Approve => self.wait_for_approval(made, only, None),
            Mode::Automatic => self.approve_by_itself(made, only),
        }
    }

    /// Full counts are made once a day, by a scan of all rules.
    fn needs_counts(&self, only: &Option<RuleNumber>) -> bool {
        let now = self.watch.now();
        let is_fresh = |counts: &Counts| counts.at <= now && now - counts.at < COUNTS_SERVE;
        only.is_none() && !self.board.show().counts.as_ref().is_some_and(is_fresh)
    }

    /// A plan of what is due; where all rules are asked for, without the sources that cannot be scanned, unless none
    /// can.
    pub(super) fn make_plan(&mut self, only: Option<RuleNumber>) -> Result<Made, AskError> {
        self.board.doing("scanning");
        self.pulse.running(LONGEST_SCAN);
        let undecided = self.plans_in(&[PlanState::Pending, PlanState::Empty])?;
        let request = PlanRequest { now: self.watch.now(), as_of: None, only, dependents: false, asked_for: false };
        let plan::Made { file, unread } = self.door().plan(&request)?;
        if let Err(error) = execute::put_imported_on_record(&self.desk, &file.plan, self.watch.now()) {
            tracing::error!(error = %error.refusal().message, "records that are back could not be put on record");
        }
        let told = |(source, fault)| (source, DeskError::Plan(fault).refusal());
        let failed = unread.into_iter().map(told).collect();
        Ok(Made { is_new: !undecided.contains(&file.plan), file, failed })
    }

    fn door(&self) -> Door {
        Door::of(self.desk.clone(), self.actor.clone(), self.watch.clone())
    }

    pub(super) fn is_ending(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Takes back a plan that nobody needs, unless it was there before the scan.
    pub(super) fn withdraw_made(&self, made: &Made) -> Result<(), DeskError> {
        if made.is_new {
            self.desk.lock()?.withdraw(&made.file.plan, self.watch.now())?;
        }
        Ok(())
    }
}
