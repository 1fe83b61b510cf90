//! What outlives the process: firings, memos, and that a person answered for the clock.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::audit::{Entries, LogError};
use crate::disposition::Installation;
use crate::model::{Limits, Windows};

fn at(minute: i64) -> Instant {
    Instant::from_timestamp(1_800_000_000 + 60 * minute, 0).unwrap()
}

fn open(state: &Path, now: Instant) -> Result<Desk, DeskError> {
    let install = Installation {
        state: state.to_owned(),
        files: Vec::new(),
        calendars: Vec::new(),
        sources: BTreeMap::new(),
        series: Vec::new(),
        guesses: BTreeMap::new(),
        limits: Limits::default(),
        windows: Windows::NONE,
        boot: None,
    };
    Desk::open(Arc::new(install), None, now)
}

#[test]
fn a_firing_is_unique_and_outlives_the_process() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path(), at(0)).unwrap();
    assert_eq!(desk.last_firing("all", at(9)).unwrap(), None);
    assert!(desk.begin_firing("all", at(1), at(2)).unwrap());
    assert!(!desk.begin_firing("all", at(1), at(3)).unwrap(), "the same time runs once");
    assert!(desk.begin_firing("some", at(1), at(3)).unwrap(), "another schedule is another firing");
    desk.end_firing("some", at(1), at(4), "nothing due").unwrap();
    drop(desk);

    let desk = open(state.path(), at(5)).unwrap();
    assert!(desk.begin_firing("all", at(8), at(8)).unwrap());
    assert_eq!(desk.last_firing("all", at(5)).unwrap(), Some(at(1)), "not one to come");
    desk.end_firing("all", at(8), at(8), "nothing due").unwrap();
    assert!(!desk.begin_firing("all", at(1), at(6)).unwrap());
    let interrupted = desk.interrupted_firings().unwrap();
    assert_eq!(interrupted.iter().map(|firing| firing.schedule.as_str()).collect::<Vec<_>>(), ["all"]);
    assert_eq!(desk.firings(2).unwrap()[1].outcome.as_deref(), Some("nothing due"), "the newest first");
}

#[test]
fn an_interrupted_firing_stays_open_until_it_or_a_later_one_ends() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path(), at(0)).unwrap();
    let open_ones = || {
        let open = desk.interrupted_firings().unwrap();
        open.iter().map(|firing| (firing.at, firing.outcome.clone().unwrap_or_default())).collect::<Vec<_>>()
    };
    for minute in [1, 2, 3] {
        desk.begin_firing("all", at(minute), at(minute)).unwrap();
        desk.begin_firing("some", at(minute), at(minute)).unwrap();
        desk.end_firing("some", at(minute), at(minute), "nothing due").unwrap();
    }
    desk.interrupt_firing("all", at(2), "interrupted").unwrap();
    desk.interrupt_firing("some", at(2), "interrupted").unwrap();
    let told = |text: &str| text.to_owned();
    assert_eq!(open_ones(), [(at(1), told("")), (at(2), told("interrupted")), (at(3), told(""))]);
    desk.end_firings_before("all", at(2), at(4), "a later one").unwrap();
    assert_eq!(open_ones(), [(at(2), told("interrupted")), (at(3), told(""))]);
    desk.forget_firings_after(at(2)).unwrap();
    assert_eq!(open_ones(), [(at(2), told("interrupted"))]);
    let outcomes = desk.firings(9).unwrap().into_iter().filter_map(|firing| firing.outcome);
    assert_eq!(outcomes.collect::<Vec<_>>(), ["interrupted", "nothing due", "a later one", "nothing due"]);
}

#[test]
fn old_firings_are_forgotten_but_never_the_last() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path(), at(0)).unwrap();
    for minute in [1, 2, 3] {
        desk.begin_firing("all", at(minute), at(minute)).unwrap();
    }
    desk.forget_firings_before(at(100)).unwrap();
    assert_eq!(desk.firings(9).unwrap().iter().map(|firing| firing.at).collect::<Vec<_>>(), [at(3)]);
}

#[test]
fn a_memo_is_kept_replaced_and_forgotten() {
    let state = tempfile::tempdir().unwrap();
    let desk = open(state.path(), at(0)).unwrap();
    desk.memorize("x", Some(&1)).unwrap();
    desk.memorize("x", Some(&2)).unwrap();
    assert_eq!(desk.recall::<i32>("x").unwrap(), Some(2));
    desk.memorize::<i32>("x", None).unwrap();
    assert_eq!(desk.recall::<i32>("x").unwrap(), None);
}

#[test]
fn a_confirmed_clock_lets_the_log_go_on_also_after_a_restart() {
    let state = tempfile::tempdir().unwrap();
    let mut desk = open(state.path(), at(1_000_000)).unwrap();
    let marie = Actor::from("marie (1001)");
    let refused = desk.refuse(None, &marie, Vec::new(), at(0));
    assert!(matches!(refused, Err(DeskError::Log(LogError::ClockBehind { .. }))), "{refused:?}");
    desk.confirm_clock(&marie, at(0)).unwrap();
    desk.refuse(None, &marie, Vec::new(), at(1)).unwrap();
    drop(desk);

    let mut desk = open(state.path(), at(2)).unwrap();
    desk.refuse(None, &marie, Vec::new(), at(2)).unwrap();
    let mut named = 0;
    desk.log()
        .scan(0, &mut |_, leaf| {
            named +=
                i32::from(matches!(leaf.body, Body::Correction(correction) if correction.actor == Some(marie.clone())));
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(named, 1, "the log names who answered for the clock");
}
