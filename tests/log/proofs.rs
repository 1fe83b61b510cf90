//! Proofs of single entries, and witnesses.

use std::fs;

use retentiond::audit::leaf::HoldAction;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::prove::{Proof, ProofError, prove};
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::witness::{Request, Witness, WitnessError, add_cosignature, read_witnessed};
use retentiond::disposition::declared::leaf_of_text;
use retentiond::model::Origin;

use super::attacks::with_text;
use super::forge::*;
use super::real::Real;

#[test]
fn every_entry_of_logs_of_many_sizes_is_proven_and_survives_its_text() {
    let mut forge = Forge::sound();
    for size in [15, 16, 256, 257, 300, 513] {
        while forge.size() < size {
            forge.add(heartbeat());
        }
        let (dir, key) = (forge.written(), forge.key().verifier());
        for index in (0..size).step_by(if size < 20 { 1 } else { 29 }).chain([size - 1]) {
            let text = prove(dir.path(), index).unwrap().to_string();
            let proof = Proof::parse(text.as_bytes()).unwrap();
            assert_eq!(proof.to_string(), text);
            let proven = proof.verify(&trust(key.clone(), Vec::new())).unwrap();
            assert_eq!((proven.index, proven.tree.size, proven.verdict), (index, size, Verdict::OkUnanchored));
            let anchored = proof.verify(&trust(key.clone(), vec![forge.checkpoint(size)])).unwrap();
            assert_eq!(anchored.verdict, Verdict::OkAnchoredTo(size));
        }
        assert!(matches!(prove(dir.path(), size), Err(ProofError::Outside(_))));
    }
}

#[test]
fn a_proof_has_the_form_of_the_specification() {
    let forge = Forge::sound();
    let text = prove(forge.written().path(), 3).unwrap().to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "c2sp.org/tlog-proof@v1");
    assert!(lines[1].starts_with("extra ") && lines[2] == "index 3");
    let empty = lines.iter().position(|line| line.is_empty()).unwrap();
    assert_eq!(lines[empty + 1..empty + 3], [ORIGIN, &forge.size().to_string()]);
    assert!(text.ends_with(&forge.checkpoint(forge.size()).to_string()));
}

#[test]
fn a_proof_without_a_key_or_with_another_key_proves_nothing() {
    let forge = Forge::sound();
    let proof = prove(forge.written().path(), 3).unwrap();
    assert!(matches!(proof.verify(&Trust::default()), Err(ProofError::NoKey)));
    let other = Forge { seed: 2, ..forge }.key().verifier();
    assert!(matches!(proof.verify(&trust(other, Vec::new())), Err(ProofError::Note(_))));
}

#[test]
fn a_proof_flipped_at_any_byte_proves_nothing() {
    let forge = Forge::sound();
    let trust = trust(forge.key().verifier(), Vec::new());
    let bytes = prove(forge.written().path(), 6).unwrap().to_string().into_bytes();
    for place in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[place] ^= 1 << (place % 8);
        assert!(Proof::parse(&flipped).and_then(|proof| proof.verify(&trust)).is_err(), "flipped at {place}");
        assert!(Proof::parse(&bytes[..place]).and_then(|proof| proof.verify(&trust)).is_err(), "cut at {place}");
    }
}

#[test]
fn a_witness_co_signs_a_log_that_only_grew_and_the_cosignature_anchors_it() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let mut forge = Forge::sound();
    let log = forge.written();
    let line =
        witness.cosign_log(log.path(), &forge.key().verifier(), leaf_of_text, now()).unwrap().cosignature.to_string();
    assert_eq!(add_cosignature(log.path(), line.as_bytes(), &witness.verifier(), now()).unwrap().size, forge.size());

    let trust = Trust { witnesses: vec![witness.verifier()], ..Trust::default() };
    assert_eq!(verify(log.path(), &trust).verdict, Verdict::OkAnchoredTo(forge.size()));
    // The log goes on; what the witness saw stays anchored, and the proof of an old entry bears its cosignature.
    let seen = forge.size();
    forge.add(heartbeat());
    forge.write(log.path());
    assert_eq!(verify(log.path(), &trust).verdict, Verdict::OkAnchoredTo(seen));
    let proof = prove(log.path(), 2).unwrap();
    let proven = proof.verify(&Trust { key: Some(forge.key().verifier()), ..trust.clone() }).unwrap();
    assert_eq!((proven.verdict, proven.tree.size), (Verdict::OkAnchoredTo(seen), seen));
    assert_eq!(
        prove(log.path(), seen)
            .unwrap()
            .verify(&super::forge::trust(forge.key().verifier(), vec![]))
            .unwrap()
            .tree
            .size,
        seen + 1
    );

    // The same key and the same memory when opened again.
    let again = Witness::open_or_create(home.path(), "another name is not used").unwrap();
    assert_eq!(again.verifier(), witness.verifier());
    assert_eq!(again.last(&Origin::new(ORIGIN)).unwrap().unwrap().claimed().tree.size, seen);
}

