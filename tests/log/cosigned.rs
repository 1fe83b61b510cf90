//! Lines of several witnesses beside one log: none displaces another's, and of one witness the line stays that says most.

use std::fs;
use std::path::Path;

use retentiond::audit::checkpoint::SignedCheckpoint;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::verify::{Flaw, Trust, Verdict, verify};
use retentiond::audit::witness::{Handed, add_cosignature, read_witnessed};

use super::forge::*;
use super::python::{python, said};

fn two_witnesses() -> [SigningKey; 2] {
    [7, 8].map(|seed| SigningKey::from_seed("auditor.example/w", KeyKind::Witness, &[seed; 32]).unwrap())
}

/// Hands the operator the checkpoint as this witness co-signed it.
fn hand(log: &Path, checkpoint: &SignedCheckpoint, witness: &SigningKey, time: u64) -> Handed {
    let mut cosigned = checkpoint.clone();
    cosigned.add(witness.sign(cosigned.note().text(), time));
    add_cosignature(log, cosigned.to_string().as_bytes(), &witness.verifier(), now()).unwrap()
}

/// How far the log is anchored for whoever trusts this witness alone.
fn anchor(log: &Path, witness: &SigningKey) -> Verdict {
    verify(log, &Trust { witnesses: vec![witness.verifier()], ..Trust::default() }).verdict
}

/// The co-signed checkpoints that lie there, by their files.
fn lying(log: &Path) -> Vec<String> {
    let names = fs::read_dir(log).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut lying: Vec<_> = names.filter(|name| name.starts_with("witnessed")).collect();
    lying.sort();
    lying
}

#[test]
fn a_witness_that_sees_more_leaves_the_other_s_line_where_it_stands() {
    let mut forge = Forge::sound();
    let (before, [one, other]) = (forge.checkpoint(forge.size()), two_witnesses());
    forge.add(heartbeat());
    let (after, log) = (forge.checkpoint(forge.size()), forge.written());
    let (small, large) = (forge.size() - 1, forge.size());
    for witness in [&one, &other] {
        assert_eq!(hand(log.path(), &before, witness, NOW as u64), Handed { size: small, standing: None });
    }
    assert_eq!(hand(log.path(), &after, &one, NOW as u64).standing, None);
    assert_eq!(anchor(log.path(), &one), Verdict::OkAnchoredTo(large));
    assert_eq!(anchor(log.path(), &other), Verdict::OkAnchoredTo(small), "the other's line still stands");
    assert_eq!(lying(log.path()), ["witnessed".to_owned(), format!("witnessed.{small}")]);
    assert!(!python() || said(log.path(), &[]).1 == Some(0));
    // A line, not the whole checkpoint: of one that is stored, so it is known which.
    let line = other.sign(before.note().text(), NOW as u64 - 1).to_string();
    let handed = add_cosignature(log.path(), line.as_bytes(), &other.verifier(), now()).unwrap();
    assert_eq!(handed, Handed { size: small, standing: None });
    assert_eq!(hand(log.path(), &after, &other, NOW as u64).standing, None);
    assert_eq!(anchor(log.path(), &other), Verdict::OkAnchoredTo(large));
    assert_eq!(lying(log.path()), ["witnessed"], "no line of a witness is left on the older one");
    assert_eq!(read_witnessed(log.path()).unwrap().unwrap().note().signatures().len(), 3);
}

#[test]
fn a_witness_that_saw_less_than_another_is_stored_beside_it_and_one_that_saw_more_itself_is_told_so() {
    let mut forge = Forge::sound();
    let (before, [one, other]) = (forge.checkpoint(forge.size()), two_witnesses());
    forge.add(heartbeat());
    let (after, log) = (forge.checkpoint(forge.size()), forge.written());
    let (small, large) = (forge.size() - 1, forge.size());
    hand(log.path(), &after, &one, NOW as u64);
    assert_eq!(hand(log.path(), &before, &other, NOW as u64).standing, None);
    assert_eq!(anchor(log.path(), &other), Verdict::OkAnchoredTo(small));
    assert_eq!(anchor(log.path(), &one), Verdict::OkAnchoredTo(large));
    let lay = lying(log.path());
    assert_eq!(hand(log.path(), &before, &one, NOW as u64), Handed { size: small, standing: Some(large) });
    assert_eq!(lying(log.path()), lay);
}

