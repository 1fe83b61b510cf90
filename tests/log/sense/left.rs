//! Files that a batch had left: gone later, or released by a person.

use retentiond::audit::ENDED;
use retentiond::audit::leaf::*;
use retentiond::model::{BatchNumber, Digest};

use super::Forgery;
use crate::forge::*;
use crate::python::{python, said};

pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("answer", released("2D1i", Some("marie (1000)"), false, "2o1e")),
        ("answer", released("2D1i", None, true, "2o1e")),
        ("answer", with_reason("completed")),
        ("never-left", released("2D1i", Some("marie (1000)"), true, "1o2e")),
        ("never-left", released("2D1i", Some("marie (1000)"), true, "1e")),
        ("never-left", released("2D1h", Some("marie (1000)"), true, "2o1e")),
        ("never-left", twice_ended("completed", "released")),
        ("never-left", twice_ended("completed", "completed")),
        ("ended", released("2D1i", Some("marie (1000)"), true, "3o")),
        ("ended", released("1i2D", Some("marie (1000)"), true, "1e2o")),
        ("ended", released("2D1i", Some("marie (1000)"), true, "1o1o1e")),
        ("ended", ended_by(|correction| correction.ended = None)),
        ("ended", ended_by(|correction| correction.records = 2)),
        ("ended", ended_by(|correction| correction.what = "missing_fence".to_owned())),
        ("ended", ended_by(|correction| correction.earlier = Some(earlier(7)))),
        ("ended", ended_by(|correction| correction.batch = None)),
        ("ended", ended_by(|correction| *correction = Correction { batch: correction.batch, ..denied(earlier(7)) })),
        (
            "ended",
            Box::new(|forge| {
                forge.replace(0, continuing);
                forge.add(Body::Correction(Correction { ended: Some("1e".to_owned()), ..denied(earlier(7)) }));
            }),
        ),
        (
            "unplaced",
            Box::new(|forge| {
                forge.add(Body::Correction(denied(earlier(7))));
            }),
        ),
        (
            "not-continued",
            Box::new(|forge| {
                forge.replace(0, continuing);
                let own = EarlierBatch { origin: ORIGIN.into(), batch: BatchNumber(7) };
                forge.add(Body::Correction(denied(own)));
            }),
        ),
        (
            "not-continued",
            Box::new(|forge| {
                // What came before could not be read: of that nothing is known, but that it is not this log.
                forge.replace(0, continuing);
                let own = EarlierBatch { origin: ORIGIN.into(), batch: BatchNumber(7) };
                forge.add(Body::Correction(Correction { earlier: Some(own), ..ending("completed", "2o1e") }));
            }),
        ),
    ]
}

/// A person releases files of these records of a batch that ended like this.
fn released(results: &'static str, actor: Option<&'static str>, with_reason: bool, ended: &'static str) -> Forgery {
    Box::new(move |forge| {
        let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &[results])));
        let (actor, reason) = (actor.map(Into::into), with_reason.then(|| Digest::of(b"moved by hand")));
        forge.add(Body::Correction(Correction { batch, actor, reason, ..ending("released", ended) }));
    })
}

/// A correction by which no file of these records is tried any more.
fn ending(what: &str, ended: &str) -> Correction {
    let records = ENDED.read(ended).map_or(1, |marks| marks.marked());
    Correction { ended: Some(ended.to_owned()), records, ..Correction::new("parle".into(), what) }
}

/// The database says that a batch of an earlier log was committed after all.
fn denied(batch: EarlierBatch) -> Correction {
    Correction { earlier: Some(batch), records: 3, ..Correction::new("parle".into(), "altered_fence") }
}

/// Makes the log's beginning that of a successor.
fn continuing(leaf: &mut Leaf) {
    let Body::Genesis(genesis) = &mut leaf.body else { unreachable!() };
    genesis.predecessor = Some(unread());
}

