//! Acknowledged means effective: holds are placed through the control socket while a plan is being executed.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use chrono::TimeDelta;
use retentiond::audit;
use retentiond::audit::leaf::{Body, Correction, HoldAction, RecordOutcome};
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::{Entries, LogReader, decode_results, load_fingerprinter};
use retentiond::config;
use retentiond::disposition::clock::{Synchronization, Watch};
use retentiond::disposition::desk::{DeskError, SharedDesk, approved_plan};
use retentiond::disposition::door::{Client, Door, open_or_connect};
use retentiond::disposition::execute::{Conditions, ExecuteError, Progress, Statement, apply};
use retentiond::disposition::holds::HoldScope;
use retentiond::disposition::plan::PlanRequest;
use retentiond::disposition::rails::Rail;
use retentiond::disposition::request::{Request, Response};
use retentiond::disposition::{Installation, Limits, Pace};
use retentiond::model::{Actor, Instant, KeyValue, PlanId, RecordKey, Windows};
use rusqlite::{Connection, params};

use support::{CALENDAR, CONFIG};

const DOSSIERS: i64 = 60_000;

/// Threads that place holds, and how many each places: all of them together end before the execution on any machine.
const CLERKS: i64 = 4;
const HOLDS_EACH: usize = 1_000;

const PART: &str = r#"
[[series.dossier.part]]
table = "message"
on = { dossier_id = "id" }
"#;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, closed_at TEXT, city TEXT);
    CREATE TABLE message(
        id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier(id), body TEXT, sent_at TEXT);
    CREATE INDEX message_sent ON message(sent_at);
    CREATE INDEX dossier_closed ON dossier(closed_at);
    CREATE INDEX message_dossier ON message(dossier_id);
";