#[test]
fn a_witness_refuses_a_log_that_was_rewritten_or_cut_since() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let truth = Forge::sound();
    let key = truth.key().verifier();
    witness.cosign_log(truth.written().path(), &key, leaf_of_text, now()).unwrap();
    let mut cut = truth.clone();
    cut.leaves.pop();
    let mut rewritten = truth.clone();
    rewritten.replace(4, |leaf| leaf.at += 1);
    rewritten.add(heartbeat());
    for forged in [cut, rewritten.clone()] {
        let refused = witness.cosign_log(forged.written().path(), &key, leaf_of_text, now());
        assert!(matches!(refused, Err(WitnessError::Refused { .. })));
    }
    let request = Request::of_log(rewritten.written().path(), truth.size()).unwrap();
    assert!(matches!(witness.cosign(&request, &key, now()), Err(WitnessError::Inconsistent { .. })));
    // And it still remembers the truth.
    assert_eq!(
        witness.last(&Origin::new(ORIGIN)).unwrap().unwrap().claimed(),
        truth.checkpoint(truth.size()).claimed()
    );
}

#[test]
fn a_witness_answers_requests_by_mail_from_what_it_saw_last() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let mut forge = Forge::sound();
    let key = forge.key().verifier();
    let mut seen = 0;
    for _ in 0..30 {
        let log = forge.written();
        let body = Request::of_log(log.path(), seen).unwrap().to_string();
        let request = Request::parse(body.as_bytes()).unwrap();
        let line = witness.cosign(&request, &key, now()).unwrap();
        add_cosignature(log.path(), line.to_string().as_bytes(), &witness.verifier(), now()).unwrap();
        assert_eq!(read_witnessed(log.path()).unwrap().unwrap().claimed().tree.size, forge.size());
        if seen > 0 {
            let conflict = Request::of_log(log.path(), seen - 1).unwrap();
            assert!(matches!(witness.cosign(&conflict, &key, now()), Err(WitnessError::Conflict { .. })));
        }
        seen = forge.size();
        for _ in 0..7 {
            forge.add(heartbeat());
        }
    }
}

#[test]
fn a_cosignature_of_something_else_is_not_stored() {
    let forge = Forge::sound();
    let log = forge.written();
    let witness = witness(KeyKind::Witness);
    let stray = witness.sign("another text\n", 0).to_string();
    assert!(matches!(
        add_cosignature(log.path(), stray.as_bytes(), &witness.verifier(), now()),
        Err(WitnessError::Unmatched)
    ));
    let mut fork = forge.clone();
    fork.replace(4, |leaf| leaf.at += 1);
    let mut foreign = fork.checkpoint(8);
    foreign.add(witness.sign(foreign.note().text(), 1));
    let refused = add_cosignature(log.path(), foreign.to_string().as_bytes(), &witness.verifier(), now());
    assert!(matches!(refused, Err(WitnessError::Inconsistent { .. })));
    assert!(read_witnessed(log.path()).unwrap().is_none());
}

#[test]
fn cosignatures_of_two_witnesses_stand_side_by_side_and_an_older_one_does_not_displace_them() {
    let mut forge = Forge::sound();
    let before = forge.checkpoint(forge.size());
    forge.add(heartbeat());
    let log = forge.written();
    let [one, other] =
        [7, 8].map(|seed| SigningKey::from_seed("auditor.example/w", KeyKind::Witness, &[seed; 32]).unwrap());
    let text = forge.checkpoint(forge.size()).note().text().to_owned();
    for witness in [&one, &other] {
        add_cosignature(log.path(), witness.sign(&text, 5).to_string().as_bytes(), &witness.verifier(), now()).unwrap();
    }
    let mut older = before;
    older.add(one.sign(older.note().text(), 4));
    add_cosignature(log.path(), older.to_string().as_bytes(), &one.verifier(), now()).unwrap();
    let stored = read_witnessed(log.path()).unwrap().unwrap();
    for witness in [&one, &other] {
        assert_eq!(stored.note().verify(&witness.verifier()), Ok(Some(5)));
    }
    assert_eq!(stored.note().signatures().len(), 3);
}

#[test]
fn the_real_writer_s_entries_are_proven_and_its_log_is_co_signed() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let mut real = Real::ready();
    for round in 0..300 {
        real.destroy(round..round + 1);
        if round % 40 == 0 {
            real.log.publish().unwrap();
            let key = real.trust().key.unwrap();
            let line = witness.cosign_log(&real.dir(), &key, leaf_of_text, now()).unwrap().cosignature;
            add_cosignature(&real.dir(), line.to_string().as_bytes(), &witness.verifier(), now()).unwrap();
        }
    }
    real.log.publish().unwrap();
    let size = real.log.size();
    for index in (0..size).step_by(41) {
        let proof = prove(&real.dir(), index).unwrap();
        assert_eq!(proof.verify(&real.trust()).unwrap().index, index);
    }
    fs::write(real.dir().join("tile/0/000"), [0; 8192]).unwrap();
    assert!(matches!(prove(&real.dir(), 3), Err(ProofError::Damaged { .. })));
}

