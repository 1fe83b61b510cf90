use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::calendar::{Clock, Governs, Keep, Period, StartAt, Until, Words};
use crate::model::{Digest, Instant, KeyValue, RecordKey};
use crate::records::facts::{Reading, Unreadable};
use crate::records::mapping::{Pick, sample};

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

fn months(months: u32) -> Keep {
    Keep::Civil(Period { months, days: 0 })
}

fn rule(number: &str, trigger: &str, keep: Keep, disposition: Option<Disposition>) -> Rule {
    Rule {
        number: number.into(),
        title: Words::default(),
        series: "dossier".into(),
        governs: Governs::Record,
        unless: None,
        role: if disposition.is_some() { Role::Disposing } else { Role::Floor },
        clock: Clock { earliest: vec![Until { trigger: trigger.into(), keep }], start: StartAt::Trigger },
        disposition,
        basis: Vec::new(),
        example: false,
        executed_elsewhere: false,
    }
}

fn calendar(rules: Vec<Rule>) -> Calendar {
    Calendar {
        number: "OPC-PC".into(),
        organization: "Office".to_owned(),
        title: Words::default(),
        version: 2,
        replaces: None,
        approval: None,
        effective_from: "2024-04-04".parse().unwrap(),
        effective_until: None,
        replaced_on: None,
        timezone: "America/Toronto".parse().unwrap(),
        series: Vec::new(),
        rules,
        text: String::new(),
        digest: Digest::of(b""),
    }
}

/// `closure` is event 0 (one column); `last_use` is event 1 (two columns, picked as said).
fn mapping(last_use: Pick) -> SeriesMapping {
    SeriesMapping {
        events: BTreeMap::from([
            ("closure".into(), sample::event(Pick::Latest, &["closed_at"])),
            ("last_use".into(), sample::event(last_use, &["last_login_at", "created_at"])),
        ]),
        ..sample::series("parle", "dossier")
    }
}

fn at(text: &str) -> Reading {
    Reading::Set(Moment::At(instant(text)))
}

fn facts(closure: Reading, last_use: [Reading; 2]) -> Facts {
    Facts {
        key: RecordKey::new(vec![KeyValue::Integer(1)]),
        reference: None,
        subject: None,
        in_scope: true,
        masked: false,
        events: vec![
            EventFact { applies: true, readings: vec![closure] },
            EventFact { applies: true, readings: last_use.to_vec() },
        ],
        conditions: Vec::new(),
        blockers: Vec::new(),
    }
}

fn closed(text: &str) -> Facts {
    facts(at(text), [Reading::Unset; 2])
}

fn verdict(rules: Vec<Rule>, facts: &Facts, now: &str) -> Verdict {
    verdict_with(rules, facts, now, false, false, Pick::Latest)
}

fn verdict_with(rules: Vec<Rule>, facts: &Facts, now: &str, held: bool, blocked: bool, pick: Pick) -> Verdict {
    let (calendar, mapping) = (calendar(rules), mapping(pick));
    let governing = Governing::new(&calendar, &mapping).unwrap();
    judge(&governing, facts, JudgedAt::now(instant(now)), || held, || blocked.then_some(BlockedBy::Records))
}

fn destroy_after_a_year() -> Rule {
    rule("PC-1", "closure", months(12), Some(Disposition::Destroy))
}

#[test]
fn a_record_is_due_from_the_midnight_that_ends_its_last_day() {
    let facts = closed("2024-03-16T02:30:00Z");
    let before = verdict(vec![destroy_after_a_year()], &facts, "2025-03-16T03:59:59Z");
    let after = verdict(vec![destroy_after_a_year()], &facts, "2025-03-16T04:00:00Z");
    assert!(matches!(before, Verdict::NotYet(_)), "{before:?}");
    let Verdict::Due(term, Action::Destroy) = after else { panic!("{after:?}") };
    assert_eq!(term.due.unwrap().trigger_day, "2024-03-15".parse().unwrap());
}

