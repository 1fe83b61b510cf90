//! What a judgement says, and of what times it speaks.

use crate::audit::leaf::Action;
use crate::calendar::{Due, Rule};
use crate::model::{Instant, Moment, RuleNumber, TriggerName};
use crate::records::facts::Unreadable;

/// The two times a judgement needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedAt {
    /// The clock: a trigger after it has not happened, whatever the record says.
    pub now: Instant,
    /// The instant for which the question is asked; `now` except in a plan made `--as-of` another day.
    pub as_of: Instant,
}

impl JudgedAt {
    /// Judged here and now.
    pub fn now(now: Instant) -> Self {
        Self { now, as_of: now }
    }
}

/// The verdict on a record; exactly one for every row of the series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Outside the mapping's filter, or already anonymized.
    Filtered,
    /// The clock has not started.
    Open,
    /// Never destroyed, always reported.
    Undated(Undated),
    NotYet(Term),
    Held(Term),
    Blocked(Term, BlockedBy),
    Due(Term, Action),
}

/// Why a record has no date that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undated {
    Unreadable(Unreadable),
    /// After now, and no deadline.
    Future,
    /// Before the mapping's `earliest`.
    TooOld,
    /// The term lies outside the years that a date can have.
    Overflow,
}

impl Undated {
    /// Its stable name in counts and reports.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unreadable(Unreadable::Format) => "format",
            Self::Unreadable(Unreadable::Naive) => "naive",
            Self::Unreadable(Unreadable::Gap) => "gap",
            Self::Unreadable(Unreadable::Range) => "range",
            Self::Unreadable(Unreadable::Type) => "type",
            Self::Unreadable(Unreadable::Expression) => "expression",
            Self::Future => "future",
            Self::TooOld => "too_old",
            Self::Overflow => "overflow",
        }
    }
}

/// What keeps a record that has reached its term and is not held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockedBy {
    /// Records that refer to it.
    Records,
    /// `select` and `transfer` never happen by themselves.
    Decision,
    /// Another series keeps a row that would change with it: for good, or because both series count that row.
    Series,
    /// A floor has not passed for a row that would change with it, or for a record that would lose one.
    Floor,
    /// Another record has a row that would change with it, by the same part.
    SharedRow,
}

/// When a record's term comes, and which rule decides what happens then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub rule: RuleNumber,
    /// `None` under a permanent rule: the term never comes.
    pub due: Option<Due>,
}

/// Where one rule stands for a record: for `explain`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleStanding<'a> {
    pub rule: &'a Rule,
    /// One per way, in the rule's order: the moment that counts, and the term that follows from it.
    pub ways: Vec<(&'a TriggerName, Option<Moment>, RuleTerm)>,
    pub term: RuleTerm,
}

/// What one rule (or one of its ways) says of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleTerm {
    Open,
    Undated(Undated),
    Never,
    Due(Due),
}