fn now() -> Instant {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn watch() -> Arc<Watch> {
    Arc::new(Watch::new(Arc::new(now), Arc::new(|_| Synchronization::Confirmed), TimeDelta::days(90)))
}

/// The messages are records of a series of their own, too, whose term is far.
const MESSAGES: &str = r#"
[series.message]
source = "app"
table = "message"
key = "id"
event.sent = "sent_at"
"#;

const MESSAGES_RULE: &str = r#"
[[series]]
name = "message"
triggers = { sent = { en = "Sent" } }

[[rule]]
number = "R-2"
title = { en = "Messages" }
series = "message"
trigger = "sent"
keep = "P50Y"
disposition = "destroy"
"#;

fn organization(dir: &Path, dossiers: i64) -> Arc<Installation> {
    organization_with(dir, dossiers, CALENDAR, PART)
}

fn organization_with(dir: &Path, dossiers: i64, calendar: &str, mapped: &str) -> Arc<Installation> {
    fs::write(dir.join("calendar.toml"), calendar).unwrap();
    fs::write(dir.join("retentiond.toml"), format!("{CONFIG}{mapped}")).unwrap();
    let mut connection = Connection::open(dir.join("app.db")).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    let transaction = connection.transaction().unwrap();
    for id in 1..=dossiers {
        transaction.execute("INSERT INTO dossier VALUES(?1, '2024-03-15T12:00:00Z', 'Laval')", [id]).unwrap();
        let body = "what was said ".repeat(20);
        transaction.execute("INSERT INTO message(dossier_id, body) VALUES(?1, ?2)", params![id, body]).unwrap();
    }
    transaction.commit().unwrap();
    let loaded = config::load(&dir.join("retentiond.toml")).unwrap();
    Arc::new(Installation {
        boot: None,
        state: loaded.config.state,
        files: loaded.config.calendars,
        calendars: loaded.calendars,
        sources: loaded.config.sources,
        series: loaded.config.series,
        guesses: BTreeMap::new(),
        // Short transactions, many of them: more chances to slip between two.
        limits: Limits { lock: Duration::from_millis(5), pace: Pace::Full, ..Limits::default() },
        windows: Windows::NONE,
    })
}

fn approve(install: &Arc<Installation>) -> PlanId {
    let door = || open_or_connect(install.clone(), None, watch()).unwrap();
    let plan = door()
        .plan(&PlanRequest { now: now(), as_of: None, only: None, dependents: false, asked_for: true })
        .unwrap()
        .file
        .plan;
    let approval = Request::Approve { plan: plan.clone(), accept: Rail::ALL.to_vec(), only: Vec::new(), excepted: 0 };
    door().ask(approval).unwrap();
    plan
}

fn execute(desk: &SharedDesk, plan: &PlanId) -> Statement {
    execute_telling(desk, plan, &mut |_| {})
}

fn execute_telling(desk: &SharedDesk, plan: &PlanId, progress: &mut dyn FnMut(Progress)) -> Statement {
    let approved = approved_plan(desk, plan, &Actor::new("test (0)"), now()).unwrap();
    let mut conditions = Conditions {
        actor: &Actor::new("test (0)"),
        clock: &now,
        stop: &AtomicBool::new(false),
        progress,
        kept_waiting: &|_| {},
    };
    apply(desk, &approved, &mut conditions).unwrap()
}

/// Executes with very short transactions, does something to the database or to the Desk after the second chunk, and
/// returns the statement and how many records had been destroyed by then.
fn execute_and_meddle(door: &Door, plan: &PlanId, meddle: &mut dyn FnMut()) -> (Statement, u64) {
    let mut done = Vec::new();
    let statement = execute_telling(door.here().unwrap(), plan, &mut |progress| {
        done.push(progress.done);
        if done.len() == 2 {
            meddle();
        }
    });
    assert_eq!(done.len(), 2, "nothing was to come after: {statement:?}");
    (statement, done[1])
}

fn assert_ended(statement: &Statement, destroyed: u64, because: &str) {
    let counts = statement.counts;
    assert_eq!((counts.planned, counts.destroyed, counts.deferred), (2_000, destroyed, 2_000 - destroyed));
    let [(reason, records)] = statement.reasons.iter().collect::<Vec<_>>()[..] else { panic!("{statement:?}") };
    assert!(reason.contains(because) && *records == counts.deferred && !statement.finished, "{statement:?}");
}

fn assert_verified(install: &Installation) {
    let report = verify(&audit::dir_in(&install.state), &Trust::default());
    assert_eq!(report.verdict, Verdict::OkUnanchored, "{report:?}");
}

fn corrections(install: &Installation) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let log = LogReader::open(&audit::dir_in(&install.state)).unwrap();
    log.scan(0, &mut |_, leaf| {
        if let Body::Correction(correction) = leaf.body {
            found.push((correction.what, correction.records));
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    found
}

/// Places holds on records of a series while the execution goes on, and returns those that were still there after the
/// hold was acknowledged. A dossier's message has its number.
fn place_holds(dir: &Path, state: &Path, series: &str, clerk: i64, done: &AtomicBool) -> BTreeSet<i64> {
    let mut client = Client::connect(state).unwrap();
    let database = Connection::open(dir.join("app.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut there = database.prepare(&format!("SELECT 1 FROM {series} WHERE id = ?1")).unwrap();
    let mut seen_after = BTreeSet::new();
    // Near the place where the execution is: it goes in the order of keys.
    let mut first = database.prepare("SELECT id FROM dossier WHERE id > ?1 ORDER BY id LIMIT 1").unwrap();
    let mut last = 0;
    for _ in 0..HOLDS_EACH {
        if done.load(Ordering::Relaxed) {
            break;
        }
        let Ok(front) = first.query_row([last], |row| row.get::<_, i64>(0)) else { break };
        let id = (front + (front * 7 + clerk * 13) % 40).min(DOSSIERS);
        last = front;
        let hold = HoldScope::Record { series: series.into(), key: vec![id.to_string()] };
        let request =
            Request::HoldPlace { hold, meaning: None, reason: "litigation".to_owned(), case: None, review_by: None };
        let answer = client.send(&request).unwrap();
        assert!(matches!(answer, Response::HoldPlaced { .. }), "{answer:?}");
        if there.exists([id]).unwrap() {
            seen_after.insert(id);
        }
    }
    seen_after
}

/// For every record whose hold stands in the log before the intent of a batch that names it: what became of it.
fn outcomes_after_hold(state: &Path) -> BTreeMap<RecordOutcome, u64> {
    let fingerprints = load_fingerprinter(&state.join("private/keys"), &"app".into(), 2026).unwrap().unwrap();
    let name = |id| fingerprints.record(&"dossier".into(), &RecordKey::new(vec![KeyValue::Integer(id)])).to_string();
    let names: BTreeSet<String> = (1..=DOSSIERS).map(name).collect();
    let mut held = BTreeSet::new();
    let mut announced: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
    let mut found = BTreeMap::new();
    LogReader::open(&audit::dir_in(state))
        .unwrap()
        .scan(0, &mut |index, leaf| {
            match leaf.body {
                Body::Hold(hold) if hold.action == HoldAction::Placed => {
                    let fingerprint = hold.fp.unwrap();
                    assert!(names.contains(&fingerprint));
                    held.insert(fingerprint);
                }
                Body::Intent(intent) => {
                    let bytes =
                        base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &intent.fp).unwrap();
                    let texts = bytes
                        .chunks(32)
                        .map(|bytes| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bytes));
                    announced.insert(index, texts.map(|text| held.contains(&text)).collect());
                }
                // A batch that was undone, on a busy machine because its time was over, puts its records off: they come
                // again.
                Body::Outcome(outcome) if outcome.committed => {
                    let was_held = &announced[&outcome.intent];
                    let results = decode_results(&outcome.results, was_held.len() as u32).unwrap();
                    for (result, _) in results.into_iter().zip(was_held).filter(|(_, held)| **held) {
                        *found.entry(result).or_default() += 1;
                    }
                }
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    found
}

/// Executes while clerks place holds on records of a series. Holds that each that was there after its hold was
/// acknowledged is there still, with its dossier.
fn execute_while_holds_are_placed(dir: &Path, install: &Arc<Installation>, series: &str) {
    let plan = approve(install);
    let door = open_or_connect(install.clone(), None, watch()).unwrap();
    let (done, seen_after) = (AtomicBool::new(false), Mutex::new(BTreeSet::new()));
    let statement = thread::scope(|scope| {
        for clerk in 0..CLERKS {
            let (done, seen_after, install) = (&done, &seen_after, &install);
            scope.spawn(move || {
                let seen = place_holds(dir, &install.state, series, clerk, done);
                seen_after.lock().unwrap().extend(seen);
            });
        }
        let statement = execute(door.here().unwrap(), &plan);
        done.store(true, Ordering::Relaxed);
        statement
    });
    let seen_after = seen_after.into_inner().unwrap();
    assert!(seen_after.len() > 500, "only {} holds came in time: this proves too little", seen_after.len());

    let database = Connection::open(dir.join("app.db")).unwrap();
    let mut there = database.prepare("SELECT 1 FROM dossier WHERE id = ?1").unwrap();
    let mut talks = database.prepare("SELECT 1 FROM message WHERE dossier_id = ?1").unwrap();
    let lost: Vec<_> =
        seen_after.iter().filter(|id| !there.exists([**id]).unwrap() || !talks.exists([**id]).unwrap()).collect();
    assert!(lost.is_empty(), "{} of {} held records are gone: {lost:?}", lost.len(), seen_after.len());
    let left: i64 = database.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
    let counts = statement.counts;
    assert_eq!((counts.planned, counts.destroyed + counts.held), (DOSSIERS as u64, DOSSIERS as u64), "{counts:?}");
    assert_eq!(left, counts.held as i64);
}

#[test]
fn no_record_acknowledged_as_held_goes_as_a_part_of_another_in_an_execution_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let calendar = format!("{CALENDAR}{MESSAGES_RULE}");
    let install = organization_with(dir.path(), DOSSIERS, &calendar, &format!("{PART}{MESSAGES}"));
    execute_while_holds_are_placed(dir.path(), &install, "message");
}

#[test]
fn no_record_acknowledged_as_held_is_destroyed_by_an_execution_under_way() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), DOSSIERS);
    execute_while_holds_are_placed(dir.path(), &install, "dossier");
    let outcomes = outcomes_after_hold(&install.state);
    assert!(outcomes.keys().all(|outcome| *outcome == RecordOutcome::Held), "{outcomes:?}");
}

#[test]
fn a_hold_by_expression_is_asked_of_the_database_at_the_moment_of_destruction() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let mut door = open_or_connect(install.clone(), None, watch()).unwrap();
    let hold =
        HoldScope::Where { series: "dossier".into(), expression: "this.city = 'Gaspé'".to_owned(), keys: Vec::new() };
    door.ask(Request::HoldPlace { hold, meaning: None, reason: "inquiry".to_owned(), case: None, review_by: None })
        .unwrap();
    // Nobody lived there when the hold was placed, nor when the plan was made.
    let database = Connection::open(dir.path().join("app.db")).unwrap();
    database.execute("UPDATE dossier SET city = 'Gaspé' WHERE id % 100 = 0", []).unwrap();
    let counts = execute(door.here().unwrap(), &plan).counts;
    assert_eq!((counts.held, counts.destroyed), (20, 1_980));
    let others: i64 =
        database.query_row("SELECT count(*) FROM dossier WHERE city <> 'Gaspé'", [], |row| row.get(0)).unwrap();
    assert_eq!(others, 0);
}

#[test]
fn a_lifted_hold_lets_the_next_plan_take_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let mut door = open_or_connect(install.clone(), None, watch()).unwrap();
    let hold = HoldScope::Record { series: "dossier".into(), key: vec!["7".to_owned()] };
    let request = Request::HoldPlace { hold, meaning: None, reason: "inquiry".to_owned(), case: None, review_by: None };
    let Response::HoldPlaced { hold, .. } = door.ask(request).unwrap() else { panic!("no hold") };
    drop(door);
    let plan = approve(&install);
    let mut door = open_or_connect(install.clone(), None, watch()).unwrap();
    assert_eq!(execute(door.here().unwrap(), &plan).counts.planned, 1_999);
    door.ask(Request::HoldLift { hold: hold.id, reason: "settled".to_owned() }).unwrap();
    drop(door);
    let plan = approve(&install);
    let door = open_or_connect(install, None, watch()).unwrap();
    assert_eq!(execute(door.here().unwrap(), &plan).counts.destroyed, 1);
}

