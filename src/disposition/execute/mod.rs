//! The only destructive path: the live run and recovery after a crash both go through it.
//!
//! A batch is announced in the log, durably; then one transaction reads its records again, judges them again, disposes
//! of those that are still due and commits; then files go, absence is read back, and the outcome is logged. The types
//! make the order: `PendingIntents -> DurableIntents -> Disposal::commit`.

mod again;
mod announce;
mod apply;
mod asked;
mod attempt;
mod batch;
mod begun;
mod bytes;
pub mod chunk;
mod close;
mod declare;
mod denied;
mod dispose;
mod divide;
mod error;
mod fault;
mod finish;
mod found;
mod halt;
mod imported;
mod inherited;
mod keys;
mod left;
mod lockout;
mod logged;
mod named_by;
mod note;
mod queue;
mod recover;
mod remains;
mod restored;
mod resume;
mod rightful;
mod roots;
mod spool;
mod statement;
mod stayed;
mod target;
mod turn;
mod unlink;
mod unsettled;
mod writers;

pub use apply::{Conditions, Progress, apply};
pub use begun::{has_begun, settle_begun};
pub use error::ExecuteError;
pub use imported::put_imported_on_record;
pub use left::{Late, apply_left, release};
pub use recover::{LeftBehind, Recovered, recover};
pub use remains::{left_files, spooled_files, unclear_files, waiting_files};
pub use restored::look_everywhere as look_for_restored;
pub use statement::{Interrupted, Statement};
pub use turn::Holder;
