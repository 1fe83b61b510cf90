use super::*;
use crate::audit::leaf::VerdictCounts;
use crate::disposition::plan::{Items, PlannedRule};
use crate::model::Digest;

fn governed() -> GovernedBy {
    GovernedBy { rules: Digest::of(b"rules"), mapping: Digest::of(b"mapping") }
}

/// `due` of `rows` records of one series under one rule.
fn manifest(due: u64, rows: u64) -> Manifest {
    Manifest {
        format: Manifest::FORMAT,
        as_of: "2026-11-21".parse().unwrap(),
        simulation: false,
        attempt: 0,
        only: None,
        fingerprint_year: 2026,
        calendars: Vec::new(),
        untold: BTreeSet::new(),
        series: vec![PlannedSeries {
            series: "dossier".into(),
            calendar: "OPC-PC".into(),
            source: "parle".into(),
            governed: governed(),
            database: Digest::of(b"database"),
            schema: Digest::of(b"schema"),
            rows,
            may_be_empty: false,
        }],
        rules: vec![PlannedRule {
            rule: "PC-1".into(),
            calendar: "OPC-PC".into(),
            series: "dossier".into(),
            counts: VerdictCounts { rows, due, open: rows - due, ..VerdictCounts::default() },
            undated: BTreeMap::new(),
            in_circle: 0,
            oldest_due: None,
            backlog: 0,
            back: 0,
            items: Items { count: due, digest: Digest::of(b""), content: Digest::of(b"") },
        }],
    }
}

fn approved() -> History {
    History { approved: BTreeMap::from([("dossier".into(), governed())]), ..History::default() }
}

fn look(manifest: &Manifest, going: Going<'_>, history: &History, guesses: &Guesses) -> Vec<Tripped> {
    tripped(manifest, going, Measure { history, limits: &Limits::default(), guesses })
}

fn names(tripped: Vec<Tripped>) -> Vec<Rail> {
    tripped.into_iter().map(|tripped| tripped.rail).collect()
}

fn rails(manifest: &Manifest, history: &History) -> Vec<Rail> {
    names(look(manifest, Going::ALL, history, &Guesses::new()))
}

#[test]
fn an_ordinary_plan_trips_nothing() {
    assert_eq!(rails(&manifest(50, 1_000), &approved()), []);
    assert_eq!(rails(&manifest(0, 1_000), &History::default()), [], "nothing is due, so nothing is new");
}

#[test]
fn share_looks_only_above_the_least_count() {
    assert_eq!(rails(&manifest(20, 25), &approved()), []);
    assert_eq!(rails(&manifest(21, 25), &approved()), [Rail::Share]);
    assert_eq!(rails(&manifest(100, 1_000), &approved()), [], "exactly the limit is within it");
    assert_eq!(rails(&manifest(101, 1_000), &approved()), [Rail::Share]);
}

#[test]
fn count_looks_at_the_number_alone() {
    assert_eq!(rails(&manifest(100_000, 10_000_000), &approved()), []);
    assert_eq!(rails(&manifest(100_001, 10_000_000), &approved()), [Rail::Count]);
}

#[test]
fn median_looks_back_once_there_are_three_runs() {
    let history = |runs: &[u64]| History { runs: BTreeMap::from([("PC-1".into(), runs.to_vec())]), ..approved() };
    assert_eq!(rails(&manifest(31, 1_000), &history(&[10, 10])), []);
    assert_eq!(rails(&manifest(30, 1_000), &history(&[10, 10, 10])), []);
    assert_eq!(rails(&manifest(31, 1_000), &history(&[10, 10, 10])), [Rail::Median]);
    assert_eq!(
        rails(&manifest(31, 1_000), &history(&[10, 90, 10, 90])),
        [Rail::Median],
        "the lower middle refuses sooner"
    );
    let last_year: Vec<u64> = [[50; 15], [1; 15]].concat();
    assert_eq!(rails(&manifest(60, 1_000), &history(&last_year)), [], "what is long ago does not count");
}

#[test]
fn empty_looks_whether_anything_is_left() {
    assert_eq!(rails(&manifest(5, 5), &approved()), [Rail::Empty]);
    let mut expected = manifest(5, 5);
    expected.series[0].may_be_empty = true;
    assert_eq!(rails(&expected, &approved()), []);
}

