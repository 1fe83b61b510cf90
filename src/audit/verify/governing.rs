//! When a record can be due at the earliest: its rule's term, and those of all other rules of the series that the log lets one reckon.

use super::term::{Term, TermError};
use crate::audit::leaf::RuleTerm;
use crate::model::{RuleNumber, Zone};

/// One disposing rule with the rules that postpone it: other disposing rules and floors, of which the latest date counts.
#[derive(Debug)]
pub(super) struct Governing {
    own: RuleNumber,
    term: Result<Term, TermError>,
    others: Vec<(RuleNumber, Term)>,
}

impl Governing {
    /// Joins a rule to the others of its series. Those that cannot be reckoned are found where their calendar is read.
    pub fn new<'r>(
        own: &RuleNumber,
        rule: &RuleTerm,
        zone: Zone,
        others: impl Iterator<Item = (&'r RuleNumber, &'r RuleTerm)>,
    ) -> Self {
        let others = others.filter_map(|(number, other)| Some((number.clone(), Term::read(other, zone).ok()?)));
        Self { own: own.clone(), term: Term::read(rule, zone), others: others.collect() }
    }

    /// The rule under which a record was not due at `at` whose trigger came on `day`; `None`: it was due, as far as the log tells.
    ///
    /// An intent does not say which trigger its days are of. Where its rule has several, any may be meant; of the other rules, those count
    /// that know no other trigger than this one.
    pub fn not_due(&self, day: i32, at: i64) -> Option<&RuleNumber> {
        let Ok(term) = &self.term else { return Some(&self.own) };
        let mut not_due = Some(&self.own);
        for trigger in term.triggers() {
            not_due = self.not_due_from(term, trigger, day, at);
            if not_due.is_none() {
                break;
            }
        }
        not_due
    }

    fn not_due_from(&self, term: &Term, trigger: &str, day: i32, at: i64) -> Option<&RuleNumber> {
        let is_due = |due: Option<i64>| due.is_some_and(|due| due <= at);
        if !is_due(term.not_before_from(trigger, day)) {
            return Some(&self.own);
        }
        let knows_no_other = |other: &Term| other.triggers().all(|known| known == trigger);
        let later = self.others.iter().filter(|(_, other)| knows_no_other(other));
        later.filter(|(_, other)| !is_due(other.not_before(day))).map(|(number, _)| number).next()
    }

    /// How many of these trigger days are not due at `at`, and under which rule.
    pub fn too_early(&self, at: i64, days: &[i32]) -> Option<(u64, &RuleNumber)> {
        // A later trigger is never due earlier, so the latest day speaks for all: one reckoning for a thousand records.
        let rule = self.not_due(*days.iter().max()?, at)?;
        let records = days.iter().filter(|day| self.not_due(**day, at).is_some()).count();
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
        let others: Vec<_> = others.iter().map(|other| (RuleNumber::from("other"), rule(other))).collect();
        let others = others.iter().map(|(number, other)| (number, other));
        Governing::new(&"own".into(), &rule(own), Zone::UTC, others).not_due(0, on * 86_400).is_none()
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
