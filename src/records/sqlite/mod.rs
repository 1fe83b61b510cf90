//! Records in SQLite databases.

mod error;
pub mod sql;

pub use error::StoreError;