#[test]
fn an_application_that_is_upgraded_during_an_execution_ends_it_and_keeps_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let door = open_or_connect(install, None, watch()).unwrap();
    let database = Connection::open(dir.path().join("app.db")).unwrap();
    let upgrade = "ALTER TABLE dossier ADD COLUMN legal_hold INTEGER";
    let (statement, destroyed) = execute_and_meddle(&door, &plan, &mut || database.execute_batch(upgrade).unwrap());
    assert_ended(&statement, destroyed, "changed during the run");
    let left: i64 = database.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
    assert_eq!(left.unsigned_abs(), statement.counts.deferred);
}

#[test]
fn a_database_restored_during_an_execution_ends_it_and_waits_for_a_person() {
    let ways = [
        ("DELETE FROM retentiond_batch", ("missing_fence", 0)),
        ("DROP TABLE retentiond_batch", ("fence_table_dropped", 0)),
        (
            "DELETE FROM retentiond_batch; INSERT INTO dossier SELECT min(id) - 1, '2024-03-15T12:00:00Z', 'Laval' FROM dossier",
            ("resurrected", 1),
        ),
    ];
    for (statements, (what, records)) in ways {
        let dir = tempfile::tempdir().unwrap();
        let install = organization(dir.path(), 2_000);
        let plan = approve(&install);
        let door = open_or_connect(install.clone(), None, watch()).unwrap();
        let database = Connection::open(dir.path().join("app.db")).unwrap();
        let (statement, destroyed) =
            execute_and_meddle(&door, &plan, &mut || database.execute_batch(statements).unwrap());
        assert_ended(&statement, destroyed, "no longer says what the log says");
        let left: i64 = database.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
        assert_eq!(left.unsigned_abs(), 2_000 - destroyed + records, "{what}");
        assert_eq!(corrections(&install), [(what.to_owned(), records)]);
        let resumed = approved_plan(door.here().unwrap(), &plan, &Actor::new("test (0)"), now());
        let stop = AtomicBool::new(false);
        let actor = Actor::new("test (0)");
        let mut conditions =
            Conditions { actor: &actor, clock: &now, stop: &stop, progress: &mut |_| {}, kept_waiting: &|_| {} };
        let resumed = apply(door.here().unwrap(), &resumed.unwrap(), &mut conditions);
        assert!(matches!(resumed, Err(ExecuteError::Restored { .. })), "{what}: {resumed:?}");
        drop(door);
        assert_verified(&install);
    }
}