#[test]
fn of_two_lines_of_a_witness_on_one_checkpoint_the_earlier_stays() {
    let forge = Forge::sound();
    let (log, checkpoint, [one, other]) = (forge.written(), forge.checkpoint(forge.size()), two_witnesses());
    let stands = || read_witnessed(log.path()).unwrap().unwrap();
    let size = forge.size();
    hand(log.path(), &checkpoint, &other, 50);
    for (time, standing, kept) in [(40, None, 40), (41, Some(size), 40), (40, Some(size), 40), (39, None, 39)] {
        assert_eq!(hand(log.path(), &checkpoint, &one, time), Handed { size, standing }, "{time}");
        assert_eq!(stands().note().verify(&one.verifier()), Ok(Some(kept)), "{time}");
    }
    // Two lines at once, as C2SP lets a witness give them: one is stored.
    let lines = [38, 37, 60].map(|time| one.sign(checkpoint.note().text(), time).to_string()).concat();
    let received = format!("{checkpoint}{lines}");
    add_cosignature(log.path(), received.as_bytes(), &one.verifier(), now()).unwrap();
    assert_eq!(stands().note().verify(&one.verifier()), Ok(Some(37)));
    assert_eq!(stands().note().verify(&other.verifier()), Ok(Some(50)));
    assert_eq!(stands().note().signatures().len(), 3);
}

#[test]
fn an_older_co_signed_checkpoint_binds_the_log_as_the_newest_does_and_is_named() {
    let mut forge = Forge::sound();
    forge.add(heartbeat());
    let mut fork = forge.clone();
    fork.replace(4, |leaf| leaf.at -= 1);
    for (text, told) in
        [(fork.checkpoint(5).to_string(), "is not a beginning of this log"), ("seen by us\n".to_owned(), "damaged")]
    {
        let log = forge.written();
        fs::write(log.path().join("witnessed.5"), &text).unwrap();
        let found = verify(log.path(), &Trust::default());
        assert_eq!(found.verdict, Verdict::Fail, "{text}");
        let finding = found.findings[0].to_string();
        assert!(finding.contains("witnessed.5") && finding.contains(told), "{finding}");
        assert!(!python() || said(log.path(), &[]).1 == Some(4), "{text}");
        // Names that none of ours bears are none of our files.
        for other in ["witnessed.05", "witnessed.", "witnessed.5.tmp", "witnessed.18446744073709551616", "witnessed5"] {
            fs::rename(log.path().join("witnessed.5"), log.path().join(other)).unwrap();
            assert_eq!(verify(log.path(), &Trust::default()).verdict, Verdict::OkUnanchored, "{other}");
            assert!(!python() || said(log.path(), &[]).1 == Some(0), "{other}");
            fs::rename(log.path().join(other), log.path().join("witnessed.5")).unwrap();
        }
    }
}

#[test]
fn a_line_of_a_trusted_witness_on_an_older_checkpoint_dates_the_log() {
    let mut forge = Forge::sound();
    let (before, [one, other]) = (forge.checkpoint(forge.size()), two_witnesses());
    forge.add(heartbeat());
    let (after, log) = (forge.checkpoint(forge.size()), forge.written());
    hand(log.path(), &before, &other, 5);
    hand(log.path(), &after, &one, NOW as u64);
    let found = verify(log.path(), &Trust { witnesses: vec![other.verifier()], ..Trust::default() });
    assert!(found.findings.iter().any(|one| matches!(one.flaw, Flaw::AfterWitness { .. })), "{found:?}");
}
