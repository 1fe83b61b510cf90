//! What others do to the database, its files and our own table while a batch is on its way, or between two runs.

use std::fs;

use serde_json::Value;

use crate::checker::check;
use crate::organization::{JournalMode, Organization, Outcome, files_of};

/// The rails of a new plan, and its id.
pub fn plan(organization: &Organization) -> (Vec<String>, String) {
    let planned = organization.run(&["plan", "--format", "json"], None);
    assert_eq!(planned.outcome, Outcome::Exit(0), "{planned:#?}");
    let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
    let rails = plan["rails"].as_array().unwrap().iter();
    let rails = rails.map(|rail| rail.as_str().or_else(|| rail["rail"].as_str()).unwrap().to_owned()).collect();
    (rails, plan["plan"].as_str().unwrap().to_owned())
}

pub fn restore(organization: &Organization) {
    fs::copy(organization.approved_database(), organization.path().join("parle.db")).unwrap();
}

#[test]
fn a_restored_database_waits_for_a_person_who_names_the_rail() {
    let organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    restore(&organization);
    let (rails, id) = plan(&organization);
    assert!(rails.contains(&"restored".to_owned()), "{rails:?}");
    let others: Vec<_> = rails.iter().filter(|rail| *rail != "restored").cloned().collect();
    let approved = organization.run(&["approve", &id, "--accept", &others.join(",")], None);
    assert_eq!(approved.outcome, Outcome::Exit(3), "{approved:#?}");
}

#[test]
fn a_database_restored_after_the_approval_is_not_destroyed_again() {
    let mut organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    let due = "INSERT INTO dossier VALUES (99, 11, 'closed', '2024-01-02T03:04:05Z', 'late')";
    organization.database().execute(due, []).unwrap();
    let (_, id) = plan(&organization);
    let approved = organization.run(&["approve", &id], None);
    assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
    organization.set_plan(id);
    restore(&organization);
    let refused = organization.apply(None);
    assert_eq!(refused.outcome, Outcome::Exit(3), "{refused:#?}");
    let left: i64 = organization.database().query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 60, "the restored dossiers stay");
}

#[test]
fn rows_that_were_taken_from_a_copy_wait_for_a_person_who_names_the_rail() {
    let mut organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    // Our own table stays as it is: nothing is missing of it.
    let copy = organization.approved_database().display().to_string();
    let database = organization.database();
    database.execute("ATTACH ?1 AS copy", [copy]).unwrap();
    // One dossier of these was closed for the first time after the destruction, under a key that is used again.
    database
        .execute_batch(
            "INSERT INTO dossier SELECT id, 11, status, closed_at, 'back' FROM copy.dossier WHERE id IN (3, 4);
             INSERT INTO dossier SELECT id, 11, status, '2026-11-25T12:00:00Z', 'new' FROM copy.dossier WHERE id = 5;",
        )
        .unwrap();
    drop(database);
    let (rails, id) = plan(&organization);
    assert_eq!(rails, ["restored"]);
    assert_eq!(organization.run(&["approve", &id], None).outcome, Outcome::Exit(3));
    // Whoever leaves them out answers nevertheless for a database that is not as the log says.
    add_due(&organization, 99);
    let (_, id) = plan(&organization);
    let except = organization.path().join("except.csv");
    fs::write(&except, "series,key\ndossier,3\ndossier,4\n").unwrap();
    let except = except.display().to_string();
    let approve = ["approve", &id, "--except", &except, "--accept", "restored"];
    assert_eq!(organization.run(&approve[..4], None).outcome, Outcome::Exit(3));
    let approved = organization.run(&approve, None);
    assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    let (rails, id) = plan(&organization);
    assert_eq!(rails, ["restored"]);
    let approved = organization.run(&["approve", &id, "--accept", "restored"], None);
    assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    organization.verify("rows of a copy");
    let later = organization.run_at("2028-01-02T12:00:00Z", &["plan", "--format", "json"]);
    let later: Value = serde_json::from_str(&later.stdout).unwrap();
    assert!(!later["rails"].to_string().contains("restored"), "a key that is used again is nobody's copy: {later:#}");
}

#[test]
fn a_batch_whose_fence_was_dropped_is_not_said_to_be_undone() {
    let organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(Some("committed=return(kill)")).outcome, Outcome::Killed);
    organization.database().execute_batch("DROP TABLE retentiond_batch").unwrap();
    let next = organization.apply(None);
    assert_eq!(next.outcome, Outcome::Exit(3), "somebody must look first: {next:#?}");
    check::gone_means_logged_and_due(&organization, "fence dropped");
}

