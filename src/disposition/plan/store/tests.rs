use rusqlite::Connection;

use super::*;
use crate::disposition::plan::sample;

struct State {
    dir: tempfile::TempDir,
    plan: PlanId,
}

impl State {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let plan = sample::keep(dir.path(), 20, false);
        Self { dir, plan }
    }

    fn dirs(&self) -> PlanDirs {
        PlanDirs::of(self.dir.path())
    }

    fn code(&self) -> &'static str {
        self.dirs().open(&self.plan).map_or_else(|error| error.code(), |_| "ok")
    }
}

#[test]
fn a_plan_opens_as_it_was_kept() {
    let state = State::new();
    let plan = state.dirs().open(&state.plan).unwrap();
    assert_eq!(plan.manifest().planned(), 20);
    assert_eq!(plan.manifest().unbalanced(), Vec::<&crate::model::SeriesName>::new());
    assert_eq!(*plan.digest(), plan.manifest().digest().unwrap());
}

#[test]
fn a_list_edited_by_hand_is_refused_whatever_was_edited() {
    let edits = [
        "DELETE FROM item WHERE sort = (SELECT min(sort) FROM item)",
        "UPDATE item SET due = due - 1 WHERE sort = (SELECT max(sort) FROM item)",
        "UPDATE item SET day = day + 1",
        "UPDATE item SET facts = zeroblob(32)",
        "UPDATE item SET fp = zeroblob(32) WHERE sort = (SELECT max(sort) FROM item)",
        "UPDATE item SET action = 1",
        "UPDATE item SET level = 1",
        "DELETE FROM step",
        "UPDATE step SET items = 19",
        "UPDATE item SET key = x'0000000169000000000000002a' WHERE sort = (SELECT min(sort) FROM item)",
        "INSERT INTO item SELECT series, x'01', rule, key, action, day, due, facts, randomblob(32), reference, level, 0, 0, 0, 0 FROM item LIMIT 1",
    ];
    for edit in edits {
        let state = State::new();
        let connection = Connection::open(state.dirs().body_path(&state.plan)).unwrap();
        assert!(connection.execute(edit, []).unwrap() > 0, "{edit}");
        drop(connection);
        assert_eq!(state.code(), "plan-altered", "{edit}");
    }
}

#[test]
fn a_list_that_is_garbage_or_another_plan_s_is_refused() {
    let state = State::new();
    let other = sample::keep(state.dir.path(), 19, false);
    std::fs::copy(state.dirs().body_path(&other), state.dirs().body_path(&state.plan)).unwrap();
    assert_eq!(state.code(), "plan-altered");
    std::fs::write(state.dirs().body_path(&state.plan), b"no database at all").unwrap();
    assert_eq!(state.code(), "plan-file");
}

#[test]
fn a_manifest_edited_by_hand_is_refused() {
    let edits =
        [("\"format\": 1", "\"format\": 2"), ("\"due\": 20", "\"due\": 19"), ("\"count\": 20", "\"count\": 21")];
    for (old, new) in edits.into_iter().chain([("\"plan\"", "\"plans\""), ("2026-11-21T12", "yesterday")]) {
        let state = State::new();
        let path = state.dirs().manifest_path(&state.plan);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{old} is not in {text}");
        std::fs::write(&path, text.replacen(old, new, 1)).unwrap();
        assert_eq!(state.code(), "plan-altered", "{old}");
    }
}

#[test]
fn a_manifest_under_another_name_is_refused() {
    let state = State::new();
    let other = PlanId::new("2026-11-21-00000000");
    std::fs::copy(state.dirs().manifest_path(&state.plan), state.dirs().manifest_path(&other)).unwrap();
    assert_eq!(state.dirs().open(&other).unwrap_err().code(), "plan-altered");
}

#[test]
fn a_plan_that_is_not_there_is_told_from_one_whose_list_was_erased() {
    let state = State::new();
    assert_eq!(state.dirs().open(&"2026-11-20-12345678".into()).unwrap_err().code(), "unknown-plan");
    for outside in ["../private/desk", "", "a/b", "..", "x\0y"] {
        assert_eq!(state.dirs().open(&outside.into()).unwrap_err().code(), "unknown-plan", "{outside:?}");
    }
    assert!(state.dirs().erase_body(&state.plan).unwrap());
    assert!(!state.dirs().erase_body(&state.plan).unwrap());
    assert_eq!(state.code(), "plan-erased");
    assert!(state.dirs().manifest(&state.plan).is_ok());
}

#[test]
fn every_plan_is_listed_and_a_broken_one_with_its_fault() {
    let state = State::new();
    let other = sample::keep(state.dir.path(), 3, true);
    std::fs::write(state.dirs().manifest_path(&other), b"{").unwrap();
    let all = state.dirs().all().unwrap();
    let found: Vec<_> = all.iter().map(|(id, file)| (id, file.is_ok())).collect();
    let mut expected = vec![(&state.plan, true), (&other, false)];
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_draft_of_a_process_that_died_is_erased_and_that_of_one_that_lives_is_not() {
    let state = State::new();
    let bodies = state.dirs().bodies().to_owned();
    // Linux gives no process a number above 2²².
    let (dead, alive) = (bodies.join("4194305-0.draft"), bodies.join(format!("{}-99.draft", std::process::id())));
    std::fs::write(&dead, b"keys").unwrap();
    std::fs::write(&alive, b"keys").unwrap();
    state.dirs().erase_abandoned_drafts().unwrap();
    assert!(!dead.exists() && alive.exists());
    assert_eq!(state.code(), "ok");
}
