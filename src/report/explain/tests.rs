use super::*;
use crate::report::words::EN;

#[test]
fn an_explanation_shows_the_arithmetic_from_the_moment_to_the_day() {
    let report = ExplainReport {
        series: "dossier".into(),
        key: "7".into(),
        present: true,
        verdict: "not_yet".into(),
        rule: Some("PC-1".into()),
        due_from: Some("2025-03-16T00:00:00-04:00".into()),
        rules: vec![rule(
            "destroy",
            vec![WayStands {
                trigger: "closure".into(),
                keep: "P1Y".into(),
                year_end: None,
                moment: Some("2024-03-16T02:30:00Z".into()),
                trigger_day: Some("2024-03-15".into()),
                last_day: Some("2025-03-15".into()),
                due_from: Some("2025-03-16T00:00:00-04:00".into()),
                none: None,
            }],
        )],
        ..ExplainReport::default()
    };
    let text = report.text(&EN);
    for expected in ["closure + P1Y", "2024-03-16T02:30:00Z", "2024-03-15", "2025-03-15", "due from 2025-03-16\n"] {
        assert!(text.contains(expected), "{expected} is missing from\n{text}");
    }
}

#[test]
fn a_record_that_only_floors_govern_is_told_so_and_not_that_it_is_out_of_scope() {
    let told = |disposition| {
        let rules = vec![rule(disposition, vec![])];
        ExplainReport { present: true, verdict: "filtered".into(), rules, ..Default::default() }.text(&EN)
    };
    assert!(told("floor").contains("Kept: the rules on its series are floors"), "{}", told("floor"));
    assert!(told("destroy").contains("Filtered: outside"), "{}", told("destroy"));
}

#[test]
fn the_headline_names_the_floor_that_sets_the_date() {
    let at = |number: &str, disposition, due: &str| {
        let way = WayStands { due_from: Some(due.into()), ..plain_way("P1Y", None, None) };
        RuleStands { rule: number.into(), ..rule(disposition, vec![way]) }
    };
    let (own, floor) = ("2025-03-16T00:00:00-04:00", "2029-01-01T00:00:00-05:00");
    let told = |verdict: &str, due: &str| {
        let rules = vec![at("R-1", "destroy", own), at("F-1", "floor", floor)];
        let (rule, due_from) = (Some("R-1".into()), Some(due.into()));
        ExplainReport { present: true, verdict: verdict.into(), rule, due_from, rules, ..Default::default() }.text(&EN)
    };
    for verdict in ["not_yet", "held", "due"] {
        let text = told(verdict, floor);
        assert!(text.contains("2029-01-01 under rule R-1, postponed by the floor F-1"), "{text}");
    }
    assert!(!told("due", own).contains("postponed by"), "the rule's own date");
}

fn rule(disposition: &str, ways: Vec<WayStands>) -> RuleStands {
    RuleStands {
        rule: "PC-1".into(),
        title: "Mediation files".into(),
        calendar: "OPC-PC".into(),
        version: 2,
        disposition: disposition.into(),
        basis: vec![],
        ways,
    }
}

fn way(keep: &str, last_day: Option<&str>, year_end: Option<&str>) -> String {
    rule("destroy", vec![plain_way(keep, last_day, year_end)]).text(&EN)
}

fn plain_way(keep: &str, last_day: Option<&str>, year_end: Option<&str>) -> WayStands {
    WayStands {
        trigger: "closure".into(),
        keep: keep.into(),
        year_end: year_end.map(str::to_owned),
        moment: Some("2020-01-01".into()),
        trigger_day: Some("2020-01-01".into()),
        last_day: last_day.map(str::to_owned),
        due_from: Some("2020-01-02T05:00:00-05:00".into()),
        none: None,
    }
}

#[test]
fn the_arithmetic_names_the_year_end_and_says_not_counted_only_of_a_day_that_is_not() {
    assert!(way("P1Y", Some("2021-01-01"), None).contains("not counted"));
    for (keep, last_day) in [("immediate", None), ("PT24H", None), ("immediate", Some("2020-01-01"))] {
        let text = way(keep, last_day, None);
        assert!(!text.contains("not counted"), "{text}");
    }
    let year_end = way("P6Y", Some("2026-12-31"), Some("12-31"));
    assert!(year_end.contains("closure + P6Y from the 12-31 that follows"), "{year_end}");
}