#[test]
fn of_a_batch_whose_fence_was_dropped_what_is_gone_is_told_where_some_stayed() {
    let organization = Organization::approved(JournalMode::Delete);
    let held = organization.run(&["hold", "place", "dossier", "5", "--reason", "an example"], None);
    assert_eq!(held.outcome, Outcome::Exit(0), "{held:#?}");
    assert_eq!(organization.apply(Some("committed=return(kill)")).outcome, Outcome::Killed);
    organization.database().execute_batch("DROP TABLE retentiond_batch").unwrap();
    let next = organization.apply(None);
    assert_eq!(next.outcome, Outcome::Exit(3), "somebody must look first: {next:#?}");
    check::gone_means_logged_and_due(&organization, "fence dropped, one held");
    for dossier in [3, 5] {
        let file = organization.path().join("documents").join(&files_of(dossier)[0]);
        assert!(file.exists(), "{dossier}: nothing proves that this database tells whose it is");
    }
    organization.verify("fence dropped, one held");
}

#[test]
fn what_the_application_deleted_itself_before_the_first_batch_is_not_said_to_be_destroyed() {
    let organization = Organization::approved(JournalMode::Delete);
    // Undone by the crash: nothing was committed.
    assert_eq!(organization.apply(Some("disposed=return(kill)")).outcome, Outcome::Killed);
    let delete = "PRAGMA foreign_keys = OFF; DELETE FROM message WHERE dossier_id = 3; DELETE FROM document WHERE dossier_id = 3; DELETE FROM dossier WHERE id = 3";
    organization.database().execute_batch(delete).unwrap();
    let next = organization.apply(None);
    assert_eq!(next.outcome, Outcome::Exit(0), "nobody touched our table: {next:#?}");
    let said: Value = serde_json::from_str(&next.stdout).unwrap();
    let interrupted = &said["interrupted"];
    assert_eq!((&said["destroyed"], &interrupted["drifted"]), (&49.into(), &1.into()), "{said:#}");
    assert_eq!(interrupted["destroyed"], 0, "{said:#}");
    organization.verify("deleted by the application");
}

#[test]
fn after_a_restoration_every_record_that_is_back_is_said_to_be() {
    let mut organization = Organization::approved_with(JournalMode::Delete, 2);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    let copy = organization.path().join("copy.db");
    fs::copy(organization.path().join("parle.db"), &copy).unwrap();
    // Two more batches, of which the copy knows nothing.
    let due = "INSERT INTO archive_a VALUES (7, '2024-01-02T03:04:05Z'), (8, '2024-01-02T03:04:05Z');
        INSERT INTO archive_b VALUES (7, '2024-01-02T03:04:05Z');";
    organization.database().execute_batch(due).unwrap();
    let (_, id) = plan(&organization);
    assert_eq!(organization.run(&["approve", &id], None).outcome, Outcome::Exit(0));
    organization.set_plan(id);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    fs::copy(&copy, organization.path().join("parle.db")).unwrap();
    organization.database().execute("INSERT INTO archive_a VALUES (8, '2024-01-02T03:04:05Z')", []).unwrap();
    organization.database().execute("INSERT INTO archive_b VALUES (7, '2024-01-02T03:04:05Z')", []).unwrap();
    plan(&organization);
    let answer = |series: &str, key: &str| {
        let said = organization.run(&["audit", "lookup", series, key, "--format", "json"], None);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        said["answer"].as_str().unwrap().to_owned()
    };
    // Of two batches, of which the last alone had the fence that is missing; what was there before the copy was made is
    // as it was.
    for (series, key, expected) in [
        ("archive_a", "7", "DESTROYED"),
        ("archive_a", "8", "RESURRECTED"),
        ("archive_b", "7", "RESURRECTED"),
        ("archive_b", "1", "DESTROYED"),
        ("dossier", "1", "DESTROYED"),
    ] {
        assert_eq!(answer(series, key), expected, "{series} {key}");
    }
    organization.verify("restored");
}

#[test]
fn a_file_that_was_moved_away_is_not_said_to_be_gone() {
    let organization = Organization::approved(JournalMode::Wal);
    let documents = organization.path().join("documents");
    let [own, _] = files_of(1);
    let outcome = organization.apply_and_meanwhile("spooled=1*sleep(1500)->off", || {
        fs::rename(documents.join(&own), documents.join("own/moved.pdf")).unwrap();
    });
    assert_eq!(outcome, Outcome::Exit(5), "the record is incomplete, not destroyed");
    assert!(documents.join("own/moved.pdf").exists());
}

