//! What must hold of every parser for every input: it answers without panic, and what it accepts has one form only.
//!
//! Shared by the fuzz targets and by their twin on stable, `tests/log/parsers.rs`.

use retentiond::audit::checkpoint::SignedCheckpoint;
use retentiond::audit::codec;
use retentiond::audit::journal::frame::read_segment;
use retentiond::audit::leaf::{Body, Leaf};
use retentiond::audit::note::{Note, Signature, SigningKey, VerifierKey};
use retentiond::audit::prove::Proof;
use retentiond::audit::tiles::parse_bundle;
use retentiond::audit::verify::Term;
use retentiond::audit::witness::Request;
use retentiond::audit::{BACK, Brief, decode_results, encode_results};

/// Signed notes, their keys and their lines.
pub fn note(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
    }
    let Ok(text) = str::from_utf8(bytes) else { return };
    let line = text.strip_suffix('\n').unwrap_or(text);
    if let Ok(key) = text.parse::<VerifierKey>() {
        assert_eq!(key.to_string(), line);
    }
    if let Ok(key) = SigningKey::parse(text) {
        assert_eq!(*key.secret_text(), line);
    }
    if let Ok(signature) = text.parse::<Signature>() {
        assert_eq!(signature.to_string(), format!("{line}\n"));
    }
}

/// Signed checkpoints.
pub fn checkpoint(bytes: &[u8]) {
    if let Ok(checkpoint) = SignedCheckpoint::parse(bytes) {
        assert_eq!(checkpoint.to_string().as_bytes(), bytes);
    }
}

/// Entry bundles.
pub fn bundle(bytes: &[u8]) {
    if let Some(entries) = parse_bundle(bytes) {
        let written = entries.iter().flat_map(|entry| [&(entry.len() as u16).to_be_bytes(), *entry].concat());
        assert_eq!(written.collect::<Vec<u8>>(), bytes);
    }
}

/// Segments of the journal.
pub fn journal(bytes: &[u8]) {
    if let Ok(contents) = read_segment(bytes) {
        assert!(contents.end <= bytes.len());
        assert!(contents.leaves.iter().all(|leaf| leaf.start <= leaf.end && leaf.end <= contents.end));
        assert!(contents.leaves.is_sorted_by_key(|leaf| leaf.start));
    }
}

/// Leaves, whole and in brief, with what they hold in forms of their own: results, who is back, fingerprints, periods.
pub fn leaf(bytes: &[u8]) {
    // It trusts that a leaf is canonical, and must answer nonetheless: a log is read in brief before all of it was verified.
    let brief = Brief::read(bytes);
    let Ok(leaf) = codec::decode(bytes) else { return };
    assert_eq!(codec::encode(&leaf).ok().as_deref(), Some(bytes));
    assert_eq!(brief.ok(), Some(in_brief(&leaf)));
    match leaf.body {
        Body::Intent(intent) => {
            assert!(intent.fingerprints().is_none_or(|all| all.len() == intent.n as usize));
        }
        Body::Outcome(outcome) => {
            if let Ok(results) = decode_results(&outcome.results, 2_000) {
                assert_eq!(encode_results(&results), outcome.results);
            }
        }
        Body::Correction(correction) => {
            let Some(marks) = correction.back.as_deref().and_then(|back| BACK.read(back)) else { return };
            if marks.records() <= 2_000 {
                let back: Vec<bool> = (0..).map_while(|place| marks.is_marked(place)).collect();
                assert_eq!(back.iter().filter(|back| **back).count() as u64, marks.marked());
                assert_eq!(Some(BACK.write(&back)), correction.back);
            }
        }
        Body::Calendar(calendar) => {
            let zone = calendar.zone.parse().unwrap_or(retentiond::model::Zone::UTC);
            for term in calendar.rules.values().filter_map(|rule| Term::read(rule, zone).ok()) {
                let [_, due, later, _] = [i32::MIN, 0, 20_000, i32::MAX].map(|day| term.not_before(day));
                assert!(due.is_none() || later.is_none() || due <= later);
            }
        }
        _ => (),
    }
}

/// What a leaf says in brief, told from the whole of it.
fn in_brief(leaf: &Leaf) -> Brief {
    match &leaf.body {
        Body::Intent(intent) => Brief::Intent {
            batch: intent.batch,
            plan: intent.plan.clone(),
            source: intent.source.clone(),
            series: intent.series.clone(),
            year: intent.year,
        },
        Body::Outcome(outcome) => Brief::Outcome { batch: outcome.batch, committed: outcome.committed },
        _ => Brief::Whole(Box::new(leaf.clone())),
    }
}

/// Proofs of single entries.
pub fn proof(bytes: &[u8]) {
    if let Ok(proof) = Proof::parse(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes);
    }
}

/// Requests to a witness.
pub fn request(bytes: &[u8]) {
    if let Ok(request) = Request::parse(bytes) {
        assert_eq!(request.to_string().as_bytes(), bytes);
    }
}