/// A batch of an earlier log.
fn earlier(batch: u64) -> EarlierBatch {
    EarlierBatch { origin: "log.example/0".into(), batch: BatchNumber(batch) }
}

/// The log before, of which nothing could be read.
fn unread() -> Predecessor {
    let origin = "log.example/0".into();
    Predecessor {
        origin,
        size: 0,
        root: Digest::of(b""),
        partial: false,
        reason: digest(),
        actor: "marie (1000)".into(),
    }
}

/// Two corrections speak of one record of which a file was left.
fn twice_ended(first: &'static str, second: &'static str) -> Forgery {
    Box::new(move |forge| {
        let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &["1D2i"])));
        for (what, ended) in [(first, "1o2e"), (second, "2o1e")] {
            let is_answer = what == "released";
            let actor = is_answer.then(|| "marie (1000)".into());
            let reason = is_answer.then(|| Digest::of(b"moved by hand"));
            forge.add(Body::Correction(Correction { batch, actor, reason, ..ending(what, ended) }));
        }
    })
}

/// The files of the last of three records went later; the correction that says so is changed like this.
fn ended_by(change: fn(&mut Correction)) -> Forgery {
    Box::new(move |forge| {
        let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &["2D1i"])));
        let mut correction = Correction { batch, ..ending("completed", "2o1e") };
        change(&mut correction);
        forge.add(Body::Correction(correction));
    })
}

#[test]
fn of_files_left_by_a_batch_each_record_is_ended_once_by_the_program_or_by_a_person() {
    let mut forge = Forge::ready();
    let batch = Some(BatchNumber(forge.batch(&[intent(0..3), intent(3..6)], &["1D2i", "1i2D"])));
    let (actor, reason) = (Some("marie (1000)".into()), Some(Digest::of(b"moved by hand")));
    forge.add(Body::Correction(Correction { batch, ..ending("completed", "2o1e") }));
    forge.add(Body::Correction(Correction { batch, actor, reason, ..ending("released", "1o1e1o1e") }));
    assert_eq!(forge.flaws(), [""; 0]);
}

/// The files of a batch of an earlier log: of each record they are told of once, too.
#[test]
fn files_of_an_earlier_logs_batch_are_ended_once_for_each_record() {
    let mut forge = Forge::continuing(ORIGIN, unread());
    let ends =
        |batch, ended| Body::Correction(Correction { earlier: Some(earlier(batch)), ..ending("completed", ended) });
    for (batch, ended) in [(7, "2o1e"), (7, "1e2o2e"), (9, "2o1e")] {
        forge.add(ends(batch, ended));
    }
    // That one of them was denied says nothing of its files.
    forge.add(Body::Correction(denied(earlier(8))));
    assert_eq!(forge.flaws(), [""; 0]);
    forge.add(ends(7, "3o2e"));
    assert_eq!(forge.flaws(), ["never-left"]);
    if python() {
        let dir = forge.written();
        assert!(said(dir.path(), &[]).2.contains("entry 5: it ends what was left"));
    }
}

/// Another correction of a batch with a file left, with a reason.
fn with_reason(what: &'static str) -> Forgery {
    Box::new(move |forge| {
        let batch = Some(BatchNumber(forge.batch(&[intent(0..3)], &["2D1i"])));
        let reason = Some(Digest::of(b"moved by hand"));
        forge.add(Body::Correction(Correction { batch, reason, ..ending(what, "2o1e") }));
    })
}

#[test]
fn files_that_are_left_may_be_ended_by_the_program_or_by_a_named_person() {
    let mut forge = Forge::ready();
    released("1D2i", Some("marie (1000)"), true, "1o2e")(&mut forge);
    let batch = Some(BatchNumber(forge.batch(&[intent(3..6)], &["2D1i"])));
    let completed = Correction { batch, ..ending("completed", "2o1e") };
    forge.add(Body::Correction(completed));
    assert_eq!(forge.flaws(), [""; 0]);
}
