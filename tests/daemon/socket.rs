//! Hostile input on the control socket: refused, logged, without effect.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::Duration;

use serde_json::Value as Json;

use crate::office::{Daemon, Office};
use crate::support::ran;

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
    office.wait("a free place", || office.run(&["ctl", "status"]).code == 0);
    let status = office.status();
    assert_eq!(status["log"]["entries"], before, "no effect");
    assert_eq!(status["mode"], "report");
    daemon.stop();
    office.verify();
}

/// Most memory that a process ever had. KiB.
fn peak(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_line_of_a_gigabyte_is_cut_off_and_takes_no_memory() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.status();
    let before = peak(&daemon);
    let mut stream = connect(&office);
    let (piece, mut sent) = (vec![b'x'; 1 << 20], 0_u64);
    while sent < 1 << 30 && stream.write_all(&piece).is_ok() {
        sent += piece.len() as u64;
    }
    assert!(sent < 64 << 20, "{sent} bytes of a line were taken");
    let mut answer = Vec::new();
    let _cut_off = stream.read_to_end(&mut answer);
    let grown = peak(&daemon) - before;
    assert!(grown < 8_192, "it grew by {grown} KiB");
    assert!(office.log().contains("is no request"), "it is logged");
    office.status();
    daemon.stop();
    office.verify();
}

#[test]
fn a_thousand_connections_and_half_a_line_from_each_that_is_heard_keep_nobody_out_for_long() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    let entries = office.status()["log"]["entries"].clone();
    let threads = || fs::read_dir(format!("/proc/{}/task", daemon.id())).unwrap().count();
    let crowd: Vec<UnixStream> = (0..1_000)
        .map(|_| {
            let mut stream = UnixStream::connect(office.path("state/control.sock")).unwrap();
            let _turned_away = stream.write_all(b"{\"request\":\"hold_place\",\"hold\":");
            stream
        })
        .collect();
    assert!(threads() < 40, "{} threads", threads());
    assert_eq!(office.log().matches("turned away").count(), 1, "said once, not a thousand times");
    drop(crowd);
    office.wait("a free place", || office.run(&["ctl", "status"]).code == 0);
    assert_eq!(office.status()["log"]["entries"], entries, "no effect");
    daemon.stop();
    office.verify();
}

/// As the user `nobody`, where this user may become another.
fn as_nobody(office: &Office, arguments: &[&str]) -> Option<(i32, Json)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--", env!("CARGO_BIN_EXE_retentiond")]);
    command.arg("--config").arg(office.path("retentiond.toml")).args(arguments).args(["--format", "json"]);
    command.env("RETENTIOND_NOW_FILE", office.path("now"));
    let ran = ran(&mut command);
    Some((ran.code, ran.json()))
}

#[test]
fn a_check_by_a_user_who_cannot_make_the_state_directory_says_so() {
    let office = Office::new("report", 3);
    fs::set_permissions(office.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let Some((_, checked)) = as_nobody(&office, &["check"]) else { return };
    let found = |told: &Json| {
        let is_it = |finding: &Json| finding["code"] == "state-unwritable" && finding["severity"] == "warning";
        told["findings"].as_array().unwrap().iter().any(is_it)
    };
    assert!(found(&checked), "{checked}");
    assert!(!found(&office.json(&["check"]).1), "its owner may");
    assert!(!office.path("state").exists(), "only looked");
}

#[test]
fn a_log_that_may_not_be_read_is_told_as_such_and_not_as_absent() {
    let office = Office::new("report", 3);
    office.start().stop();
    fs::set_permissions(office.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let dir = office.path("state/audit");
    let Some((code, told)) = as_nobody(&office, &["audit", "verify", &dir.display().to_string()]) else { return };
    assert_eq!((code, told["error"]["code"].as_str()), (1, Some("file")), "{told}");
    assert!(told["error"]["message"].as_str().unwrap().contains("ermission denied"), "{told}");
}

#[test]
fn a_user_without_rights_is_refused_has_no_effect_and_is_told_whom_to_ask() {
    let office = Office::new("report", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    let entries = office.status()["log"]["entries"].clone();
    // The way to the socket is open; its own mode must be enough.
    for directory in ["", "state"] {
        fs::set_permissions(office.path(directory), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let attempts: [&[&str]; 5] = [
        &["ctl", "status"],
        &["ctl", "resume", "--clock"],
        &["hold", "place", "dossier", "1", "--reason", "mine"],
        &["approve", &plan, "--accept", "rules"],
        &["apply", &plan],
    ];
    for arguments in attempts {
        let Some((code, told)) = as_nobody(&office, arguments) else { return };
        assert_ne!(code, 0, "{arguments:?}: {told}");
        let mend = told["error"]["mend"].as_str().unwrap();
        assert!(mend.contains("group") || mend.contains("run as that user"), "{arguments:?}: {told}");
    }
    let status = office.status();
    assert_eq!((&status["log"]["entries"], status["holds"].as_u64()), (&entries, Some(0)), "no effect");
    assert_eq!(office.count(), 8);
    daemon.stop();
    office.verify();
}