#[test]
fn rules_and_mapping_look_at_the_last_approval() {
    assert_eq!(rails(&manifest(5, 100), &History::default()), [Rail::Rules]);
    let mut changed = manifest(5, 100);
    changed.series[0].governed.rules = Digest::of(b"a floor was taken out");
    assert_eq!(rails(&changed, &approved()), [Rail::Rules]);
    changed.series[0].governed = GovernedBy { mapping: Digest::of(b"another column"), ..governed() };
    assert_eq!(rails(&changed, &approved()), [Rail::Mapping]);
}

#[test]
fn backlog_names_the_rule_and_the_number() {
    let mut old = manifest(5, 100);
    old.rules[0].backlog = 3;
    let found = look(&old, Going::ALL, &approved(), &Guesses::new());
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rail, found[0].rule.clone()), (Rail::Backlog, Some("PC-1".into())));
    assert!(found[0].message.starts_with("3 records"), "{}", found[0].message);
}

#[test]
fn restored_looks_at_the_source() {
    let history = |source: &str| History { restored: BTreeSet::from([source.into()]), ..approved() };
    assert_eq!(rails(&manifest(5, 100), &history("parle")), [Rail::Restored]);
    assert_eq!(rails(&manifest(5, 100), &history("elsewhere")), []);
}

#[test]
fn restored_looks_at_the_records_that_a_log_says_are_gone_and_that_are_not_left_out() {
    let mut plan = manifest(5, 100);
    plan.rules[0].back = 2;
    let left_out = |back| [LeftOut { records: back, backlog: 0, back }];
    let rails = |back| names(look(&plan, Going { only: &[], left_out: &left_out(back) }, &approved(), &Guesses::new()));
    assert_eq!((rails(0), rails(1), rails(2)), (vec![Rail::Restored], vec![Rail::Restored], vec![]));
}

#[test]
fn a_rule_that_is_not_approved_trips_nothing() {
    let going = Going { only: &["PC-2".into()], left_out: &[] };
    assert_eq!(look(&manifest(5, 5), going, &History::default(), &Guesses::new()), []);
}

#[test]
fn rails_look_at_what_will_go_and_not_at_what_is_left_out() {
    let mut plan = manifest(101, 1_000);
    plan.rules[0].backlog = 3;
    let rails = |records, backlog, history: &History| {
        names(look(
            &plan,
            Going { only: &[], left_out: &[LeftOut { records, backlog, back: 0 }] },
            history,
            &Guesses::new(),
        ))
    };
    assert_eq!(rails(0, 0, &approved()), [Rail::Share, Rail::Backlog]);
    assert_eq!(rails(1, 1, &approved()), [Rail::Backlog]);
    assert_eq!(rails(3, 3, &approved()), []);
    let runs = History { runs: BTreeMap::from([("PC-1".into(), vec![30, 30, 30])]), ..approved() };
    assert_eq!(rails(10, 3, &runs), [Rail::Median]);
    assert_eq!(rails(11, 3, &runs), []);
    assert_eq!(rails(101, 3, &History::default()), [], "nothing of the series goes, so nothing of it is new");
}

#[test]
fn guesses_are_told_of_the_series_whose_mapping_they_are() {
    let guesses = |series: &str| Guesses::from([(series.into(), vec!["line 7 (which date)".to_owned()])]);
    let found = look(&manifest(5, 100), Going::ALL, &approved(), &guesses("dossier"));
    assert_eq!(names(found.clone()), [Rail::Guesses]);
    assert!(found[0].message.contains("line 7 (which date)"), "{}", found[0].message);
    assert_eq!(look(&manifest(5, 100), Going::ALL, &approved(), &guesses("account")), []);
    assert_eq!(look(&manifest(0, 100), Going::ALL, &approved(), &guesses("dossier")), [], "nothing rests on it yet");
    let confirmed = Guesses::from([("dossier".into(), Vec::new())]);
    assert_eq!(look(&manifest(5, 100), Going::ALL, &approved(), &confirmed), []);
}

#[test]
fn every_rail_is_called_by_its_name() {
    for rail in Rail::ALL {
        assert_eq!(rail.name().parse(), Ok(rail));
        assert_eq!(serde_json::to_string(&rail).unwrap(), format!("\"{}\"", rail.name()));
    }
    assert!("all".parse::<Rail>().is_err());
}
