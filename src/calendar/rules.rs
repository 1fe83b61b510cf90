//! What a calendar answers: which rules govern a series, whether it is in force, and what its rules mean, in text and
//! as a digest.

use std::fmt;

use chrono::{Datelike, NaiveDate};

use super::{Calendar, Disposition, Governs, Rule, Series, StartAt};
use crate::model::{CivilDate, Digest, DigestBuilder, RuleNumber, SeriesName, TriggerName};

/// The arithmetic of a rule in words that an auditor can read, for the log and for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleTermText {
    /// `destroy`, `anonymize`, … or `floor`.
    pub disposition: String,
    /// The term is the earliest of these.
    pub ways: Vec<WayText>,
    /// `MM-DD`, where the period runs from a year's end.
    pub year_end: Option<String>,
}

/// One way for a term to come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WayText {
    pub trigger: TriggerName,
    /// An ISO 8601 period, or `immediate`.
    pub keep: String,
}

impl Calendar {
    /// Whether the calendar is in force on this civil day of its zone.
    pub fn in_force(&self, on: CivilDate) -> bool {
        self.effective_from <= on && self.last_day().is_none_or(|last| on <= last)
    }

    /// The last civil day on which the calendar is in force: its own, or the eve of the version that replaces it.
    pub fn last_day(&self) -> Option<CivilDate> {
        let eve = self.replaced_on.and_then(|day| day.pred_opt());
        self.effective_until.into_iter().chain(eve).min()
    }

    /// A series by its name.
    pub fn series(&self, name: &SeriesName) -> Option<&Series> {
        self.series.iter().find(|series| series.name == *name)
    }

    /// The rules on a series, its parts and its columns, in the order of the file.
    pub fn rules_for(&self, series: &SeriesName) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.series == *series)
    }

    /// The rules that this version of the program understands but cannot obey, each with what it lacks.
    ///
    /// Never to be passed over: without one of them, a record could be destroyed that it keeps.
    pub fn unsupported(&self) -> Vec<(RuleNumber, &'static str)> {
        let obeyed = self.rules.iter().filter(|rule| rule.is_obeyed());
        obeyed.filter_map(|rule| Some((rule.number.clone(), rule.unsupported()?))).collect()
    }

    /// Digest of what all rules on a series mean, with the zone in which they count.
    ///
    /// It changes when a rule appears, disappears or means something else; not with titles, sources, the order of the
    /// file, the version of the calendar or its dates, nor with rules that the program does not obey.
    pub fn rule_set_digest(&self, series: &SeriesName) -> Digest {
        let mut rules: Vec<_> = self.rules_for(series).filter(|rule| rule.is_obeyed()).collect();
        rules.sort_by_key(|rule| &rule.number);
        let mut digest = DigestBuilder::new("rule-set-v1");
        digest.field(self.timezone.name().as_bytes()).field(series.as_str().as_bytes()).number(rules.len() as i64);
        for rule in rules {
            rule.add_meaning(&mut digest);
        }
        digest.finish()
    }
}

impl Rule {
    /// Whether the program obeys the rule: it is no example, and not executed elsewhere.
    pub fn is_obeyed(&self) -> bool {
        !self.example && !self.executed_elsewhere
    }

    /// Whether it covers less than every record of its series as a whole.
    pub fn is_partial(&self) -> bool {
        self.governs != Governs::Record || self.unless.is_some()
    }

