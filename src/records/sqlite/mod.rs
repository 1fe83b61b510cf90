//! Records in SQLite databases.

mod accounts;
mod alike;
mod around;
pub mod catalog;
mod clock;
mod company;
mod deadline;
mod decode;
mod dispose;
mod dispose_destroy;
mod dispose_family;
mod dispose_member;
mod dispose_order;
mod dispose_program;
mod error;
mod expression;
mod fence;
mod guard;
mod hot;
mod key_order;
mod lookup;
mod masked;
mod named_files;
mod open;
mod own_parts;
mod part_rows;
mod parts;
mod permitted;
mod probe;
mod programs;
mod prove;
mod queries;
mod reached;
mod read;
#[cfg(test)]
mod read_tests;
mod reader;
mod references;
mod relief;
mod safety;
mod scan;
mod schema;
mod schema_watch;
mod select;
pub mod spellings;
mod sql;
mod triggers;
mod value;
mod waiting;
mod walk;
mod web;
mod write;
#[cfg(test)]
mod write_tests;
mod write_txn;

pub use catalog::Catalog;
pub use company::{Companion, Companions, Company, Dates, Keeps};
pub use deadline::end_reading_with;
pub use dispose::{Disposed, Weight};
pub use error::StoreError;
pub use fence::{FENCE_TABLE, FenceState};
pub use lookup::NamedFiles;
pub use parts::PartRows;
pub use prove::Proved;
pub use queries::Queries;
pub use reader::{Asked, Interest, Reader};
pub use relief::Relief;
pub use select::{FactsQuery, MOST_BLOCKERS};
pub use write::{CACHE_KIB, Writer};
pub use write_txn::{CommitError, WriteTxn};

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
