//! Expressions that ask rows which go with other records than the one that asks.

use super::*;

const SESSIONS: &str = "CREATE TABLE session (id INTEGER PRIMARY KEY, d INT, a INT, kind TEXT, closed_at TEXT);";

/// How gravely `check` takes it that dossiers ask so, and where.
fn told(asks: &str, change: &dyn Fn(&mut Vec<SeriesMapping>)) -> Vec<(Severity, String)> {
    let by_filter = asked(asks, change, &|series, asks| series.filter = Some(asks));
    let by_event = asked(asks, change, &|series, asks| {
        series.events.get_mut(&TriggerName::from("closure")).unwrap().condition = Some(asks);
    });
    let severities = |told: &[(Severity, String)]| told.iter().map(|(severity, _)| *severity).collect::<Vec<_>>();
    assert_eq!(severities(&by_filter), severities(&by_event), "{asks}");
    by_filter
}

fn asked(
    asks: &str,
    change: &dyn Fn(&mut Vec<SeriesMapping>),
    put: &dyn Fn(&mut SeriesMapping, Condition),
) -> Vec<(Severity, String)> {
    let mut all = good();
    all[1].blocked_by.clear();
    put(&mut all[0], expression(asks));
    change(&mut all);
    let schema = GOOD.replace("account_id INT REFERENCES account", "account_id INT");
    let mut found = prove(&format!("{schema} {SESSIONS}"), &all);
    assert!(found.iter().all(|finding| finding.code != "expression"), "{found:#?}");
    found.retain(|finding| finding.code == "answer-changes");
    let part = |message: &str| message.split("(part ").nth(1).unwrap_or(")").split(')').next().unwrap().to_owned();
    found.into_iter().map(|one| (one.severity, part(&one.message))).collect()
}

fn sessions(name: &str, this: &str, owner: &str) -> PartMapping {
    PartMapping { name: PartName::from(name), ..part("Session", this, owner) }
}

const OPEN: &str = "NOT EXISTS (SELECT 1 FROM session WHERE session.d = this.id AND kind = 'open')";

#[test]
fn rows_that_another_record_of_the_series_takes_by_a_second_join_are_an_error() {
    let own = |all: &mut Vec<SeriesMapping>| all[0].parts.push(sessions("letter", "D", "id"));
    assert_eq!(told(OPEN, &own), []);
    let copies = |all: &mut Vec<SeriesMapping>| {
        own(all);
        all[0].parts.push(sessions("copy", "a", "id"));
    };
    assert_eq!(told(OPEN, &copies), [(Severity::Error, "copy".to_owned())]);
    // By which of both, only the expression tells.
    let both = "NOT EXISTS (SELECT 1 FROM session s WHERE (s.d = this.id OR s.a = this.id) AND kind = 'open')";
    let warnings = ["letter", "copy"].map(|name| (Severity::Warning, name.to_owned()));
    assert_eq!(told(both, &copies), warnings);
    // Of whatever record: nothing ties them to the one that asks.
    let any = "NOT EXISTS (SELECT 1 FROM session WHERE kind = 'open')";
    assert_eq!(told(any, &own), [(Severity::Error, "letter".to_owned())]);
    // A part of a part, by each step.
    let of_message = |all: &mut Vec<SeriesMapping>| {
        let of = Some(PartName::from("message"));
        all[0].parts.push(PartMapping { of, ..sessions("letter", "d", "id") });
    };
    let steps = "NOT EXISTS (SELECT 1 FROM session s JOIN message m ON s.d = m.id WHERE m.dossier_id = this.id)";
    assert_eq!(told(steps, &of_message), []);
    assert_eq!(told(OPEN, &of_message), [(Severity::Error, "letter".to_owned())]);
    // One that goes with its last, and is counted.
    let shared = |all: &mut Vec<SeriesMapping>| {
        let on = columns(&[("account_id", "a")]);
        let shared = vec![crate::records::mapping::Reference { table: "dossier".to_owned(), on, condition: None }];
        all[0].parts.push(PartMapping { shared, ..sessions("letter", "d", "id") });
    };
    assert_eq!(told("NOT EXISTS (SELECT 1 FROM session s WHERE s.a = this.account_id)", &shared), []);
}

#[test]
fn a_series_that_takes_the_record_that_asks_may_take_what_it_asks_from_another() {
    let takes = |more: &'static dyn Fn() -> PartMapping| {
        move |all: &mut Vec<SeriesMapping>| {
            let of = Some(PartName::from("dossier"));
            all[1].parts = vec![
                part("dossier", "account_id", "id"),
                PartMapping { of, ..part("message", "dossier_id", "id") },
                more(),
            ];
        }
    };
    let of_account = takes(&|| sessions("letter", "a", "id"));
    assert_eq!(told(OPEN, &of_account), [(Severity::Error, "letter".to_owned())]);
    let of_dossier = takes(&|| PartMapping { of: Some("dossier".into()), ..sessions("letter", "d", "id") });
    assert_eq!(told(OPEN, &of_dossier), []);
    let by_account = "NOT EXISTS (SELECT 1 FROM session WHERE session.a = this.account_id AND kind = 'open')";
    assert_eq!(told(by_account, &of_account), []);
    let of_its_own = "EXISTS (SELECT 1 FROM account WHERE account.id = this.account_id AND mail IS NULL)";
    assert_eq!(told(of_its_own, &of_account), []);
}

#[test]
fn a_series_that_waits_by_another_join_does_not_wait_for_the_record_that_asks() {
    let waits = |owner: &'static str| {
        move |all: &mut Vec<SeriesMapping>| {
            all.push(series("session"));
            all[2].blocked_by = vec![relation("dossier", "id", owner)];
        }
    };
    assert_eq!(told(OPEN, &waits("d")), []);
    assert_eq!(told(OPEN, &waits("a")), [(Severity::Error, String::new())]);
}
