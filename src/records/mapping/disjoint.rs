//! Maps that no row passes both of: `where = { kind = "Issue" }` and `where = { kind = "Wiki" }`.

use super::{ColumnTest, Condition, Literal};
use crate::model::alike;

impl Condition {
    /// The columns by which no row passes this test and another: both are maps, and no value of the one equals one of
    /// the other, whatever the column's type and collation. Of an expression nothing is known.
    pub fn apart_by<'m>(&'m self, other: &'m Self) -> impl Iterator<Item = &'m str> {
        let tests = self.tests().iter().filter(|test| other.tests().iter().any(|theirs| test.is_apart(theirs)));
        tests.map(|test| test.column.as_str())
    }

    pub(super) fn tests(&self) -> &[ColumnTest] {
        match self {
            Self::All(tests) => tests,
            Self::Expression(_) => &[],
        }
    }
}

impl ColumnTest {
    fn is_apart(&self, other: &Self) -> bool {
        let differs = |one: &Literal| other.one_of.iter().all(|value| one.differs(value));
        self.column.eq_ignore_ascii_case(&other.column) && self.one_of.iter().all(differs)
    }
}

impl Literal {
    /// Whether no column that equals the one equals the other: a column of numbers takes `01` for 1, and one without
    /// case takes `WIKI` for `Wiki`.
    fn differs(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (Some(one), Some(other)) => one != other,
            _ => self.text() != other.text(),
        }
    }

    /// The number that a column may read.
    fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Real(text) | Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| !number.is_nan()),
            Self::Null => None,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Integer(number) => Some(number.to_string()),
            Self::Real(text) | Self::Text(text) => Some(alike(text)),
            Self::Null => None,
        }
    }
}
