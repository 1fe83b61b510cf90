//! What floors alone say of a row that would change with another record: they bind it, whatever other rules say.

use super::{Governing, JudgedAt, RuleTerm};
use crate::calendar::Role;
use crate::records::facts::EventFact;

impl Governing<'_> {
    /// Whether a floor is among the rules.
    pub fn has_floors(&self) -> bool {
        self.rules().any(|rule| rule.role == Role::Floor)
    }

    /// Whether a floor still keeps a row. One whose clock has not started, or whose date cannot be read, has not
    /// passed.
    pub fn floors_keep(&self, events: &[EventFact], at: JudgedAt) -> bool {
        let mut floors = self.rules.iter().filter(|governing| governing.rule.role == Role::Floor);
        floors.any(|floor| !matches!(self.rule_term(floor, events, at), RuleTerm::Due(due) if due.from <= at.as_of))
    }
}
