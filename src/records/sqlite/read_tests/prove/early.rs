//! Dates that are read from rows which others take, or change, before the record goes.

use super::*;

/// Sessions of dossiers, which accounts have, too.
const SESSIONS: &str =
    "CREATE TABLE session (id INTEGER PRIMARY KEY, d INT, a INT, used TEXT, kind TEXT, closed_at TEXT);
    CREATE INDEX sd ON session (d); CREATE INDEX sa ON session (a); CREATE INDEX sc ON session (closed_at);";

fn child(on: &[(&str, &str)], pick: Pick) -> Element {
    let place = ElementTable::Child { table: "Session".to_owned(), on: columns(on), condition: None, pick };
    Element { place, ..element("used") }
}

/// Closed at the latest of its own date and of its sessions'.
fn reads_sessions(series: &mut SeriesMapping) {
    let elements = vec![element("closed_at"), child(&[("d", "id")], Pick::Latest)];
    series.events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
}

/// How gravely `check` takes it, and at which series.
fn told(change: &dyn Fn(&mut Vec<SeriesMapping>)) -> Vec<(Severity, String)> {
    let mut all = good();
    reads_sessions(&mut all[0]);
    change(&mut all);
    let found = prove(&format!("{GOOD} {SESSIONS}"), &all);
    let is_known = |code| ["event-goes-first", "missing-index", "parts-left", "unreadable-values"].contains(&code);
    assert!(found.iter().all(|finding| is_known(finding.code)), "{found:#?}");
    found.into_iter().filter(|one| one.code == "event-goes-first").map(|one| (one.severity, one.place)).collect()
}

fn error_at_dossier() -> Vec<(Severity, String)> {
    vec![(Severity::Error, "series.dossier.event.closure".to_owned())]
}

fn warning_at_dossier() -> Vec<(Severity, String)> {
    vec![(Severity::Warning, "series.dossier.event.closure".to_owned())]
}

fn of_account(all: &mut [SeriesMapping], change: impl Fn(&mut PartMapping)) {
    let mut sessions = part("session", "a", "id");
    change(&mut sessions);
    all[1].parts.push(sessions);
}

#[test]
fn a_later_date_that_another_series_takes_first_is_an_error_with_what_mends_it() {
    assert_eq!(told(&|_| ()), []);
    let series_of_its_own = |all: &mut Vec<SeriesMapping>| all.push(series("session"));
    assert_eq!(told(&series_of_its_own), error_at_dossier());
    let mut all = good();
    reads_sessions(&mut all[0]);
    series_of_its_own(&mut all);
    let found = prove(&format!("{GOOD} {SESSIONS}"), &all);
    assert!(found[0].message.contains("read from Session, whose rows go by the rules of session"), "{found:#?}");
    let mend = "in [series.session]: blocked_by = [{ series = \"dossier\", on = { id = \"d\" } }]";
    assert!(found[0].mend.contains(mend), "{found:#?}");
    all[2].blocked_by = vec![relation("dossier", "id", "d")];
    let mended = prove(&format!("{GOOD} {SESSIONS}"), &all);
    assert!(mended.iter().all(|finding| finding.code != "event-goes-first"), "{mended:#?}");
    // By another column it waits for other dossiers.
    all[2].blocked_by = vec![relation("dossier", "id", "a")];
    let found = prove(&format!("{GOOD} {SESSIONS}"), &all);
    assert!(found.iter().any(|finding| finding.code == "event-goes-first"), "{found:#?}");
    // Before a plan, too, where nothing else is asked.
    let database = Database::with("wal", &format!("{GOOD} {SESSIONS}"));
    let proved: Vec<Proved<'_>> = all.iter().map(destroyed).collect();
    let first = database.reader(&all).first_fault(proved[0], &proved).unwrap();
    assert_eq!(first.map(|finding| finding.code), Some("event-goes-first"));
}

#[test]
fn rows_that_go_leave_or_are_masked_as_a_part_of_another_series_are_errors_too() {
    assert_eq!(told(&|all| of_account(all, |_| ())), error_at_dossier());
    let masks = |column: &'static str, mask: Mask| {
        move |all: &mut Vec<SeriesMapping>| {
            of_account(all, |part| {
                part.owner_gone = OwnerGone::Set(vec![("a".to_owned(), SetValue::Literal(Literal::Null))]);
                part.anonymize.insert(column.to_owned(), mask.clone());
            });
        }
    };
    assert_eq!(told(&masks("kind", Mask::Null)), [], "nobody reads it");
    assert_eq!(told(&masks("USED", Mask::Null)), error_at_dossier());
    assert_eq!(told(&masks("used", Mask::DateToYear)), error_at_dossier());
    assert_eq!(told(&masks("D", Mask::Null)), error_at_dossier());
    let leaves = |column: &'static str| {
        move |all: &mut Vec<SeriesMapping>| {
            of_account(all, |part| {
                part.owner_gone = OwnerGone::Set(vec![(column.to_owned(), SetValue::Literal(Literal::Null))])
            });
        }
    };
    assert_eq!((told(&leaves("a")), told(&leaves("d"))), (Vec::new(), error_at_dossier()));
}

