//! Leaves at the speed of reading, for who folds a whole log at each start: of intents and outcomes, which are most of
//! its bytes, the lists of records are passed over.

use serde::Deserialize;

use super::codec::{LeafError, parse};
use super::leaf::Leaf;
use crate::model::{BatchNumber, PlanId, SeriesName, SourceName};

/// What a leaf says, in brief.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brief {
    Intent {
        batch: BatchNumber,
        plan: PlanId,
        source: SourceName,
        series: SeriesName,
        /// Of the key that names its records.
        year: i32,
    },
    Outcome {
        batch: BatchNumber,
        /// Whether the transaction committed.
        committed: bool,
    },
    /// A leaf of any other kind.
    Whole(Box<Leaf>),
}

impl Brief {
    /// Reads a leaf as stored. Trusts that it is canonical: it was hashed, and the log signed for it.
    ///
    /// # Errors
    /// Bytes that are no leaf, as far as they are looked at.
    pub fn read(bytes: &[u8]) -> Result<Self, LeafError> {
        match kind(bytes) {
            Some(b"intent") => {
                let head: IntentHead = part(bytes, ..find(bytes, b",\"day\":").ok_or(LeafError::NotCanonical)?)?;
                let tail: IntentTail =
                    part(bytes, find_last(bytes, b",\"of\":").ok_or(LeafError::NotCanonical)? + 1..)?;
                let IntentTail { plan, source, series, year } = tail;
                Ok(Self::Intent { batch: head.batch, plan, source, series, year })
            }
            Some(b"outcome") => {
                let told: OutcomeTold = serde_json::from_slice(bytes).map_err(LeafError::NotALeaf)?;
                Ok(Self::Outcome { batch: told.batch, committed: told.committed })
            }
            _ => Ok(Self::Whole(Box::new(parse(bytes)?))),
        }
    }
}

#[derive(Deserialize)]
struct IntentHead {
    batch: BatchNumber,
}

#[derive(Deserialize)]
struct IntentTail {
    plan: PlanId,
    source: SourceName,
    series: SeriesName,
    year: i32,
}

#[derive(Deserialize)]
struct OutcomeTold {
    batch: BatchNumber,
    committed: bool,
}

/// The kind of a canonical leaf.
pub(super) fn kind(bytes: &[u8]) -> Option<&[u8]> {
    const NAME: &[u8] = b"\"kind\":\"";
    // From the end: a long list of fingerprints stands before it.
    let start = find_last(bytes, NAME)? + NAME.len();
    let length = bytes[start..].iter().position(|byte| *byte == b'"')?;
    Some(&bytes[start..start + length])
}

/// Some fields of a canonical object that follow each other, as an object.
fn part<T: serde::de::DeserializeOwned>(
    bytes: &[u8],
    range: impl std::slice::SliceIndex<[u8], Output = [u8]>,
) -> Result<T, LeafError> {
    let fields = &bytes[range];
    let fields = fields.strip_prefix(b"{").unwrap_or(fields);
    let fields = fields.strip_suffix(b"}").unwrap_or(fields);
    serde_json::from_slice(&[b"{", fields, b"}"].concat()).map_err(LeafError::NotALeaf)
}

/// Where a field's name stands: in a string a quote is escaped, so these bytes stand nowhere else.
fn find(bytes: &[u8], name: &[u8]) -> Option<usize> {
    bytes.windows(name.len()).position(|window| window == name)
}

fn find_last(bytes: &[u8], name: &[u8]) -> Option<usize> {
    bytes.windows(name.len()).rposition(|window| window == name)
}

#[cfg(test)]
mod tests {
    use super::super::codec::encode;
    use super::super::leaf::{Body, Heartbeat};
    use super::super::writer::tests::{LogDir, at, draft, leaves, outcome};
    use super::super::{Entries, IntentDraft, IntentRecord};
    use super::*;
    use crate::model::{DurableEvidence, Fingerprint};

    #[test]
    fn a_leaf_in_brief_says_what_the_leaf_says() {
        let place = LogDir::new();
        let mut log = place.create();
        let record = |number| IntentRecord {
            fingerprint: Fingerprint::from_bytes([number; 32]),
            reference: Some(Fingerprint::from_bytes([9; 32])),
            day: at(0).date_naive(),
        };
        let hostile = r#"a","of":1,"kind":"refused","day":[x"#;
        for (plan, with_references) in [("plan-1", false), (hostile, true)] {
            let records = (0..3).map(record).collect();
            let draft = IntentDraft { plan: plan.into(), source: hostile.into(), records, with_references, ..draft(0) };
            let pending = log.append_intents(draft, at(0)).unwrap();
            let durable = log.make_durable(pending).unwrap();
            let batch = durable.batch();
            let Body::Outcome(mut told) = outcome(batch, batch.0, 3) else { unreachable!() };
            if with_references {
                (told.committed, told.results) = (false, "3r".into());
            }
            log.append(Body::Outcome(told), at(0)).unwrap();
        }
        log.append(Body::Heartbeat(Heartbeat { overdue: [(hostile.into(), 1)].into(), holds: 0 }), at(0)).unwrap();
        log.sync().unwrap();
        let mut briefs = Vec::new();
        log.scan_brief(0, &mut |_, brief| {
            briefs.push(brief);
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(briefs.len(), 6);
        for (leaf, brief) in leaves(&log).into_iter().zip(briefs) {
            assert_eq!(kind(&encode(&leaf).unwrap()), Some(leaf.body.kind().as_bytes()));
            let expected = match &leaf.body {
                Body::Intent(intent) => Brief::Intent {
                    batch: intent.batch,
                    plan: intent.plan.clone(),
                    source: intent.source.clone(),
                    series: intent.series.clone(),
                    year: intent.year,
                },
                Body::Outcome(outcome) => Brief::Outcome { batch: outcome.batch, committed: outcome.committed },
                _ => Brief::Whole(Box::new(leaf)),
            };
            assert_eq!(brief, expected);
        }
    }
}
