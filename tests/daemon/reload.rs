//! Another configuration, taken up between runs.

use rustix::process::Signal;

use crate::office::Office;

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
