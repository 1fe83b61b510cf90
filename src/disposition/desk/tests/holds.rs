use super::super::holding::Naming;
use super::super::store::Lift;
use super::*;
use chrono::TimeDelta;

use crate::disposition::clock::{Synchronization, Watch};
use crate::disposition::holds::Meaning;
use crate::disposition::sample;
use crate::records::facts::Facts;
use crate::records::mapping::SeriesMapping;
use crate::records::mapping::sample::relation;
use crate::records::sqlite::Reader;

fn facts(sample: &Sample, dossier: i64) -> Facts {
    let key = crate::model::RecordKey::new(vec![crate::model::KeyValue::Integer(dossier)]);
    let mut reader = Reader::open(&sample.install.sources[&"parle".into()], &sample.install.series).unwrap();
    reader.facts(&"dossier".into(), &[key]).unwrap().remove(0).unwrap()
}

fn is_held(sample: &Sample, dossier: i64) -> bool {
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    desk.holds().holds(
        sample.install.mapping(&"dossier".into()).unwrap(),
        &facts(sample, dossier),
        Some(&"PC-1".into()),
    )
}

#[test]
fn a_hold_outlives_the_process_and_a_lifted_one_does_not() {
    let sample = Sample::new();
    let hold = placed(ask(&sample, place(dossier("007"))));
    assert_eq!(hold.scope, dossier("7"), "the key is told as the database shows it");
    assert!(is_held(&sample, 7) && !is_held(&sample, 8));
    ask(&sample, Request::HoldLift { hold: hold.id.clone(), reason: "settled".to_owned() }).unwrap();
    assert!(!is_held(&sample, 7));
    assert_eq!(hold_leaves(&sample), [(hold.id.clone(), HoldAction::Placed), (hold.id.clone(), HoldAction::Lifted)]);
    assert_eq!(code(ask(&sample, Request::HoldLift { hold: hold.id, reason: "again".to_owned() })), "no-hold");
}

#[test]
fn a_hold_never_takes_a_name_that_the_log_or_the_private_database_knows() {
    let sample = Sample::new();
    let [lifted, lost] = ["7", "8"].map(|id| placed(ask(&sample, place(dossier(id)))));
    ask(&sample, Request::HoldLift { hold: lifted.id.clone(), reason: "settled".to_owned() }).unwrap();
    Connection::open(sample.install.state.join("private/desk.db")).unwrap().execute("DELETE FROM hold", []).unwrap();
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let unrecorded = Hold { id: "H-0000002a".into(), ..lost.clone() };
    desk.store.place(&unrecorded).unwrap();
    let mut names = [lifted.id, lost.id, unrecorded.id, "H-00000001".into()].into_iter();
    assert_eq!(desk.new_hold_id(|| Ok(names.next().unwrap())).unwrap(), "H-00000001".into());
}

#[test]
fn the_log_names_a_held_record_by_its_fingerprint_and_holds_no_free_text() {
    let sample = Sample::new();
    placed(ask(&sample, place(dossier("7"))));
    let expression = "this.city = 'Laval'".to_owned();
    placed(ask(&sample, place(HoldScope::Where { series: "dossier".into(), expression, keys: Vec::new() })));
    let leaves = leaves(&sample);
    let found: Vec<_> =
        leaves.iter().filter_map(|leaf| if let Body::Hold(leaf) = leaf { Some(leaf) } else { None }).collect();
    assert_eq!(
        (found[0].scope.as_str(), found[0].year, found[0].fp.as_ref().map(String::len)),
        ("record", Some(2026), Some(43))
    );
    assert_eq!((found[1].scope.as_str(), found[1].year, found[1].fp.clone()), ("where", None, None));
    let text = serde_json::to_string(&leaves).unwrap();
    for private in ["litigation", "500-17", "Laval"] {
        assert!(!text.contains(private), "{private} stands in the log");
    }
}

