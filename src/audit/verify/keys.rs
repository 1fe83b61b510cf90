//! The keys that the log declares: those that sign it, and those that name records in it.

use std::collections::BTreeSet;

use chrono::DateTime;

use super::findings::Findings;
use super::flaw::Flaw;
use crate::audit::key_year;
use crate::audit::leaf::Fpkey;
use crate::audit::note::{KeyKind, VerifierKey};
use crate::model::{Origin, SourceName};

/// How long, in days, the key of a year serves in the next: a plan stands two weeks for its approval and two for its
/// run, which takes time.
const YEAR_OVERLAP: i64 = 60;

/// Signing keys, each with the entry that declares it.
#[derive(Debug, Default)]
pub(super) struct SigningKeys(Vec<(u64, VerifierKey)>);

impl SigningKeys {
    /// Reads the declaration of a key by an entry of the log of this name.
    pub fn declare(&mut self, index: u64, vkey: &str, origin: &Origin, findings: &mut Findings) {
        match vkey.parse::<VerifierKey>() {
            Ok(key) if key.kind() != KeyKind::Log => {
                findings.at(index, Flaw::BadSigningKey("it is a witness's".to_owned()));
            }
            Ok(key) if key.name() != origin.as_str() => {
                findings.at(index, Flaw::BadSigningKey(format!("it bears the name {}", key.name())));
            }
            Ok(key) => self.0.push((index, key)),
            Err(error) => findings.at(index, Flaw::BadSigningKey(error.to_string())),
        }
    }

    /// The key that signs a checkpoint of this size: the last one declared among its entries.
    pub fn at(&self, size: u64) -> Option<&VerifierKey> {
        self.0.iter().rfind(|(declared, _)| *declared < size).map(|(_, key)| key)
    }
}

/// Fingerprint keys declared and destroyed.
#[derive(Debug, Default)]
pub(super) struct FingerprintKeys {
    declared: BTreeSet<(SourceName, i32)>,
    destroyed: BTreeSet<(SourceName, i32)>,
    /// The last one found in order: most entries use the same.
    last: Option<(SourceName, i32)>,
}

impl FingerprintKeys {
    /// Reads the declaration of a key.
    pub fn declare(&mut self, index: u64, fpkey: &Fpkey, findings: &mut Findings) {
        if !self.declared.insert((fpkey.source.clone(), fpkey.year)) {
            findings.at(index, Flaw::SecondFingerprintKey { source_name: fpkey.source.clone(), year: fpkey.year });
        }
    }

    /// Reads the use of a key: it was declared before, and is not destroyed yet.
    pub fn used(&mut self, index: u64, source: &SourceName, year: i32, findings: &mut Findings) {
        if self.last.as_ref().is_some_and(|last| &last.0 == source && last.1 == year && self.destroyed.is_empty()) {
            return;
        }
        let key = (source.clone(), year);
        if !self.declared.contains(&key) {
            findings.at(index, Flaw::UndeclaredFingerprintKey { source_name: source.clone(), year });
        } else if self.destroyed.contains(&key) {
            findings.at(index, Flaw::DestroyedFingerprintKey { source_name: source.clone(), year });
        } else {
            self.last = Some(key);
        }
    }

    /// Notes that a key is no more.
    pub fn destroy(&mut self, source: &SourceName, year: i32) {
        self.destroyed.insert((source.clone(), year));
    }
}

/// Whether an entry of this time may use the key of this year.
pub(super) fn is_year_of(at: i64, year: i32) -> bool {
    let year_at = |at: i64| DateTime::from_timestamp(at, 0).map(key_year);
    [at, at.saturating_sub(YEAR_OVERLAP * 86_400)].into_iter().any(|at| year_at(at) == Some(year))
}
