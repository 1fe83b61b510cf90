//! Parts of the series' own table: their rows are other records of it, which live on.

use super::*;

/// Items beneath items, with dates of their own and of a project.
const ITEMS: &str =
    "CREATE TABLE item (id INTEGER PRIMARY KEY, parent_id INT, project_id INT, seen TEXT, closed_at TEXT);
    CREATE INDEX ip ON item (parent_id); CREATE INDEX ij ON item (project_id); CREATE INDEX ic ON item (closed_at);
    CREATE INDEX i_s ON item (seen);
    CREATE TABLE project (id INTEGER PRIMARY KEY, closed_at TEXT);
    INSERT INTO item VALUES (1, NULL, NULL, NULL, '2018-01-01T00:00:00Z'), (2, 1, 7, NULL, '2018-01-01T00:00:00Z');";

const TREE: &[(&str, &str)] = &[("parent_id", "id")];

/// Items that are reckoned from what is read last: their closure, when they were seen, the closure of their project.
fn items(on: &[(&str, &str)], change: impl Fn(&mut PartMapping)) -> SeriesMapping {
    let on_project = columns(&[("id", "project_id")]);
    let place =
        ElementTable::Child { table: "project".to_owned(), on: on_project, condition: None, pick: Pick::Latest };
    let project = Element { place, ..element("closed_at") };
    let event = super::event(Pick::Latest, vec![element("closed_at"), element("seen"), project]);
    let mut sub = PartMapping { on: columns(on), ..part("Item", "parent_id", "id") };
    change(&mut sub);
    SeriesMapping { parts: vec![sub], events: BTreeMap::from([("closure".into(), event)]), ..series("item") }
}

fn masked(column: &'static str) -> impl Fn(&mut PartMapping) {
    move |part| drop(part.anonymize.insert(column.to_owned(), Mask::Null))
}

fn set_null(column: &'static str) -> impl Fn(&mut PartMapping) {
    move |part| part.owner_gone = OwnerGone::Set(vec![(column.to_owned(), SetValue::Literal(Literal::Null))])
}

fn told(series: &SeriesMapping, is_destroyed: bool) -> Vec<(Severity, &'static str)> {
    let all = [series.clone()];
    let database = Database::with("wal", ITEMS);
    let proved = Proved { series: &all[0].series, is_destroyed };
    let found = database.reader(&all).prove(&[proved]).unwrap();
    let is_asked = |code| ["event-goes-first", "answer-changes", "unblocked", "hold-misses"].contains(&code);
    let found = found.into_iter().filter(|one| is_asked(one.code) || one.severity == Severity::Error);
    found.map(|one| (one.severity, one.code)).collect()
}

const GOES_FIRST: [(Severity, &str); 1] = [(Severity::Error, "event-goes-first")];

#[test]
fn a_date_that_is_masked_with_another_record_of_the_series_is_an_error() {
    assert_eq!(told(&items(TREE, masked("parent_id")), false), [], "nobody reads it");
    assert_eq!(told(&items(TREE, masked("Seen")), false), GOES_FIRST);
    assert_eq!(told(&items(TREE, masked("project_id")), false), GOES_FIRST);
    // Upwards, too.
    assert_eq!(told(&items(&[("id", "parent_id")], masked("seen")), false).last(), Some(&GOES_FIRST[0]));
    // The record's own row is masked when its record is.
    assert_eq!(told(&items(&[("ID", "id")], masked("seen")), false), []);
    let mut own = items(&[("id", "id"), ("parent_id", "project_id")], masked("seen"));
    assert_eq!(told(&own, false), []);
    own.parts[0].on = Join::Expression("this.id = owner.id".to_owned());
    assert_eq!(told(&own, false), [(Severity::Warning, "event-goes-first")], "only the expression tells");
}

