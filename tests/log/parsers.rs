//! The fuzz targets' twin on stable: the same checks, on true inputs with a few bytes changed, removed, doubled or cut.

use proptest::prelude::*;
use retentiond::audit::note::KeyKind;
use retentiond::audit::prove::prove;
use retentiond::audit::witness::Request;

use super::forge::{Forge, calendar, intent};
use super::real::Real;

#[path = "../../fuzz/checks.rs"]
mod checks;

/// One true input of each parser.
struct Seeds {
    notes: Vec<Vec<u8>>,
    bundle: Vec<u8>,
    journal: Vec<u8>,
    leaves: Vec<Vec<u8>>,
    proof: Vec<u8>,
    request: Vec<u8>,
}

fn seeds() -> &'static Seeds {
    static SEEDS: std::sync::OnceLock<Seeds> = std::sync::OnceLock::new();
    SEEDS.get_or_init(|| {
        let mut forge = Forge::sound();
        forge.add(calendar("P1Y6M"));
        forge.batch(&[intent(20..22)], &["1D1h"]);
        let dir = forge.written();
        let mut real = Real::ready();
        real.destroy(0..3);
        let segment = std::fs::read_dir(real.dir().join("journal")).unwrap().next().unwrap().unwrap().path();
        let journal = std::fs::read(segment).unwrap();
        let end = journal.iter().rposition(|byte| *byte != 0).unwrap() + 30;
        let witness = super::forge::witness(KeyKind::Witness);
        let note = forge.checkpoint(forge.size()).to_string();
        let line = witness.sign(&note, 5).to_string();
        let keys = [forge.key().verifier().to_string(), forge.key().secret_text().to_string()];
        let texts = [note.clone(), note + &line, line].into_iter().chain(keys);
        Seeds {
            notes: texts.map(String::into_bytes).collect(),
            bundle: std::fs::read(dir.path().join(format!("tile/entries/000.p/{}", forge.size()))).unwrap(),
            journal: with_length(journal[..end].to_vec()),
            leaves: forge.leaves.clone(),
            proof: prove(dir.path(), 3).unwrap().to_string().into_bytes(),
            request: Request::of_log(dir.path(), 3).unwrap().to_string().into_bytes(),
        }
    })
}

/// A segment whose header says the length that it has, so that what follows is looked at.
fn with_length(mut segment: Vec<u8>) -> Vec<u8> {
    if segment.len() >= 28 {
        let length = segment.len() as u64;
        segment[16..24].copy_from_slice(&length.to_be_bytes());
        let checksum = crc32c::crc32c(&segment[..24]);
        segment[24..28].copy_from_slice(&checksum.to_be_bytes());
    }
    segment
}

/// What happens to a true input.
#[derive(Clone, Debug)]
enum Edit {
    Put(prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Double(prop::sample::Index, prop::sample::Index),
    Cut(prop::sample::Index),
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let edit = prop_oneof![
        6 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(place, byte)| Edit::Put(place, byte)),
        3 => any::<prop::sample::Index>().prop_map(Edit::Remove),
        3 => (any::<prop::sample::Index>(), any::<u8>()).prop_map(|(place, byte)| Edit::Insert(place, byte)),
        1 => (any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(|(one, other)| Edit::Double(one, other)),
        1 => any::<prop::sample::Index>().prop_map(Edit::Cut),
    ];
    prop::collection::vec(edit, 0..5)
}

fn edited(truth: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = truth.to_vec();
    for edit in edits {
        if bytes.is_empty() {
            break;
        }
        let length = bytes.len();
        match edit {
            Edit::Put(place, byte) => bytes[place.index(length)] = *byte,
            Edit::Remove(place) => {
                bytes.remove(place.index(length));
            }
            Edit::Insert(place, byte) => bytes.insert(place.index(length), *byte),
            Edit::Double(one, other) => {
                let (one, other) = (one.index(length), other.index(length));
                let part = bytes[one.min(other)..one.max(other)].to_vec();
                bytes.splice(other..other, part);
            }
            Edit::Cut(place) => bytes.truncate(place.index(length)),
        }
    }
    bytes
}

#[test]
fn the_true_inputs_are_accepted() {
    let seeds = seeds();
    assert!(retentiond::audit::note::Note::parse(&seeds.notes[1]).is_ok());
    assert!(retentiond::audit::tiles::parse_bundle(&seeds.bundle).is_some());
    let contents = retentiond::audit::journal::frame::read_segment(&seeds.journal).unwrap();
    assert_eq!(contents.leaves.len(), 7);
    assert!(seeds.leaves.iter().all(|leaf| retentiond::audit::codec::decode(leaf).is_ok()));
    assert!(retentiond::audit::prove::Proof::parse(&seeds.proof).is_ok());
    assert!(Request::parse(&seeds.request).is_ok());
}

#[test]
fn every_seed_of_the_fuzz_targets_is_answered_and_says_something() {
    type Check = fn(&[u8]);
    let seeds = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let targets: [(&str, Check); 7] = [
        ("note", checks::note),
        ("checkpoint", checks::checkpoint),
        ("bundle", checks::bundle),
        ("journal", checks::journal),
        ("leaf", checks::leaf),
        ("proof", checks::proof),
        ("request", checks::request),
    ];
    for (target, check) in targets {
        let files = super::attacks::files(&seeds.join(target));
        assert!(!files.is_empty(), "{target}");
        files.iter().for_each(|file| check(&std::fs::read(file).unwrap()));
    }
    for leaf in super::attacks::files(&seeds.join("leaf")) {
        let bytes = std::fs::read(&leaf).unwrap();
        assert!(retentiond::audit::codec::decode(&bytes).is_ok(), "{}", leaf.display());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_parser_answers_for_every_input_and_accepts_one_form_only(
        edits in edits(), noise in prop::collection::vec(any::<u8>(), 0..300), choice in any::<prop::sample::Index>(),
    ) {
        let seeds = seeds();
        for bytes in [edited(&choice.get::<Vec<u8>>(&seeds.notes)[..], &edits), noise.clone()] {
            checks::note(&bytes);
            checks::checkpoint(&bytes);
        }
        for bytes in [edited(&seeds.bundle, &edits), noise.clone()] {
            checks::bundle(&bytes);
        }
        for bytes in [edited(&seeds.journal, &edits), noise.clone()] {
            checks::journal(&bytes);
            checks::journal(&with_length(bytes));
        }
        for bytes in [edited(&choice.get::<Vec<u8>>(&seeds.leaves)[..], &edits), noise.clone()] {
            checks::leaf(&bytes);
        }
        for bytes in [edited(&seeds.proof, &edits), edited(&seeds.request, &edits), noise] {
            checks::proof(&bytes);
            checks::request(&bytes);
        }
    }
}
