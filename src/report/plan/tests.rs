use super::*;
use crate::report::words::{EN, FR};

fn plan() -> PlanReport {
    let rule = RuleRow {
        rule: "PC-1".into(),
        calendar: "OPC-PC".into(),
        series: "dossier".into(),
        rows: 5_000,
        open: 10,
        undated: 2,
        not_yet: 3_000,
        held: 1,
        held_by: [("H-65e8806d".to_owned(), 1)].into(),
        blocked: 0,
        due: 1_987,
        filtered: 0,
        oldest_due: Some("2025-01-02".into()),
        undated_kinds: [("format".to_owned(), 2)].into(),
        in_circle: 4,
    };
    PlanReport {
        plan: "2026-11-21-0a1b2c3d".into(),
        digest: "00".repeat(32),
        as_of: "2026-11-21".into(),
        simulation: false,
        made_at: "2026-11-21T12:00:00Z".into(),
        planned: 1_987,
        rails: vec!["rules".into()],
        tripped: vec![TrippedRail {
            rail: "rules".into(),
            series: "dossier".into(),
            rule: None,
            message: "no plan of dossier was ever approved".into(),
            figures: None,
        }],
        rules: vec![rule],
        dependents: Some(Dependents { rows: 8_312, files: 1, uncounted: 0, at_most: false }),
        unread: Vec::new(),
        lists_only: None,
        calendars: vec![CalendarRow { number: "OPC-PC".into(), version: 2, zone: "America/Toronto".into() }],
        effects: Vec::new(),
        meaning: vec![Meaning {
            series: "dossier".into(),
            trigger: Some("closure".into()),
            is: "dossier.closed_at".into(),
            goes_with: vec!["claim".into()],
        }],
        left: vec![PlanLeft { plan: "2026-10-01-9f8e7d6c".into(), files: 1_200 }],
        program: "retentiond --config here.toml".into(),
    }
}

#[test]
fn a_plan_says_every_verdict_its_rails_and_how_to_approve_it() {
    let text = plan().text(&EN);
    for expected in [
        "1,987",
        "5,000",
        "2 (the date cannot be read)",
        "no plan of dossier",
        "dossier (PC-1): 4",
        "H-65e8806d: 1 dossier (PC-1)",
        "go 8,312 rows of other tables, and the files that 1 of these",
        "dossier closure: dossier.closed_at",
        "Warning: dossier closure is read from rows of claim",
        "retentiond --config here.toml approve 2026-11-21-0a1b2c3d --accept rules",
    ] {
        assert!(text.contains(expected), "{expected} is missing from\n{text}");
    }
    assert!(plan().text(&FR).contains("1\u{a0}987"));
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let waiting = "1,200 files of plan 2026-10-01-9f8e7d6c wait to go, or may, since an earlier run left them or was interrupted: `retentiond --config here.toml apply 2026-10-01-9f8e7d6c`";
    assert!(flat.contains(waiting), "{text}");
}

#[test]
fn what_was_not_counted_is_said_with_the_command_that_counts_it() {
    let text = PlanReport { dependents: None, ..plan() }.text(&EN);
    assert!(text.contains("retentiond --config here.toml plan --dependents"), "{text}");
    let idle = PlanReport { dependents: None, planned: 0, ..plan() };
    assert!(!idle.text(&EN).contains("--dependents"), "nothing goes, so nothing goes along");
}

#[test]
fn a_simulation_never_shows_how_to_approve_it() {
    let simulation = PlanReport { simulation: true, ..plan() };
    assert!(!simulation.text(&EN).contains("--accept"), "{}", simulation.text(&EN));
}

#[test]
fn the_json_has_the_documented_fields() {
    let json = plan().json();
    for field in ["plan", "digest", "as_of", "rails", "rules"] {
        assert!(!json[field].is_null(), "{field}");
    }
    for field in ["rule", "series", "open", "undated", "not_yet", "held", "blocked", "due", "filtered", "oldest_due"] {
        assert!(!json["rules"][0][field].is_null(), "{field}");
    }
}

#[test]
fn a_plan_for_one_rule_says_that_what_is_due_under_others_stays() {
    assert!(!plan().text(&EN).contains("It lists only"));
    let one = PlanReport { lists_only: Some("PC-1".into()), ..plan() };
    assert!(one.text(&EN).contains("It lists only what is due under PC-1"), "{}", one.text(&EN));
    assert!(one.text(&FR).contains("que ce qui est échu selon PC-1"), "{}", one.text(&FR));
}
