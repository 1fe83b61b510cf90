//! Words that every room shares: ids, keys, moments, digests, limits, hours, faults in files, and the mark of durable
//! evidence.
//!
//! Pure: no I/O, no clock, no randomness. Imports nothing of the program.

mod count;
mod digest;
mod document;
mod evidence;
mod fault;
mod id;
mod key;
mod language;
mod limits;
mod moment;
mod near;
mod value;
mod window;

pub use count::counted;
pub use digest::{Digest, DigestBuilder, Fingerprint, ParseDigestError};
pub use document::{Document, Table};
pub use evidence::DurableEvidence;
pub use fault::Fault;
pub use id::{
    Actor, BatchNumber, CalendarNumber, HoldId, Origin, PartName, PlanId, RuleNumber, RunId, SeriesName, SourceName,
    TriggerName,
};
pub use key::{KeyError, KeyValue, RecordKey, alike};
pub use language::Language;
pub use limits::{Limits, Pace};
pub use moment::{CivilDate, Instant, Moment, UnknownZone, Zone, in_utc};
pub use near::{nearest, suggestion};
pub use value::Value;
pub use window::{Opening, ParseWindowError, Window, Windows};