    /// What this version of the program would need to obey the rule, where it cannot.
    pub fn unsupported(&self) -> Option<&'static str> {
        match (&self.governs, &self.unless, self.disposition) {
            (Governs::Part(_), _, _) => Some("a rule on a part"),
            (Governs::Group(_), _, _) => Some("a rule on a column group"),
            (_, Some(_), _) => Some("`unless`"),
            (_, _, Some(Disposition::Deidentify)) => Some("`deidentify`"),
            _ => None,
        }
    }

    /// The rule's arithmetic in text.
    pub fn term(&self) -> RuleTermText {
        let ways = self.clock.earliest.iter();
        RuleTermText {
            disposition: self.disposition.map_or("floor", Disposition::word).to_owned(),
            ways: ways.map(|way| WayText { trigger: way.trigger.clone(), keep: way.keep.to_string() }).collect(),
            year_end: match self.clock.start {
                StartAt::Trigger => None,
                StartAt::YearEnd { month, day } => Some(format!("{month:02}-{day:02}")),
            },
        }
    }

    fn add_meaning(&self, digest: &mut DigestBuilder) {
        let mut term = self.term();
        term.ways.sort();
        let (element, name) = match &self.governs {
            Governs::Record => ("record", ""),
            Governs::Part(part) => ("part", part.as_str()),
            Governs::Group(group) => ("group", group.as_str()),
        };
        let unless = self.unless.as_deref().unwrap_or_default();
        let year_end = term.year_end.as_deref().unwrap_or_default();
        for text in [self.number.as_str(), element, name, unless, &term.disposition, year_end] {
            digest.field(text.as_bytes());
        }
        digest.number(term.ways.len() as i64);
        for way in &term.ways {
            digest.field(way.trigger.as_str().as_bytes()).field(way.keep.as_bytes());
        }
    }
}

impl Disposition {
    /// Its word in a calendar and in the log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Destroy => "destroy",
            Self::Anonymize => "anonymize",
            Self::Deidentify => "deidentify",
            Self::Transfer => "transfer",
            Self::Select => "select",
            Self::Permanent => "permanent",
        }
    }
}

