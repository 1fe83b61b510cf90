//! The kernel keeps the daemon to the files that its configuration names.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::office::Office;

/// Directories outside of `/tmp` and `/var/tmp`, which every daemon may use: a clone may lie there itself.
fn office_and_elsewhere() -> (Office, TempDir) {
    let beside_the_build = Path::new(env!("CARGO_TARGET_TMPDIR")).canonicalize().unwrap();
    let is_open_to_all = ["/tmp", "/var/tmp"].iter().any(|open| beside_the_build.starts_with(open));
    let place = if is_open_to_all { Path::new("/dev/shm") } else { &beside_the_build };
    (Office::within(place, "report", 3), tempfile::tempdir_in(place).unwrap())
}

/// Whether the kernel restricts at all; where it does not, the daemon has said so.
fn is_restricted(office: &Office) -> bool {
    let log = office.log();
    assert!(log.contains("the kernel restricts") || log.contains("this kernel does not restrict"), "{log}");
    log.contains("the kernel restricts")
}

#[test]
fn a_link_to_a_database_elsewhere_leads_nowhere_and_the_notify_command_may_do_what_it_must() {
    let (office, elsewhere) = office_and_elsewhere();
    let told = elsewhere.path().join("told");
    let hook = format!("\n[notify]\ncommand = [\"sh\", \"-c\", \"cat >> {}\"]\n", told.display());
    office.configure(&hook);
    let daemon = office.start();
    office.scan();
    if !is_restricted(&office) {
        return;
    }
    fs::rename(office.path("app.db"), elsewhere.path().join("app.db")).unwrap();
    symlink(elsewhere.path().join("app.db"), office.path("app.db")).unwrap();
    assert_eq!(office.count(), 8, "others can follow it");
    office.ask(&["ctl", "scan"]);
    office.wait("the alert", || office.has_alert("scan-failed"));
    office.wait("the command", || fs::read_to_string(&told).is_ok_and(|told| told.contains("scan-failed")));

    fs::remove_file(office.path("app.db")).unwrap();
    fs::rename(elsewhere.path().join("app.db"), office.path("app.db")).unwrap();
    office.scan();
    assert!(!office.has_alert("scan-failed"));
    daemon.stop();
    office.verify();
}

#[test]
fn a_reload_that_needs_more_than_is_permitted_asks_for_a_restart_and_the_old_one_goes_on() {
    let (office, elsewhere) = office_and_elsewhere();
    let daemon = office.start();
    if !is_restricted(&office) {
        return;
    }
    fs::copy(office.path("app.db"), elsewhere.path().join("other.db")).unwrap();
    office.reconfigure("\"app.db\"", &format!("\"{}/other.db\"", elsewhere.path().display()));
    let (code, told) = office.json(&["ctl", "reload"]);
    assert_eq!(code, 78, "{told}");
    let told = told.to_string();
    assert!(told.contains("Restart it") && told.contains(&elsewhere.path().display().to_string()), "{told}");
    office.configure(&format!("\n[metrics]\ntextfile = \"{}/figures.prom\"\n", elsewhere.path().display()));
    office.reconfigure(&format!("\"{}/other.db\"", elsewhere.path().display()), "\"app.db\"");
    let (_, refused) = office.json(&["ctl", "reload"]);
    assert!(refused.to_string().contains("Restart it"), "figures elsewhere");
    office.reconfigure("\"app.db\"", &format!("\"{}/other.db\"", elsewhere.path().display()));
    office.scan();
    assert_eq!(office.status()["overdue"]["R-1"]["records"], 3, "the database of before");
    daemon.stop();

    let daemon = office.start();
    office.scan();
    assert!(!office.has_alert("scan-failed"), "{}", office.status());
    daemon.stop();
}