#[test]
fn what_leads_a_record_to_a_date_may_not_leave_it_when_its_parent_goes() {
    assert_eq!(told(&items(TREE, set_null("parent_id")), true), []);
    assert_eq!(told(&items(TREE, |part| part.owner_gone = OwnerGone::Detach), true), []);
    assert_eq!(told(&items(TREE, |_| ()), true), [], "each goes by its own term");
    assert_eq!(told(&items(TREE, set_null("project_id")), true), GOES_FIRST);
    assert_eq!(told(&items(TREE, set_null("seen")), true), GOES_FIRST);
    // Where all beneath a record go before it, none is left to leave it.
    let waits = |on: &str| {
        let mut waiting = items(TREE, set_null("project_id"));
        waiting.blocked_by = vec![relation("item", on, "id")];
        told(&waiting, true)
    };
    assert_eq!(waits("parent_id"), []);
    assert!(waits("project_id").contains(&GOES_FIRST[0]));
    // A generation further down.
    let mut deep = items(TREE, |_| ());
    let below = PartMapping { name: PartName::from("below"), of: Some("Item".into()), ..deep.parts[0].clone() };
    deep.parts.push(below);
    set_null("project_id")(&mut deep.parts[1]);
    assert_eq!(told(&deep, true), GOES_FIRST);
    deep.blocked_by = vec![relation("item", "parent_id", "id")];
    assert_eq!(told(&deep, true), []);
}

#[test]
fn what_blocks_a_record_or_leads_holds_to_it_may_not_leave_it_when_its_parent_goes() {
    let mut all = items(TREE, set_null("project_id"));
    all.events = series("item").events;
    assert_eq!(told(&all, true), []);
    all.reference = Some("project_id".to_owned());
    assert_eq!(told(&all, true), [(Severity::Warning, "hold-misses")]);
    all.reference = None;
    all.blocked_by = vec![relation("item", "id", "project_id")];
    assert_eq!(told(&all, true), [(Severity::Error, "unblocked")]);
}

#[test]
fn an_expression_that_asks_what_is_masked_with_another_record_is_an_error() {
    let asks = |text: &str, on: &[(&str, &str)], column| {
        let mut all = items(on, masked(column));
        all.events = series("item").events;
        all.events.get_mut(&TriggerName::from("closure")).unwrap().condition = Some(expression(text));
        told(&all, false)
    };
    let changes = [(Severity::Error, "answer-changes")];
    assert_eq!(asks("this.seen IS NULL", TREE, "seen"), changes);
    assert_eq!(asks("this.seen IS NULL", &[("id", "id")], "seen"), []);
    let beneath = "NOT EXISTS (SELECT 1 FROM item AS sub WHERE sub.parent_id = this.id AND sub.seen > '2020')";
    assert_eq!(asks(beneath, TREE, "seen"), [], "they are masked with the record that asks");
}

#[test]
fn rows_that_another_record_of_either_series_detaches_may_block_no_longer() {
    let mut waiting = SeriesMapping { blocked_by: vec![relation("item", "project_id", "id")], ..series("project") };
    let told = |waiting: &SeriesMapping, item: SeriesMapping| {
        let all = [waiting.clone(), SeriesMapping { events: series("item").events, ..item }];
        let found = prove(ITEMS, &all).into_iter().filter(|finding| finding.code == "unblocked");
        found.map(|finding| (finding.severity, finding.place)).collect::<Vec<_>>()
    };
    let warning = [(Severity::Warning, "series.project.blocked_by".to_owned())];
    assert_eq!(told(&waiting, items(TREE, set_null("parent_id"))), []);
    assert_eq!(told(&waiting, items(TREE, set_null("project_id"))), warning);
    // By a part of the project itself: those that block it are its own.
    let has = |on: &str| PartMapping { on: columns(&[(on, "id")]), ..part("item", on, "id") };
    let leaves = |on: &str| {
        let mut part = has(on);
        set_null("project_id")(&mut part);
        part
    };
    waiting.parts = vec![leaves("project_id")];
    assert_eq!(told(&waiting, series("item")), []);
    waiting.parts = vec![leaves("parent_id")];
    assert_eq!(told(&waiting, series("item")), warning);
}
