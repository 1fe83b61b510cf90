//! Rules that can never act, because another rule on the same records always comes later or never lets them go.

use super::{Calendar, Disposition, Keep, Period, Role, Rule, StartAt, Until};

/// Seconds of a day without a change of clocks.
const DAY: i64 = 86_400;

impl Calendar {
    /// The rule because of which this one never acts, whatever a record says: among rules the latest date wins, and
    /// `permanent`, `select` and `transfer` win over both.
    ///
    /// `None` where no rule is sure to win, for a floor, and for a rule that the program does not obey.
    pub fn overruled_by(&self, rule: &Rule) -> Option<&Rule> {
        let rivals = || self.rules_for(&rule.series).filter(|rival| rival.acts_on_records());
        let place = rivals().position(|rival| rival.number == rule.number)?;
        let is_other = |at: &usize| *at != place;
        let wins = |at: usize, rival: &Rule| match (rule.rank(), rival.rank()) {
            (own, other) if own != other => own < other,
            // Of two dates that are the same, the first rule's counts.
            (0, _) => rule.never_later(rival) && (at < place || !rival.never_later(rule)),
            _ => false,
        };
        rivals().enumerate().find(|(at, rival)| is_other(at) && wins(*at, rival)).map(|(_, rival)| rival)
    }
}

impl Rule {
    /// Whether it competes for every record of its series.
    fn acts_on_records(&self) -> bool {
        self.is_obeyed() && !self.is_partial() && self.role == Role::Disposing
    }

    /// Which dispositions win, whatever the dates.
    fn rank(&self) -> u8 {
        match self.disposition {
            Some(Disposition::Permanent) => 2,
            Some(Disposition::Select | Disposition::Transfer) => 1,
            _ => 0,
        }
    }

    /// Whether its term is sure not to come after the other's, for every record that has both.
    fn never_later(&self, other: &Self) -> bool {
        let starts_first = self.clock.start == other.clock.start || self.clock.start == StartAt::Trigger;
        // The earliest way counts: each of the other's must have one of ours that is no later.
        let is_met = |theirs: &Until| {
            self.clock.earliest.iter().any(|own| own.trigger == theirs.trigger && own.keep.never_longer(theirs.keep))
        };
        starts_first && other.clock.earliest.iter().all(is_met)
    }
}

impl Keep {
    /// Whether it is sure not to end after the other, from whatever trigger.
    fn never_longer(self, other: Self) -> bool {
        match (self, other) {
            (Self::Immediate, _) => true,
            (Self::Civil(own), Self::Civil(other)) => own.never_longer(other),
            (Self::Exact { seconds: own }, Self::Exact { seconds: other }) => own <= other,
            // A civil term ends a day, and a change of clocks, more or less than its days after the trigger.
            (Self::Exact { seconds }, Self::Civil(other)) => seconds <= (other.fewest_days() - 1) * DAY,
            (Self::Civil(own), Self::Exact { seconds }) => (own.most_days() + 2) * DAY <= seconds,
            (_, Self::Immediate) => false,
        }
    }
}

impl Period {
    fn never_longer(self, other: Self) -> bool {
        let by_units = self.months <= other.months && self.days <= other.days;
        by_units || self.most_days() <= other.fewest_days()
    }

    fn fewest_days(self) -> i64 {
        28 * i64::from(self.months) + i64::from(self.days)
    }

    fn most_days(self) -> i64 {
        31 * i64::from(self.months) + i64::from(self.days)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::parse;
    use crate::model::{Moment, Zone};

    /// For each of these rules on one series, the number of the rule that overrules it.
    fn overruled(rules: &[&str]) -> Vec<Option<String>> {
        let mut text = "[calendar]\nnumber = \"T\"\norganization = \"O\"\nversion = 1\neffective.from = 2024-01-01\n\
                        timezone = \"America/Toronto\"\n[[series]]\nname = \"s\"\ntriggers = { a.en = \"A\", b.en = \"B\" }\n"
            .to_owned();
        for (place, rule) in rules.iter().enumerate() {
            text += &format!("[[rule]]\nnumber = \"{place}\"\nseries = \"s\"\n{rule}\n");
        }
        let calendar = parse("t.toml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"));
        let by = |rule| calendar.overruled_by(rule).map(|rival| rival.number.to_string());
        calendar.rules.iter().map(by).collect()
    }

