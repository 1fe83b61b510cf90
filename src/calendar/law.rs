//! The types of a calendar that is in order. They are made by `parse` only.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::{CalendarNumber, CivilDate, Digest, PartName, RuleNumber, SeriesName, TriggerName, Zone};

/// A conservation calendar in order: every rule names a known series and trigger, every period is positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    pub number: CalendarNumber,
    pub organization: String,
    pub title: Words,
    pub version: u32,
    /// The version that this one replaces.
    pub replaces: Option<u32>,
    pub approval: Option<CalendarApproval>,
    /// First civil day, in `timezone`, on which the calendar is in force.
    pub effective_from: CivilDate,
    /// Last civil day on which it is in force, as its file says.
    pub effective_until: Option<CivilDate>,
    /// First civil day on which a newer version is in force in its place: not of this file, but of that version's
    /// beside it.
    pub replaced_on: Option<CivilDate>,
    pub timezone: Zone,
    /// In the order of the file.
    pub series: Vec<Series>,
    /// In the order of the file.
    pub rules: Vec<Rule>,
    /// The file as read, for the log.
    pub text: String,
    /// Of `text`.
    pub digest: Digest,
}

/// A text in the languages of the reports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub fr: Option<String>,
    pub en: Option<String>,
}

/// Approval of the calendar by an authority (for public bodies: BAnQ, Archives Act s. 8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarApproval {
    pub authority: String,
    pub date: CivilDate,
}

/// A class of records, and what a report must be able to say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    pub name: SeriesName,
    pub description: Words,
    /// Holding unit (unité détentrice).
    pub unit: Option<String>,
    /// Classification code.
    pub code: Option<String>,
    /// Legal regime (`A-2.1`, `P-39.1`).
    pub regime: Option<String>,
    pub purposes: Vec<String>,
    pub sensitivity: Option<String>,
    pub recipients: Vec<String>,
    /// How much there is of it, in words; what the program governs it counts itself.
    pub quantity: Option<String>,
    /// In how many places and hands it is, in words.
    pub distribution: Option<String>,
    pub medium: Option<String>,
    pub triggers: BTreeMap<TriggerName, Words>,
    /// `empty = "expected"`: a run may leave no record of the series.
    pub may_be_empty: bool,
}

/// A retention rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub number: RuleNumber,
    pub title: Words,
    pub series: SeriesName,
    pub governs: Governs,
    /// Name of a condition of the mapping; a record for which it holds is outside this rule.
    pub unless: Option<String>,
    pub role: Role,
    pub clock: Clock,
    /// `None` for a floor, which never disposes.
    pub disposition: Option<Disposition>,
    pub basis: Vec<Basis>,
    /// An illustration in a library calendar: listed, never obeyed.
    pub example: bool,
    /// `executed = "elsewhere"`: paper, a browser, a host abroad; listed, outside the program's scope.
    pub executed_elsewhere: bool,
}

/// What a rule covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Governs {
    Record,
    Part(PartName),
    /// A group of columns.
    Group(String),
}

/// Whether a rule disposes or only postpones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Disposing,
    /// Never disposes, only postpones, and binds every element it covers.
    Floor,
}

/// When a rule's term comes: the earliest of its ways; most rules have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Empty only where the disposition is `Permanent` and the calendar names no way: such a term never comes.
    pub earliest: Vec<Until>,
    pub start: StartAt,
}

/// One way for a term to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Until {
    pub trigger: TriggerName,
    pub keep: Keep,
}

/// How long after its trigger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Due at the trigger's instant.
    Immediate,
    /// Civil days, months and years; active and semi-active periods are already summed.
    Civil(Period),
    /// Exact seconds (`PT24H`), from the trigger's instant; a day is 86,400 of them.
    Exact { seconds: i64 },
}

/// A positive civil period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Years count as twelve.
    pub months: u32,
    /// Weeks count as seven.
    pub days: u32,
}

/// From which day the period runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartAt {
    /// The trigger's own civil day.
    Trigger,
    /// The first such month and day on or after the trigger's civil day (`{ year_end = "12-31" }`).
    YearEnd { month: u32, day: u32 },
}

/// What happens at term.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Disposition {
    Destroy,
    Anonymize,
    /// A step on the way: never competes with the terminal disposition.
    Deidentify,
    /// Never by itself: awaits a decision.
    Transfer,
    /// Never by itself: awaits a decision.
    Select,
    Permanent,
}

/// Where a rule comes from: a source and a brief quotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    pub source: String,
    pub text: Option<String>,
}
