use proptest::prelude::*;
use signed_note::{Note as OracleNote, StandardSigner, StandardVerifier, VerifierList};

use super::*;

const NAME: &str = "retentiond.example/parle";

fn key(kind: KeyKind, seed: u8) -> SigningKey {
    SigningKey::from_seed(NAME, kind, &[seed; 32]).unwrap()
}

fn signed(text: &str, keys: &[&SigningKey]) -> Note {
    let mut note = Note::new(text.to_owned()).unwrap();
    keys.iter().for_each(|key| note.add(key.sign(text, 1_679_315_147)));
    note
}

#[test]
fn the_example_of_the_specification_is_read_and_written_back() {
    let example = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n\
        — quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
    let note = Note::parse(example.as_bytes()).unwrap();
    assert!(note.text().ends_with("sole:\n\ned è subito sera.\n"));
    assert_eq!(note.signatures()[0].name(), "quasimodo.example/salvatore");
    assert_eq!(note.to_string(), example);
}

#[test]
fn keys_survive_their_text_and_a_wrong_hash_is_refused() {
    for kind in [KeyKind::Log, KeyKind::Witness] {
        let signing = key(kind, 7);
        let text = signing.verifier().to_string();
        assert_eq!(text.parse(), Ok(signing.verifier()));
        assert_eq!(SigningKey::parse(&signing.secret_text()).unwrap().verifier(), signing.verifier());
        let renamed = text.replace("parle", "other");
        assert!(matches!(renamed.parse::<VerifierKey>(), Err(NoteError::VerifierKey(_))));
    }
}

#[test]
fn keys_are_the_oracle_s() {
    let ours = key(KeyKind::Log, 9);
    let theirs = StandardVerifier::new(&ours.verifier().to_string()).unwrap();
    assert_eq!(signed_note::Verifier::key_id(&theirs), ours.verifier().id());
    assert!(StandardSigner::new(&ours.secret_text()).is_ok());
}

#[test]
fn a_changed_text_another_key_and_no_signature_are_told_apart() {
    let ours = key(KeyKind::Log, 1);
    let note = signed("text\n", &[&ours]);
    assert_eq!(note.verify(&ours.verifier()), Ok(None));
    let changed = Note { text: "Text\n".to_owned(), ..note.clone() };
    assert_eq!(changed.verify(&ours.verifier()), Err(NoteError::BadSignature(NAME.to_owned())));
    assert_eq!(note.verify(&key(KeyKind::Log, 2).verifier()), Err(NoteError::Unsigned(NAME.to_owned())));
}

#[test]
fn a_second_false_signature_of_a_known_key_rejects_the_note() {
    let ours = key(KeyKind::Log, 1);
    let mut note = signed("text\n", &[&ours]);
    note.signatures.push(ours.sign("other\n", 0));
    assert!(matches!(note.verify(&ours.verifier()), Err(NoteError::BadSignature(_))));
}

#[test]
fn a_cosignature_tells_its_time_and_is_no_log_signature() {
    let (log, witness) = (key(KeyKind::Log, 1), key(KeyKind::Witness, 1));
    let note = signed("origin\n1\nroot\n", &[&log, &witness]);
    assert_eq!(note.verify(&witness.verifier()), Ok(Some(1_679_315_147)));
    assert_ne!(log.verifier().id(), witness.verifier().id());
    let mut later = note.clone();
    later.signatures[1].bytes[7] += 1;
    assert!(matches!(later.verify(&witness.verifier()), Err(NoteError::BadSignature(_))));
}

#[test]
fn of_two_cosignatures_by_one_witness_the_earliest_time_counts_in_either_order() {
    let witness = key(KeyKind::Witness, 1);
    for times in [[5, 9], [9, 5]] {
        let mut note = signed("origin\n1\nroot\n", &[]);
        note.signatures.extend(times.map(|time| witness.sign(note.text(), time)));
        assert_eq!(note.verify(&witness.verifier()), Ok(Some(5)), "{times:?}");
    }
}

