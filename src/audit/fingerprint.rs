//! Fingerprints: what a record is called in the log, meaningless to who does not hold the key.

use chrono::Datelike;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::model::{Fingerprint, Instant, KeyValue, RecordKey, SeriesName, SourceName};

/// The year whose keys name records at this instant: of UTC, so that it does not depend on a calendar.
pub fn key_year(now: Instant) -> i32 {
    now.year()
}

/// Names records of one source under the key of one year.
///
/// Cheap to clone and to share; the key leaves memory when dropped.
#[derive(Clone)]
pub struct Fingerprinter {
    year: i32,
    /// Keyed, with `"fp-v1\0" ‖ len‖source` absorbed.
    records: Hmac<Sha256>,
    /// Keyed, with `"rf-v1\0" ‖ len‖source` absorbed.
    references: Hmac<Sha256>,
}

impl Fingerprinter {
    pub(super) fn new(key: &[u8; 32], source: &SourceName, year: i32) -> Self {
        Self { year, records: in_domain(key, b"fp-v1\0", source), references: in_domain(key, b"rf-v1\0", source) }
    }

    /// The year of the key, as intents name it.
    pub fn year(&self) -> i32 {
        self.year
    }

    /// `HMAC-SHA256(K, "fp-v1\0" ‖ len‖source ‖ len‖series ‖ key)`, lengths u32 BE, the key in its canonical bytes.
    pub fn record(&self, series: &SeriesName, key: &RecordKey) -> Fingerprint {
        finish(self.records.clone(), series, &key.canonical_bytes())
    }

    /// The same in the domain `"rf-v1\0"`, over a key of this one value: what people cite, such as a file number.
    pub fn reference(&self, series: &SeriesName, value: &KeyValue) -> Fingerprint {
        finish(self.references.clone(), series, &RecordKey::new(vec![value.clone()]).canonical_bytes())
    }
}

/// HMAC-SHA256 under a key of 32 bytes.
pub(super) fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // HMAC pads a key with zeros to the hash's block; to do it here spares a `Result` that cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(key);
    <Hmac<Sha256> as KeyInit>::new((&*block).into())
}

fn in_domain(key: &[u8; 32], domain: &[u8], source: &SourceName) -> Hmac<Sha256> {
    let mut mac = keyed(key);
    mac.update(domain);
    update_lengthed(&mut mac, source.as_str());
    mac
}

fn finish(mut mac: Hmac<Sha256>, series: &SeriesName, key: &[u8]) -> Fingerprint {
    update_lengthed(&mut mac, series.as_str());
    mac.update(key);
    Fingerprint::from_bytes(mac.finalize().into_bytes().into())
}

fn update_lengthed(mac: &mut Hmac<Sha256>, text: &str) {
    mac.update(&(text.len() as u32).to_be_bytes());
    mac.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of `docs/log-format.md`, computed by another program.
    #[test]
    fn the_vectors_of_the_documentation_hold() {
        let (source, series) = (SourceName::from("parle"), SeriesName::from("dossier"));
        let fingerprinter = Fingerprinter::new(&[0x2a; 32], &source, 2026);
        let record = fingerprinter.record(&series, &RecordKey::new(vec![KeyValue::Integer(41)]));
        assert_eq!(record.to_string(), "ELIe18Hr7rjxMxsgJeuqSf9uw0w82pkGdERXTZtZzbo");
        let reference = fingerprinter.reference(&series, &KeyValue::Text("2024-0017".to_owned()));
        assert_eq!(reference.to_string(), "W0_iGkg2oCB7LIlVvMf4uQ7-pVQj9X75whIluKmi--c");
    }

    #[test]
    fn names_do_not_run_into_each_other() {
        let key = RecordKey::new(vec![KeyValue::Integer(1)]);
        let of = |source: &str, series: &str| {
            Fingerprinter::new(&[1; 32], &source.into(), 2026).record(&series.into(), &key)
        };
        assert_ne!(of("ab", "c"), of("a", "bc"));
        let text = RecordKey::new(vec![KeyValue::Text("1".to_owned())]);
        let fingerprinter = Fingerprinter::new(&[1; 32], &"a".into(), 2026);
        assert_ne!(fingerprinter.record(&"c".into(), &key), fingerprinter.record(&"c".into(), &text));
    }
}