#[test]
fn another_database_put_in_the_place_of_the_one_at_work_ends_the_execution() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let door = open_or_connect(install.clone(), None, watch()).unwrap();
    let path = |name: &str| dir.path().join(name);
    let (statement, destroyed) = execute_and_meddle(&door, &plan, &mut || {
        // As a compaction does: what the copy says, fence included, is what the log says.
        let database = Connection::open(path("app.db")).unwrap();
        database.execute("VACUUM INTO ?1", [path("compact.db").to_str().unwrap()]).unwrap();
        for file in ["app.db", "app.db-wal", "app.db-shm"] {
            fs::rename(path(file), path(&format!("old-{file}"))).unwrap();
        }
        fs::rename(path("compact.db"), path("app.db")).unwrap();
        let application = Connection::open(path("app.db")).unwrap();
        application.execute_batch("PRAGMA journal_mode = WAL; UPDATE dossier SET closed_at = NULL").unwrap();
    });
    assert_ended(&statement, destroyed, "another file stands in the place of");
    let left = || -> u64 {
        let database = Connection::open(path("app.db")).unwrap();
        database.query_row("SELECT count(*) FROM dossier", [], |row| row.get::<_, i64>(0)).unwrap().unsigned_abs()
    };
    assert_eq!(left(), 2_000 - destroyed);
    // The same plan goes on with the database that stands there now, and finds nothing due in it.
    assert_eq!(execute(door.here().unwrap(), &plan).counts.drifted, 2_000 - destroyed);
    assert_eq!(left(), 2_000 - destroyed);
    drop(door);
    assert_verified(&install);
}

