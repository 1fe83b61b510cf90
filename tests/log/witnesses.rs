//! Witnesses before a hostile operator, and before their own files.

use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use retentiond::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use retentiond::audit::leaf::CalendarLeaf;
use retentiond::audit::merkle::TreeHead;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::prove::{Proof, ProofError, prove};
use retentiond::audit::verify::{Flaw, Trust, Verdict, verify};
use retentiond::audit::witness::{Witness, WitnessError, add_cosignature, read_witnessed};
use retentiond::disposition::declared::leaf_of_text;
use retentiond::model::Origin;

use super::forge::*;

fn opened(home: &Path) -> Witness {
    Witness::open_or_create(home, "auditor.example/w1").unwrap()
}

fn state_file(home: &Path) -> PathBuf {
    let files = fs::read_dir(home).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.extension().is_some_and(|end| end == "checkpoint")).unwrap()
}

/// The checkpoint with as many signatures of strangers as a note can carry.
fn crowded(mut checkpoint: SignedCheckpoint) -> SignedCheckpoint {
    for stranger in 0..99 {
        let key = SigningKey::from_seed(&format!("stranger-{stranger}"), KeyKind::Witness, &[9; 32]).unwrap();
        checkpoint.add(key.sign("something else\n", 1));
    }
    checkpoint
}

#[test]
fn a_witness_keeps_no_signature_that_it_did_not_check_and_so_remembers_the_log() {
    let (home, mut forge) = (tempfile::tempdir().unwrap(), Forge::sound());
    let (witness, key) = (opened(home.path()), forge.key().verifier());
    let log = forge.written();
    fs::write(log.path().join("checkpoint"), crowded(forge.checkpoint(forge.size())).to_string()).unwrap();
    witness.cosign_log(log.path(), &key, leaf_of_text, now()).unwrap();
    let kept = witness.last(&Origin::new(ORIGIN)).unwrap().unwrap();
    assert_eq!(kept.note().signatures().len(), 2);
    forge.add(heartbeat());
    witness.cosign_log(forge.written().path(), &key, leaf_of_text, now()).unwrap();
}

#[test]
fn no_signature_of_a_stranger_is_stored_beside_the_log() {
    let forge = Forge::sound();
    let log = forge.written();
    let [one, other] = [7, 8].map(|seed| SigningKey::from_seed("auditor", KeyKind::Witness, &[seed; 32]).unwrap());
    let text = forge.checkpoint(forge.size()).note().text().to_owned();
    add_cosignature(log.path(), one.sign(&text, 5).to_string().as_bytes(), &one.verifier(), now()).unwrap();
    let mut received = crowded(forge.checkpoint(forge.size()));
    received =
        SignedCheckpoint::parse(received.to_string().replacen("stranger-0 ", "stranger_0 ", 1).as_bytes()).unwrap();
    let lines: Vec<String> =
        received.to_string().lines().filter(|line| !line.contains("stranger_0")).map(str::to_owned).collect();
    let mut received = SignedCheckpoint::parse((lines.join("\n") + "\n").as_bytes()).unwrap();
    received.add(other.sign(&text, 6));
    add_cosignature(log.path(), received.to_string().as_bytes(), &other.verifier(), now()).unwrap();
    let stored = read_witnessed(log.path()).unwrap().unwrap();
    assert_eq!(stored.note().signatures().len(), 3, "the log's, and those of two witnesses");
}

#[test]
fn a_cosignature_that_tells_no_time_or_one_that_has_not_come_is_not_stored() {
    let forge = Forge::sound();
    let (log, witness) = (forge.written(), witness(KeyKind::Witness));
    let (checkpoint, now_seconds) = (forge.checkpoint(forge.size()), now().timestamp() as u64);
    let signed = |time: u64| witness.sign(checkpoint.note().text(), time).to_string();
    let add = |received: String| add_cosignature(log.path(), received.as_bytes(), &witness.verifier(), now());
    assert!(matches!(add(signed(0)), Err(WitnessError::Untimed)));
    let ahead = signed(now_seconds + 301);
    // In a whole checkpoint the witness may have signed twice: each of its times must have come.
    for received in [ahead.clone(), format!("{checkpoint}{}{ahead}", signed(5)), format!("{checkpoint}{ahead}")] {
        assert!(matches!(add(received), Err(WitnessError::NotYet { .. })));
    }
    assert!(read_witnessed(log.path()).unwrap().is_none());
    assert_eq!(add(signed(now_seconds + 300)).unwrap().size, forge.size());
}