impl fmt::Display for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl StartAt {
    /// Reads `MM-DD`; `None` for what is no day of every year, 29 February included.
    pub fn year_end(text: &str) -> Option<Self> {
        const NO_LEAP_YEAR: i32 = 2001;
        let is_in_form = |(place, byte): (usize, u8)| if place == 2 { byte == b'-' } else { byte.is_ascii_digit() };
        if text.len() != 5 || !text.bytes().enumerate().all(is_in_form) {
            return None;
        }
        let day = NaiveDate::parse_from_str(&format!("{NO_LEAP_YEAR}-{text}"), "%Y-%m-%d").ok()?;
        Some(Self::YearEnd { month: day.month(), day: day.day() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::parse;

    const CALENDAR: &str = r#"
[calendar]
number = "T-1"
organization = "Office"
version = 1
effective = { from = 2024-04-04, until = 2030-12-31 }
timezone = "America/Toronto"
[[series]]
name = "dossier"
triggers = { closure.en = "Closure", consent_withdrawn.en = "Consent withdrawn" }
[[series]]
name = "account"
triggers = { last_use.en = "Last use" }
[[rule]]
number = "1"
series = "dossier"
disposition = "destroy"
until = { earliest = [{ trigger = "closure", keep = "P12M" }, { trigger = "consent_withdrawn", keep = "P30D" }] }
[[rule]]
number = "2"
series = "dossier"
role = "floor"
trigger = "closure"
keep = "P6M"
start = { year_end = "03-31" }
[[rule]]
number = "3"
series = "account"
disposition = "anonymize"
trigger = "last_use"
keep = "PT1440M"
"#;

    fn calendar(text: &str) -> Calendar {
        parse("t.toml", text.as_bytes()).unwrap_or_else(|faults| panic!("{faults:?}"))
    }

    /// Digest of the dossiers' rules after one change of the calendar's text.
    fn digest_with(old: &str, new: &str) -> Digest {
        assert!(CALENDAR.contains(old), "{old}");
        calendar(&CALENDAR.replacen(old, new, 1)).rule_set_digest(&"dossier".into())
    }

    #[test]
    fn a_calendar_is_in_force_from_its_first_day_to_its_last() {
        let calendar = calendar(CALENDAR);
        let in_force = |day: &str| calendar.in_force(day.parse().unwrap());
        assert_eq!(["2024-04-03", "2024-04-04", "2030-12-31", "2031-01-01"].map(in_force), [false, true, true, false]);
    }

    #[test]
    fn the_digest_follows_the_meaning_of_the_rules() {
        let as_it_is = digest_with("P12M", "P12M");
        for (old, new) in [
            ("P12M", "P13M"),
            ("P30D", "P1M"),
            ("number = \"1\"", "number = \"1a\""),
            ("\"destroy\"", "\"anonymize\""),
            ("year_end = \"03-31\"", "year_end = \"12-31\""),
            ("America/Toronto", "America/Vancouver"),
            ("role = \"floor\"", "disposition = \"destroy\""),
            ("series = \"dossier\"\nrole", "series = \"dossier\"\nunless = \"public\"\nrole"),
            ("series = \"dossier\"\nrole", "series = \"dossier\"\npart = \"exhibit\"\nrole"),
            ("series = \"dossier\"\nrole", "series = \"dossier\"\ngroup = \"exhibit\"\nrole"),
            // A rule that disappears.
            ("role = \"floor\"", "role = \"floor\"\nexample = true"),
            ("role = \"floor\"", "role = \"floor\"\nexecuted = \"elsewhere\""),
        ] {
            assert_ne!(digest_with(old, new), as_it_is, "{new}");
        }
    }

    #[test]
    fn the_digest_does_not_follow_the_wording() {
        let as_it_is = digest_with("P12M", "P12M");
        for (old, new) in [
            ("P12M", "P1Y"),
            ("version = 1", "version = 2"),
            ("until = 2030-12-31", "until = 2040-12-31"),
            ("[[rule]]", "# A remark.\n[[rule]]"),
            ("number = \"1\"", "title.en = \"Files\"\nbasis = [{ source = \"Policy\" }]\nnumber = \"1\""),
            // Another series' rule.
            ("PT1440M", "P2Y"),
            (
                "{ trigger = \"closure\", keep = \"P12M\" }, { trigger = \"consent_withdrawn\", keep = \"P30D\" }",
                "{ trigger = \"consent_withdrawn\", keep = \"P30D\" }, { trigger = \"closure\", keep = \"P12M\" }",
            ),
        ] {
            assert_eq!(digest_with(old, new), as_it_is, "{new}");
        }
    }

    #[test]
    fn a_term_is_told_in_plain_text() {
        let calendar = calendar(CALENDAR);
        let told = |number: usize| {
            let term = calendar.rules[number].term();
            let ways: Vec<String> = term.ways.iter().map(|way| format!("{} {}", way.trigger, way.keep)).collect();
            (term.disposition, ways.join(", "), term.year_end)
        };
        assert_eq!(told(0), ("destroy".into(), "closure P1Y, consent_withdrawn P30D".into(), None));
        assert_eq!(told(1), ("floor".into(), "closure P6M".into(), Some("03-31".into())));
        assert_eq!(told(2), ("anonymize".into(), "last_use PT24H".into(), None));
    }

    #[test]
    fn a_year_end_survives_its_text_and_only_days_of_every_year_are_read() {
        assert_eq!(StartAt::year_end("12-31"), Some(StartAt::YearEnd { month: 12, day: 31 }));
        for text in ["", "02-29", "31-12", "3-31", "+1-31", "12-31 ", "12/31", "éé1"] {
            assert_eq!(StartAt::year_end(text), None, "{text:?}");
        }
    }

    #[test]
    fn rules_that_cannot_be_obeyed_yet_are_named_unless_they_need_not_be() {
        let unsupported = |line: &str| {
            let text = CALENDAR.replacen("role = \"floor\"", &format!("role = \"floor\"\n{line}"), 1);
            calendar(&text).unsupported()
        };
        assert_eq!(unsupported(""), []);
        assert_eq!(unsupported("part = \"exhibit\""), [("2".into(), "a rule on a part")]);
        assert_eq!(unsupported("group = \"payment\""), [("2".into(), "a rule on a column group")]);
        assert_eq!(unsupported("unless = \"public\""), [("2".into(), "`unless`")]);
        assert_eq!(unsupported("unless = \"public\"\nexample = true"), []);
    }
}
