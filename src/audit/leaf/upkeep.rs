//! Leaves about the log itself: its beginning, its keys, what the databases no longer say, and that it is alive.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::run::is_zero;
use crate::model::{Actor, BatchNumber, Digest, Origin, RuleNumber, SourceName};

/// The first leaf of a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Genesis {
    pub origin: Origin,
    /// `retentiond` and its version.
    pub tool: String,
    /// Verifier key of the signatures (C2SP signed-note form).
    pub vkey: String,
    /// Where this log succeeds another (`audit adopt`): its origin, its size, its root, and why (keyed digest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predecessor: Option<Predecessor>,
}

/// The log that this one succeeds, as far as its entries could be read and are those that were signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Predecessor {
    pub origin: Origin,
    pub size: u64,
    pub root: Digest,
    /// Whether it had more entries than these: they could no longer be read, or were not those that had been signed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
    pub reason: Digest,
    pub actor: Actor,
}

/// The database no longer says what the log says: restored, perhaps on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    pub source: SourceName,
    /// `missing_fence`, `altered_fence`, `resurrected`, `fence_table_dropped`, `lifted`, `completed`, `released` or
    /// `clock`.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<BatchNumber>,
    /// Of files that a batch of an earlier log had left, or of its row: that batch, which has no number in this log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<EarlierBatch>,
    /// Which records of a resurrected batch are back, in its intents' order, as a run-length list (see
    /// `audit::marks`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    /// Of which records no file is tried any more, `completed` or `released`: such a list, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<Actor>,
    /// Why a person released files (keyed digest).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Digest>,
    pub records: u64,
    /// How many records of what is undone could not be looked for: their key is gone, or their series is mapped no
    /// more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unnamed: u64,
}

impl Correction {
    /// A correction of a source that says nothing more.
    pub fn new(source: SourceName, what: &str) -> Self {
        Self {
            source,
            what: what.to_owned(),
            batch: None,
            earlier: None,
            back: None,
            ended: None,
            actor: None,
            reason: None,
            records: 0,
            unnamed: 0,
        }
    }
}

/// A batch of a log that this one succeeds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EarlierBatch {
    pub origin: Origin,
    /// Its number in that log.
    pub batch: BatchNumber,
}

/// The program is alive and has nothing else to say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// Records past their term and not destroyed, per rule.
    pub overdue: BTreeMap<RuleNumber, u64>,
    pub holds: u64,
}

/// A fingerprint key, committed to before its first use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fpkey {
    pub source: SourceName,
    pub year: i32,
    /// SHA-256 of `"fpkey-v1\0"` and the key.
    pub commitment: Digest,
}

/// A fingerprint key was destroyed; its fingerprints can no longer be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FpkeyDestroyed {
    pub source: SourceName,
    pub year: i32,
    pub actor: Actor,
}

/// From the next checkpoint on, this key signs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sigkey {
    pub vkey: String,
    pub actor: Actor,
}