    fn rule(trigger: &str, keep: &str, disposition: &str) -> String {
        format!("trigger = \"{trigger}\"\nkeep = \"{keep}\"\ndisposition = \"{disposition}\"")
    }

    fn pair(one: &str, other: &str) -> [Option<String>; 2] {
        overruled(&[one, other]).try_into().unwrap()
    }

    fn by(number: usize) -> Option<String> {
        Some(number.to_string())
    }

    #[test]
    fn an_earlier_term_of_the_same_trigger_never_acts() {
        let (early, late) = (rule("a", "P1Y", "anonymize"), rule("a", "P5Y", "destroy"));
        assert_eq!(pair(&early, &late), [by(1), None]);
        assert_eq!(pair(&late, &early), [None, by(0)]);
        assert_eq!(pair(&early, &rule("b", "P5Y", "destroy")), [None, None]);
        assert_eq!(pair(&rule("a", "P30D", "destroy"), &rule("a", "P1M", "destroy")), [None, None]);
        assert_eq!(pair(&rule("a", "PT24H", "destroy"), &rule("a", "P1M", "destroy")), [by(1), None]);
    }

    #[test]
    fn of_two_equal_terms_the_first_acts() {
        assert_eq!(pair(&rule("a", "P1Y", "anonymize"), &rule("a", "P12M", "destroy")), [None, by(0)]);
    }

    #[test]
    fn a_decision_or_a_permanent_rule_wins_over_every_date() {
        assert_eq!(pair(&rule("a", "P9Y", "destroy"), &rule("b", "P1Y", "select")), [by(1), None]);
        assert_eq!(overruled(&[&rule("a", "P9Y", "select"), "disposition = \"permanent\""]), [by(1), None]);
    }

    #[test]
    fn a_floor_an_example_and_a_year_end_that_may_come_later_overrule_nothing() {
        let early = rule("a", "P1Y", "destroy");
        assert_eq!(pair(&early, "trigger = \"a\"\nkeep = \"P9Y\"\nrole = \"floor\""), [None, None]);
        assert_eq!(pair(&early, &format!("{}\nexample = true", rule("a", "P9Y", "destroy"))), [None, None]);
        let year_end = format!("{}\nstart.year_end = \"12-31\"", rule("a", "P1Y", "anonymize"));
        assert_eq!(pair(&early, &year_end), [by(1), None]);
        assert_eq!(pair(&year_end, &rule("a", "P18M", "destroy")), [None, None]);
    }

    #[test]
    fn of_several_ways_each_of_the_later_rule_needs_an_earlier_one() {
        let both = |a: &str, b: &str| {
            let ways = format!("{{ trigger = \"a\", keep = \"{a}\" }}, {{ trigger = \"b\", keep = \"{b}\" }}");
            format!("until.earliest = [{ways}]\ndisposition = \"destroy\"")
        };
        assert_eq!(pair(&both("P1Y", "P30D"), &both("P2Y", "P60D")), [by(1), None]);
        assert_eq!(pair(&both("P1Y", "P90D"), &both("P2Y", "P60D")), [None, None]);
        assert_eq!(pair(&both("P1Y", "P30D"), &rule("a", "P2Y", "destroy")), [by(1), None]);
        assert_eq!(pair(&rule("a", "P1Y", "destroy"), &both("P2Y", "P60D")), [None, None]);
    }

    fn keep() -> impl Strategy<Value = Keep> {
        prop_oneof![
            Just(Keep::Immediate),
            (0u32..40, 0u32..100)
                .prop_filter("nothing", |(months, days)| months + days > 0)
                .prop_map(|(months, days)| Keep::Civil(Period { months, days })),
            (1i64..40 * DAY).prop_map(|seconds| Keep::Exact { seconds }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_said_never_to_be_longer_never_ends_later(one in keep(), other in keep(), second in 0i64..1_700_000_000, is_day: bool) {
            prop_assume!(one.never_longer(other));
            let zone: Zone = "America/St_Johns".parse().unwrap();
            let instant = crate::model::Instant::from_timestamp(second, 0).unwrap();
            let moment = if is_day { Moment::On(zone.civil_date(instant)) } else { Moment::At(instant) };
            let due = |keep: Keep| keep.due(moment, StartAt::Trigger, zone).unwrap().from;
            prop_assert!(due(one) <= due(other), "{} after {}", due(one), due(other));
        }
    }
}
