use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;
use crate::disposition::desk::DeskError;
use crate::disposition::door::{AskError, open_or_connect};
use crate::disposition::explain::explain;
use crate::disposition::holds::HoldScope;
use crate::disposition::plan::{Manifest, PlanDirs, changed, database_digest, mapping_digest};
use crate::disposition::request::{RefusalKind, Request};
use crate::disposition::sample::{self, Sample, all_due, now, watch};
use crate::model::{Instant, KeyValue};
use crate::records::mapping::{Join, Relation};

fn ask_for(sample: &Sample, request: &PlanRequest) -> Result<PlanFile, AskError> {
    open_or_connect(sample.install.clone(), None, watch()).unwrap().plan(request).map(|made| made.file)
}

fn plan_at(sample: &Sample, now: Instant) -> PlanFile {
    ask_for(sample, &PlanRequest { now, ..all_due() }).unwrap()
}

fn plan(sample: &Sample) -> PlanFile {
    plan_at(sample, now())
}

fn hold(sample: &Sample, scope: HoldScope) {
    let request =
        Request::HoldPlace { hold: scope, meaning: None, reason: "litigation".to_owned(), case: None, review_by: None };
    open_or_connect(sample.install.clone(), None, watch()).unwrap().ask(request).unwrap();
}

/// Series and key of every item, in order of execution.
fn listed(sample: &Sample, file: &PlanFile) -> Vec<String> {
    let plan = PlanDirs::of(&sample.state()).open(&file.plan).unwrap();
    let mut listed = Vec::new();
    plan.body()
        .visit(&mut |item| listed.push(format!("{} {}", file.manifest.series[item.series].series, item.key)))
        .unwrap();
    listed
}

fn verdicts(file: &PlanFile, rule: &str) -> (u64, u64, u64, u64) {
    let counts = file.manifest.rules.iter().find(|planned| planned.rule.as_str() == rule).unwrap().counts;
    (counts.open, counts.held, counts.blocked, counts.due)
}

/// A date column: nothing, a date at some distance from now, or no date.
fn date() -> impl Strategy<Value = Option<String>> {
    let moment = |days: i64| (now() - TimeDelta::days(days)).to_rfc3339();
    prop_oneof![
        Just(None),
        (-400_i64..20_000).prop_map(move |days| Some(moment(days))),
        (600_i64..900).prop_map(move |days| Some(moment(days))),
        prop_oneof![Just("soon"), Just("2024-13-01T00:00:00Z"), Just("2024-01-01T00:00:00")]
            .prop_map(|text| Some(text.to_owned())),
    ]
}