#[test]
fn verdicts_come_in_their_order() {
    let rules = || vec![destroy_after_a_year()];
    let now = "2026-11-21T12:00:00Z";
    let open = facts(Reading::Unset, [Reading::Unset; 2]);
    assert_eq!(verdict_with(rules(), &open, now, true, true, Pick::Latest), Verdict::Open);
    let future = closed("2026-11-21T12:00:01Z");
    assert_eq!(verdict_with(rules(), &future, now, true, true, Pick::Latest), Verdict::Undated(Undated::Future));
    let not_yet = closed("2026-11-01T12:00:00Z");
    assert!(matches!(verdict_with(rules(), &not_yet, now, true, true, Pick::Latest), Verdict::NotYet(_)));
    let past = closed("2020-11-01T12:00:00Z");
    assert!(matches!(verdict_with(rules(), &past, now, true, true, Pick::Latest), Verdict::Held(_)));
    assert!(matches!(
        verdict_with(rules(), &past, now, false, true, Pick::Latest),
        Verdict::Blocked(_, BlockedBy::Records)
    ));
    assert!(matches!(verdict_with(rules(), &past, now, false, false, Pick::Latest), Verdict::Due(_, Action::Destroy)));
    let mut filtered = past;
    filtered.in_scope = false;
    assert_eq!(verdict_with(rules(), &filtered, now, true, true, Pick::Latest), Verdict::Filtered);
}

#[test]
fn a_date_before_the_earliest_or_unreadable_keeps_the_record() {
    let now = "2026-11-21T12:00:00Z";
    let old = closed("1970-01-01T00:00:00Z");
    assert_eq!(verdict(vec![destroy_after_a_year()], &old, now), Verdict::Undated(Undated::TooOld));
    let garbage = facts(Reading::Unreadable(Unreadable::Format), [Reading::Unset; 2]);
    assert_eq!(
        verdict(vec![destroy_after_a_year()], &garbage, now),
        Verdict::Undated(Undated::Unreadable(Unreadable::Format))
    );
}

#[test]
fn the_latest_rule_wins_and_an_open_one_keeps() {
    let now = "2024-06-01T12:00:00Z";
    let by_use = || rule("PC-2", "last_use", months(24), Some(Disposition::Destroy));
    let both = facts(at("2022-01-10T12:00:00Z"), [at("2023-05-01T12:00:00Z"), Reading::Unset]);
    let Verdict::NotYet(term) = verdict(vec![destroy_after_a_year(), by_use()], &both, now) else { panic!() };
    assert_eq!(term.rule, "PC-2".into());
    let never_used = closed("2022-01-10T12:00:00Z");
    assert_eq!(verdict(vec![destroy_after_a_year(), by_use()], &never_used, now), Verdict::Open);
}

#[test]
fn a_floor_postpones_and_never_disposes() {
    let floor = || rule("F-1", "closure", months(72), None);
    let record = closed("2020-01-10T12:00:00Z");
    let Verdict::NotYet(term) = verdict(vec![destroy_after_a_year(), floor()], &record, "2024-06-01T12:00:00Z") else {
        panic!()
    };
    assert_eq!((term.rule, term.due.unwrap().last_day), ("PC-1".into(), Some("2026-01-10".parse().unwrap())));
    assert!(matches!(
        verdict(vec![destroy_after_a_year(), floor()], &record, "2026-06-01T12:00:00Z"),
        Verdict::Due(_, Action::Destroy)
    ));
    assert_eq!(verdict(vec![floor()], &record, "2036-06-01T12:00:00Z"), Verdict::Filtered);
}

#[test]
fn permanent_select_and_transfer_never_fall_through_to_destruction() {
    let record = closed("2000-01-10T12:00:00Z");
    let now = "2026-11-21T12:00:00Z";
    let with = |disposition| {
        verdict(vec![destroy_after_a_year(), rule("PC-9", "closure", months(1), Some(disposition))], &record, now)
    };
    assert!(matches!(with(Disposition::Permanent), Verdict::NotYet(Term { due: None, .. })));
    assert!(matches!(with(Disposition::Select), Verdict::Blocked(_, BlockedBy::Decision)));
    assert!(matches!(with(Disposition::Transfer), Verdict::Blocked(_, BlockedBy::Decision)));
}

#[test]
fn the_earliest_of_several_ways_counts_and_an_open_way_waits() {
    let mut either = destroy_after_a_year();
    either.clock.earliest.push(Until { trigger: "last_use".into(), keep: months(1) });
    let withdrawn = facts(Reading::Unset, [at("2024-01-10T12:00:00Z"), Reading::Unset]);
    assert!(matches!(verdict(vec![either.clone()], &withdrawn, "2024-03-01T12:00:00Z"), Verdict::Due(..)));
    let neither = facts(Reading::Unset, [Reading::Unset; 2]);
    assert_eq!(verdict(vec![either], &neither, "2024-03-01T12:00:00Z"), Verdict::Open);
}