#[test]
fn a_part_of_the_record_itself_goes_with_it_and_a_part_of_another_of_its_rows_does_not() {
    let own = |on: &'static [(&'static str, &'static str)]| {
        move |all: &mut Vec<SeriesMapping>| {
            all[0].parts.push(PartMapping { on: columns(on), ..part("session", "d", "id") });
        }
    };
    assert_eq!(told(&own(&[("D", "ID")])), []);
    assert_eq!(told(&own(&[("a", "id")])), error_at_dossier());
    // Where another series takes the dossier along, it takes the sessions of that dossier.
    let nested = |on: &'static str| {
        move |all: &mut Vec<SeriesMapping>| {
            all[1].blocked_by.clear();
            let of_dossier = |part: PartMapping| PartMapping { of: Some("dossier".into()), ..part };
            all[1].parts.push(part("dossier", "account_id", "id"));
            all[1].parts.push(of_dossier(part("message", "dossier_id", "id")));
            all[1].parts.push(of_dossier(part("session", on, "id")));
        }
    };
    assert_eq!(told(&nested("d")), []);
    assert_eq!(told(&nested("a")), error_at_dossier());
}

#[test]
fn a_date_whose_loss_only_keeps_the_record_is_a_warning() {
    let picks = |pick: Pick, of_rows: Pick| {
        move |all: &mut Vec<SeriesMapping>| {
            let elements = vec![element("closed_at"), child(&[("d", "id")], of_rows)];
            all[0].events.insert(TriggerName::from("closure"), super::event(pick, elements));
            all.push(series("session"));
        }
    };
    assert_eq!(told(&picks(Pick::Earliest, Pick::Earliest)), warning_at_dossier());
    assert_eq!(told(&picks(Pick::All, Pick::Earliest)), warning_at_dossier());
    assert_eq!(told(&picks(Pick::All, Pick::Latest)), error_at_dossier(), "an older row counts");
    assert_eq!(told(&picks(Pick::Latest, Pick::Earliest)), error_at_dossier(), "the other date counts");
}

#[test]
fn a_record_that_is_blocked_while_a_row_is_there_loses_the_last_only() {
    let mut all = good();
    let place = |all: &mut Vec<SeriesMapping>, more: Vec<Element>| {
        let on = columns(&[("account_id", "id")]);
        let place = ElementTable::Child { table: "Dossier".to_owned(), on, condition: None, pick: Pick::Latest };
        let elements = more.into_iter().chain([Element { place, ..element("closed_at") }]).collect();
        all[1].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
    };
    place(&mut all, Vec::new());
    let database = Database::with("wal", GOOD);
    let found = |all: &[SeriesMapping], is_destroyed: bool| -> Vec<(Severity, &str)> {
        let dossier = Proved { series: &all[0].series, is_destroyed };
        let findings = database.reader(all).prove(&[dossier, destroyed(&all[1])]).unwrap();
        let told = findings.iter().filter(|finding| finding.severity != Severity::Note);
        told.map(|finding| (finding.severity, finding.code)).collect()
    };
    assert_eq!(found(&all, true), [(Severity::Warning, "event-goes-first")]);
    assert_eq!(found(&all, false), [], "no rule destroys dossiers");
    let mut also = all.clone();
    place(&mut also, vec![element("closed_at")]);
    assert_eq!(found(&also, true), [(Severity::Error, "event-goes-first")]);
    all[1].blocked_by.clear();
    let told = found(&all, true);
    assert!(told.contains(&(Severity::Error, "event-goes-first")), "{told:?}");
}

