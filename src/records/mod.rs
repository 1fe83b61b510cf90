//! Records databases and files: what the configuration says of them (lowered), the facts of a record, and the only code
//! that reads, writes or unlinks anything of the owner's.
//!
//! Does not know the log, the calendar or the configuration file. No SQLite idea leaves this room.

pub mod facts;
pub mod files;
pub mod mapping;
pub mod masks;
pub mod sqlite;
