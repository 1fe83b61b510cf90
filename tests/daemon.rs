//! The daemon as a process: what it does by itself in each mode, how it ends, and that it survives whatever comes.
//!
//! Run with `cargo test --features simulate`: the clock stands still until a test moves it, and the heart beats every second.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, TimeDelta};
use rusqlite::Connection;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tempfile::TempDir;

const CALENDAR: &str = r#"
[calendar]
number = "D-1"
organization = "Office"
version = 1
effective = { from = 2024-04-04 }
timezone = "America/Toronto"

[[series]]
name = "dossier"
triggers = { closure = { en = "closure" } }

[[rule]]
number = "R-1"
series = "dossier"
trigger = "closure"
keep = "P1Y"
disposition = "destroy"
"#;

const CONFIG: &str = r#"
calendars = ["calendar.toml"]
language = "en"
state = "state"

[schedule]
scan = "0 2 * * *"
timezone = "America/Toronto"

[disposition]
mode = "report"

[limits]
max_share = 1.0
lock_ms = 5

[source.app]
sqlite = "app.db"

[series.dossier]
source = "app"
table = "dossier"
key = "id"
event.closure = "closed_at"
"#;

const NOON: &str = "2026-11-21T17:00:00Z";

/// Longest wait for anything that must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// An organization with dossiers, some of them due.
struct Office {
    dir: TempDir,
}

/// A daemon at work.
struct Daemon {
    child: Child,
    /// What it tells systemd.
    notify: Receiver<String>,
    /// What it told so far.
    told: Vec<String>,
}

impl Office {
    /// `due` dossiers are past their term, five are not.
    fn new(mode: &str, due: usize) -> Self {
        let office = Self { dir: tempfile::tempdir().unwrap() };
        fs::write(office.path("calendar.toml"), CALENDAR).unwrap();
        fs::write(office.path("retentiond.toml"), CONFIG.replace("\"report\"", &format!("\"{mode}\""))).unwrap();
        office.set_clock(NOON);
        let mut connection = Connection::open(office.path("app.db")).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE dossier(id INTEGER PRIMARY KEY, closed_at TEXT, name TEXT);
                 CREATE INDEX dossier_closed ON dossier(closed_at);",
            )
            .unwrap();
        let transaction = connection.transaction().unwrap();
        for _ in 0..due {
            insert(&transaction, "2025-11-01T12:00:00Z");
        }
        for _ in 0..5 {
            insert(&transaction, "2026-06-01T12:00:00Z");
        }
        transaction.commit().unwrap();
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn set_clock(&self, now: &str) {
        fs::write(self.path("now.new"), now).unwrap();
        fs::rename(self.path("now.new"), self.path("now")).unwrap();
    }

    fn reconfigure(&self, old: &str, new: &str) {
        let text = fs::read_to_string(self.path("retentiond.toml")).unwrap();
        assert!(text.contains(old), "{old}");
        fs::write(self.path("retentiond.toml"), text.replace(old, new)).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        command.arg("--config").arg(self.path("retentiond.toml")).args(arguments);
        command.env("RETENTIOND_NOW_FILE", self.path("now")).env("RETENTIOND_HEARTBEAT", "* * * * * *");
        command
    }

    fn try_ask(&self, arguments: &[&str]) -> Output {
        self.command(arguments).args(["--format", "json"]).output().unwrap()
    }

    /// Runs a command that must succeed, and reads its answer.
    fn ask(&self, arguments: &[&str]) -> Json {
        let output = self.try_ask(arguments);
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{arguments:?}: {told}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_str(&told).unwrap_or_else(|error| panic!("{arguments:?} answered {error}: {told}"))
    }

    fn start(&self) -> Daemon {
        self.start_with(&[])
    }

