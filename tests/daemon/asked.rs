//! What people may say while the configuration on disk is not in order: the daemon goes on by the one it has, so it
//! answers by that one.

use std::fs;

use crate::office::Office;

/// Breaks a calendar as a slip of the pen does.
fn slip(office: &Office) {
    office.edit("calendar.toml", "\"P1Y\"", "\"P1\"");
    assert_eq!(office.run(&["check"]).code, 78);
}

fn mend(office: &Office) {
    office.edit("calendar.toml", "\"P1\"", "\"P1Y\"");
}

#[test]
fn a_hold_placed_while_a_calendar_has_a_slip_holds() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    slip(&office);

    let placed = office.run(&["hold", "place", "dossier", "001", "--reason", "a claim"]);
    assert_eq!(placed.code, 0, "{placed:?}");
    assert!(placed.out.contains("dossier 1 "), "typed by who answers: {placed:?}");
    let [said] = placed.err.lines().collect::<Vec<_>>()[..] else { panic!("{placed:?}") };
    for expected in ["calendar.toml", "not in order", "goes by the one it has", "check"] {
        assert!(said.contains(expected), "{expected} is missing from {said}");
    }
    let held = office.ask(&["hold", "list"]);
    assert_eq!((held["holds"].as_array().unwrap().len(), &held["holds"][0]["of"]), (1, &"dossier 1".into()), "{held}");
    assert_eq!(office.plans("pending"), [plan.as_str()]);
    let (code, unknown) = office.json(&["hold", "place", "dosier", "1", "--reason", "a claim"]);
    assert_eq!((code, &unknown["error"]["code"]), (2, &"unknown-series".into()), "{unknown}");

    mend(&office);
    office.ask(&["approve", &plan, "--accept", "rules"]);
    office.wait("the execution", || office.count() == 6);
    assert_eq!(office.rows("dossier WHERE id = 1"), 1);
    daemon.stop();
    office.verify();
}

#[test]
fn a_hold_is_lifted_and_a_plan_rejected_while_the_configuration_is_no_toml() {
    let office = Office::new("approve", 3);
    let daemon = office.start();
    office.scan();
    let plan = office.plans("pending").remove(0);
    let hold = office.ask(&["hold", "place", "dossier", "--reason", "a claim"]);
    office.reconfigure("[schedule]", "[schedule");

    let lifted = office.run(&["hold", "lift", hold["hold"].as_str().unwrap(), "--reason", "settled"]);
    assert_eq!((lifted.code, lifted.err.lines().count()), (0, 1), "{lifted:?}");
    office.ask(&["reject", &plan, "--reason", "not these"]);
    assert_eq!(office.plans("rejected"), [plan.as_str()]);
    assert!(office.ask(&["hold", "list"])["holds"].as_array().unwrap().is_empty());
    daemon.stop();
}

#[test]
fn a_person_is_held_by_the_configuration_of_who_answers() {
    let office = Office::new("report", 3);
    office.database().execute_batch("CREATE TABLE account(id INTEGER PRIMARY KEY, closed_at TEXT)").unwrap();
    office.database().execute_batch("ALTER TABLE dossier ADD COLUMN account_id INTEGER").unwrap();
    office.edit(
        "calendar.toml",
        "[[series]]",
        "[[series]]\nname = \"account\"\ntriggers = { closure = { en = \"Closure\" } }\n\n[[series]]",
    );
    let account = "[series.account]\nsource = \"app\"\ntable = \"account\"\nkey = \"id\"\nevent.closure = \"closed_at\"\n\n\
        [series.dossier]\nsubject = { series = \"account\", on = { account_id = \"id\" } }";
    office.reconfigure("[series.dossier]", account);
    let daemon = office.start();
    slip(&office);

    for (named, key) in [("dossier", "07"), ("account", "8")] {
        let held = office.ask(&["hold", "place", named, "--subject", key, "--reason", "a request"]);
        assert_eq!(held["scope"], "subject", "{held}");
        let expected = format!("account {}", key.trim_start_matches('0'));
        assert!(held["of"].as_str().unwrap().contains(&expected), "{held}");
    }
    for unclear in [&["hold", "place", "--subject", "7"][..], &["hold", "place", "dossier", "7", "--subject"]] {
        let (code, told) = office.json(&[unclear, &["--reason", "a request"]].concat());
        assert_eq!(code, 2, "{told}");
        let mend = told["error"]["mend"].as_str().unwrap();
        assert!(mend.contains("hold place SERIES --subject KEY"), "{told}");
    }
    assert_eq!(office.ask(&["hold", "list"])["holds"].as_array().unwrap().len(), 2);
    daemon.stop();
}

#[test]
fn where_nobody_holds_the_state_a_configuration_with_a_slip_is_refused_and_nothing_is_made() {
    let office = Office::new("report", 3);
    slip(&office);
    for arguments in [
        &["hold", "place", "dossier", "1", "--reason", "x"][..],
        &["hold", "lift", "H-1", "--reason", "x"],
        &["hold", "list"],
        &["plans"],
        &["reject", "P-1", "--reason", "x"],
    ] {
        let (code, told) = office.json(arguments);
        assert_eq!((code, &told["error"]["code"]), (78, &"configuration".into()), "{arguments:?}: {told}");
    }
    assert!(!office.path("state").exists());
}

#[test]
fn where_who_holds_the_state_does_not_answer_the_refusal_says_so_and_names_the_pause() {
    let office = Office::new("report", 3);
    office.start().stop();
    slip(&office);
    let socket = office.path("state/control.sock");
    let _stale = fs::remove_file(&socket);
    let mute = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = mute.accept() {
            drop(stream)
        }
    });
    let (code, told) = office.json(&["hold", "list"]);
    assert_eq!((code, &told["error"]["code"]), (78, &"configuration".into()), "{told}");
    let message = told["error"]["message"].as_str().unwrap();
    assert!(message.contains("gave no answer") && message.contains("ctl pause --reason"), "{told}");
}
