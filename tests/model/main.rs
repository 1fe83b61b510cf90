//! The program against a model of it: organizations drawn at random, with calendars, mappings and records of every
//! form, go through check, hold, plan, approval, changes by the application, an execution that is killed and goes on,
//! and the auditor's questions. What is counted, what is gone and what stays must be what [`oracle`] works out in
//! another way.
//!
//! A few cases run with the other tests. More of them: `PROPTEST_CASES=1000 cargo test --features simulate --test
//! model`.

mod case;
mod office;
mod oracle;
mod texts;

#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value as Json;

use case::Case;
use office::Office;
use support::Process;

/// Cases that run with the other tests.
const CASES: u32 = 24;

#[expect(clippy::disallowed_methods, reason = "the person who runs the tests chooses how many")]
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(CASES)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_counted_what_goes_and_what_stays_is_what_the_model_says(case in case::case()) {
        obey(&case);
    }
}

/// Takes a case through the whole program.
fn obey(case: &Case) {
    let mut office = Office::new(case);
    let checked = office.organization.run(&["check"]);
    assert_eq!(checked.code, 0, "{}{}", checked.out, checked.err);
    let held = place_holds(&office, case);
    let verdicts = oracle::verdicts(case, &office.records, &held);
    let due: BTreeSet<usize> = (0..verdicts.len()).filter(|number| verdicts[*number] == "due").collect();
    let plan = office.organization.ask(&["plan"]);
    assert_eq!(counted(&plan), oracle::counts(&verdicts).into_iter().collect::<Vec<_>>());
    if plan["planned"] == 0 {
        return;
    }
    let plan = plan["plan"].as_str().unwrap();
    let rails = "rules,share,count,backlog,mapping,empty";
    office.organization.ask(&["approve", plan, "--accept", rails]);
    let mut changed = BTreeSet::new();
    for (number, change) in &case.changes {
        let number = number.index(office.records.len());
        office.change(number, change);
        changed.insert(number);
    }
    let before = Belongings::of(&office);
    let files = office.files();
    execute(&office, case, plan);
    let left: BTreeSet<usize> = office.owners("dossier", "true").into_iter().flatten().collect();
    let gone: BTreeSet<usize> = (0..office.records.len()).filter(|number| !left.contains(number)).collect();
    let due_still = oracle::verdicts(case, &office.records, &held);
    for number in &gone {
        assert!(due.contains(number) && due_still[*number] == "due", "{number} went: {:?}", office.records[*number]);
    }
    for number in due.difference(&gone) {
        let waits = case.is_tree && left.iter().any(|child| oracle::parent(&office.records, *child) == Some(*number));
        assert!(
            changed.contains(number) || due_still[*number] != "due" || waits,
            "{number} stayed: {:?}",
            office.records[*number]
        );
    }
    before.assert_those_of_the_gone_went(&office, &gone);
    assert_eq!(files.difference(&office.files()).cloned().collect::<BTreeSet<_>>(), only_named_by(&office, &gone));
    assert_answers(&office, &gone);
}

/// Places the case's holds, and returns the numbers of the records that are held by themselves.
fn place_holds(office: &Office<'_>, case: &Case) -> Vec<usize> {
    let held: Vec<usize> = case.held.iter().map(|held| held.index(case.records.len())).collect();
    for number in &held {
        let key = office.key(*number);
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        office.organization.ask(&[&["hold", "place", "dossier"], &key[..], &["--reason", "litigation"]].concat());
    }
    if case.is_person_held {
        let person = oracle::HELD_PERSON.to_string();
        office.organization.ask(&["hold", "place", "--subject", &person, "--reason", "access request"]);
    }
    held
}

/// The plan's counts for the series.
fn counted(plan: &Json) -> Vec<(&'static str, u64)> {
    let rules = plan["rules"].as_array().unwrap();
    let total = |verdict| {
        rules.iter().filter(|rule| rule["series"] == "dossier").map(|rule| rule[verdict].as_u64().unwrap()).sum()
    };
    let mut counts = oracle::VERDICTS.map(|verdict| (verdict, total(verdict)));
    counts.sort_unstable();
    counts.to_vec()
}

/// Executes the plan: killed as often as the case says, then to its end.
fn execute(office: &Office<'_>, case: &Case, plan: &str) {
    for milliseconds in &case.kills {
        let mut run = Process(
            office.organization.command(&["apply", plan]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap(),
        );
        thread::sleep(Duration::from_millis(*milliseconds));
        if run.is_running() {
            run.kill();
        }
    }
    let (code, statement) = office.organization.json(&["apply", plan]);
    let is_done_already = !case.kills.is_empty() && statement["error"]["code"] == "plan-executed";
    assert!(code == 0 || is_done_already, "{code}: {statement}");
}

/// Rows of the parts, by the record that they belong to.
struct Belongings(Vec<(&'static str, &'static str, Vec<Option<usize>>)>);

impl Belongings {
    const PARTS: [(&'static str, &'static str); 4] =
        [("session", "true"), ("message", "true"), ("note", "about = 'Dossier'"), ("note", "about = 'Account'")];

    fn of(office: &Office<'_>) -> Self {
        let owners = |(table, rows): (&'static str, &'static str)| (table, rows, office.owners(table, rows));
        Self(Self::PARTS.map(owners).into())
    }

    fn assert_those_of_the_gone_went(&self, office: &Office<'_>, gone: &BTreeSet<usize>) {
        for (table, rows, before) in &self.0 {
            let is_part = !rows.contains("Account");
            let stays = |owner: &&Option<usize>| !is_part || owner.is_none_or(|owner| !gone.contains(&owner));
            let expected: Vec<_> = before.iter().filter(stays).copied().collect();
            assert_eq!(office.owners(table, rows), expected, "{table} {rows}");
        }
        let alerts = office.records.iter().enumerate().filter(|(_, record)| record.has_alert);
        let mut detached: Vec<_> =
            alerts.map(|(number, _)| Some(number).filter(|number| !gone.contains(number))).collect();
        detached.sort_unstable();
        assert_eq!(office.owners("alert", "true"), detached);
    }
}

/// Files that no record that stays names.
fn only_named_by(office: &Office<'_>, gone: &BTreeSet<usize>) -> BTreeSet<String> {
    let named = |is_gone: bool| -> BTreeSet<String> {
        let records = office.records.iter().enumerate().filter(|(number, _)| gone.contains(number) == is_gone);
        records.flat_map(|(_, record)| record.messages.iter().flatten()).map(|file| format!("{file}.txt")).collect()
    };
    named(true).difference(&named(false)).cloned().collect()
}

/// The log knows of each record that went, and of no other; the verifier finds nothing wrong; the database is whole.
fn assert_answers(office: &Office<'_>, gone: &BTreeSet<usize>) {
    for number in (0..office.records.len()).step_by(3) {
        let key = office.key(number);
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        let (_, answer) = office.organization.json(&[&["audit", "lookup", "dossier"], &key[..]].concat());
        assert_eq!(answer.to_string().contains("DESTROYED"), gone.contains(&number), "{number}: {answer}");
    }
    office.organization.verify();
    let database = office.organization.database();
    let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    assert!(!database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
}