fn scope() -> impl Strategy<Value = HoldScope> {
    prop_oneof![
        (1..30_i64).prop_map(|id| HoldScope::Record { series: "dossier".into(), key: vec![id.to_string()] }),
        (1..12_i64).prop_map(|id| HoldScope::Subject { series: "account".into(), key: vec![id.to_string()] }),
        (1..30_i64).prop_map(|id| HoldScope::Reference {
            series: "dossier".into(),
            reference: format!("D-{id}"),
            keys: Vec::new()
        }),
        Just(HoldScope::Where {
            series: "dossier".into(),
            expression: "this.city = 'Laval'".to_owned(),
            keys: Vec::new()
        }),
        Just(HoldScope::Rule { rule: "PC-2".into() }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_row_has_exactly_one_verdict_and_what_is_due_is_listed(
        accounts in prop::collection::vec(date(), 0..12),
        dossiers in prop::collection::vec((1..12_i64, date()), 0..30),
        holds in prop::collection::vec(scope(), 0..3),
    ) {
        let sample = Sample::empty();
        let connection = sample.connection();
        connection.pragma_update(None, "foreign_keys", false).unwrap();
        for (id, last_login) in (1..).zip(&accounts) {
            sample.add_account(&connection, id, last_login.as_deref());
        }
        for (id, (account, closed)) in (1..).zip(&dossiers) {
            sample.add_dossier(&connection, id, *account, closed.as_deref());
        }
        drop(connection);
        holds.into_iter().for_each(|scope| hold(&sample, scope));
        let file = plan(&sample);
        prop_assert_eq!(file.manifest.unbalanced(), Vec::<&crate::model::SeriesName>::new());
        let rows: Vec<_> = file.manifest.series.iter().map(|series| (series.series.as_str(), series.rows)).collect();
        prop_assert_eq!(rows, [("dossier", dossiers.len() as u64), ("account", accounts.len() as u64)]);
        for rule in &file.manifest.rules {
            prop_assert_eq!(rule.counts.due, rule.items.count, "{}", rule.rule);
            prop_assert_eq!(rule.counts.undated, rule.undated.values().sum::<u64>());
        }
        let listed = listed(&sample, &file);
        prop_assert_eq!(listed.len() as u64, file.manifest.planned());
        prop_assert_eq!(listed.iter().collect::<BTreeSet<_>>().len(), listed.len());
        // An account goes only after every dossier that refers to it.
        for (id, (account, _)) in (1..).zip(&dossiers) {
            let place = |name: String| listed.iter().position(|found| *found == name);
            if let Some(after) = place(format!("account {account}")) {
                let before = place(format!("dossier {id}"));
                prop_assert!(before.is_some_and(|before| before < after));
            }
        }
    }
}

#[test]
fn the_same_records_give_the_same_plan_whenever_it_is_made_and_however_they_lie() {
    let one = Sample::new();
    let first = plan(&one);
    // The rows again, in another physical order.
    one.connection()
        .execute_batch(
            "PRAGMA foreign_keys = OFF;
             CREATE TEMP TABLE t AS SELECT * FROM dossier ORDER BY id DESC;
             DELETE FROM dossier; INSERT INTO dossier SELECT * FROM t; VACUUM;",
        )
        .unwrap();
    let second = plan_at(&one, now() + TimeDelta::hours(5));
    assert_eq!((&first.plan, first.digest), (&second.plan, second.digest));
    assert!(second.made_at > first.made_at, "its wait begins anew");
    let tomorrow = plan_at(&one, now() + TimeDelta::days(1));
    assert_ne!(first.plan, tomorrow.plan);
    let drafts = std::fs::read_dir(one.state().join("private/plans")).unwrap().count();
    assert_eq!(drafts, 2, "two lists, no draft");
}

#[test]
fn what_holds_keep_is_counted_as_held_and_not_listed() {
    let sample = Sample::new();
    assert_eq!((verdicts(&plan(&sample), "PC-1"), verdicts(&plan(&sample), "PC-2")), ((10, 0, 0, 10), (0, 0, 10, 10)));
    hold(&sample, HoldScope::Record { series: "dossier".into(), key: vec!["1".to_owned()] });
    assert_eq!((verdicts(&plan(&sample), "PC-1"), verdicts(&plan(&sample), "PC-2")), ((10, 1, 0, 9), (0, 0, 11, 9)));
    hold(
        &sample,
        HoldScope::Where { series: "dossier".into(), expression: "this.city = 'Laval'".to_owned(), keys: Vec::new() },
    );
    assert_eq!((verdicts(&plan(&sample), "PC-1"), verdicts(&plan(&sample), "PC-2")), ((10, 5, 0, 5), (0, 0, 15, 5)));
    hold(&sample, HoldScope::Subject { series: "account".into(), key: vec!["11".to_owned()] });
    let file = plan(&sample);
    assert_eq!((verdicts(&file, "PC-1"), verdicts(&file, "PC-2")), ((10, 6, 0, 4), (0, 1, 15, 4)));
    let expected = [
        "dossier 13",
        "dossier 15",
        "dossier 17",
        "dossier 19",
        "account 13",
        "account 15",
        "account 17",
        "account 19",
    ];
    assert_eq!(listed(&sample, &file), expected);
}

#[test]
fn records_that_keep_each_other_in_a_circle_are_counted_apart_and_explained() {
    let mut sample = Sample::new();
    // Accounts 1 and 3 are kept by their dossiers, and keep them; dossier 5 is kept by account 3, which cannot go
    // either.
    let columns = "ALTER TABLE account ADD COLUMN main_id INTEGER REFERENCES dossier(id); CREATE INDEX main ON account(main_id);
        UPDATE account SET main_id = id WHERE id IN (1, 3); UPDATE dossier SET account_id = 3 WHERE id = 5;
        ALTER TABLE account ADD COLUMN other_id INTEGER; CREATE INDEX other ON account(other_id); UPDATE account SET other_id = 5 WHERE id = 3;";
    sample.connection().execute_batch(columns).unwrap();
    sample.change(|install| {
        let by =
            |column: &str| Relation { series: "account".into(), on: Join::Columns(vec![(column.into(), "id".into())]) };
        let dossier = install.series.iter_mut().find(|mapping| mapping.series.as_str() == "dossier").unwrap();
        dossier.blocked_by = vec![by("main_id"), by("other_id")];
    });
    let file = plan(&sample);
    let rules: Vec<_> =
        file.manifest.rules.iter().map(|rule| (rule.rule.as_str(), rule.counts.blocked, rule.in_circle)).collect();
    // Accounts with an open dossier are blocked by what is not due: no circle.
    assert_eq!(rules, [("PC-2", 12, 2), ("PC-1", 3, 3)]);
    let explained_under = |holds: &HoldIndex, series: &str, number: i64| {
        let mapping = sample.install.mapping(&series.into()).unwrap();
        let mut reader = Reader::open(&sample.install.sources[&mapping.source], &sample.install.series).unwrap();
        let key = RecordKey::new(vec![KeyValue::Integer(number)]);
        let found = explain(&sample.install, &mut reader, holds, mapping, &key, now()).unwrap().unwrap();
        let circle: Vec<String> = found.circle.iter().map(|(series, key)| format!("{series} {key}")).collect();
        (matches!(found.verdict, Ok(Verdict::Blocked(..))), circle.join(" "))
    };
    let explained = |series: &str, number: i64| explained_under(&HoldIndex::default(), series, number);
    assert_eq!(explained("dossier", 1), (true, "dossier 1 account 1".to_owned()));
    assert_eq!(explained("account", 3), (true, "account 3 dossier 3".to_owned()));
    assert_eq!(explained("dossier", 5), (true, "dossier 5 account 3".to_owned()));
    assert_eq!(explained("account", 2), (true, String::new()));
    assert_eq!(explained("dossier", 7), (false, String::new()));
    // What a hold keeps is no part of a circle: lift it, and the records go.
    let mut held = HoldIndex::default();
    let scope = HoldScope::Record { series: "account".into(), key: vec!["3".to_owned()] };
    held.insert(&sample::hold("H-1", scope));
    assert_eq!(explained_under(&held, "dossier", 3), (true, String::new()));
}

#[test]
fn one_rule_alone_lists_its_own_records_and_still_adds_up() {
    let sample = Sample::new();
    let only = |rule: &str| PlanRequest { only: Some(rule.into()), ..all_due() };
    let file = ask_for(&sample, &only("PC-1")).unwrap();
    assert_eq!(file.manifest.series.len(), 1);
    assert_eq!(listed(&sample, &file).len(), 10);
    let accounts = ask_for(&sample, &only("PC-2")).unwrap();
    assert_eq!(verdicts(&accounts, "PC-2"), (0, 0, 20, 0), "the dossiers do not go in this plan, so they block");
    let error = ask_for(&sample, &only("PC-9")).unwrap_err();
    assert!(matches!(error, AskError::Here(DeskError::Plan(PlanError::UnknownRule { .. }))), "{error}");
}

#[test]
fn a_day_is_judged_from_its_beginning_in_the_calendar_s_zone() {
    let sample = Sample::empty();
    let connection = sample.connection();
    sample.add_account(&connection, 1, None);
    // Closed on 20 November 2025 in Toronto: due from 21 November 2026, 00:00 there.
    sample.add_dossier(&connection, 1, 1, Some("2025-11-21T02:00:00Z"));
    let due = |now: &str, as_of: Option<&str>| {
        let request =
            PlanRequest { now: now.parse().unwrap(), as_of: as_of.map(|day| day.parse().unwrap()), ..all_due() };
        let manifest: Manifest = ask_for(&sample, &request).unwrap().manifest;
        (manifest.rules[0].counts.due, manifest.simulation, manifest.as_of.to_string())
    };
    assert_eq!(due("2026-11-21T04:59:59Z", None), (0, false, "2026-11-20".to_owned()));
    assert_eq!(due("2026-11-21T05:00:00Z", None), (1, false, "2026-11-21".to_owned()));
    assert_eq!(due("2026-11-21T12:00:00Z", Some("2026-11-21")), (1, false, "2026-11-21".to_owned()));
    assert_eq!(due("2026-11-21T12:00:00Z", Some("2026-11-20")), (0, false, "2026-11-20".to_owned()));
    assert_eq!(due("2026-11-21T04:00:00Z", Some("2026-11-21")), (1, true, "2026-11-21".to_owned()));
}

#[test]
fn nothing_is_planned_under_a_calendar_that_is_not_in_force() {
    let sample = Sample::new();
    let early = PlanRequest { as_of: Some("2024-04-03".parse().unwrap()), ..all_due() };
    let error = ask_for(&sample, &early);
    assert!(matches!(error, Err(AskError::Here(DeskError::Plan(PlanError::NotInForce { .. })))));
    let mut ended = Sample::new();
    ended.change(|install| install.calendars[0].effective_until = Some("2026-11-20".parse().unwrap()));
    assert_eq!(ask_for(&ended, &all_due()).unwrap_err().refusal().code, "calendar-not-in-force");
}

#[test]
fn nothing_is_planned_or_approved_with_a_mapping_that_could_take_one_record_s_rows_for_another_s() {
    let sample = Sample::new();
    let request = all_due();
    let retype = |declared: &str| {
        let sql = format!(
            "DROP TABLE message; CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id {declared} REFERENCES dossier(id))"
        );
        sample.connection().execute_batch(&sql).unwrap();
    };
    retype("TEXT");
    let refusal = ask_for(&sample, &request).unwrap_err().refusal();
    assert_eq!((refusal.code.as_str(), refusal.kind), ("mapping-unproved", RefusalKind::Configuration));
    assert!(refusal.message.contains("join-type at series.dossier.part.message"), "{}", refusal.message);
    assert!(refusal.message.ends_with("; `retentiond check` tells all that is wrong, and how to mend it"));
    retype("INTEGER");
    let mut manifest = ask_for(&sample, &request).unwrap().manifest;
    retype("TEXT");
    // As a version that did not see the fault would have made the plan.
    for planned in &mut manifest.series {
        let mapping = sample.install.mapping(&planned.series).unwrap();
        let source = &sample.install.sources[&mapping.source];
        planned.schema = Reader::open(source, &sample.install.series).unwrap().schema_digest(&planned.series).unwrap();
        planned.governed.mapping = mapping_digest(mapping).unwrap();
        planned.database = database_digest(source);
    }
    let error = changed(&sample.install, &manifest, &|digest| *digest, now(), Reader::open).unwrap_err();
    assert!(matches!(error, PlanError::Unproved { .. }), "{error}");
}

#[test]
fn what_was_past_its_term_before_the_approval_is_backlog() {
    let mut sample = Sample::new();
    sample.change(|install| {
        let approval =
            crate::calendar::CalendarApproval { authority: "BAnQ".to_owned(), date: "2025-03-17".parse().unwrap() };
        install.calendars[0].approval = Some(approval);
    });
    // Closed on 15 March 2024, so due from 16 March 2025: the day before the approval.
    let rule = plan(&sample).manifest.rules[0].clone();
    assert_eq!((rule.backlog, rule.oldest_due), (10, Some("2025-03-16".parse().unwrap())));
}

#[test]
fn a_plan_tells_how_many_records_each_hold_keeps_and_what_goes_along_with_the_rest() {
    let sample = Sample::new();
    let connection = sample.connection();
    // Dossier 19 has three messages; dossier 1 has two, and is held.
    connection.execute_batch("INSERT INTO message(dossier_id) VALUES(19), (19), (1)").unwrap();
    let record = |id: &str| HoldScope::Record { series: "dossier".into(), key: vec![id.to_owned()] };
    for scope in [
        record("1"),
        record("2"),
        HoldScope::Subject { series: "account".into(), key: vec!["1".to_owned()] },
        HoldScope::Where { series: "dossier".into(), expression: "this.city = 'Laval'".to_owned(), keys: Vec::new() },
    ] {
        hold(&sample, scope);
    }
    let request = PlanRequest { dependents: true, ..all_due() };
    let file = ask_for(&sample, &request).unwrap();
    let of_rule = |rule: &str| file.along.iter().find(|along| along.rule.as_str() == rule).unwrap();
    let mut held: Vec<u64> = of_rule("PC-1").held_by.values().copied().collect();
    held.sort_unstable();
    // The record and the person keep dossier 1 both; the expression keeps 3, 5, 7 and 9. Dossier 2 is open.
    assert_eq!(held, [1, 1, 4]);
    assert_eq!(of_rule("PC-2").held_by.values().collect::<Vec<_>>(), [&1], "the account of that person");
    let parts: Vec<_> =
        of_rule("PC-1").parts.iter().flatten().map(|count| (count.part.as_str(), count.counted)).collect();
    assert_eq!(parts, [("message", crate::records::sqlite::PartRows { rows: 7, files: 0 })]);
    assert_eq!(of_rule("PC-2").parts.as_deref(), Some(&[][..]), "an account has no parts");
    let again = ask_for(&sample, &PlanRequest { dependents: false, ..request }).unwrap();
    assert_eq!((again.plan, again.digest), (file.plan, file.digest), "an approval does not bind to it");
}