#[test]
fn a_record_whose_file_was_left_and_that_is_back_is_said_to_be() {
    let organization = Organization::approved(JournalMode::Delete);
    let documents = organization.path().join("documents");
    let [own, _] = files_of(1);
    let outcome = organization.apply_and_meanwhile("spooled=1*sleep(1500)->off", || {
        fs::rename(documents.join(&own), documents.join("own/moved.pdf")).unwrap();
    });
    assert_eq!(outcome, Outcome::Exit(5));
    restore(&organization);
    plan(&organization);
    let said = organization.run(&["audit", "lookup", "dossier", "1", "--format", "json"], None);
    assert!(said.stdout.contains("\"RESURRECTED\""), "{said:#?}");
    organization.verify("left and back");
}

#[test]
fn a_file_of_a_record_that_stays_is_not_unlinked_by_the_next_run() {
    let organization = Organization::approved(JournalMode::Wal);
    let [own, _] = files_of(1);
    let outcome = organization.apply_and_meanwhile("spooled=1*sleep(1500)->off;outcome-durable=return(kill)", || {
        let reopened = "UPDATE dossier SET status = 'open' WHERE id = 1; DELETE FROM document WHERE dossier_id = 1";
        organization.database().execute_batch(reopened).unwrap();
    });
    assert_eq!(outcome, Outcome::Killed);
    organization.apply(None);
    assert!(organization.path().join("documents").join(own).exists(), "the file belongs to a dossier that stays");
    let left: i64 =
        organization.database().query_row("SELECT count(*) FROM dossier WHERE id = 1", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[test]
fn a_key_that_is_used_again_before_recovery_undoes_no_destruction() {
    let organization = Organization::approved(JournalMode::Delete);
    assert_eq!(organization.apply(Some("committed=return(kill)")).outcome, Outcome::Killed);
    // One of them takes the old one's file over.
    let new = "INSERT INTO dossier VALUES (40, 11, 'open', NULL, 'new');
        INSERT INTO dossier VALUES (39, 11, 'closed', '2026-11-20T12:00:00Z', 'new');
        INSERT INTO document(dossier_id, path) VALUES (39, 'own/39.pdf');";
    organization.database().execute_batch(new).unwrap();
    let applied = organization.apply(None);
    assert_eq!(applied.outcome, Outcome::Exit(0), "{applied:#?}");
    for key in ["38", "39", "40"] {
        let said = organization.run(&["audit", "lookup", "dossier", key, "--format", "json"], None);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(said["answer"], "DESTROYED", "{key}: {said:#}");
        let is_named = key == "39";
        let file = organization.path().join("documents").join(&files_of(key.parse().unwrap())[0]);
        assert_eq!(file.exists(), is_named, "{key}");
    }
    let left: i64 = organization.database().query_row("SELECT count(*) FROM dossier", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 22, "the new ones stay");
    organization.verify("a key used again");
}

#[test]
fn a_calendar_that_changes_its_meaning_needs_a_new_version() {
    let mut organization = Organization::approved(JournalMode::Delete);
    let path = organization.path().join("calendar.toml");
    let first = fs::read(&path).unwrap();
    let other = String::from_utf8(first.clone()).unwrap().replace("P1Y", "P2M");
    // Plans that are made under the other meaning before the log has the first one.
    fs::write(&path, &other).unwrap();
    let (rails, pending) = plan(&organization);
    add_due(&organization, 97);
    let (_, approved) = plan(&organization);
    let accept = rails.join(",");
    let answer = organization.run(&["approve", &approved, "--accept", &accept], None);
    assert_eq!(answer.outcome, Outcome::Exit(0), "{answer:#?}");
    fs::write(&path, &first).unwrap();
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    assert_eq!(organization.run(&["check"], None).outcome, Outcome::Exit(0));
    fs::write(&path, &other).unwrap();
    organization.set_plan(approved);
    let lines = [&["check"][..], &["plan"], &["approve", &pending, "--accept", &accept]];
    let refusals = lines.map(|line| organization.run(&[line, &["--format", "json"]].concat(), None));
    for refused in refusals.into_iter().chain([organization.apply(None)]) {
        assert_eq!(refused.outcome, Outcome::Exit(78), "{refused:#?}");
        assert!(refused.stdout.contains("calendar-same-version"), "{refused:#?}");
    }
    organization.verify("calendar of the same version");
}

/// The next version of the calendar beside the first, in force from this day on; and one more dossier that is due.
fn add_version(organization: &Organization, from: &str, dossier: i64) {
    let read = |name: &str| fs::read_to_string(organization.path().join(name)).unwrap();
    let next = read("calendar.toml").replace("version = 1", "version = 2\nreplaces = { version = 1 }");
    let effective = next.lines().find(|line| line.starts_with("effective")).unwrap().to_owned();
    let next = next.replace(&effective, &format!("effective = {{ from = {from} }}"));
    fs::write(organization.path().join("calendar-2.toml"), next).unwrap();
    let both = read("retentiond.toml").replace("\"calendar.toml\"", "\"calendar.toml\", \"calendar-2.toml\"");
    fs::write(organization.path().join("retentiond.toml"), both).unwrap();
    add_due(organization, dossier);
}

pub fn add_due(organization: &Organization, dossier: i64) {
    let due = format!("INSERT INTO dossier VALUES ({dossier}, 11, 'closed', '2024-01-02T03:04:05Z', 'late')");
    organization.database().execute(&due, []).unwrap();
}

/// Approves a new plan with every rail that it trips.
fn approve_anew(organization: &mut Organization) {
    let (rails, id) = plan(organization);
    let mut arguments = vec!["approve", &id];
    let accepted = rails.join(",");
    if !rails.is_empty() {
        arguments.extend(["--accept", &accepted]);
    }
    let approved = organization.run(&arguments, None);
    assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
    organization.set_plan(id);
}

#[test]
fn a_calendar_is_obeyed_until_the_day_on_which_its_next_version_comes_into_force() {
    for begun in [false, true] {
        let mut organization = Organization::approved(JournalMode::Delete);
        if begun {
            assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
        }
        add_version(&organization, "2027-01-01", 99);
        approve_anew(&mut organization);
        let applied = organization.apply(None);
        assert_eq!(applied.outcome, Outcome::Exit(0), "the first version is in force: {applied:#?}");
        organization.verify("the next version lies beside");
    }
}

#[test]
fn a_version_that_a_newer_one_replaced_is_not_obeyed_again() {
    let mut organization = Organization::approved(JournalMode::Delete);
    let first = fs::read(organization.path().join("retentiond.toml")).unwrap();
    add_version(&organization, "2026-11-01", 99);
    approve_anew(&mut organization);
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(0));
    fs::write(organization.path().join("retentiond.toml"), first).unwrap();
    add_due(&organization, 98);
    for line in ["check", "plan"] {
        let refused = organization.run(&[line, "--format", "json"], None);
        assert_eq!(refused.outcome, Outcome::Exit(78), "{refused:#?}");
        assert!(refused.stdout.contains("calendar-older-version"), "{refused:#?}");
    }
    organization.verify("the first version put back");
}

#[test]
fn a_fence_row_edited_by_hand_is_not_believed() {
    // What the row says of the results, of the rows, and whose row it is.
    for edit in [
        "replace(note, 'D', 'h')",
        "replace(note, 'message', 'massage')",
        "replace(note, '\"seal\":\"', '\"seal\":\"0')",
        "''",
    ] {
        let organization = Organization::approved(JournalMode::Delete);
        assert_eq!(organization.apply(Some("committed=return(kill)")).outcome, Outcome::Killed);
        let edited =
            organization.database().execute(&format!("UPDATE retentiond_batch SET note = {edit}"), []).unwrap();
        assert_eq!(edited, 1);
        let next = organization.apply(None);
        assert_eq!(next.outcome, Outcome::Exit(3), "somebody must look first: {edit}: {next:#?}");
        check::gone_means_logged(&organization, edit);
        organization.verify(edit);
    }
}

#[test]
fn a_committed_batch_whose_list_is_gone_is_read_back_by_the_names_of_its_rows() {
    let mut organization = Organization::approved(JournalMode::Wal);
    assert_eq!(organization.apply(Some("committed=return(kill)")).outcome, Outcome::Killed);
    let lists = organization.state().join("private/plans");
    for list in fs::read_dir(&lists).unwrap() {
        fs::remove_file(list.unwrap().path()).unwrap();
    }
    // The application writes one of its dossiers again before recovery runs.
    organization.resurrect();
    let (_, id) = plan(&organization);
    let approved = organization.run(&["approve", &id], None);
    assert_eq!(approved.outcome, Outcome::Exit(0), "{approved:#?}");
    organization.set_plan(id);
    // Recovery ends the first batch, and nothing else happens.
    assert_eq!(organization.apply(None).outcome, Outcome::Exit(3));
    check::gone_means_logged(&organization, "list gone");
    organization.verify("list gone");
}
