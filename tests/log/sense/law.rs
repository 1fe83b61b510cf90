//! Calendars, mappings and due dates: an intent obeys the law as the log declares it.

use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Trust, Verdict};

use super::{Forgery, governed, with_intent};
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        ("undeclared-calendar", with_intent(|intent| intent.version = 9)),
        ("undeclared-rule", with_intent(|intent| intent.rule = "PC-9".into())),
        ("undeclared-mapping", with_intent(|intent| intent.source = "other".into())),
        ("wrong-action", with_intent(|intent| intent.action = Action::Anonymize)),
        (
            "not-in-force",
            Box::new(|forge| {
                forge.replace(1, |leaf| {
                    let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
                    calendar.effective_until = Some(date("2025-12-31"));
                });
                forge.batch(&[intent(0..1)], &["1D"]);
            }),
        ),
        (
            "unknown-zone",
            Box::new(|forge| {
                forge.replace(1, |leaf| {
                    let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
                    calendar.zone = "America/Atlantis".into();
                });
            }),
        ),
        (
            "bad-term",
            Box::new(|forge| {
                forge.replace(1, |leaf| leaf.body = calendar("P1J"));
            }),
        ),
        (
            "calendar-changed",
            Box::new(|forge| {
                // A looser copy, the destruction that it excuses, and the true one again: what the auditor would read.
                forge.add(calendar("P1D"));
                forge.batch(&[Intent { day: vec![20_400; 3], ..intent(0..3) }], &["3D"]);
                forge.add(calendar("P1Y"));
            }),
        ),
        (
            "other-rules",
            Box::new(|forge| {
                // The law rewritten in its entry and not where a person approved it.
                forge.replace(1, |leaf| leaf.body = calendar("P1M"));
                forge.batch(&[intent(0..3)], &["3D"]);
            }),
        ),
        // A version that replaces the one obeyed: it keeps longer, or for ever, and has ended since or not.
        ("superseded", superseded_by("P5Y", "destroy", "2025-06-01", None)),
        ("superseded", superseded_by("P5Y", "permanent", "2026-01-04", None)),
        ("superseded", superseded_by("P5Y", "destroy", "2025-06-01", Some("2025-12-31"))),
        ("superseded", superseded_by("P5Y", "destroy", "2020-01-01", None)),
        ("kept-by-rule", with_rule("permanent", &[])),
        ("kept-by-rule", with_rule("select", &[("closure", "P1D")])),
        ("kept-by-rule", with_rule("transfer", &[("closure", "P1D")])),
        ("kept-by-rule", with_rule("deidentify", &[("closure", "P1D")])),
        ("too-early", with_rule("floor", &[("closure", "P3Y")])),
        ("too-early", with_rule("destroy", &[("closure", "P3Y")])),
        ("bad-term", with_rule("floor", &[("closure", "P3J")])),
    ]
}

#[test]
fn an_intent_before_the_due_date_is_found_with_the_number_of_its_records() {
    let mut forge = Forge::ready();
    let mut early = intent(0..3);
    // 2025-01-04: its year ends on 2026-01-04, so it is due from 2026-01-05T05:00:00Z in Toronto, five hours after NOW.
    early.day = vec![CLOSED, 20_092, 20_092];
    let index = forge.batch(&[early.clone()], &["3D"]);
    let report = forge.verified(&Trust::default());
    assert_eq!(report.verdict, Verdict::Fail);
    let [finding] = &report.findings[..] else { panic!("{:?}", report.findings) };
    assert_eq!((finding.entry, finding.flaw.code()), (Some(index), "too-early"));
    assert!(finding.to_string().contains("2 of its records"), "{finding}");

    let mut due = Forge::ready();
    early.day = vec![CLOSED, 20_091, 20_091];
    due.batch(&[early], &["3D"]);
    assert_eq!(due.flaws(), [""; 0]);
}

#[test]
fn an_intent_obeys_the_version_of_the_calendar_that_it_names() {
    let mut forge = Forge::ready();
    let Body::Calendar(mut next) = calendar("P5Y") else { unreachable!() };
    next.version = 3;
    let leaf = sealed(next);
    let Body::Approval(mut fresh) = approval(PLAN) else { unreachable!() };
    governed(&mut fresh).rules = rules_digest(&leaf);
    forge.add(Body::Calendar(leaf));
    forge.add(Body::Approval(fresh));
    forge.batch(&[Intent { version: 3, run: format!("{PLAN}-7").as_str().into(), ..intent(0..1) }], &["1D"]);
    assert_eq!(forge.flaws(), ["too-early"]);
}

#[test]
fn a_version_to_come_one_gone_by_before_and_another_calendar_end_nothing() {
    let Body::Calendar(leaf) = calendar("P5Y") else { unreachable!() };
    // In Toronto NOW is 2026-01-04.
    let to_come = CalendarLeaf { version: 3, effective_from: date("2026-01-05"), ..leaf.clone() };
    let (from, until) = (date("2020-01-01"), Some(date("2024-04-03")));
    let gone_by = CalendarLeaf { version: 3, effective_from: from, effective_until: until, ..leaf.clone() };
    let other = CalendarLeaf { number: "OPC-99".into(), version: 3, ..leaf.clone() };
    for declared in [to_come, gone_by, other, CalendarLeaf { version: 1, ..leaf }] {
        let mut forge = Forge::ready();
        forge.add(Body::Calendar(sealed(declared)));
        forge.batch(&[intent(0..3)], &["3D"]);
        assert_eq!(forge.flaws(), [""; 0]);
    }
}

/// A higher version of the calendar is declared, and the lower one obeyed all the same.
fn superseded_by(
    keep: &'static str,
    disposition: &'static str,
    from: &'static str,
    until: Option<&'static str>,
) -> Forgery {
    Box::new(move |forge| {
        let Body::Calendar(mut leaf) = calendar(keep) else { unreachable!() };
        (leaf.version, leaf.effective_from, leaf.effective_until) = (3, date(from), until.map(date));
        leaf.rules.values_mut().for_each(|rule| rule.disposition = disposition.into());
        forge.add(Body::Calendar(sealed(leaf)));
        forge.batch(&[intent(0..3)], &["3D"]);
    })
}

/// A calendar with a second rule on dossiers, approved as it is, and a destruction under the first.
fn with_rule(disposition: &'static str, ways: &'static [(&'static str, &'static str)]) -> Forgery {
    Box::new(move |forge| {
        let Body::Calendar(mut leaf) = calendar("P1Y") else { unreachable!() };
        leaf.rules.insert("PC-2".into(), rule_on_dossiers(disposition, ways));
        forge.obey(Body::Calendar(leaf));
        forge.batch(&[intent(0..3)], &["3D"]);
    })
}