#[test]
fn a_mask_on_the_record_s_own_date_is_judged_where_it_is_destroyed_later() {
    let latest = |column: &'static str, mask: Mask| {
        move |all: &mut Vec<SeriesMapping>| {
            let elements = vec![element("closed_at"), element("status")];
            all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
            all[0].anonymize.insert(column.to_owned(), mask.clone());
        }
    };
    assert_eq!(told(&latest("number", Mask::Null)), []);
    assert_eq!(told(&latest("Status", Mask::Null)), error_at_dossier());
    let only = |mask: Mask| {
        move |all: &mut Vec<SeriesMapping>| {
            all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element("closed_at")]));
            all[0].anonymize.insert("closed_at".to_owned(), mask.clone());
        }
    };
    assert_eq!(told(&only(Mask::Null)), warning_at_dossier());
    assert_eq!(told(&only(Mask::Constant(text("2000-01-01T00:00:00Z")))), error_at_dossier());
    let tested = |value: Literal| {
        move |all: &mut Vec<SeriesMapping>| {
            let test = ColumnTest { column: "status".to_owned(), one_of: vec![text("closed")] };
            let event = all[0].events.get_mut(&TriggerName::from("closure")).unwrap();
            event.elements.truncate(1);
            event.condition = Some(Condition::All(vec![test]));
            all[0].anonymize.insert("status".to_owned(), Mask::Constant(value.clone()));
        }
    };
    assert_eq!(told(&tested(text("closed"))), error_at_dossier());
    assert_eq!(told(&tested(text("gone"))), warning_at_dossier());
}

/// What is told of a mapping of dossiers, accounts and sessions, dates aside. No foreign key ties them.
fn told_beside(change: &dyn Fn(&mut Vec<SeriesMapping>)) -> Vec<(Severity, &'static str, String)> {
    let mut all = good();
    change(&mut all);
    let schema = GOOD.replace("account_id INT REFERENCES account", "account_id INT");
    let mut found = prove(&format!("{schema} {SESSIONS}"), &all);
    found.retain(|finding| finding.code != "missing-index");
    found.into_iter().map(|one| (one.severity, one.code, one.place)).collect()
}

#[test]
fn an_expression_that_asks_what_others_take_or_mask_is_an_error() {
    let asks = "NOT EXISTS (SELECT 1 FROM session WHERE session.d = this.id AND kind = 'open')";
    let at = |place: &str| vec![(Severity::Error, "answer-changes", place.to_owned())];
    let filter = |all: &mut Vec<SeriesMapping>| all[0].filter = Some(expression(asks));
    let event = |all: &mut Vec<SeriesMapping>| {
        all[0].events.get_mut(&TriggerName::from("closure")).unwrap().condition = Some(expression(asks));
    };
    assert_eq!(told_beside(&filter), []);
    // Accounts go whatever refers to them.
    let taken = |ask: &dyn Fn(&mut Vec<SeriesMapping>), change: &dyn Fn(&mut PartMapping)| {
        told_beside(&|all| {
            ask(all);
            all[1].blocked_by.clear();
            of_account(all, change);
        })
    };
    assert_eq!(taken(&filter, &|_| ()), at("series.dossier.filter"));
    // An account waits for its dossiers, and its sessions may be those of others.
    let waits = |all: &mut Vec<SeriesMapping>| {
        filter(all);
        of_account(all, |_| ());
    };
    assert_eq!(told_beside(&waits), [(Severity::Warning, "answer-changes", "series.dossier.filter".to_owned())]);
    assert_eq!(taken(&event, &|_| ()), at("series.dossier.event.closure"));
    let masks = |column: &'static str| {
        move |part: &mut PartMapping| {
            part.owner_gone = OwnerGone::Set(vec![("a".to_owned(), SetValue::Literal(Literal::Null))]);
            part.anonymize.insert(column.to_owned(), Mask::Null);
        }
    };
    assert_eq!(taken(&event, &masks("Kind")), at("series.dossier.event.closure"));
    assert_eq!(taken(&event, &masks("used")), []);
    // As parts of the dossier itself, they go with it.
    assert_eq!(
        told_beside(&|all| {
            event(all);
            all[0].parts.push(part("session", "d", "id"));
        }),
        []
    );
}

#[test]
fn what_may_ask_only_whether_rows_are_open_or_there_at_all_is_no_error() {
    // Accounts ask dossiers, which go by their own rules.
    let told = |asks: &'static str, waits: bool| {
        told_beside(&|all| {
            all[1].filter = Some(expression(asks));
            if !waits {
                all[1].blocked_by.clear();
            }
        })
    };
    let at = |severity: Severity| vec![(severity, "answer-changes", "series.account.filter".to_owned())];
    let open = "NOT EXISTS (SELECT 1 FROM dossier WHERE dossier.account_id = this.id AND dossier.closed_at IS NULL)";
    assert_eq!(told(open, false), at(Severity::Warning), "those that go are closed");
    let none = "NOT EXISTS (SELECT 1 FROM dossier WHERE dossier.account_id = this.id)";
    assert_eq!(told(none, true), at(Severity::Warning), "it waits for them all");
    let special = "NOT EXISTS (SELECT 1 FROM dossier WHERE dossier.account_id = this.id AND dossier.status = 'x')";
    assert_eq!(told(special, false), at(Severity::Error));
}

