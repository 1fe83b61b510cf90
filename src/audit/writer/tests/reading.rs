//! Who reads a log beside its writer or after it, and what an older copy is worth.

use super::*;
use crate::audit::adopt::{Adoption, adopt};

#[test]
fn a_reader_sees_the_log_grow_while_its_writer_lives() {
    let place = LogDir::new();
    let mut log = place.create();
    for number in 1..600 {
        log.append(small(number), at(0)).unwrap();
        if number % 7 == 0 {
            log.sync().unwrap();
        }
        if number % 50 == 0 {
            log.publish().unwrap();
        }
        if number % 31 == 0 {
            let reader = LogReader::open(&place.dir()).unwrap();
            assert_eq!(reader.size(), log.durable_size());
            log.publish().unwrap();
            let mut next = 100.min(reader.size());
            reader
                .scan(next, &mut |index, leaf| {
                    assert_eq!(index, next);
                    assert!(index == 0 || leaf.body == small(index));
                    next += 1;
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert_eq!(next, reader.size());
        }
    }
}

#[test]
fn a_copy_of_the_published_part_alone_is_read() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(1), at(0)).unwrap();
    log.publish().unwrap();
    log.append(small(2), at(0)).unwrap();
    log.sync().unwrap();
    assert_eq!(LogReader::open(&place.dir()).unwrap().size(), 3);
    fs::rename(journal_dir(&place.dir()), place.keys().join("elsewhere")).unwrap();
    let reader = LogReader::open(&place.dir()).unwrap();
    let mut found = Vec::new();
    reader
        .scan(1, &mut |_, leaf| {
            found.push(leaf.body);
            ControlFlow::Break(())
        })
        .unwrap();
    assert_eq!((reader.size(), found), (2, vec![small(1)]));
}

#[test]
fn an_older_copy_of_the_log_is_refused() {
    let place = LogDir::new();
    let mut log = place.create();
    log.append(small(1), at(0)).unwrap();
    log.publish().unwrap();
    drop(log);
    let copy = place.dir().with_file_name("copy");
    let run = |from: &PathBuf, to: &PathBuf| {
        assert!(std::process::Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
    };
    run(&place.dir(), &copy);
    let mut log = place.open().unwrap();
    log.append(small(2), at(0)).unwrap();
    log.publish().unwrap();
    drop(log);
    fs::rename(place.dir(), place.dir().with_file_name("newer")).unwrap();
    let gone = place.open().err().unwrap();
    assert!(matches!(gone, LogError::Behind { size: 0, signed: 3, .. }), "{gone}");
    run(&copy, &place.dir());
    let older = place.open().err().unwrap();
    assert!(matches!(older, LogError::Behind { size: 2, signed: 3, .. }), "{older}");
    assert!(older.is_verification_failure() && older.to_string().contains("audit adopt"));
}

#[test]
fn a_successor_begins_where_a_log_cannot_go_on() {
    let place = LogDir::new();
    let mut log = place.create();
    let source = SourceName::from("parle");
    log.fingerprinter(&source, 2026, at(0)).unwrap();
    log.publish().unwrap();
    let head = log.tree.head();
    drop(log);
    let successor = Origin::new("log.example/2");
    let adoption = Adoption { origin: successor.clone(), reason: Digest::of(b"reason"), actor: actor() };
    let adopted = adopt(&place.dir(), &place.keys(), adoption, at(0)).unwrap();
    assert_eq!((adopted.predecessor.size, adopted.predecessor.root), (head.size, head.root));
    assert!(!adopted.predecessor.partial);
    let mut log = adopted.log;
    assert_eq!(log.origin(), &successor);
    log.fingerprinter(&source, 2026, at(0)).unwrap();
    drop(log);
    assert_eq!(place.open().unwrap().size(), 2);
}

#[test]
fn published_journal_goes_and_memory_stays_small() {
    let place = LogDir::new();
    let mut log = place.create();
    let reason = "x".repeat(50_000);
    let kept = |log: &DestructionLog| (log.tree.size() - log.tree.first_kept()) * 50_000;
    for _ in 0..700 {
        let leaf = Refused { plan: None, actor: actor(), reasons: vec![reason.clone()] };
        log.append(Body::Refused(leaf), at(0)).unwrap();
        log.sync().unwrap();
        assert!(kept(&log) <= 3 << 20, "{}", kept(&log));
    }
    assert!(segments(&journal_dir(&place.dir())).unwrap().len() > 5);
    drop(log);
    let mut log = place.open().unwrap();
    assert!(kept(&log) <= 3 << 20, "not even after a crash before publishing");
    assert_eq!(leaves(&log).len(), 701);
    log.publish().unwrap();
    assert!(segments(&journal_dir(&place.dir())).unwrap().len() <= 2);
    drop(log);
    assert_eq!(leaves(&place.open().unwrap()).len(), 701);
}
