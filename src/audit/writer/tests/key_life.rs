//! Keys as the writer uses them: declared, destroyed, exchanged, rotated.

use super::*;

#[test]
fn a_fingerprint_key_is_declared_before_its_first_use_and_can_be_destroyed() {
    let place = LogDir::new();
    let mut log = place.create();
    let (source, series) = (SourceName::from("parle"), SeriesName::from("dossier"));
    let key = RecordKey::new(vec![KeyValue::Integer(41)]);
    let fingerprint = log.fingerprinter(&source, 2025, at(0)).unwrap().record(&series, &key);
    let Body::Fpkey(declared) = leaves(&log).remove(1).body else { panic!("no key was declared") };
    assert_eq!((declared.source.as_str(), declared.year), ("parle", 2025));
    drop(log);

    let mut log = place.open().unwrap();
    assert_eq!(log.fingerprinter(&source, 2025, at(0)).unwrap().record(&series, &key), fingerprint);
    let loaded = load_fingerprinter(&place.keys(), &source, 2025).unwrap().unwrap();
    assert_eq!(loaded.record(&series, &key), fingerprint);
    assert_eq!(log.size(), 2, "a key is declared once");

    let this_year = log.fingerprinter(&source, 2026, at(0)).map(|_| ());
    this_year.unwrap();
    assert!(matches!(log.forget_key(&source, 2026, actor(), at(0)), Err(LogError::KeyNeeded { .. })));
    let _pending = log.append_intents(IntentDraft { year: 2025, ..draft(1) }, at(0)).unwrap();
    assert!(matches!(log.forget_key(&source, 2025, actor(), at(0)), Err(LogError::KeyNeeded { .. })));
    log.append(outcome(BatchNumber(3), 3, 1), at(0)).unwrap();
    log.append(hold(HoldAction::Placed, &fingerprint.to_string()), at(0)).unwrap();
    log.sync().unwrap();
    drop(log);
    let mut log = place.open().unwrap();
    let needed = log.forget_key(&source, 2025, actor(), at(0)).map_err(|error| error.to_string());
    assert!(needed.is_err_and(|error| error.contains("hold")), "a hold names its record under it");
    log.append(hold(HoldAction::Lifted, &fingerprint.to_string()), at(0)).unwrap();
    log.forget_key(&source, 2025, actor(), at(0)).unwrap();
    assert!(load_fingerprinter(&place.keys(), &source, 2025).unwrap().is_none());
    drop(log);
    let mut log = place.open().unwrap();
    assert!(matches!(log.fingerprinter(&source, 2025, at(0)), Err(LogError::KeyDestroyed { .. })));
}

fn hold(action: HoldAction, fp: &str) -> Body {
    Body::Hold(HoldLeaf {
        hold: "H-1".into(),
        action,
        actor: actor(),
        scope: "record".to_owned(),
        source: Some("parle".into()),
        series: Some("dossier".into()),
        rule: None,
        year: Some(2025),
        fp: Some(fp.to_owned()),
        reason: Digest::of(b"an inquiry"),
        review_by: None,
    })
}

#[test]
fn an_exchanged_or_exposed_key_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let place = LogDir::new();
    let mut log = place.create();
    let source = SourceName::from("parle");
    log.fingerprinter(&source, 2026, at(0)).unwrap();
    let path = keys::fingerprint_path(&place.keys().as_path().into(), &source, 2026);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = log.fingerprinter(&source, 2026, at(0)).err().unwrap();
    assert!(exposed.to_string().contains("chmod 0600"), "{exposed}");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&path, format!("{}\n", "ab".repeat(32))).unwrap();
    let exchanged = log.fingerprinter(&source, 2026, at(0)).err().unwrap();
    assert!(matches!(exchanged, LogError::Key(KeyError::Exchanged { .. })));
    fs::remove_file(&path).unwrap();
    let lost = log.fingerprinter(&source, 2026, at(0)).err().unwrap();
    assert!(matches!(lost, LogError::Key(KeyError::Missing { .. })));
}

#[test]
fn a_rotated_key_signs_from_the_next_checkpoint_on() {
    let place = LogDir::new();
    let mut log = place.create();
    let before = fs::read_to_string(place.dir().join("vkey")).unwrap();
    log.rotate_signing_key(actor(), at(0)).unwrap();
    let after = fs::read_to_string(place.dir().join("vkey")).unwrap();
    assert_ne!(before, after);
    let signed = read_checkpoint(&checkpoint_path(&place.dir())).unwrap().unwrap();
    assert!(signed.verify(&after.parse().unwrap()).is_ok() && signed.verify(&before.parse().unwrap()).is_err());
    drop(log);
    let mut log = place.open().unwrap();
    log.append(small(1), at(0)).unwrap();
    log.publish().unwrap();
}

#[test]
fn a_credential_signs_and_a_new_one_must_be_declared() {
    use std::os::unix::fs::PermissionsExt;
    let place = LogDir::new();
    let credential = place.dir().with_file_name("credential");
    let write_key = |seed: u8| {
        let key = SigningKey::from_seed("log.example", KeyKind::Log, &[seed; 32]).unwrap();
        fs::write(&credential, key.secret_text().as_bytes()).unwrap();
        fs::set_permissions(&credential, fs::Permissions::from_mode(0o400)).unwrap();
        key.verifier().to_string()
    };
    let keys = || KeyPlaces::new(place.keys()).with_credential(&credential);
    let first = write_key(1);
    let mut log = DestructionLog::create(&place.dir(), keys(), "another.example".into(), at(0)).unwrap();
    assert_eq!(log.origin().as_str(), "log.example");
    assert_eq!(fs::read_to_string(place.dir().join("vkey")).unwrap().trim_end(), first);
    assert!(matches!(log.rotate_signing_key(actor(), at(0)), Err(LogError::Key(KeyError::Credential))));
    drop(log);
    fs::remove_file(&credential).unwrap();
    let second = write_key(2);
    let refused = DestructionLog::open(&place.dir(), keys(), at(0)).err().unwrap();
    assert!(matches!(refused, LogError::Key(KeyError::NotDeclared { .. })));
    let mut log = DestructionLog::open(&place.dir(), keys().declaring(actor()), at(0)).unwrap();
    log.publish().unwrap();
    assert!(matches!(&leaves(&log)[1].body, Body::Sigkey(leaf) if leaf.vkey == second));
    drop(log);
    DestructionLog::open(&place.dir(), keys(), at(0)).unwrap();
}
