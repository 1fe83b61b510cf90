//! A destruction log that cannot be written: who asks hears what is true, an alert stands, and what was missing is put
//! on record afterwards.

use std::fs;
use std::thread;
use std::time::Duration;

use rusqlite::Connection;

use crate::office::Office;

/// A daemon whose disk is full for the first few writes.
const FULL: (&str, &str) = ("FAILPOINTS", "audit::journal::write::before=5*return(enospc)");

/// An organization whose log has begun, with figures in a file.
fn office() -> Office {
    let office = Office::new("approve", 3);
    office.configure("\n[metrics]\ntextfile = \"figures.prom\"\n");
    let daemon = office.start();
    office.scan();
    daemon.stop();
    office
}

fn figures(office: &Office) -> String {
    fs::read_to_string(office.path("figures.prom")).unwrap()
}

fn holds_on_record(office: &Office) -> usize {
    let shown = office.ask(&["audit", "show", "--kind", "hold"]);
    shown.to_string().matches("\"action\":\"placed\"").count()
}

#[test]
fn a_hold_on_a_full_disk_holds_and_is_put_on_record_when_there_is_room_again() {
    let office = office();
    let daemon = office.start_with(&[FULL]);
    let placed = office.ask(&["hold", "place", "dossier", "1", "--reason", "a claim"]);
    assert!(placed["unrecorded"].as_str().unwrap().contains("full"), "{placed}");
    office.wait("the alert", || office.has_alert("log"));
    office.wait("the figure", || figures(&office).contains("retentiond_log_writable 0"));
    assert!(figures(&office).contains("retentiond_alerts_standing{code=\"log\"} 1"), "{}", figures(&office));
    assert_eq!((office.status()["holds"].as_u64(), holds_on_record(&office)), (Some(1), 0));
    office.wait("room on the disk", || !office.has_alert("log"));
    office.wait("the figure", || figures(&office).contains("retentiond_log_writable 1"));
    assert_eq!(holds_on_record(&office), 1);

    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    office.wait("the execution", || office.count() == 6);
    daemon.stop();
    office.verify();
}

#[test]
fn an_approval_on_a_full_disk_is_refused_and_raises_an_alert_until_there_is_room_again() {
    let office = office();
    let plan = office.plans("pending").remove(0);
    let daemon = office.start_with(&[FULL]);
    let (code, refused) = office.json(&["approve", &plan, "--accept", "rules"]);
    assert_eq!(code, 1, "{refused}");
    office.wait("the alert", || office.has_alert("log"));
    assert_eq!(office.plans("pending"), std::slice::from_ref(&plan), "nobody approved it");
    office.wait("room on the disk", || !office.has_alert("log"));
    assert_eq!(office.count(), 8);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
    office.verify();
}

#[test]
fn a_hold_under_a_clock_that_was_put_back_holds_and_is_put_on_record_when_it_has_caught_up() {
    let office = office();
    let daemon = office.start();
    office.ask(&["hold", "place", "dossier", "1", "--reason", "a claim"]);
    office.set_clock("2026-11-21T15:00:00Z");
    office.wait("the alert", || office.has_alert("clock"));
    let placed = office.ask(&["hold", "place", "dossier", "2", "--reason", "another claim"]);
    assert!(placed["unrecorded"].as_str().unwrap().contains("clock"), "{placed}");
    assert_eq!((office.status()["holds"].as_u64(), holds_on_record(&office)), (Some(2), 1));
    office.set_clock("2026-11-21T17:00:01Z");
    office.wait("the entry", || holds_on_record(&office) == 2);
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    office.wait("the execution", || office.count() == 7);
    daemon.stop();
    office.verify();
}

#[test]
fn a_full_disk_keeps_it_from_starting_only_once_the_room_that_was_set_aside_is_used() {
    let office = office();
    let full = |times: u32| ("FAILPOINTS".to_owned(), format!("audit::vkey::write::before={times}*return(enospc)"));
    let forget_vkey = || fs::remove_file(office.path("state/audit/vkey")).unwrap();
    forget_vkey();
    let refused = office.command(&["run"]).envs([full(2)]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    assert!(!office.path("state/private/room").exists(), "given back");

    office.start().stop();
    assert!(office.path("state/private/room").exists(), "set aside again");
    forget_vkey();
    let (name, value) = full(1);
    let daemon = office.start_with(&[(&name, &value)]);
    assert_eq!(office.status()["alerts"].to_string().matches("\"log\"").count(), 0, "{}", office.status());
    daemon.stop();
}

#[test]
fn a_notify_command_that_fails_is_an_alert_and_a_figure_until_it_takes_an_alert_again() {
    let office = office();
    let (told, mended) = (office.path("told"), office.path("mended"));
    let script = format!("test -e {} && cat >> {}", mended.display(), told.display());
    office.configure(&format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"{script}\"]\n"));
    let daemon = office.start();
    office.set_clock("2026-11-21T15:00:00Z");
    office.wait("the alert", || office.has_alert("notify"));
    office.wait("the figure", || figures(&office).contains("retentiond_alerts_standing{code=\"notify\"} 1"));
    fs::write(&mended, "").unwrap();
    assert!(office.has_alert("notify"), "it has taken nothing yet");
    office.configure("\n# Changed on disk.\n");
    office.wait("the end of the alert", || !office.has_alert("notify"));
    assert!(fs::read_to_string(told).unwrap().contains("\"code\":\"configuration\""));
    daemon.stop();
}