#[test]
fn a_proof_is_held_against_the_checkpoints_that_were_kept() {
    let forge = Forge::sound();
    let (size, key) = (forge.size(), forge.key().verifier());
    let proof = prove(forge.written().path(), 3).unwrap();
    let mut other = Forge::sound();
    other.leaves.pop();
    other.add(heartbeat());
    let forked = proof.verify(&trust(key.clone(), vec![other.checkpoint(size)]));
    assert!(matches!(forked, Err(ProofError::Forked { size: told }) if told == size), "{forked:?}");
    let of_another_size = proof.verify(&trust(key.clone(), vec![forge.checkpoint(size - 1)])).unwrap();
    assert_eq!((of_another_size.verdict, of_another_size.uncompared), (Verdict::OkUnanchored, vec![size - 1]));
    let of_this = proof.verify(&trust(key, vec![forge.checkpoint(size)])).unwrap();
    assert_eq!((of_this.verdict, of_this.uncompared), (Verdict::OkAnchoredTo(size), vec![]));
}

#[test]
fn a_proof_of_another_tree_s_entry_proves_nothing() {
    let forge = Forge::sound();
    let mut other = forge.clone();
    other.replace(3, |leaf| leaf.at -= 1);
    let [text, theirs] = [&forge, &other].map(|log| prove(log.written().path(), 3).unwrap().to_string());
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    let (mut swapped, theirs) = (lines(&text), lines(&theirs));
    // The entry of the other tree, under the path and the checkpoint of this one.
    assert_ne!(swapped[1], theirs[1]);
    swapped[1].clone_from(&theirs[1]);
    let proof = Proof::parse((swapped.join("\n") + "\n").as_bytes()).unwrap();
    let trust = trust(forge.key().verifier(), vec![forge.checkpoint(forge.size())]);
    assert!(matches!(proof.verify(&trust), Err(ProofError::NotIncluded)));
    // The whole of it is signed by the same key: only the checkpoint that was kept convicts it.
    let whole = Proof::parse((theirs.join("\n") + "\n").as_bytes()).unwrap();
    assert!(matches!(whole.verify(&trust), Err(ProofError::Forked { .. })));
    // And one of another log.
    let foreign = Forge { origin: "other.example".into(), ..forge.clone() };
    let foreign = prove(foreign.written().path(), 3).unwrap();
    assert!(matches!(foreign.verify(&trust), Err(ProofError::Note(_))));
}

#[test]
fn a_proof_of_an_entry_that_cannot_stand_there_proves_nothing() {
    let mut forge = Forge::sound();
    forge.leaves.remove(0);
    let headless = prove(forge.written().path(), 0).unwrap();
    let misplaced = headless.verify(&trust(forge.key().verifier(), Vec::new()));
    assert!(matches!(misplaced, Err(ProofError::Misplaced)), "{misplaced:?}");
}

#[test]
fn a_witness_does_not_co_sign_a_calendar_whose_text_says_otherwise() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let (log, key) = (tempfile::tempdir().unwrap(), Forge::sound().key().verifier());
    with_text(|text| text.replace("P1Y", "P9Y").into_bytes(), log.path());
    let refused = witness.cosign_log(log.path(), &key, leaf_of_text, now());
    let Err(WitnessError::Refused { report, kept: None }) = refused else { panic!("{refused:?}") };
    let codes: Vec<_> = report.findings.iter().map(|finding| finding.flaw.code()).collect();
    assert_eq!(codes, ["text-differs"]);
    assert!(witness.last(&key.name().into()).unwrap().is_none(), "nothing was kept as seen");
}

#[test]
fn a_witness_that_refuses_says_what_it_saw_what_it_keeps_and_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let witness = Witness::open_or_create(home.path(), "auditor.example/w1").unwrap();
    let forge = Forge::sound();
    let key = forge.key().verifier();
    let mut fork = forge.clone();
    fork.replace(4, |leaf| leaf.at += 1);
    let told = |forge: &Forge| {
        let log = forge.written();
        witness.cosign_log(log.path(), &key, leaf_of_text, now()).map(drop).map_err(|error| error.to_string())
    };
    let mut broken = forge.clone();
    broken.add(hold(HoldAction::Lifted, "H-9", 0));
    let stranger = told(&broken).unwrap_err();
    assert!(stranger.contains("had co-signed nothing of it"), "{stranger}");
    told(&forge).unwrap();
    let refused = told(&fork).unwrap_err();
    let kept = witness.last(&key.name().into()).unwrap().unwrap();
    assert_eq!(kept.claimed().tree.size, forge.size(), "what was seen is kept");
    for part in [
        "is not co-signed: the older checkpoint of",
        &format!("co-signed the first {} entries of {}, and still keeps", forge.size(), forge.origin),
        &home.path().display().to_string(),
        "; keep a copy of the log",
        "ask the operator",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
}
