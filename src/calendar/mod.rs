//! The law: a conservation calendar, parsed whole or refused with every fault, and its date arithmetic.
//!
//! Pure. Knows nothing of databases, of the log or of the configuration.

mod due;
mod law;
mod overruled;
mod parse;
mod period;
mod rules;

pub use due::Due;
pub use law::{
    Basis, Calendar, CalendarApproval, Clock, Disposition, Governs, Keep, Period, Role, Rule, Series, StartAt, Until,
    Words,
};
pub use parse::parse;
pub use period::PeriodError;
pub use rules::{RuleTermText, WayText};