/// What of a mapping tells which records go.
type Goes = fn(&mut SeriesMapping, Condition);

#[test]
fn an_expression_that_asks_for_what_all_rows_have_that_go_is_an_error() {
    // Accounts ask dossiers, which go by their own rules where they are closed, or are the records of their series.
    let told = |test: &'static str, goes: Goes| {
        let found = told_beside(&|all| {
            let asks = format!("NOT EXISTS (SELECT 1 FROM dossier d WHERE d.account_id = this.id AND {test})");
            all[1].filter = Some(expression(&asks));
            all[1].blocked_by.clear();
            let closed = ColumnTest { column: "status".to_owned(), one_of: vec![text("closed"), text("settled")] };
            goes(&mut all[0], Condition::All(vec![closed]));
        });
        let [(severity, "answer-changes", _)] = found.as_slice() else { panic!("{found:?}") };
        *severity
    };
    let filter: Goes = |series, closed| series.filter = Some(closed);
    let event: Goes = |series, closed| {
        series.events.get_mut(&TriggerName::from("closure")).unwrap().condition = Some(closed);
    };
    for goes in [filter, event] {
        for of_all in ["d.status = 'closed'", "d.\"Status\" IN ('open', 'Settled')", "d.status == 'settled'"] {
            assert_eq!(told(of_all, goes), Severity::Error, "{of_all}");
        }
        for of_others in ["d.status = 'open'", "d.status NOT IN ('closed', 'settled')", "d.closed_at IS NULL"] {
            assert_eq!(told(of_others, goes), Severity::Warning, "{of_others}");
        }
    }
    // What else is asked of a column by which a rule's records are told from open ones may be whether they are open.
    let by_table = "d.status IN (SELECT mail FROM account)";
    assert_eq!((told(by_table, filter), told(by_table, event)), (Severity::Error, Severity::Warning));
    for some in ["d.status <> 'closed'", "d.status != 'open'"] {
        assert_eq!((told(some, filter), told(some, event)), (Severity::Error, Severity::Warning), "{some}");
    }
}

#[test]
fn a_wait_that_would_go_in_a_circle_is_no_mend() {
    let mut all = good();
    let dossiers = ElementTable::Child {
        table: "dossier".to_owned(),
        on: columns(&[("account_id", "id")]),
        condition: None,
        pick: Pick::Latest,
    };
    let elements = vec![element("closed_at"), Element { place: dossiers, ..element("closed_at") }];
    all[1].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
    let found = prove(GOOD, &all);
    let found: Vec<_> = found.iter().filter(|finding| finding.code == "event-goes-first").collect();
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(!found[0].mend.contains("blocked_by"), "{found:#?}");
}

#[test]
fn a_mask_on_what_blocks_a_record_or_leads_holds_to_it_is_told() {
    let account = |mask: &'static str| {
        move |all: &mut Vec<SeriesMapping>| {
            all[1].blocked_by = vec![relation("dossier", "number", "mail")];
            drop(all[1].anonymize.insert(mask.to_owned(), Mask::Null));
        }
    };
    let told = |change: &dyn Fn(&mut Vec<SeriesMapping>)| {
        let schema = GOOD
            .replace("account_id INT REFERENCES account", "account_id INT")
            .replace("mail TEXT", "mail TEXT, name TEXT");
        let mut all = good();
        change(&mut all);
        let mut found = prove(&schema, &all);
        found.retain(|finding| finding.code != "missing-index");
        found.into_iter().map(|one| (one.severity, one.code, one.place)).collect::<Vec<_>>()
    };
    assert_eq!(told(&account("Mail")), [(Severity::Error, "unblocked", "series.account.blocked_by".to_owned())]);
    assert_eq!(told(&account("name")), []);
    let hold = |all: &mut Vec<SeriesMapping>| {
        all[0].reference = Some("number".to_owned());
        drop(all[0].anonymize.insert("number".to_owned(), Mask::Null));
    };
    assert_eq!(told(&hold), [(Severity::Warning, "hold-misses", "series.dossier.reference".to_owned())]);
}
