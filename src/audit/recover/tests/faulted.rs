//! Logs of which a step fails.

use rustix::io::Errno;

use super::*;
use crate::audit::durable::faults;
use crate::audit::leaf::{Body, Outcome};
use crate::audit::tiles::parse_bundle;
use crate::audit::writer::tests::{draft, outcome};
use crate::audit::{DestructionLog, merkle};
use crate::model::DurableEvidence;

/// What the test was told, step by step: what must be there after any fault.
#[derive(Debug, Default)]
struct Told {
    /// Size of the log when a sync last returned.
    durable: u64,
    /// Batches that were evidence, each with its intent.
    batches: Vec<u64>,
    /// Batches whose outcome was durable.
    resolved: Vec<u64>,
}

/// Makes a log and lives with it through everything it can do, until the first error.
fn live(place: &LogDir, told: &mut Told) -> Result<(), LogError> {
    let mut log = DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example".into(), at(0))?;
    told.durable = log.durable_size();
    let source = "parle".into();
    log.fingerprinter(&source, 2025, at(0))?;
    told.durable = log.durable_size();
    for round in 0..90 {
        let pending = log.append_intents(draft(40), at(round))?;
        let evidence = log.make_durable(pending)?;
        told.durable = log.durable_size();
        told.batches.push(evidence.batch().0);
        for (index, intent) in evidence.leaves() {
            log.append(outcome(evidence.batch(), *index, intent.n), at(round))?;
        }
        log.append(small(log.size()), at(round))?;
        log.sync()?;
        told.durable = log.durable_size();
        told.resolved.push(evidence.batch().0);
        if round % 30 == 29 {
            log.publish()?;
        }
    }
    log.forget_key(&source, 2025, "ann (0)".into(), at(90))?;
    log.rotate_signing_key("ann (0)".into(), at(90))?;
    log.put_blob(b"calendar")?;
    told.durable = log.durable_size();
    Ok(())
}

/// A child that another test is just starting holds our lock from its fork to its exec.
fn open_patiently(place: &LogDir) -> Result<DestructionLog, LogError> {
    let open = || DestructionLog::open_or_create(&place.dir(), &place.keys(), "log.example".into(), at(90));
    for _ in 0..200 {
        match open() {
            Err(error) if error.is_locked() => std::thread::sleep(std::time::Duration::from_millis(10)),
            opened => return opened,
        }
    }
    open()
}

/// Everything that was promised is there, and what is published holds together.
fn check(place: &LogDir, told: &Told, what: &str) {
    let mut log = open_patiently(place).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(log.size() >= told.durable, "{what}: entries are lost");
    let open: Vec<u64> = log.unresolved().iter().map(|(index, _)| *index).collect();
    assert!(told.resolved.iter().all(|batch| !open.contains(batch)), "{what}: an outcome is lost");
    let all = leaves(&log);
    for batch in &told.batches {
        assert_eq!(all[*batch as usize].body.kind(), "intent", "{what}: an intent is lost");
    }
    for (index, intent) in log.unresolved() {
        log.append(outcome(intent.batch, index, intent.n), at(91)).unwrap();
    }
    log.publish().unwrap();
    let head = log.tree.head();
    drop(log);
    check_published(place, head.size, what);
    assert_eq!(place.open().unwrap().unresolved(), [], "{what}");
    for leftover in ["forgetting", "audit-signing-key.next"] {
        assert!(!place.keys().join(leftover).exists(), "{what}: {leftover} is left");
    }
}

/// The checkpoint's root follows from the bundles, read without the code under test; its key is the one beside it.
fn check_published(place: &LogDir, size: u64, what: &str) {
    let signed = SignedCheckpoint::parse(&fs::read(checkpoint_path(&place.dir())).unwrap()).unwrap();
    let vkey = fs::read_to_string(place.dir().join("vkey")).unwrap().parse().unwrap();
    let head = signed.verify(&vkey).unwrap().tree;
    assert_eq!(head.size, size, "{what}");
    let mut hashes = Vec::new();
    for bundle in 0..size.div_ceil(256) {
        let full = place.dir().join(format!("tile/entries/{bundle:03}"));
        let partial = place.dir().join(format!("tile/entries/{bundle:03}.p/{}", size % 256));
        let bytes = fs::read(&full).or_else(|_| fs::read(&partial)).unwrap();
        let entries = parse_bundle(&bytes).unwrap();
        hashes.extend(entries.iter().map(|entry| merkle::leaf_hash(entry)));
    }
    assert_eq!(merkle::root_of(&hashes), head.root, "{what}");
}

/// Every step fails once, before and after it was done; the program ends there, or reads the log again.
#[test]
fn a_fault_at_any_step_loses_nothing_and_the_log_goes_on() {
    let whole = LogDir::new();
    faults::arm(None);
    let mut told = Told::default();
    live(&whole, &mut told).unwrap();
    let steps = faults::passed();
    for what in ["journal", "segment", "bundle", "tile", "checkpoint", "remembered", "vkey", "key", "partial", "blob"] {
        assert!(steps.iter().any(|step| step.starts_with(what)), "no step of {what} was passed");
    }
    assert_eq!(told.resolved.len(), 90);
    check(&whole, &told, "no fault");
    // All different steps, and every tenth repetition.
    let mut seen = std::collections::BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        let count = seen.entry(step).or_insert(0);
        *count += 1;
        if *count > 4 && *count % 23 != 0 {
            continue;
        }
        let errno = if place % 2 == 0 { Errno::IO } else { Errno::NOSPC };
        let home = LogDir::new();
        let mut told = Told::default();
        faults::arm(Some((place, errno)));
        let error = live(&home, &mut told).err();
        faults::arm(None);
        let what = format!("{step} ({place})");
        assert!(error.is_some(), "{what}: the fault was not reported");
        check(&home, &told, &what);
    }
}

