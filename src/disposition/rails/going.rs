//! What of a plan is about to go, which is what the rails look at: its rules, less the records that are left out. Pure.

use crate::disposition::plan::{Manifest, PlannedRule};
use crate::model::{RuleNumber, SeriesName};

/// The part of a plan that is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Going<'a> {
    /// The rules; empty: all.
    pub only: &'a [RuleNumber],
    /// What is left out under each rule of the manifest, in its order; empty: nothing.
    pub left_out: &'a [LeftOut],
}

/// Records of one rule that stay, because the person who approves leaves them out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    pub records: u64,
    /// Those of them that were past their term before the calendar's approval.
    pub backlog: u64,
    /// Those of them that a log says are gone.
    pub back: u64,
}

/// What goes under one rule.
#[derive(Clone, Copy, Debug)]
pub struct GoingUnder<'m> {
    pub rule: &'m PlannedRule,
    pub records: u64,
    /// Those of them that were past their term before the calendar's approval.
    pub backlog: u64,
    /// Those of them that a log says are gone.
    pub back: u64,
}

impl<'g> Going<'g> {
    /// The whole plan.
    pub const ALL: Going<'static> = Going { only: &[], left_out: &[] };

    /// The rules of a series under which something goes.
    pub fn under<'m>(
        self,
        manifest: &'m Manifest,
        series: &SeriesName,
    ) -> impl Iterator<Item = GoingUnder<'m>> + use<'g, 'm> {
        let series = series.clone();
        let rules = manifest.rules.iter().enumerate().filter(move |(_, rule)| rule.series == series);
        let asked_for = rules.filter(move |(_, rule)| self.only.is_empty() || self.only.contains(&rule.rule));
        let going = asked_for.map(move |(place, rule)| {
            let left_out = self.left_out.get(place).copied().unwrap_or_default();
            GoingUnder {
                rule,
                records: rule.items.count.saturating_sub(left_out.records),
                backlog: rule.backlog.saturating_sub(left_out.backlog),
                back: rule.back.saturating_sub(left_out.back),
            }
        });
        going.filter(|going| going.records > 0)
    }
}