#[test]
fn all_waits_for_every_value_and_latest_skips_what_is_not_set() {
    let rules = || vec![rule("PC-2", "last_use", months(1), Some(Disposition::Destroy))];
    let one = facts(Reading::Unset, [at("2024-01-10T12:00:00Z"), Reading::Unset]);
    let now = "2024-06-01T12:00:00Z";
    assert_eq!(verdict_with(rules(), &one, now, false, false, Pick::All), Verdict::Open);
    assert!(matches!(verdict_with(rules(), &one, now, false, false, Pick::Latest), Verdict::Due(..)));
    let unreadable = Reading::Unreadable(Unreadable::Format);
    for readings in [[unreadable, Reading::Unset], [Reading::Unset, unreadable]] {
        let record = facts(Reading::Unset, readings);
        assert_eq!(verdict_with(rules(), &record, now, false, false, Pick::All), Verdict::Open);
        assert!(matches!(verdict_with(rules(), &record, now, false, false, Pick::Latest), Verdict::Undated(_)));
    }
    let both = facts(Reading::Unset, [at("2024-01-10T12:00:00Z"), at("2024-05-20T12:00:00Z")]);
    assert!(matches!(verdict_with(rules(), &both, now, false, false, Pick::All), Verdict::NotYet(_)));
    assert!(matches!(verdict_with(rules(), &both, now, false, false, Pick::Latest), Verdict::NotYet(_)));
    assert!(matches!(verdict_with(rules(), &both, now, false, false, Pick::Earliest), Verdict::Due(..)));
}

#[test]
fn a_masked_record_is_not_anonymized_again() {
    let anonymize = || vec![rule("PC-3", "closure", months(1), Some(Disposition::Anonymize))];
    let mut record = closed("2020-01-10T12:00:00Z");
    assert!(matches!(verdict(anonymize(), &record, "2024-06-01T12:00:00Z"), Verdict::Due(_, Action::Anonymize)));
    record.masked = true;
    assert_eq!(verdict(anonymize(), &record, "2024-06-01T12:00:00Z"), Verdict::Filtered);
    let destroyed_later = vec![anonymize().remove(0), rule("PC-4", "closure", months(24), Some(Disposition::Destroy))];
    assert!(matches!(verdict(destroyed_later, &record, "2024-06-01T12:00:00Z"), Verdict::Due(_, Action::Destroy)));
}

#[test]
fn an_event_that_does_not_apply_has_not_happened() {
    let mut record = closed("2020-01-10T12:00:00Z");
    record.events[0].applies = false;
    assert_eq!(verdict(vec![destroy_after_a_year()], &record, "2024-06-01T12:00:00Z"), Verdict::Open);
}

#[test]
fn a_rule_that_cannot_be_obeyed_is_refused_rather_than_left_out() {
    let mut on_a_part = destroy_after_a_year();
    on_a_part.governs = Governs::Part("message".into());
    let (mut calendar, mapping) = (calendar(vec![on_a_part]), mapping(Pick::Latest));
    assert!(matches!(Governing::new(&calendar, &mapping), Err(GoverningError::Unsupported { .. })));
    // Nor is any other series of the same calendar disposed of: the log could not say which law that was.
    calendar.rules[0].series = "session".into();
    calendar.rules.push(destroy_after_a_year());
    assert!(matches!(Governing::new(&calendar, &mapping), Err(GoverningError::Unsupported { .. })));
}

proptest! {
    #[test]
    fn due_stays_due_and_a_later_trigger_is_never_due_earlier(
        closed_at in 700_000_000_i64..1_700_000_000,
        later_by in 0_i64..100_000_000,
        asked_after in 0_i64..400_000_000,
        asked_again in 0_i64..400_000_000,
    ) {
        let moment = |seconds| Reading::Set(Moment::At(Instant::from_timestamp(seconds, 0).unwrap()));
        let is_due = |closed_at, now| {
            let (calendar, mapping) = (calendar(vec![destroy_after_a_year()]), mapping(Pick::Latest));
            let governing = Governing::new(&calendar, &mapping).unwrap();
            let facts = facts(moment(closed_at), [Reading::Unset; 2]);
            let now = Instant::from_timestamp(now, 0).unwrap();
            matches!(judge(&governing, &facts, JudgedAt::now(now), || false, || None), Verdict::Due(..))
        };
        let now = closed_at + asked_after;
        if is_due(closed_at, now) {
            prop_assert!(is_due(closed_at, now + asked_again));
        }
        if is_due(closed_at + later_by, now) {
            prop_assert!(is_due(closed_at, now));
        }
    }
}
