//! Fingerprint keys of a log that was succeeded: their files stay, and the successor tells that they are destroyed.

use super::super::super::adopt::{Adoption, adopt};
use super::super::super::keys::{Forgetting, fingerprint_path};
use super::super::super::leaf::Fpkey;
use super::super::super::verify::{Trust, verify};
use super::*;
use crate::model::Digest;

fn parle() -> SourceName {
    "parle".into()
}

/// A log with the keys of 2024, which is destroyed, and of 2025, and what it committed to of this one.
fn sample() -> (LogDir, Digest) {
    let place = LogDir::new();
    let mut log = place.create();
    for year in [2024, 2025] {
        log.fingerprinter(&parle(), year, at(0)).map(drop).unwrap();
    }
    log.forget_key(&parle(), 2024, actor(), at(0)).unwrap();
    log.publish().unwrap();
    let declared = declared(&log, 2025).unwrap();
    (place, declared)
}

fn declared(log: &DestructionLog, year: i32) -> Option<Digest> {
    leaves(log).into_iter().find_map(|leaf| match leaf.body {
        Body::Fpkey(Fpkey { commitment, year: of, .. }) if of == year => Some(commitment),
        _ => None,
    })
}

fn succeeded(place: &LogDir, number: u64) -> DestructionLog {
    let origin = format!("log.example/{number}").as_str().into();
    let adoption = Adoption { origin, reason: Digest::of(b"reason"), actor: actor() };
    adopt(&place.dir(), &place.keys(), adoption, at(0)).unwrap().log
}

fn key_file(place: &LogDir, year: i32) -> PathBuf {
    fingerprint_path(&place.keys().as_path().into(), &parle(), year)
}

/// The log verifies, once it is published.
fn assert_verifies(log: &mut DestructionLog, place: &LogDir) {
    log.publish().unwrap();
    let report = verify(&place.dir(), &Trust::default());
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn a_key_of_the_log_before_is_declared_and_destroyed_by_its_successor() {
    for successions in [1, 2] {
        let (place, committed) = sample();
        (1..successions).for_each(|number| drop(succeeded(&place, 1 + number)));
        let mut log = succeeded(&place, 9);
        assert!(key_file(&place, 2025).exists());
        log.forget_key(&parle(), 2025, actor(), at(0)).unwrap();
        assert!(!key_file(&place, 2025).exists());
        assert_eq!(declared(&log, 2025), Some(committed), "the key of which the log before tells");
        assert!(matches!(&leaves(&log).last().unwrap().body, Body::FpkeyDestroyed(gone) if gone.year == 2025));
        assert_verifies(&mut log, &place);
        let again = log.forget_key(&parle(), 2025, actor(), at(0));
        assert!(matches!(again, Err(LogError::KeyDestroyed { .. })), "{again:?}");
    }
}

#[test]
fn what_is_said_of_a_key_rests_on_what_the_logs_before_say() {
    let (place, _) = sample();
    let mut log = succeeded(&place, 2);
    let size = log.size();
    let mut forget = |year| log.forget_key(&parle(), year, actor(), at(0));
    assert!(matches!(forget(2024), Err(LogError::KeyDestroyed { .. })));
    assert!(matches!(forget(2023), Err(LogError::KeyUnknown { .. })));
    let right = fs::read(key_file(&place, 2025)).unwrap();
    fs::write(key_file(&place, 2025), format!("{}\n", "ab".repeat(32))).unwrap();
    assert!(matches!(forget(2025), Err(LogError::Key(KeyError::Exchanged { .. }))));
    fs::write(key_file(&place, 2025), right).unwrap();
    // Without the log before, nobody knows which keys there were.
    let (aside, lost) = (place.dir().with_file_name("audit.1"), place.dir().with_file_name("lost"));
    fs::rename(&aside, &lost).unwrap();
    for year in [2023, 2025] {
        let untold = forget(year).unwrap_err();
        assert!(matches!(untold, LogError::KeyUntold { .. }) && !untold.to_string().contains("never"), "{untold}");
    }
    fs::rename(&lost, &aside).unwrap();
    assert_eq!(log.size(), size);
    // Whoever took the file away by hand may put that on record, too.
    fs::remove_file(key_file(&place, 2025)).unwrap();
    log.forget_key(&parle(), 2025, actor(), at(0)).unwrap();
    assert_verifies(&mut log, &place);
}

#[test]
fn a_hold_that_the_log_before_names_keeps_its_key_until_the_successor_says_that_it_is_lifted() {
    let hold = |action, fp: Option<&str>| {
        Body::Hold(HoldLeaf {
            hold: "H-1".into(),
            action,
            actor: actor(),
            scope: "record".to_owned(),
            source: Some(parle()),
            series: Some("dossier".into()),
            rule: None,
            year: fp.map(|_| 2025),
            fp: fp.map(str::to_owned),
            reason: Digest::of(b"an inquiry"),
            review_by: None,
        })
    };
    let (place, _) = sample();
    let mut log = place.open().unwrap();
    let key = RecordKey::new(vec![KeyValue::Integer(41)]);
    let name = log.fingerprinter(&parle(), 2025, at(0)).unwrap().record(&"dossier".into(), &key).to_string();
    log.append(hold(HoldAction::Placed, Some(&name)), at(0)).unwrap();
    log.publish().unwrap();
    drop(log);
    let mut log = succeeded(&place, 2);
    log.append(hold(HoldAction::Placed, None), at(0)).unwrap();
    log.sync().unwrap();
    let needed = log.forget_key(&parle(), 2025, actor(), at(0));
    assert!(matches!(needed, Err(LogError::KeyNeeded { .. })), "{needed:?}");
    log.append(hold(HoldAction::Lifted, None), at(0)).unwrap();
    log.sync().unwrap();
    log.forget_key(&parle(), 2025, actor(), at(0)).unwrap();
}

#[test]
fn a_decision_to_destroy_a_key_that_the_log_did_not_outlive_is_put_on_record_by_its_successor() {
    for is_gone in [false, true] {
        let (place, committed) = sample();
        Forgetting { source: parle(), year: 2025, actor: actor() }.note(&place.keys().as_path().into()).unwrap();
        if is_gone {
            fs::remove_file(key_file(&place, 2025)).unwrap();
        }
        let mut log = succeeded(&place, 2);
        assert!(!key_file(&place, 2025).exists());
        assert_eq!(declared(&log, 2025), Some(committed));
        assert_verifies(&mut log, &place);
    }
}
