//! Two people who ask for the same.

use std::thread;

use crate::office::Office;
use crate::support::ran;

#[test]
fn two_who_apply_the_same_plan_through_the_daemon_both_hear_how_it_ended() {
    let office = Office::new("report", 5_000);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    let apply = || {
        let mut command = office.command(&["apply", &plan, "--format", "json"]);
        thread::spawn(move || ran(&mut command))
    };
    let first = apply();
    office.wait("the run", || office.count() < 4_900);
    let second = apply();
    let (first, second) = (first.join().unwrap(), second.join().unwrap());
    assert_eq!((first.code, second.code), (0, 0), "{first:?} {second:?}");
    assert_eq!(first.json()["run"], second.json()["run"]);
    assert_eq!(second.json()["destroyed"], 5_000);
    let (code, third) = office.json(&["apply", &plan]);
    assert_eq!((code, third["error"]["code"].as_str()), (3, Some("plan-executed")), "{third}");
    daemon.stop();
    office.verify();
}
