//! When a record can be due at the earliest: its rule's term, and those of all other rules of the series that the log
//! lets one reckon.

use std::collections::BTreeMap;

use super::term::{Term, TermError};
use crate::audit::leaf::RuleTerm;
use crate::model::{RuleNumber, Zone};

/// The rules on one series together: each postpones every other, and of their dates the latest counts. They stand here
/// once, for a calendar may have thousands.
#[derive(Debug)]
pub(super) struct Governing {
    terms: BTreeMap<RuleNumber, Result<Term, TermError>>,
}

impl Governing {
    /// Joins the rules of a series. Those that cannot be reckoned are found where their calendar is read.
    pub fn new(zone: Zone, rules: &[(&RuleNumber, &RuleTerm)]) -> Self {
        let read = |(number, rule): &(&RuleNumber, &RuleTerm)| ((*number).clone(), Term::read(rule, zone));
        Self { terms: rules.iter().map(read).collect() }
    }

    /// The rule under which a record was not due at `at` whose trigger came on `day`, where it goes under rule `own`;
    /// `None`: it was due, as far as the log tells.
    ///
    /// An intent does not say which trigger its days are of. Where its rule has several, any may be meant; of the other
    /// rules, those count that know no other trigger than this one.
    fn not_due(&self, own: &RuleNumber, day: i32, at: i64) -> Option<&RuleNumber> {
        let (own, term) = self.terms.get_key_value(own)?;
        let Ok(term) = term else { return Some(own) };
        let mut not_due = Some(own);
        for trigger in term.triggers() {
            not_due = self.not_due_from((own, term), trigger, day, at);
            if not_due.is_none() {
                break;
            }
        }
        not_due
    }

    fn not_due_from<'g>(
        &'g self,
        (own, term): (&'g RuleNumber, &Term),
        trigger: &str,
        day: i32,
        at: i64,
    ) -> Option<&'g RuleNumber> {
        let is_due = |due: Option<i64>| due.is_some_and(|due| due <= at);
        if !is_due(term.not_before_from(trigger, day)) {
            return Some(own);
        }
        let readable = self.terms.iter().filter_map(|(number, other)| Some((number, other.as_ref().ok()?)));
        let knows_no_other = |other: &Term| other.triggers().all(|known| known == trigger);
        let mut later = readable.filter(|(number, other)| *number != own && knows_no_other(other));
        later.find(|(_, other)| !is_due(other.not_before(day))).map(|(number, _)| number)
    }

    /// How many of these trigger days are not due at `at` under rule `own`, and under which rule.
    pub fn too_early(&self, own: &RuleNumber, at: i64, days: &[i32]) -> Option<(u64, &RuleNumber)> {
        // A later trigger is never due earlier, so the latest day speaks for all: one reckoning for a thousand records.
        let rule = self.not_due(own, *days.iter().max()?, at)?;
        let records = days.iter().filter(|day| self.not_due(own, **day, at).is_some()).count();
        Some((records as u64, rule))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::leaf::TermWay;

    fn rule(ways: &[(&str, &str)]) -> RuleTerm {
        let ways = ways.iter().map(|(trigger, keep)| TermWay { trigger: (*trigger).into(), keep: (*keep).into() });
        RuleTerm { series: "s".into(), disposition: "destroy".into(), ways: ways.collect(), year_end: None }
    }

    /// Whether a record of day 0 is due on this day in UTC, under the first rule and with the others.
    fn is_due(on: i64, own: &[(&str, &str)], others: &[&[(&str, &str)]]) -> bool {
        let rules = [own].into_iter().chain(others.iter().copied()).map(rule);
        let rules: Vec<_> =
            rules.enumerate().map(|(place, rule)| (RuleNumber::from(&*place.to_string()), rule)).collect();
        let rules: Vec<_> = rules.iter().map(|(number, rule)| (number, rule)).collect();
        Governing::new(Zone::UTC, &rules).not_due(&"0".into(), 0, on * 86_400).is_none()
    }

    #[test]
    fn the_latest_of_the_rules_on_one_trigger_counts() {
        let own = [("closure", "P10D")];
        assert!(is_due(11, &own, &[]));
        assert!(!is_due(10, &own, &[]));
        assert!(!is_due(20, &own, &[&[("closure", "P20D")]]));
        assert!(is_due(21, &own, &[&[("closure", "P20D")]]));
    }

    #[test]
    fn a_rule_that_can_start_from_another_trigger_says_nothing() {
        let own = [("closure", "P10D")];
        assert!(is_due(11, &own, &[&[("last_use", "P20D")]]));
        assert!(is_due(11, &own, &[&[("closure", "P20D"), ("last_use", "P1D")]]));
    }

    #[test]
    fn of_several_triggers_the_one_that_excuses_the_most_is_assumed() {
        let own = [("closure", "P10D"), ("consent_withdrawn", "P5D")];
        // Were it the closure, the floor would keep it; it may be the withdrawal.
        assert!(is_due(6, &own, &[&[("closure", "P20D")]]));
        assert!(!is_due(6, &own, &[&[("closure", "P20D")], &[("consent_withdrawn", "P7D")]]));
    }
}