#[test]
fn a_key_of_small_order_is_refused() {
    let mut bytes = vec![0x01_u8];
    bytes.extend([0; 32]);
    let text = format!("{NAME}+00000000+{}", STANDARD.encode(bytes));
    assert!(
        matches!(text.parse::<VerifierKey>(), Err(NoteError::VerifierKey(reason)) if reason.contains("small order"))
    );
}

#[test]
fn at_least_sixteen_signatures_are_read_and_a_new_one_replaces_its_elder() {
    let keys: Vec<SigningKey> = (0..17).map(|seed| key(KeyKind::Witness, seed)).collect();
    let mut note = signed("text\n", &keys.iter().collect::<Vec<_>>());
    note.add(keys[0].sign("text\n", 5));
    let note = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(note.signatures().len(), 17);
    assert_eq!(note.verify(&keys[0].verifier()), Ok(Some(5)));
}

proptest! {
    #[test]
    fn the_oracle_verifies_our_notes_and_we_verify_the_oracle_s(
        lines in prop::collection::vec("[ -~éœ]{0,20}", 1..6), seed in any::<[u8; 32]>(),
    ) {
        let text = lines.join("\n") + "\n";
        let ours = SigningKey::from_seed(NAME, KeyKind::Log, &seed).unwrap();
        let vkey = ours.verifier();
        let note = signed(&text, &[&ours]).to_string();

        let known = VerifierList::new(vec![Box::new(StandardVerifier::new(&vkey.to_string()).unwrap())]);
        let parsed = OracleNote::from_bytes(note.as_bytes()).unwrap();
        prop_assert_eq!(parsed.text(), text.as_bytes());
        prop_assert!(parsed.verify(&known).is_ok());

        let mut theirs = OracleNote::new(text.as_bytes(), &[]).unwrap();
        let signer = StandardSigner::new(&ours.secret_text()).unwrap();
        theirs.add_sigs(&[&signer]).unwrap();
        prop_assert_eq!(String::from_utf8(theirs.to_bytes()).unwrap(), note.clone());
        prop_assert_eq!(Note::parse(note.as_bytes()).unwrap().verify(&vkey), Ok(None));
    }

    /// What we accept, the oracle accepts too.
    #[test]
    fn any_bytes_are_refused_or_a_note_that_survives_writing(bytes in mutated_note()) {
        let oracle = OracleNote::from_bytes(&bytes);
        match Note::parse(&bytes) {
            Ok(note) => {
                prop_assert_eq!(note.to_string().into_bytes(), bytes);
                prop_assert!(oracle.is_ok());
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }

    #[test]
    fn any_text_is_refused_or_a_key_that_survives_writing(text in "(PRIVATE\\+KEY\\+)?[a-z]{0,3}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/=]{0,60}") {
        if let Ok(key) = text.parse::<VerifierKey>() {
            prop_assert_eq!(key.to_string(), text.clone());
        }
        if let Ok(key) = SigningKey::parse(&text) {
            prop_assert_eq!(key.secret_text().to_string(), text);
        }
    }
}

/// A true note with a few bytes changed, removed or doubled; sometimes nothing but noise.
fn mutated_note() -> impl Strategy<Value = Vec<u8>> {
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 0..4);
    let truth = edits.prop_map(|edits| {
        let mut bytes = signed("origin\n1\nroot\n", &[&key(KeyKind::Log, 1)]).to_string().into_bytes();
        for (place, byte, edit) in edits {
            let place = place.index(bytes.len());
            match edit {
                0 => bytes[place] = byte,
                1 => drop(bytes.remove(place)),
                _ => bytes.insert(place, byte),
            }
        }
        bytes
    });
    prop_oneof![3 => truth, 1 => prop::collection::vec(any::<u8>(), 0..200)]
}