#[test]
fn a_database_that_remembers_a_batch_which_the_log_does_not_know_ends_an_execution() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let door = open_or_connect(install.clone(), None, watch()).unwrap();
    let desk = door.here().unwrap();
    let actor = Actor::new("test (0)");
    let approved = approved_plan(desk, &plan, &actor, now()).unwrap();
    let database = Connection::open(dir.path().join("app.db")).unwrap();
    let newer = "INSERT INTO retentiond_batch SELECT origin, 99999, 'committed', note FROM retentiond_batch ORDER BY batch DESC LIMIT 1";
    let mut done = Vec::new();
    let mut progress = |progress: Progress| {
        done.push(progress.done);
        if done.len() == 2 {
            database.execute_batch(newer).unwrap();
        }
    };
    let stop = AtomicBool::new(false);
    let mut conditions =
        Conditions { actor: &actor, clock: &now, stop: &stop, progress: &mut progress, kept_waiting: &|_| {} };
    let ended = apply(desk, &approved, &mut conditions);
    assert!(matches!(ended, Err(ExecuteError::Desk(DeskError::LogBehind { .. }))), "{ended:?}");
    let left: i64 = database.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
    assert_eq!((done.len(), left.unsigned_abs()), (2, 2_000 - done[1]));
    drop(door);
    assert_verified(&install);
}

#[test]
fn a_correction_that_a_plan_made_meanwhile_puts_on_record_ends_the_execution() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let door = open_or_connect(install.clone(), None, watch()).unwrap();
    let (statement, destroyed) = execute_and_meddle(&door, &plan, &mut || {
        // As a plan made between two chunks does, of a database that says again by the next what it should.
        let correction = Correction::new("app".into(), "altered_fence");
        door.here().unwrap().lock().unwrap().record(Body::Correction(correction), now()).unwrap();
    });
    assert_ended(&statement, destroyed, "no longer says what the log says");
}

#[test]
fn a_plan_rejected_during_its_execution_ends_it_before_the_next_record() {
    let dir = tempfile::tempdir().unwrap();
    let install = organization(dir.path(), 2_000);
    let plan = approve(&install);
    let door = open_or_connect(install.clone(), None, watch()).unwrap();
    let (statement, destroyed) = execute_and_meddle(&door, &plan, &mut || {
        let mut client = Client::connect(&install.state).unwrap();
        let request = Request::Reject { plan: plan.clone(), reason: "a mistake was seen".to_owned() };
        assert!(matches!(client.send(&request).unwrap(), Response::Rejected { .. }));
    });
    assert_ended(&statement, destroyed, "was rejected");
    let again = approved_plan(door.here().unwrap(), &plan, &Actor::new("test (0)"), now());
    assert_eq!(again.err().map(|error| error.code()), Some("plan-rejected"));
    drop(door);
    assert_verified(&install);
}