#[test]
fn a_hold_that_a_crash_kept_from_the_log_holds_and_is_put_on_record_at_the_next_start() {
    let sample = Sample::new();
    let hold = sample::hold("H-0000002a", dossier("7"));
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    desk.store.place(&hold).unwrap();
    drop(desk);
    assert_eq!(hold_leaves(&sample), []);
    assert!(is_held(&sample, 7));
    assert_eq!(hold_leaves(&sample), [], "as long as nobody asked whether the clock can be believed");
    // The log was silent since; the clock lies a year ahead, and nothing confirms it.
    let ahead = now() + chrono::TimeDelta::days(365);
    let watch = || Watch::new(Arc::new(move || ahead), Arc::new(|_| Synchronization::Unknown), TimeDelta::days(90));
    for _ in 0..2 {
        drop(open_or_connect(sample.install.clone(), None, Arc::new(watch())).unwrap());
        assert_eq!(hold_leaves(&sample), [(hold.id.clone(), HoldAction::Placed)], "once is enough");
    }
    assert!(is_held(&sample, 7));
    let mut stamps = Vec::new();
    let log = LogReader::open(&audit::dir_in(&sample.state())).unwrap();
    log.scan(0, &mut |_, leaf| {
        stamps.push(leaf.at);
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!(stamps.into_iter().max(), Some(now().timestamp()), "nothing is stamped ahead");
}

#[test]
fn a_lift_that_a_crash_kept_from_the_log_did_not_happen() {
    let sample = Sample::new();
    let hold = placed(ask(&sample, place(dossier("7"))));
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    desk.store.lifting(&hold.id, &Lift { actor: "x".into(), at: now(), reason: "y".to_owned() }).unwrap();
    drop(desk);
    assert!(is_held(&sample, 7));
}

#[test]
fn a_lift_that_a_crash_kept_from_the_private_database_happened() {
    let sample = Sample::new();
    let hold = placed(ask(&sample, place(dossier("7"))));
    let mut desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let body = desk.hold_leaf(&hold, HoldAction::Lifted, &hold.actor, "settled", Naming::default());
    desk.record(body, now()).unwrap();
    drop(desk);
    assert!(!is_held(&sample, 7));
}

#[test]
fn a_hold_lifted_by_editing_the_private_database_holds() {
    let sample = Sample::new();
    placed(ask(&sample, place(dossier("7"))));
    let private = rusqlite::Connection::open(sample.state().join("private/desk.db")).unwrap();
    private.execute("UPDATE hold SET lifted = 1", []).unwrap();
    drop(private);
    assert!(is_held(&sample, 7));
}

#[test]
fn a_hold_that_the_private_database_lost_stops_all_destruction_until_a_person_lifts_it() {
    let sample = Sample::new();
    let hold = placed(ask(&sample, place(dossier("7"))));
    let private = rusqlite::Connection::open(sample.state().join("private/desk.db")).unwrap();
    private.execute("DELETE FROM hold", []).unwrap();
    drop(private);
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    let error = desk.may_destroy().unwrap_err();
    assert!(matches!(&error, DeskError::HoldsLost { holds } if *holds == [hold.id.clone()]), "{error}");
    drop(desk);
    ask(&sample, Request::HoldLift { hold: hold.id, reason: "placed again as another".to_owned() }).unwrap();
    Desk::open(sample.install.clone(), None, now()).unwrap().may_destroy().unwrap();
}

#[test]
fn a_lost_hold_of_which_only_a_log_before_this_one_tells_stops_all_destruction() {
    let sample = Sample::new();
    let [kept, lost] = ["7", "8"].map(|id| placed(ask(&sample, place(dossier(id)))));
    let adopt = || adopt_log(&sample.state(), None, "a new disk", "marie (1001)".into(), now()).unwrap();
    let lost_holds = || {
        let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
        let told: Vec<_> = desk.lost_holds().cloned().collect();
        assert_eq!(desk.may_destroy().is_err(), !told.is_empty());
        told
    };
    let private = rusqlite::Connection::open(sample.state().join("private/desk.db")).unwrap();
    private.execute("DELETE FROM hold WHERE id = ?1", [lost.id.as_str()]).unwrap();
    drop(private);
    // The second successor has its word from the first of the three.
    for _ in 0..2 {
        adopt();
        assert_eq!(lost_holds(), std::slice::from_ref(&lost.id));
    }
    assert!(is_held(&sample, 7) && !is_held(&sample, 8));
    // Once it is on record, this log tells of it by itself.
    ask(&sample, place(dossier("9"))).unwrap();
    let on_record: Vec<_> = hold_leaves(&sample).into_iter().map(|(id, _)| id).collect();
    assert!(on_record.contains(&lost.id) && on_record.contains(&kept.id), "{on_record:?}");
    // By no fingerprint: its key is declared in the log that went before.
    let is_named = |leaf: &Body| matches!(leaf, Body::Hold(leaf) if leaf.hold == lost.id && leaf.fp.is_some());
    assert!(!leaves(&sample).iter().any(is_named));
    assert_eq!(lost_holds(), std::slice::from_ref(&lost.id));
    adopt();
    ask(&sample, Request::HoldLift { hold: lost.id.clone(), reason: "placed again as another".to_owned() }).unwrap();
    assert_eq!(lost_holds(), []);
    adopt();
    assert_eq!(lost_holds(), [], "a later log says that it was lifted");
}

#[test]
fn the_logs_before_this_one_tell_of_holds_where_the_private_database_is_gone() {
    let sample = Sample::new();
    let lost = placed(ask(&sample, place(dossier("7"))));
    for file in ["desk.db", "desk.db-wal", "desk.db-shm"] {
        let path = sample.state().join("private").join(file);
        assert!(!path.exists() || std::fs::remove_file(path).is_ok());
    }
    adopt_log(&sample.state(), None, "a new disk", "marie (1001)".into(), now()).unwrap();
    let desk = Desk::open(sample.install.clone(), None, now()).unwrap();
    assert!(desk.may_destroy().is_err() && desk.lost_holds().eq([&lost.id]));
}

#[test]
fn what_cannot_be_held_is_said() {
    let sample = Sample::new();
    let reference = || HoldScope::Reference { series: "account".into(), reference: "A-1".to_owned(), keys: Vec::new() };
    let expression =
        |text: &str| HoldScope::Where { series: "dossier".into(), expression: text.to_owned(), keys: Vec::new() };
    let cases = [
        (place(HoldScope::Series { series: "permit".into() }), "unknown-series"),
        (place(HoldScope::Rule { rule: "PC-9".into() }), "unknown-rule"),
        (place(HoldScope::Record { series: "dossier".into(), key: vec![] }), "key-columns"),
        (place(dossier("seven")), "key"),
        (place(reference()), "no-reference"),
        (place(expression("this.town = 'Laval'")), "expression"),
        (place(expression("1); DROP TABLE dossier; --")), "expression"),
        (
            Request::HoldPlace {
                hold: dossier("7"),
                meaning: None,
                reason: " ".to_owned(),
                case: None,
                review_by: None,
            },
            "reason",
        ),
        (
            Request::HoldPlace {
                hold: dossier("7"),
                meaning: None,
                reason: "x".repeat(5_000),
                case: None,
                review_by: None,
            },
            "reason",
        ),
        (Request::HoldLift { hold: "H-12345678".into(), reason: "x".to_owned() }, "no-hold"),
    ];
    for (request, expected) in cases {
        let shown = format!("{request:?}");
        assert_eq!(code(ask(&sample, request)), expected, "{shown}");
    }
    assert_eq!(held(&sample), []);
    assert_eq!(hold_leaves(&sample), []);
}

#[test]
fn a_hold_that_would_keep_less_by_the_files_that_the_holder_read_is_refused() {
    let mut sample = Sample::new();
    let running = door(&sample);
    assert!(running.here().is_some());
    let series = || "dossier".into();
    let scopes = [
        dossier("7"),
        HoldScope::Reference { series: series(), reference: "D-7".to_owned(), keys: Vec::new() },
        HoldScope::Subject { series: "account".into(), key: vec!["7".to_owned()] },
        HoldScope::Series { series: series() },
        HoldScope::Where { series: series(), expression: "this.city = 'Laval'".to_owned(), keys: Vec::new() },
    ];
    let by_disk = |sample: &Sample, scope: &HoldScope| {
        let Request::HoldPlace { hold, reason, case, review_by, .. } = place(scope.clone()) else { unreachable!() };
        let meaning = Some(Meaning::of(&sample.install, &hold, now()));
        code(ask(sample, Request::HoldPlace { hold, meaning, reason, case, review_by }))
    };
    let all = |sample: &Sample| scopes.iter().map(|scope| by_disk(sample, scope)).collect::<Vec<_>>();
    assert_eq!(all(&sample), ["ok"; 5]);
    let edited = |sample: &mut Sample, edit: fn(&mut SeriesMapping)| {
        sample
            .change(|install| edit(install.series.iter_mut().find(|known| known.series == "dossier".into()).unwrap()));
    };
    // What the hold does not go by is no reason to refuse it.
    edited(&mut sample, |dossier| dossier.events.clear());
    assert_eq!(all(&sample), ["ok"; 5]);
    let before = held(&sample);
    let otherwise = "hold-otherwise";
    edited(&mut sample, |dossier| dossier.reference = Some("city".to_owned()));
    assert_eq!(by_disk(&sample, &scopes[1]), otherwise);
    edited(&mut sample, |dossier| dossier.subject = Some(relation("account", "id", "id")));
    assert_eq!(by_disk(&sample, &scopes[2]), otherwise);
    edited(&mut sample, |dossier| dossier.table = "letter".to_owned());
    assert_eq!(all(&sample), [otherwise; 5]);
    sample.change(|install| {
        install.series.iter_mut().for_each(|known| known.series = format!("new-{}", known.series).as_str().into());
    });
    let renamed = HoldScope::Series { series: "new-dossier".into() };
    assert_eq!(by_disk(&sample, &renamed), otherwise);
    drop(running);
    assert_eq!(held(&sample), before);
}

#[test]
fn a_database_that_cannot_be_read_keeps_nobody_from_holding_a_record() {
    let sample = Sample::new();
    let database = &sample.install.sources[&"parle".into()].sqlite;
    std::fs::rename(database, database.with_extension("away")).unwrap();
    placed(ask(&sample, place(dossier("7"))));
    std::fs::rename(database.with_extension("away"), database).unwrap();
    assert!(is_held(&sample, 7));
}
