//! The destruction log: leaves, fingerprint keys, journal, tiles, checkpoints; verification without trusting the
//! operator.
//!
//! Does not know the records, the calendar's types or the configuration. Depends on `model` alone.

use std::path::{Path, PathBuf};

pub mod adopt;
mod beginning;
mod borne;
mod brief;
pub mod checkpoint;
pub mod codec;
mod committed;
mod disposed;
mod divided;
mod durable;
pub mod earlier;
mod earlier_keys;
mod entries;
pub mod error;
pub mod export;
mod failpoint;
mod fingerprint;
mod intents;
pub mod journal;
pub mod keys;
pub mod leaf;
mod log_keys;
pub mod lookup;
mod mapped;
mod marks;
pub mod merkle;
mod nodes;
pub mod note;
mod opening;
pub mod prove;
mod publish;
mod published;
mod reader;
mod recover;
pub mod regular;
mod results;
#[cfg(test)]
pub(crate) mod sample;
pub mod select;
mod standing;
mod succession;
pub mod tiles;
mod unbundled;
pub mod verify;
mod vouched;
pub mod witness;
mod writer;

pub use brief::Brief;
pub use committed::committed_fingerprinters;
pub use disposed::{Disposed, Keyless, Naming, Namings, VisitDisposed, namings, namings_since, scan_disposed};
pub use entries::{Entries, VisitBrief};
pub use error::{FileError, LogError};
pub use failpoint::failpoint;
pub use fingerprint::{Fingerprinter, key_year};
pub use intents::{DurableIntents, IntentDraft, IntentRecord, PendingIntents};
pub use journal::allocate;
pub use keys::{KeyError, KeyPlaces, keyed_digest, load_committed_fingerprinter, load_fingerprinter};
pub use mapped::Mapped;
pub use marks::{BACK, ENDED, Letters, Marks};
pub use reader::LogReader;
pub use results::{decode_results, encode_results};
pub use writer::DestructionLog;

/// Where the log of a state directory lies: `STATE/audit`, which holds no personal information.
pub fn dir_in(state: &Path) -> PathBuf {
    state.join(LOG)
}

/// Where the keys of a state directory lie: `STATE/private/keys`.
pub fn keys_in(state: &Path) -> KeyPlaces {
    KeyPlaces::new(state.join("private/keys"))
}

/// The keys of the log in this directory, where it lies in a state directory.
fn keys_beside(dir: &Path) -> Option<KeyPlaces> {
    let state = dir.parent().filter(|_| dir.file_name().is_some_and(|name| name == LOG))?;
    Some(keys_in(state))
}

/// The name of the log's directory in a state directory.
const LOG: &str = "audit";
