//! What others take, or change, of rows that a record never reads, because a column says whose they are.

use super::*;

/// Journals of dossiers and of accounts, and people of two kinds.
const TABLES: &str = "CREATE TABLE journal (id INTEGER PRIMARY KEY, otype TEXT, oid INT, used TEXT);
    CREATE INDEX jo ON journal (oid, otype, used);
    CREATE TABLE person (id INTEGER PRIMARY KEY, kind TEXT, name TEXT, seen TEXT, left_at TEXT);
    CREATE INDEX ps ON person (seen); CREATE INDEX pl ON person (left_at);";

fn is(column: &str, values: &[&str]) -> Option<Condition> {
    let one_of = values.iter().map(|value| text(value)).collect();
    Some(Condition::All(vec![ColumnTest { column: column.to_owned(), one_of }]))
}

fn told(all: &[SeriesMapping]) -> Vec<(Severity, &'static str)> {
    let schema = GOOD.replace("account_id INT REFERENCES account", "account_id INT");
    let found = prove(&format!("{schema} {TABLES}"), all);
    let is_asked = |code| ["event-goes-first", "answer-changes", "unblocked"].contains(&code);
    let found = found.into_iter().filter(|finding| is_asked(finding.code) || finding.severity == Severity::Error);
    found.map(|finding| (finding.severity, finding.code)).collect()
}

/// Dossiers read the last date of their journals; accounts have journals as parts and do not wait for dossiers.
fn journals(read: &[&str], taken: &[&str]) -> Vec<SeriesMapping> {
    let mut all = good();
    let place = ElementTable::Child {
        table: "journal".to_owned(),
        on: columns(&[("oid", "id")]),
        condition: is("otype", read),
        pick: Pick::Latest,
    };
    let elements = vec![element("closed_at"), Element { place, ..element("used") }];
    all[0].events.insert(TriggerName::from("closure"), super::event(Pick::Latest, elements));
    all[1].blocked_by.clear();
    all[1].parts.push(PartMapping { condition: is("OType", taken), ..part("journal", "oid", "id") });
    all
}

const GOES_FIRST: [(Severity, &str); 1] = [(Severity::Error, "event-goes-first")];

#[test]
fn dates_of_one_kind_outlast_what_is_done_to_rows_of_another() {
    assert_eq!(told(&journals(&["Dossier"], &["Account"])), []);
    assert_eq!(told(&journals(&["Dossier", "Account"], &["Account"])), GOES_FIRST);
    assert_eq!(told(&journals(&["Dossier"], &["DOSSIER"])), GOES_FIRST, "the column may be without case");
    let without = |change: fn(&mut PartMapping)| {
        let mut all = journals(&["Dossier"], &["Account"]);
        change(&mut all[1].parts[0]);
        told(&all)
    };
    assert_eq!(without(|part| part.condition = None), GOES_FIRST);
    assert_eq!(without(|part| part.condition = Some(expression("this.otype = 'Account'"))), GOES_FIRST);
    // What becomes one of the others' is read by them.
    let turned = |all: &mut Vec<SeriesMapping>| {
        let event = all[0].events.get_mut(&TriggerName::from("closure")).unwrap();
        event.pick = Pick::Earliest;
        if let ElementTable::Child { pick, .. } = &mut event.elements[1].place {
            *pick = Pick::Earliest;
        }
        all[1].parts[0].owner_gone = OwnerGone::Set(vec![("otype".to_owned(), SetValue::Literal(text("Dossier")))]);
    };
    let mut all = journals(&["Dossier"], &["Account"]);
    turned(&mut all);
    assert_eq!(told(&all), GOES_FIRST);
}

#[test]
fn records_of_one_kind_keep_the_dates_that_are_masked_in_another() {
    let people = |other: &str| {
        let of = |name: &str, kind: &str| {
            let events = BTreeMap::from([("closure".into(), sample::event(Pick::Latest, &["seen", "left_at"]))]);
            SeriesMapping { events, filter: is("kind", &[kind]), series: name.into(), ..series("person") }
        };
        let masks = BTreeMap::from([("seen".to_owned(), Mask::Null)]);
        vec![SeriesMapping { anonymize: masks, ..of("client", other) }, of("staff", "staff")]
    };
    let told = |all: &[SeriesMapping]| {
        let database = Database::with("wal", TABLES);
        let proved = [Proved { series: &all[0].series, is_destroyed: false }, destroyed(&all[1])];
        let found = database.reader(all).prove(&proved).unwrap().into_iter();
        found.map(|finding| finding.code).filter(|code| *code == "event-goes-first").collect::<Vec<_>>()
    };
    assert_eq!(told(&people("client")), Vec::<&str>::new());
    assert!(!told(&people("staff")).is_empty());
}

#[test]
fn an_expression_that_names_another_kind_is_doubtful_and_one_that_does_not_is_an_error() {
    let asks = |test: &str| {
        let mut all = journals(&["Dossier"], &["Account"]);
        all[0].events = good()[0].events.clone();
        let text = format!("NOT EXISTS (SELECT 1 FROM journal j WHERE {test} AND j.oid = this.id AND j.used IS NULL)");
        all[0].filter = Some(expression(&text));
        told(&all)
    };
    let (warning, error) = ([(Severity::Warning, "answer-changes")], [(Severity::Error, "answer-changes")]);
    assert_eq!(asks("j.otype = 'Dossier'"), warning);
    assert_eq!(asks("j.\"OTYPE\" IN ('Dossier', 'Message')"), warning);
    assert_eq!(asks("j.otype = 'Account'"), error);
    assert_eq!(asks("j.otype IN ('Dossier', 'account')"), error);
    assert_eq!(asks("j.otype = this.status"), error);
    assert_eq!(asks("j.otype > 'B'"), error);
    assert_eq!(asks("1"), error);
}