#[test]
fn a_co_signed_checkpoint_that_the_log_did_not_sign_is_not_stored() {
    let forge = Forge::sound();
    let log = forge.written();
    let witness = witness(KeyKind::Witness);
    let other = Forge { seed: 2, ..forge.clone() };
    let unsigned = Checkpoint::new(ORIGIN.into(), forge.checkpoint(forge.size()).claimed().tree);
    for mut received in [other.checkpoint(forge.size()), unsigned.sign(&witness).unwrap()] {
        received.add(witness.sign(received.note().text(), NOW as u64));
        let refused = add_cosignature(log.path(), received.to_string().as_bytes(), &witness.verifier(), now());
        assert!(matches!(refused, Err(WitnessError::Note(_))), "{refused:?}");
        assert!(read_witnessed(log.path()).unwrap().is_none());
    }
    let trust = Trust { witnesses: vec![witness.verifier()], ..Trust::default() };
    assert_eq!(verify(log.path(), &trust).verdict, Verdict::OkUnanchored);
}

thread_local! {
    /// What is put in the place of a checkpoint while its log is verified.
    static SWAP: RefCell<Option<(PathBuf, String)>> = const { RefCell::new(None) };
}

fn swap_and_read(text: &[u8]) -> Result<CalendarLeaf, String> {
    if let Some((path, checkpoint)) = SWAP.take() {
        fs::write(path, checkpoint).unwrap();
    }
    leaf_of_text(text)
}

#[test]
fn a_witness_co_signs_nothing_else_than_what_it_verified() {
    let (home, forge) = (tempfile::tempdir().unwrap(), Forge::sound());
    let (witness, key) = (opened(home.path()), forge.key().verifier());
    let root = forge.checkpoint(forge.size()).claimed().tree.root;
    let swapped = [
        Checkpoint::new("another.example".into(), TreeHead { size: forge.size(), root }).sign(&forge.key()),
        Checkpoint::new(ORIGIN.into(), TreeHead { size: 9_000_000, root }).sign(&forge.key()),
        Checkpoint::new(ORIGIN.into(), TreeHead { size: forge.size(), root })
            .sign(&Forge { seed: 2, ..forge.clone() }.key()),
    ];
    for swapped in swapped.map(Result::unwrap) {
        let log = forge.written();
        SWAP.set(Some((log.path().join("checkpoint"), swapped.to_string())));
        let refused = witness.cosign_log(log.path(), &key, swap_and_read, now());
        assert!(refused.is_err(), "{swapped}");
        assert!(witness.last(&swapped.claimed().origin).unwrap().is_none());
    }
}

#[test]
fn a_witness_does_not_accuse_the_operator_of_what_became_of_its_own_file() {
    let (home, forge) = (tempfile::tempdir().unwrap(), Forge::sound());
    let (witness, key) = (opened(home.path()), forge.key().verifier());
    let log = forge.written();
    witness.cosign_log(log.path(), &key, leaf_of_text, now()).unwrap();
    let path = state_file(home.path());
    let sound = fs::read_to_string(&path).unwrap();
    let rooted = sound.lines().nth(2).unwrap();
    let other_root = format!("{}{}", if rooted.starts_with('A') { 'B' } else { 'A' }, &rooted[1..]);
    let foreign = Forge { origin: "other.example".into(), ..forge.clone() };
    let mut of_another_log = foreign.checkpoint(8);
    let secret = fs::read_to_string(home.path().join("key")).unwrap();
    of_another_log.add(SigningKey::parse(&secret).unwrap().sign(of_another_log.note().text(), 5));
    for damaged in [sound.replacen(rooted, &other_root, 1), String::new(), of_another_log.to_string()] {
        fs::write(&path, damaged).unwrap();
        let refused = witness.cosign_log(log.path(), &key, leaf_of_text, now()).unwrap_err();
        let told = refused.to_string();
        assert!(told.contains(&path.display().to_string()) && told.contains("this witness's own"), "{told}");
    }
    fs::write(&path, sound).unwrap();
    witness.cosign_log(log.path(), &key, leaf_of_text, now()).unwrap();
}

#[test]
fn witnesses_that_begin_in_one_directory_at_once_have_one_key() {
    for _ in 0..20 {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("witness");
        let keys: Vec<String> = std::thread::scope(|scope| {
            let begun: Vec<_> = (0..6).map(|_| scope.spawn(|| opened(&dir).verifier().to_string())).collect();
            begun.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == opened(&dir).verifier().to_string()), "{keys:?}");
    }
}

