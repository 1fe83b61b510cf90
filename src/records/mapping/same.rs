//! What is the same to a database, however the mapping writes it: names in another case, the same tests or pairs in
//! another order.

use std::collections::BTreeSet;

use super::{Condition, Join, Literal, Relation};

/// Whether two names are of one table or column: SQLite's have no case, where they are ASCII.
pub fn same_name(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Whether two names that may be left out are the same, or neither is there.
pub fn same_names<'n>(one: impl IntoIterator<Item = &'n String>, other: impl IntoIterator<Item = &'n String>) -> bool {
    let lower = |name: &String| name.to_ascii_lowercase();
    one.into_iter().map(lower).eq(other.into_iter().map(lower))
}

impl Relation {
    /// Whether both join the same records of the same series.
    pub fn is_same(&self, other: &Self) -> bool {
        self.series == other.series && self.on.is_same(&other.on)
    }
}

impl Join {
    /// Whether both join the same columns, or by the same expression, letter for letter.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Columns(one), Self::Columns(other)) => pairs(one) == pairs(other),
            (one, other) => one == other,
        }
    }
}

impl Condition {
    /// Whether both test the same columns for the same values, or by the same expression, letter for letter.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(_), Self::All(_)) => self.values() == other.values(),
            (one, other) => one == other,
        }
    }

    /// Whether every row of which the other holds is one of which this holds, as far as the tests themselves say.
    pub fn includes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All(_), Self::All(_)) => {
                let narrower = other.values();
                let is_wider = |(column, one_of): &(String, BTreeSet<&Literal>)| {
                    narrower.iter().any(|(tested, by)| tested == column && by.is_subset(one_of))
                };
                self.values().iter().all(is_wider)
            }
            (one, other) => one == other,
        }
    }

    /// Column, in lower case, and the values it may have.
    fn values(&self) -> BTreeSet<(String, BTreeSet<&Literal>)> {
        let tests = self.tests().iter();
        tests.map(|test| (test.column.to_ascii_lowercase(), test.one_of.iter().collect())).collect()
    }
}

fn pairs(columns: &[(String, String)]) -> BTreeSet<(String, String)> {
    columns.iter().map(|(this, owner)| (this.to_ascii_lowercase(), owner.to_ascii_lowercase())).collect()
}