#[test]
fn as_long_as_no_room_can_be_set_aside_one_alert_and_the_figures_say_so() {
    let office = office();
    let told = office.path("told");
    office.configure(&format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n", told.display()));
    let daemon = office.start();
    let room = office.path("state/private/room");
    // The daemon may set it aside again between the two.
    office.wait("something in its way", || {
        fs::remove_file(&room).ok();
        fs::create_dir(&room).is_ok()
    });
    office.wait("the alert", || office.has_alert("log"));
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(200));
        assert!(office.has_alert("log") && figures(&office).contains("retentiond_log_writable 0"), "{}", office.log());
    }
    fs::remove_dir(&room).unwrap();
    office.wait("the end of the alert", || !office.has_alert("log"));
    office.wait("the figure", || figures(&office).contains("retentiond_log_writable 1"));
    assert_eq!(fs::metadata(&room).unwrap().len(), 4 << 20);
    daemon.stop();
    assert_eq!(fs::read_to_string(told).unwrap().matches("\"code\":\"log\"").count(), 1);
}

#[test]
fn a_scan_of_the_schedule_that_cannot_be_put_on_record_is_among_the_last_runs_and_is_made_when_it_can_be() {
    let office = office();
    let daemon = office.start_with(&[("RETENTIOND_SYNCHRONIZED", "yes")]);
    office.wait("its start", || office.status()["doing"] == "idle");
    let last = || {
        let last = office.status()["last"].as_array().unwrap().clone();
        last.into_iter().find(|firing| firing["at"] == "2026-11-22T07:00:00Z").unwrap_or_default()
    };
    let other = Connection::open(office.path("state/private/desk.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    office.set_clock("2026-11-22T07:00:05Z");
    office.wait("the line", || last()["outcome"] == "not begun: state-database");
    let text = office.run(&["ctl", "status"]).out;
    assert!(text.contains("2026-11-22T07:00:00Z  not begun: state-database"), "{text}");
    other.execute_batch("ROLLBACK").unwrap();
    office.wait("the scan", || last()["outcome"].as_str().is_some_and(|outcome| outcome.contains("due")));
    let told = office.status()["last"].to_string();
    assert_eq!(told.matches("2026-11-22T07:00:00Z").count(), 1, "{told}");
    daemon.stop();
}

#[test]
fn a_pause_that_cannot_be_noted_binds_the_daemon_and_is_noted_when_it_can_be() {
    let office = office();
    let mut daemon = office.start();
    office.wait("its start", || office.status()["doing"] == "idle");
    let other = Connection::open(office.path("state/private/desk.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let told = office.ask(&["ctl", "pause", "--reason", "a claim"])["message"].to_string();
    assert!(told.contains("paused in memory, could not be noted") && told.contains("desk.db"), "{told}");
    let status = office.status();
    assert_eq!((&status["paused"]["reason"], &status["waiting"]), (&"a claim".into(), &"paused".into()), "{status}");
    other.execute_batch("ROLLBACK").unwrap();
    office.ask(&["approve", &office.plans("pending")[0], "--accept", "rules"]);
    let is_noted = || other.prepare("SELECT 1 FROM memo WHERE name = 'pause'").unwrap().exists([]).unwrap();
    office.wait("the note", is_noted);
    daemon.kill();
    let daemon = office.start();
    thread::sleep(Duration::from_secs(2));
    assert_eq!((office.status()["paused"]["reason"].as_str(), office.count()), (Some("a claim"), 8));
    daemon.stop();
}

#[test]
fn a_private_database_that_cannot_be_written_is_one_alert_until_it_can_and_who_asks_for_a_scan_hears_of_it() {
    let office = office();
    let told = office.path("told");
    office.configure(&format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n", told.display()));
    let daemon = office.start();
    office.wait("its start", || office.status()["doing"] == "idle");
    let other = Connection::open(office.path("state/private/desk.db")).unwrap();
    // It can be read meanwhile, as on a full disk.
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..2 {
        let (code, refused) = office.json(&["ctl", "scan"]);
        assert_eq!((code, &refused["error"]["code"]), (1, &"state-database".into()), "{refused}");
        assert!(office.has_alert("log"), "{}", office.status());
    }
    other.execute_batch("ROLLBACK").unwrap();
    office.wait("the end of the alert", || !office.has_alert("log"));
    office.scan();
    daemon.stop();
    assert_eq!(fs::read_to_string(told).unwrap().matches("\"code\":\"log\"").count(), 1);
    office.verify();
}