#[test]
fn a_witness_does_not_sign_with_the_key_of_a_log() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("key"), format!("{}\n", *Forge::sound().key().secret_text())).unwrap();
    fs::set_permissions(home.path().join("key"), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(matches!(Witness::open_or_create(home.path(), "w"), Err(WitnessError::Key { .. })));
}

#[test]
fn a_proof_of_an_entry_dated_after_a_witness_had_seen_it_or_after_now_proves_no_date() {
    let forge = Forge::sound();
    let log = forge.written();
    let witness = witness(KeyKind::Witness);
    let at = prove(log.path(), 3).unwrap().verify(&trust(forge.key().verifier(), Vec::new())).unwrap().leaf.at;
    let seen = |time: i64| {
        let mut checkpoint = forge.checkpoint(forge.size());
        checkpoint.add(witness.sign(checkpoint.note().text(), time as u64));
        fs::write(log.path().join("checkpoint"), checkpoint.to_string()).unwrap();
        let key = Some(forge.key().verifier());
        let trust = Trust { key, witnesses: vec![witness.verifier()], ..Trust::default() };
        Proof::parse(prove(log.path(), 3).unwrap().to_string().as_bytes()).unwrap().verify(&trust)
    };
    assert_eq!(seen(at - 300).unwrap().verdict, Verdict::OkAnchoredTo(forge.size()));
    for early in [at - 301, 0] {
        assert!(matches!(seen(early), Err(ProofError::AfterWitness { .. })), "{early}");
    }
    let of = |now: i64| {
        let trust = Trust { key: Some(forge.key().verifier()), now: Some(now), ..Trust::default() };
        prove(log.path(), 3).unwrap().verify(&trust)
    };
    assert!(of(at - 300).is_ok());
    assert!(matches!(of(at - 301), Err(ProofError::Ahead { .. })));
}

#[test]
fn of_two_cosignatures_by_one_witness_the_first_sight_dates_the_log_and_the_second_verifier_reads_both() {
    let forge = Forge::sound();
    let witness = witness(KeyKind::Witness);
    let proof = prove(forge.written().path(), forge.size() - 1).unwrap();
    let at = proof.verify(&trust(forge.key().verifier(), Vec::new())).unwrap().leaf.at;
    for times in [[at - 301, at], [at, at - 301]] {
        let log = forge.written();
        let checkpoint = forge.checkpoint(forge.size());
        let lines = times.map(|time| witness.sign(checkpoint.note().text(), time as u64).to_string());
        fs::write(log.path().join("witnessed"), format!("{checkpoint}{}", lines.concat())).unwrap();
        let found = verify(log.path(), &Trust { witnesses: vec![witness.verifier()], ..Trust::default() });
        assert!(found.findings.iter().any(|one| matches!(one.flaw, Flaw::AfterWitness { .. })), "{times:?} {found:?}");
        // It knows no witnesses, so it must neither take their lines for the log's nor stumble over two of them.
        if super::python::python() {
            assert_eq!(super::python::said(log.path(), &[]).1, Some(0), "{times:?}");
        }
    }
}

#[test]
fn a_damaged_file_of_cosignatures_is_named_by_what_cannot_go_on_without_it() {
    let forge = Forge::sound();
    let log = forge.written();
    let path = log.path().join("witnessed");
    fs::write(&path, "half a note").unwrap();
    let witness = witness(KeyKind::Witness);
    let line = witness.sign(forge.checkpoint(forge.size()).note().text(), NOW as u64).to_string();
    let not_stored = add_cosignature(log.path(), line.as_bytes(), &witness.verifier(), now()).unwrap_err().to_string();
    let not_proven = prove(log.path(), 3).unwrap_err().to_string();
    for told in [not_stored, not_proven] {
        assert!(told.contains(&path.display().to_string()), "{told}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "half a note");
}

#[test]
fn a_witness_does_not_settle_in_the_directory_of_a_log() {
    let log = Forge::sound().written();
    let vkey = fs::read(log.path().join("vkey")).unwrap();
    let refused = Witness::open_or_create(log.path(), "auditor.example/w1").err().unwrap();
    assert!(matches!(refused, WitnessError::Taken { .. }), "{refused}");
    assert_eq!(fs::read(log.path().join("vkey")).unwrap(), vkey);
    assert!(!log.path().join("key").exists());
}
