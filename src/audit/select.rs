//! Which entries are wanted, by rule, date, run and kind: for `audit show` and `audit export`.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::entries::Entries;
use super::error::LogError;
use super::leaf::{Body, Leaf};
use super::reader::LogReader;
use crate::model::{Instant, RuleNumber, RunId};

/// What is wanted: entries for which all that is given holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    pub rule: Option<RuleNumber>,
    pub run: Option<RunId>,
    /// Kinds as they are written (`intent`); none: all.
    pub kinds: Vec<String>,
    /// First instant.
    pub from: Option<Instant>,
    /// First instant no more.
    pub until: Option<Instant>,
}

impl Selection {
    /// Shows the entries that are wanted, until `visit` breaks.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn scan(&self, log: &LogReader, visit: &mut dyn FnMut(u64, &Leaf) -> ControlFlow<()>) -> Result<(), LogError> {
        let mut open = BTreeMap::new();
        log.scan(0, &mut |index, leaf| {
            if self.wants(index, &leaf, &mut open) { visit(index, &leaf) } else { ControlFlow::Continue(()) }
        })
    }

    /// An outcome names its intent, not the rule and the run; so those of open intents are kept in mind.
    fn wants(&self, index: u64, leaf: &Leaf, open: &mut BTreeMap<u64, (RuleNumber, RunId)>) -> bool {
        let settled;
        let (rules, run): (Vec<&RuleNumber>, Option<&RunId>) = match &leaf.body {
            Body::Intent(intent) => {
                open.insert(index, (intent.rule.clone(), intent.run.clone()));
                (vec![&intent.rule], Some(&intent.run))
            }
            Body::Outcome(outcome) => {
                settled = open.remove(&outcome.intent);
                settled.as_ref().map_or((Vec::new(), None), |(rule, run)| (vec![rule], Some(run)))
            }
            Body::Calendar(calendar) => (calendar.rules.keys().collect(), None),
            Body::Approval(approval) => (approval.only.iter().collect(), None),
            Body::Hold(hold) => (hold.rule.iter().collect(), None),
            Body::Run(run) => (run.verdicts.keys().collect(), Some(&run.run)),
            Body::Sanitized(sanitized) => (Vec::new(), Some(&sanitized.run)),
            Body::Heartbeat(heartbeat) => (heartbeat.overdue.keys().collect(), None),
            _ => (Vec::new(), None),
        };
        let at = leaf.at;
        self.rule.as_ref().is_none_or(|wanted| rules.contains(&wanted))
            && self.run.as_ref().is_none_or(|wanted| run == Some(wanted))
            && (self.kinds.is_empty() || self.kinds.iter().any(|kind| kind == leaf.body.kind()))
            && self.from.is_none_or(|from| at >= from.timestamp())
            && self.until.is_none_or(|until| at < until.timestamp())
    }
}