    fn start_with(&self, variables: &[(&str, &str)]) -> Daemon {
        let socket = self.path("notify.sock");
        let _stale = fs::remove_file(&socket);
        let notify = UnixDatagram::bind(&socket).unwrap();
        let (tell, told) = channel();
        // Read at once, as systemd does: a full queue would stop the sender.
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length) = notify.recv(&mut buffer) {
                let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                if text.lines().any(|line| tell.send(line.to_owned()).is_err()) {
                    return;
                }
            }
        });
        let log = File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        let mut command = self.command(&["run"]);
        command.env("NOTIFY_SOCKET", &socket).envs(variables.iter().copied()).stdout(Stdio::null()).stderr(log);
        let mut daemon = Daemon { child: command.spawn().unwrap(), notify: told, told: Vec::new() };
        daemon.hear("READY=1", self);
        daemon
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    fn status(&self) -> Json {
        self.ask(&["ctl", "status"])
    }

    fn has_alert(&self, code: &str) -> bool {
        self.status()["alerts"].as_array().unwrap().iter().any(|alert| alert["code"] == code)
    }

    fn plans(&self, state: &str) -> Vec<String> {
        let plans = self.ask(&["plans"]);
        let plans = plans["plans"].as_array().unwrap().iter().filter(|plan| plan["state"] == state);
        plans.map(|plan| plan["plan"].as_str().unwrap().to_owned()).collect()
    }

    fn count(&self) -> i64 {
        let connection = Connection::open(self.path("app.db")).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap()
    }

    fn wait(&self, what: &str, mut happened: impl FnMut() -> bool) {
        let began = Instant::now();
        while !happened() {
            assert!(began.elapsed() < PATIENCE, "{what} did not happen; the daemon said:\n{}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Scans by request and waits until the run loop has nothing to do.
    fn scan(&self) {
        let scans = || self.log().matches("scanned").count();
        let before = scans();
        self.ask(&["ctl", "scan"]);
        self.wait("the scan", || scans() > before && self.status()["doing"] == "idle");
    }

    fn verify(&self) {
        let verdict = self.ask(&["audit", "verify"]);
        assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    }
}

fn insert(connection: &Connection, closed_at: &str) {
    connection.execute("INSERT INTO dossier(closed_at, name) VALUES(?1, 'canary-of-a-person')", [closed_at]).unwrap();
}

impl Daemon {
    /// Waits until systemd is told this.
    fn hear(&mut self, wanted: &str, office: &Office) {
        let began = Instant::now();
        while !self.told.iter().any(|told| told == wanted) {
            assert!(began.elapsed() < PATIENCE, "{wanted} was not told; the daemon said:\n{}", office.log());
            assert!(self.child.try_wait().unwrap().is_none(), "it ended:\n{}", office.log());
            self.told.extend(self.notify.recv_timeout(Duration::from_millis(200)));
        }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    fn end(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn stop(mut self) {
        self.signal(Signal::TERM);
        assert!(self.end().success());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ended_meanwhile = self.child.kill();
            let _reaped = self.child.wait();
        }
    }
}

#[test]
fn in_report_mode_it_lists_what_is_due_destroys_nothing_and_ends_when_asked() {
    let office = Office::new("report", 3);
    let mut daemon = office.start();
    office.scan();
    office.scan();
    let status = office.status();
    assert_eq!(status["overdue"]["R-1"]["records"], 3, "{status}");
    assert_eq!(status["next"].as_object().unwrap().values().next().unwrap(), "2026-11-22T07:00:00Z");
    assert_eq!(office.plans("pending").len(), 1, "a newer list takes the place of the older");
    assert_eq!(office.count(), 8);
    assert!(fs::metadata(office.path("state/control.sock")).is_ok());

    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(!office.path("state/control.sock").exists());
    office.verify();
}

#[test]
fn in_approve_mode_one_plan_waits_and_is_executed_once_a_person_approves_it() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let pending = office.plans("pending");
    office.set_clock("2026-11-21T17:00:30Z");
    office.scan();
    assert_eq!(office.plans("pending"), pending, "the plan that waits goes on waiting");
    assert!(office.has_alert("plan-waiting"));
    assert_eq!(office.count(), 8, "nobody approved anything");

    office.ask(&["approve", &pending[0], "--accept", "rules"]);
    office.wait("the execution", || office.plans("executed") == pending);
    assert_eq!(office.count(), 5);
    office.scan();
    assert!(!office.has_alert("plan-waiting"));
    daemon.stop();
    office.verify();
}

#[test]
fn in_automatic_mode_what_was_approved_before_needs_nobody_and_a_tripped_rail_a_person() {
    let office = Office::new("automatic", 3);
    let daemon = office.start();
    office.scan();
    assert!(office.has_alert("rail-tripped"), "nobody ever approved these rules");
    assert_eq!(office.count(), 8);
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 5);

    insert(&Connection::open(office.path("app.db")).unwrap(), "2025-11-02T12:00:00Z");
    office.scan();
    assert_eq!(office.count(), 5, "the same rules, the same mapping: it approved by itself");
    assert!(!office.has_alert("rail-tripped"));

    let many = Connection::open(office.path("app.db")).unwrap();
    (0..10).for_each(|_| insert(&many, "2025-11-02T12:00:00Z"));
    drop(many);
    office.reconfigure("max_share = 1.0", "max_share = 0.1\nmin_count = 5");
    office.ask(&["ctl", "reload"]);
    office.scan();
    assert!(office.has_alert("rail-tripped"), "two thirds of a series are not a matter of course");
    assert_eq!(office.count(), 15);
    daemon.stop();
    office.verify();
}

/// Approves everything that is due, and waits until destruction has begun but not ended.
fn begin_to_destroy(office: &Office, due: i64) {
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules,count,share,median"]);
    office.wait("the execution", || office.count() < due);
}

#[test]
fn a_first_signal_ends_it_within_a_chunk_and_the_next_start_goes_on() {
    let office = Office::new("approve", 8_000);
    let mut daemon = office.start();
    begin_to_destroy(&office, 8_000);
    let asked = Instant::now();
    daemon.signal(Signal::TERM);
    assert!(daemon.end().success());
    assert!(asked.elapsed() < Duration::from_secs(10), "a chunk takes milliseconds");
    let left = office.count();
    assert!(left > 5, "it ended in the middle");
    office.verify();

    let daemon = office.start();
    office.wait("the rest", || office.count() == 5);
    office.wait("the end", || office.plans("executed").len() == 1);
    daemon.stop();
    office.verify();
}

#[test]
fn killed_in_the_middle_it_recovers_first_and_then_goes_on() {
    let office = Office::new("approve", 8_000);
    let mut daemon = office.start();
    begin_to_destroy(&office, 8_000);
    daemon.signal(Signal::KILL);
    daemon.end();
    assert!(office.count() > 5, "it died in the middle");

    let daemon = office.start();
    office.wait("the rest", || office.count() == 5);
    office.wait("the end", || office.plans("executed").len() == 1);
    daemon.stop();
    office.verify();
}

#[test]
fn a_scan_missed_while_it_was_down_is_made_up_once() {
    let office = Office::new("report", 3);
    office.start().stop();
    // Three nights later, in the afternoon.
    office.set_clock("2026-11-24T18:00:00Z");
    let daemon = office.start();
    let fired = || {
        let status = office.status();
        let last = status["last"].as_array().unwrap().clone();
        last.into_iter()
            .filter(|firing| firing["outcome"].as_str().is_some_and(|how| how.contains("due")))
            .collect::<Vec<_>>()
    };
    office.wait("the scan", || !fired().is_empty());
    assert_eq!(fired().len(), 1);
    assert_eq!(fired()[0]["at"], "2026-11-24T07:00:00Z", "the latest stands for all");
    daemon.stop();
    office.start().stop();
    let daemon = office.start();
    assert_eq!(fired().len(), 1, "starting again fires nothing twice");
    daemon.stop();
}

#[test]
fn a_clock_that_jumped_destroys_nothing_until_somebody_answers_for_it() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.set_clock("2026-11-21T19:00:00Z");
    office.wait("the alert", || office.has_alert("clock"));
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8, "approved, but the clock is in doubt");
    assert!(office.status()["clock"].is_string());

    office.ask(&["ctl", "resume", "--clock"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
    office.verify();
}

#[test]
fn paused_it_destroys_nothing_also_after_a_restart_until_it_is_resumed() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.ask(&["ctl", "pause", "--reason", "audit of the week"]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    daemon.stop();
    let daemon = office.start();
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8);
    assert_eq!(office.status()["paused"]["reason"], "audit of the week");
    office.ask(&["ctl", "resume"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn in_a_blackout_it_destroys_nothing_and_goes_on_when_the_window_has_shut() {
    let office = Office::new("approve", 3);
    // Noon in Toronto, on a Saturday.
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"Sat 08:00-18:00\"]");
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(office.count(), 8);
    office.reconfigure("Sat 08:00-18:00", "Sun 08:00-18:00");
    office.ask(&["ctl", "reload"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn in_automatic_mode_a_scan_in_a_blackout_is_executed_after_it() {
    let office = Office::new("automatic", 1);
    let daemon = office.start();
    office.scan();
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    office.reconfigure("scan = \"0 2 * * *\"", "scan = \"0 2 * * *\"\nblackout = [\"Sat 08:00-18:00\"]");
    office.ask(&["ctl", "reload"]);
    insert(&Connection::open(office.path("app.db")).unwrap(), "2025-11-02T12:00:00Z");
    office.scan();
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), 6);
    assert_eq!(office.plans("approved").len(), 1, "granted, but not now");
    assert!(!office.has_alert("plan-waiting"), "nobody is asked");
    office.reconfigure("Sat 08:00-18:00", "Sun 08:00-18:00");
    office.ask(&["ctl", "reload"]);
    office.wait("the execution", || office.count() == 5);
    daemon.stop();
}

#[test]
fn a_wrong_edit_keeps_the_old_configuration_and_a_good_one_is_taken_up() {
    let office = Office::new("report", 3);
    let mut daemon = office.start();
    office.reconfigure("\"report\"", "\"destroy-everything\"");
    office.wait("the notice", || office.has_alert("configuration"));
    let refused = office.try_ask(&["ctl", "reload"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&refused.stdout).contains("destroy-everything"));
    let status = office.status();
    assert_eq!(status["mode"], "report");
    assert!(status["configuration"]["fault"].as_str().unwrap().contains("destroy-everything"));
    office.scan();

    office.reconfigure("\"destroy-everything\"", "\"approve\"");
    daemon.told.clear();
    daemon.signal(Signal::HUP);
    daemon.hear("RELOADING=1", &office);
    office.wait("the reload", || office.status()["mode"] == "approve");
    daemon.hear("READY=1", &office);
    assert!(!office.has_alert("configuration"));
    daemon.stop();
}

#[test]
fn the_watchdog_is_fed_and_the_status_is_dumped_on_request() {
    let office = Office::new("report", 3);
    let mut daemon = office.start_with(&[("WATCHDOG_USEC", "400000")]);
    daemon.hear("WATCHDOG=1", &office);
    daemon.told.clear();
    daemon.hear("WATCHDOG=1", &office);
    daemon.signal(Signal::USR1);
    office.wait("the dump", || office.log().contains("\\\"entries\\\"") || office.log().contains("\"entries\""));
    daemon.signal(Signal::TERM);
    daemon.hear("STOPPING=1", &office);
    assert!(daemon.end().success());
}

fn connect(office: &Office) -> UnixStream {
    // A path of any length: through the directory.
    let stream = UnixStream::connect(office.path("state/control.sock")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Sends bytes and reads whatever comes back.
fn shout(office: &Office, bytes: &[u8]) -> String {
    let mut stream = connect(office);
    let _may_be_cut_off = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _may_be_cut_off = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn garbage_on_the_socket_is_refused_and_changes_nothing() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let before = office.status()["log"]["entries"].clone();
    for garbage in
        [&b"\x00\xff\xfe\n"[..], b"{}\n", b"{\"request\":\"daemon\",\"control\":{\"do\":\"erase\"}}\n", b"[[[[[[[[\n"]
    {
        assert!(shout(&office, garbage).contains("not-a-request"), "{garbage:?}");
    }
    let long = vec![b'x'; 8 << 20];
    shout(&office, &long);
    // Half a line, and gone.
    drop(connect(&office).write_all(b"{\"request\":\"plans\""));
    let crowd: Vec<UnixStream> =
        (0..200).filter_map(|_| UnixStream::connect(office.path("state/control.sock")).ok()).collect();
    let turned_away = crowd.iter().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        let mut line = String::new();
        let _silent_or_gone = BufReader::new(*stream).read_line(&mut line);
        line.contains("crowded")
    });
    assert!(turned_away.count() > 100);
    drop(crowd);
    office.wait("a free place", || office.try_ask(&["ctl", "status"]).status.success());
    let status = office.status();
    assert_eq!(status["log"]["entries"], before, "no effect");
    assert_eq!(status["mode"], "report");
    daemon.stop();
    office.verify();
}

#[test]
fn a_state_directory_that_others_can_read_is_refused_with_the_mend() {
    let office = Office::new("report", 3);
    office.start().stop();
    let private = office.path("state/private");
    fs::set_permissions(&private, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = office.command(&["run"]).stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{told}");
    assert!(told.contains("chmod go-rwx"), "{told}");
}

#[test]
fn nothing_it_says_names_a_person_not_even_at_the_lowest_level() {
    let office = Office::new("approve", 3);
    let hook = office.path("alerts");
    let command = format!(
        "\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n[metrics]\ntextfile = \"metrics.prom\"\n",
        hook.display()
    );
    let config = fs::read_to_string(office.path("retentiond.toml")).unwrap();
    fs::write(office.path("retentiond.toml"), config + &command).unwrap();
    let daemon = office.start_with(&[("RETENTIOND_LOG", "trace")]);
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["hold", "place", "dossier", "1", "--reason", "canary-of-a-reason"]);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 6);
    office.wait("the alert", || hook.exists() && fs::metadata(&hook).unwrap().len() > 0);
    office.wait("the figures", || {
        let figures = fs::read_to_string(office.path("metrics.prom")).unwrap_or_default();
        figures.contains("retentiond_records_destroyed_total{rule=\"R-1\",action=\"destroy\"} 2")
    });
    daemon.stop();
    for text in
        [office.log(), fs::read_to_string(&hook).unwrap(), fs::read_to_string(office.path("metrics.prom")).unwrap()]
    {
        assert!(!text.contains("canary"), "{text}");
    }
    assert!(office.log().contains("TRACE") || office.log().contains("DEBUG"), "the lowest level was on");
    let alert: Json = serde_json::from_str(fs::read_to_string(&hook).unwrap().lines().next().unwrap()).unwrap();
    assert_eq!(alert["code"], "plan-waiting");
}

#[test]
fn in_report_mode_a_person_approves_and_applies_and_the_daemon_executes() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    let refused = office.try_ask(&["apply", &plan]);
    assert_eq!(refused.status.code(), Some(3), "nobody approved it: {}", String::from_utf8_lossy(&refused.stdout));
    office.ask(&["approve", &plan, "--accept", "rules"]);
    thread::sleep(Duration::from_secs(2));
    assert_eq!(office.count(), 8, "approved is not applied: the mode is report");
    let run = office.ask(&["apply", &plan]);
    assert_eq!((run["destroyed"].as_i64(), office.count()), (Some(3), 5), "{run}");
    let again = office.try_ask(&["apply", &plan]);
    assert_eq!(again.status.code(), Some(3));
    daemon.stop();
    office.verify();
}

#[test]
fn an_extra_scan_looks_before_it_reads_and_finds_what_is_due() {
    let office = Office::new("report", 0);
    let extra = "timezone = \"America/Toronto\"\n[[schedule.extra]]\nrules = [\"R-1\"]\nscan = \"0 * * * *\"\n";
    office.reconfigure("timezone = \"America/Toronto\"\n", extra);
    let outcome = |wanted: &str| {
        let status = office.status();
        let last = status["last"].as_array().unwrap().clone();
        last.iter().any(|firing| firing["outcome"].as_str().is_some_and(|how| how.contains(wanted)))
    };
    let daemon = office.start();
    daemon.stop();
    office.set_clock("2026-11-21T18:00:05Z");
    let daemon = office.start();
    office.wait("the probe", || outcome("nothing due, by probe"));
    daemon.stop();
    insert(&Connection::open(office.path("app.db")).unwrap(), "2025-11-02T12:00:00Z");
    office.set_clock("2026-11-21T19:00:05Z");
    let daemon = office.start();
    office.wait("the scan", || outcome("1 due"));
    assert_eq!(office.plans("pending").len(), 1);
    daemon.stop();
}

#[test]
fn a_second_daemon_is_told_that_the_state_is_held() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let second = office.command(&["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(75), "{}", String::from_utf8_lossy(&second.stderr));
    assert!(Path::new(&office.path("state/control.sock")).exists(), "the first one's socket stays");
    office.status();
    daemon.stop();
}

/// Numbers that look random and are the same at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// The application: closes dossiers around the border of their term until told to stop; returns what it wrote and what went wrong beside locks.
fn application(
    database: &Path,
    today: NaiveDate,
    seed: u64,
    stop: &AtomicBool,
) -> (Vec<(i64, NaiveDate)>, Vec<String>) {
    let (mut written, mut errors, mut dice) = (Vec::new(), Vec::new(), Dice(seed));
    let connection = Connection::open(database).unwrap();
    connection.busy_timeout(Duration::from_secs(5)).unwrap();
    while !stop.load(Ordering::Relaxed) && written.len() < 60 {
        // A year ago, a few days more or less.
        let closed = today - TimeDelta::days(360 + dice.below(12) as i64);
        match connection
            .execute("INSERT INTO dossier(closed_at, name) VALUES(?1, 'x')", [format!("{closed}T17:00:00Z")])
        {
            Ok(_) => written.push((connection.last_insert_rowid(), closed)),
            Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {}
            Err(error) => errors.push(error.to_string()),
        }
        thread::sleep(Duration::from_millis(5));
    }
    (written, errors)
}

/// Days pass, the application writes, the daemon is killed at random; in the end exactly what was due is gone and the log agrees.
fn soak(journal: &str, days: i64) {
    let office = Office::new("automatic", 1);
    office.reconfigure("max_share = 1.0", "max_share = 1.0\nmin_count = 1000000");
    let database = office.path("app.db");
    Connection::open(&database).unwrap().pragma_update(None, "journal_mode", journal).unwrap();
    let daemon = office.start();
    office.scan();
    let first = office.plans("pending").remove(0);
    office.ask(&["approve", &first, "--accept", "rules"]);
    office.wait("the first execution", || office.count() == 5);
    daemon.stop();

    let start: NaiveDate = "2026-11-22".parse().unwrap();
    let (mut written, mut dice) = (Vec::new(), Dice(7));
    for day in 0..days {
        let today = start + TimeDelta::days(day);
        office.set_clock(&format!("{today}T17:00:00Z"));
        let stop = AtomicBool::new(false);
        let seed = dice.below(1 << 30);
        let (more, errors) = thread::scope(|scope| {
            let application = scope.spawn(|| application(&database, today, seed, &stop));
            let mut daemon = office.start();
            thread::sleep(Duration::from_millis(dice.below(700)));
            let signal = if dice.below(3) == 0 { Signal::TERM } else { Signal::KILL };
            daemon.signal(signal);
            daemon.end();
            stop.store(true, Ordering::Relaxed);
            application.join().unwrap()
        });
        assert_eq!(errors, Vec::<String>::new(), "the application saw more than locks on {today}");
        written.extend(more);
        // The person who looks in: what tripped a rail (a backlog after kills) is approved.
        for plan in office.plans("pending") {
            let _expired_or_outdated = office.try_ask(&["approve", &plan, "--accept", "median,rules"]);
        }
    }
    let end = start + TimeDelta::days(days);
    office.set_clock(&format!("{end}T17:00:00Z"));
    let daemon = office.start();
    let due = |closed: &NaiveDate| *closed + chrono::Months::new(12) < end;
    let connection = Connection::open(&database).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    let stands = |id: i64| connection.query_row("SELECT 1 FROM dossier WHERE id = ?1", [id], |_| Ok(())).is_ok();
    office.wait("the last of what is due", || {
        for plan in office.plans("pending") {
            let _expired_or_outdated = office.try_ask(&["approve", &plan, "--accept", "median,rules"]);
        }
        office.scan();
        !written.iter().any(|(id, closed)| due(closed) && stands(*id))
    });
    daemon.stop();
    let undue: Vec<_> = written.iter().filter(|(id, closed)| !due(closed) && !stands(*id)).collect();
    assert!(undue.is_empty(), "gone before their term: {undue:?}");
    assert!(written.iter().filter(|(_, closed)| due(closed)).count() > 10, "something was due");
    office.verify();
}

#[test]
fn two_weeks_of_nights_beside_a_live_application_and_kills_leave_log_and_database_in_agreement() {
    soak("WAL", 14);
}

/// `cargo test --features simulate --test daemon -- --ignored`
#[test]
#[ignore = "a simulated year takes minutes"]
fn a_year_of_nights_in_wal_mode() {
    soak("WAL", 366);
}

/// As above.
#[test]
#[ignore = "a simulated year takes minutes"]
fn a_year_of_nights_with_a_rollback_journal() {
    soak("DELETE", 366);
}
