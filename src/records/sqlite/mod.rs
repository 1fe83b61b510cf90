//! Records in SQLite databases.

mod accounts;
pub mod catalog;
mod error;
mod open;
mod reader;
mod safety;
mod select;
pub mod sql;

pub use catalog::Catalog;
pub use error::StoreError;
pub use reader::{FileRef, Interest, Reader};
pub use select::{FactsQuery, Queries};

/// What `check` found out about a mapping and its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// Stable name of this kind of finding (`missing-index`).
    pub code: &'static str,
    /// Series, table, column: where it is.
    pub place: String,
    /// A sentence that names the thing and the reason.
    pub message: String,
    /// The statement or the line of the configuration that mends it.
    pub mend: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Nothing is planned or destroyed until it is mended.
    Error,
    /// Works, but slowly or with a risk.
    Warning,
    /// Worth knowing.
    Note,
}