/// Whatever step of a rotation fails or is the last, one key signs in the end: the new one if and only if its leaf is
/// there.
#[test]
fn a_rotation_that_ends_at_any_step_leaves_one_key_that_the_log_declares() {
    let rotate = |fault| {
        let place = LogDir::new();
        sample(&place);
        let mut log = place.open().unwrap();
        faults::arm(fault);
        let rotated = log.rotate_signing_key("ann (0)".into(), at(1));
        let steps = faults::passed();
        faults::arm(None);
        drop(log);
        (place, rotated, steps)
    };
    let steps = rotate(None).2;
    for what in
        ["key::write::before", "journal::sync::before", "key::rename::after", "vkey::", "remembered::", "checkpoint::"]
    {
        assert!(steps.iter().any(|step| step.starts_with(what)), "no step of {what} was passed: {steps:?}");
    }
    let mut rotations = std::collections::BTreeSet::new();
    for (number, step) in steps.iter().enumerate() {
        let (place, rotated, _) = rotate(Some((number, Errno::IO)));
        assert!(rotated.is_err(), "{step}: the fault was not reported");
        let mut log = place.open().unwrap_or_else(|error| panic!("{step}: {error}"));
        let declared: Vec<_> = leaves(&log).into_iter().filter(|leaf| leaf.body.kind() == "sigkey").collect();
        log.append(small(9), at(2)).unwrap();
        log.publish().unwrap();
        let size = log.size();
        drop(log);
        check_published(&place, size, step);
        let vkey = fs::read_to_string(place.dir().join("vkey")).unwrap();
        let is_new = match &declared[..] {
            [] => false,
            [leaf] => matches!(&leaf.body, Body::Sigkey(sigkey) if format!("{}\n", sigkey.vkey) == vkey),
            _ => panic!("{step}: two keys were declared"),
        };
        assert_eq!(is_new, !declared.is_empty(), "{step}: another key signs than the log declares");
        assert!(!place.keys().join("audit-signing-key.next").exists(), "{step}: a key is left");
        rotations.insert(is_new);
    }
    assert_eq!(rotations.len(), 2, "some steps come before the leaf and some after it");
}

#[test]
fn after_a_failed_sync_nothing_is_written_until_the_log_is_read_again() {
    for (place, is_written) in [(0, false), (1, true), (2, true), (3, true)] {
        let home = LogDir::new();
        let mut log = home.create();
        let pending = log.append_intents(draft(2), at(0)).unwrap();
        faults::arm(Some((place, Errno::IO)));
        assert!(log.make_durable(pending).is_err());
        faults::arm(None);
        assert!(matches!(log.append(small(1), at(0)), Err(LogError::Poisoned)));
        assert!(matches!(log.sync(), Err(LogError::Poisoned)));
        assert!(matches!(log.publish(), Err(LogError::Poisoned)));
        log.reread(at(0)).unwrap();
        assert_eq!(log.unresolved().len(), usize::from(is_written), "step {place}");
        log.append(small(1), at(0)).unwrap();
        log.sync().unwrap();
    }
}

#[test]
fn a_group_costs_one_sync_however_many_entries_it_has() {
    let home = LogDir::new();
    let mut log = home.create();
    faults::arm(None);
    let pending = log.append_intents(draft(200), at(0)).unwrap();
    for number in 0..50 {
        log.append(small(number), at(0)).unwrap();
    }
    let _evidence = log.make_durable(pending).unwrap();
    log.sync().unwrap();
    let syncs = faults::passed().iter().filter(|step| *step == "journal::sync::before").count();
    assert_eq!(syncs, 1);
}

#[test]
fn intents_of_another_opening_are_no_evidence() {
    let home = LogDir::new();
    let mut log = home.create();
    let pending = log.append_intents(draft(2), at(0)).unwrap();
    log.reread(at(0)).unwrap();
    assert!(matches!(log.make_durable(pending), Err(LogError::ForeignIntents)));
}

#[test]
fn a_full_disk_refuses_everything_but_the_outcomes_of_what_was_begun() {
    let home = LogDir::new();
    let mut log = home.create();
    let pending = log.append_intents(draft(3), at(0)).unwrap();
    let first = log.make_durable(pending).unwrap();
    let pending = log.append_intents(draft(1), at(0)).unwrap();
    let second = log.make_durable(pending).unwrap();
    faults::fill_disk(true);
    let full = loop {
        if let Err(error) = log.append(small(log.size()), at(0)).and_then(|_| log.sync()) {
            break error;
        }
    };
    assert!(matches!(full, LogError::Full { .. }), "{full}");
    assert!(matches!(log.append_intents(draft(1), at(0)), Err(LogError::Full { .. })));
    for (evidence, n) in [(first, 3), (second, 1)] {
        let Body::Outcome(small) = outcome(evidence.batch(), evidence.batch().0, n) else { unreachable!() };
        let rows = (0..3_000).map(|table| (format!("table {table}"), 1)).collect();
        log.append(Body::Outcome(Outcome { rows, ..small }), at(0)).unwrap();
        log.sync().unwrap();
    }
    assert_eq!(log.unresolved(), []);
    drop(log);
    assert_eq!(home.open().unwrap().unresolved(), [], "a full disk does not lock the log out");
    faults::fill_disk(false);
    let _pending = home.open().unwrap().append_intents(draft(1), at(0)).unwrap();
}
