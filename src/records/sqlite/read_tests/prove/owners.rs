//! Whose row it is: joins that identify their owner, and that follow the foreign keys of the schema.

use super::*;
use crate::records::mapping::Reference;

/// Notes that name dossiers by their number.
const NOTES: &str =
    "CREATE TABLE note (id INTEGER PRIMARY KEY, num TEXT, body TEXT); CREATE INDEX note_num ON note (num);
    CREATE INDEX dossier_number ON dossier (number);";

fn by_number(series: &mut SeriesMapping) {
    series.parts.push(part("note", "num", "number"));
}

fn shared(line: &Reference) -> impl Fn(&mut SeriesMapping) {
    |series| {
        by_number(series);
        series.parts[1].shared.push(line.clone());
    }
}

#[test]
fn a_part_that_several_records_may_have_is_an_error_with_what_mends_it() {
    error(NOTES, "part-of-many", "CREATE UNIQUE INDEX \"dossier_number_idx\" ON \"dossier\" (\"number\");", by_number);
    error(NOTES, "part-of-many", "shared = [{ table = \"dossier\", on = { number = \"num\" } }]", by_number);
    let fits = |more: &str, change: &dyn Fn(&mut SeriesMapping)| {
        let mut all = good();
        change(&mut all[0]);
        assert_eq!(prove(&format!("{GOOD} {NOTES} {more}"), &all), [], "{more}");
    };
    fits("CREATE UNIQUE INDEX one ON dossier (number);", &by_number);
    let line = Reference { table: "dossier".to_owned(), on: columns(&[("number", "num")]), condition: None };
    fits("", &shared(&line));
    let expression = |series: &mut SeriesMapping| {
        by_number(series);
        series.parts[1].on = Join::Expression("this.num = owner.number".to_owned());
    };
    fits("", &expression);
    // An index over some rows only says nothing of the others; nor does one that tells apart what the column does not.
    let some = "CREATE UNIQUE INDEX one ON dossier (number) WHERE status = 'open';";
    error(&format!("{NOTES} {some}"), "part-of-many", "UNIQUE", by_number);
    let mut all = good();
    by_number(&mut all[0]);
    let bytes = "CREATE UNIQUE INDEX one ON dossier (number COLLATE BINARY);";
    let folded = format!("{GOOD} {NOTES} {bytes}")
        .replace("number TEXT", "number TEXT COLLATE NOCASE")
        .replace("num TEXT", "num TEXT COLLATE NOCASE");
    assert!(prove(&folded, &all).iter().any(|finding| finding.code == "part-of-many"));
}

#[test]
fn a_part_of_a_part_and_rows_that_are_masked_or_live_on_have_one_owner_too() {
    let slips = "CREATE TABLE slip (id INTEGER PRIMARY KEY, of_kind TEXT); CREATE INDEX slip_kind ON slip (of_kind);";
    error(slips, "part-of-many", "{ table = \"message\", on = { kind = \"of_kind\" } }", |series| {
        let of = Some(PartName::from("message"));
        series.parts.push(PartMapping { of, ..part("slip", "of_kind", "kind") });
    });
    let unshared = |change: &dyn Fn(&mut PartMapping)| {
        let (_, code, mend) = one(NOTES, |series| {
            by_number(series);
            change(&mut series.parts[1]);
        });
        assert_eq!(code, "part-of-many");
        assert!(!mend.contains("shared"), "{mend}");
    };
    unshared(&|part| part.owner_gone = OwnerGone::Detach);
    unshared(&|part| drop(part.anonymize.insert("body".to_owned(), Mask::Null)));
    // Where no record goes and no row is masked, nothing happens to what they have in common.
    let mut all = good();
    by_number(&mut all[0]);
    let database = Database::with("wal", &format!("{GOOD} {NOTES}"));
    let stays = Proved { is_destroyed: false, ..destroyed(&all[0]) };
    let found = database.reader(&all).prove(&[stays]).unwrap();
    assert!(found.iter().all(|finding| finding.code != "part-of-many"), "{found:#?}");
}

#[test]
fn a_part_joined_by_a_piece_of_the_key_is_told_to_join_the_whole() {
    let schema = "CREATE TABLE dossier (tenant INT, id INT, closed_at TEXT, PRIMARY KEY (tenant, id)) WITHOUT ROWID;
        CREATE TABLE note (id INTEGER PRIMARY KEY, tenant INT, d INT);
        CREATE INDEX c ON dossier (closed_at); CREATE INDEX d ON note (d);";
    let mut dossier = series("dossier");
    dossier.key = vec!["tenant".to_owned(), "id".to_owned()];
    dossier.parts = vec![part("note", "d", "id")];
    let all = [dossier];
    let found = prove(schema, &all);
    let [finding] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((finding.code, finding.place.as_str()), ("part-of-many", "series.dossier.part.note"));
    assert!(finding.mend.starts_with("join every column of the key: id and tenant\n"), "{}", finding.mend);
    let [mut dossier] = all;
    dossier.parts[0].on = columns(&[("d", "id"), ("TENANT", "Tenant")]);
    assert_eq!(prove(schema, &[dossier]), []);
}

#[test]
fn a_shared_part_that_is_to_live_on_is_an_error() {
    let line = Reference { table: "dossier".to_owned(), on: columns(&[("number", "num")]), condition: None };
    error(NOTES, "shared-lives-on", "take out `shared`", |series| {
        shared(&line)(series);
        series.parts[1].owner_gone = OwnerGone::Detach;
    });
}

const NUMBERS: &str = "CREATE UNIQUE INDEX one ON dossier (account_id);";

#[test]
fn a_join_that_says_otherwise_than_a_foreign_key_is_an_error_wherever_it_stands() {
    let mend = "on = { dossier_id = \"id\" }";
    error(NUMBERS, "foreign-key-contradicted", mend, |series| {
        series.parts[0].on = columns(&[("DOSSIER_ID", "account_id")]);
    });
    error("", "foreign-key-contradicted", mend, |series| {
        let on = columns(&[("dossier_id", "account_id")]);
        let place = ElementTable::Child { table: "message".to_owned(), on, condition: None, pick: Pick::Latest };
        let element = Element { place, ..element("body") };
        series.events.insert(TriggerName::from("closure"), super::event(Pick::Latest, vec![element]));
    });
    let places = |change: &dyn Fn(&mut [SeriesMapping])| {
        let mut all = good();
        change(&mut all);
        let schema = GOOD.replace("mail TEXT", "mail INT UNIQUE") + "CREATE TABLE paper (id INTEGER PRIMARY KEY);";
        let mut found = prove(&schema, &all);
        found.retain(|finding| finding.code == "foreign-key-contradicted");
        found.into_iter().map(|finding| (finding.place, finding.mend)).collect::<Vec<_>>()
    };
    let told = |place: &str| vec![(place.to_owned(), "on = { account_id = \"id\" }".to_owned())];
    let blocked = |all: &mut [SeriesMapping]| all[1].blocked_by[0].on = columns(&[("account_id", "mail")]);
    assert_eq!(places(&blocked), told("series.account.blocked_by"));
    let subject = |all: &mut [SeriesMapping]| all[0].subject = Some(relation("account", "account_id", "mail"));
    assert_eq!(places(&subject), told("series.dossier.subject"));
    // From its owner's side, as `shared` parts are joined, and a table that shares one.
    let of_dossier = |shared: &str| {
        let line = Reference { table: "dossier".to_owned(), on: columns(&[("account_id", shared)]), condition: None };
        PartMapping { shared: vec![line], ..part("account", "mail", "account_id") }
    };
    let mirror = |all: &mut [SeriesMapping]| all[0].parts.push(of_dossier("id"));
    assert_eq!(
        places(&mirror),
        [("series.dossier.part.account".to_owned(), "on = { id = \"account_id\" }".to_owned())]
    );
    let shared = |all: &mut [SeriesMapping]| {
        all[0].parts.push(PartMapping { on: columns(&[("id", "account_id")]), ..of_dossier("mail") });
    };
    assert_eq!(places(&shared), told("series.dossier.part.account.shared"));
    assert_eq!(places(&|_| ()), []);
}

#[test]
fn of_two_foreign_keys_on_one_column_each_needs_its_own_line() {
    let schema = GOOD
        .replace("status TEXT", "status INT UNIQUE")
        .replace("body TEXT", "body TEXT, FOREIGN KEY (dossier_id) REFERENCES dossier (status)");
    let codes = |all: &[SeriesMapping]| prove(&schema, all).iter().map(|found| found.code).collect::<Vec<_>>();
    let mut all = good();
    assert_eq!(codes(&all), ["unnamed-foreign-key"]);
    all[0].parts.push(PartMapping { name: PartName::from("by_status"), ..part("message", "dossier_id", "status") });
    assert_eq!(codes(&all), [""; 0]);
}

#[test]
fn a_join_with_another_table_than_the_foreign_key_s_is_a_warning_unless_both_columns_refer_to_it() {
    let notes = "CREATE TABLE note (id INTEGER PRIMARY KEY, author INT REFERENCES account, d INT); CREATE INDEX a ON note (author);";
    warning(notes, "foreign-key-elsewhere", "refers to dossier", |series| {
        series.parts.push(part("note", "author", "id"));
    });
    let line = Reference { table: "dossier".to_owned(), on: columns(&[("account_id", "author")]), condition: None };
    let mut all = good();
    all[0].parts.push(PartMapping { shared: vec![line], ..part("note", "author", "account_id") });
    let mut found = prove(&format!("{GOOD} {notes}"), &all);
    found.retain(|finding| finding.place.starts_with("series.dossier"));
    assert_eq!(found, [], "both refer to the account");
}

#[test]
fn a_shared_part_that_does_not_count_what_another_of_its_table_counts_is_an_error() {
    let docs = "CREATE TABLE doc (id INTEGER PRIMARY KEY, kind TEXT); ALTER TABLE dossier ADD COLUMN main INT;
        ALTER TABLE dossier ADD COLUMN second INT; ALTER TABLE account ADD COLUMN main INT;";
    let line =
        |table: &str, this: &str| Reference { table: table.to_owned(), on: columns(&[(this, "id")]), condition: None };
    let doc = |name: &str, counted: Vec<Reference>| PartMapping {
        name: PartName::from(name),
        shared: counted,
        ..part("doc", "id", name)
    };
    let told = |parts: Vec<PartMapping>, others: Vec<PartMapping>| {
        let mut all = good();
        all[0].parts.extend(parts);
        all[1].parts.extend(others);
        let mut found = prove(&format!("{GOOD} {docs}"), &all);
        found.retain(|finding| finding.code == "shared-uncounted");
        assert!(found.iter().all(|finding| finding.severity == Severity::Error), "{found:#?}");
        found.into_iter().map(|one| (one.place, one.mend)).collect::<Vec<_>>()
    };
    let (main, second) = (line("Dossier", "MAIN"), line("dossier", "second"));
    let own = vec![doc("main", vec![main.clone()]), doc("second", vec![second.clone()])];
    let found = told(own.clone(), Vec::new());
    let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["series.dossier.part.main.shared", "series.dossier.part.second.shared"]);
    assert!(found[0].1.contains("{ table = \"dossier\", on = { second = \"id\" } }"), "{found:#?}");
    // What it says to write mends it; the part's own join counts without being written down.
    let mended = vec![doc("main", vec![second.clone()]), doc("second", vec![main.clone()])];
    assert_eq!(told(mended, Vec::new()), []);
    // Another series.
    let of_account = doc("main", vec![line("account", "main")]);
    let found = told(vec![own[0].clone()], vec![of_account.clone()]);
    assert_eq!(found.len(), 2, "{found:#?}");
    // Rows that only some count are not counted.
    let some = |column: &str, value: &str| {
        Some(Condition::All(vec![ColumnTest { column: column.to_owned(), one_of: vec![text(value)] }]))
    };
    let narrower = Reference { condition: some("status", "open"), ..second.clone() };
    assert_eq!(told(vec![doc("main", vec![narrower]), doc("second", vec![main.clone()])], Vec::new()).len(), 1);
    // The same rows, tested otherwise, or more of them.
    let one_of = |line: &Reference, column: &str, values: &[&str]| {
        let test = ColumnTest { column: column.to_owned(), one_of: values.iter().map(|value| text(value)).collect() };
        Reference { condition: Some(Condition::All(vec![test])), ..line.clone() }
    };
    let both = |[one, other]: [Reference; 2]| {
        let one = doc("main", vec![main.clone(), one]);
        let other = PartMapping { name: "other".into(), ..doc("main", vec![main.clone(), other]) };
        told(vec![one, other], Vec::new()).into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    let of_two = one_of(&second, "status", &["a", "b"]);
    assert_eq!(both([of_two.clone(), one_of(&second, "STATUS", &["b", "a"])]), [""; 0]);
    assert_eq!(both([of_two, one_of(&second, "status", &["a"])]), ["series.dossier.part.other.shared"]);
    // Parts of which no row can be the same.
    let of_kind = |part: &PartMapping, kind: &str| PartMapping { condition: some("kind", kind), ..part.clone() };
    assert_eq!(told(vec![of_kind(&own[0], "a"), of_kind(&own[1], "b")], Vec::new()), []);
    assert_eq!(told(vec![of_kind(&own[0], "a"), of_kind(&own[1], "A")], Vec::new()).len(), 2);
    // A part that does not say that it is shared refers to its rows all the same.
    let plain = doc("main", Vec::new());
    let found = told(vec![own[0].clone()], vec![plain.clone()]);
    let [(place, mend)] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place, "series.dossier.part.main.shared");
    assert!(mend.contains("{ table = \"account\", on = { main = \"id\" } }"), "{mend}");
    let counting = doc("main", vec![main, line("account", "main")]);
    assert_eq!(told(vec![counting], vec![plain.clone()]), []);
    assert_eq!(told(vec![of_kind(&own[0], "a")], vec![of_kind(&plain, "b")]), []);
    // A part of the very rows of another refers to nothing else.
    let very = PartMapping { of: Some(PartName::from("main")), ..part("doc", "id", "id") };
    assert_eq!(told(vec![own[0].clone(), very], Vec::new()), []);
    // Rows that name their owner, who does not refer to them.
    let theirs = part("doc", "kind", "id");
    assert_eq!(told(vec![own[0].clone()], vec![theirs]), []);
    // Rows that outlive their owner are none of its rows.
    let living = PartMapping { owner_gone: OwnerGone::Detach, ..plain.clone() };
    assert_eq!(told(vec![own[0].clone()], vec![living]), []);
    // An expression is written anew from the other side.
    let by_expression = PartMapping {
        on: Join::Expression("this.id = owner.main".to_owned()),
        ..doc("main", vec![line("dossier", "main")])
    };
    let found = told(vec![own[0].clone()], vec![by_expression]);
    assert!(found[0].1.contains("{ table = \"account\", on = \"…\" }"), "{found:#?}");
}

/// Documents to which dossiers and accounts refer, or that name their account.
const TAKEN: &str = "CREATE TABLE doc (id INTEGER PRIMARY KEY, account_id INT, kind TEXT);
    CREATE INDEX doc_account ON doc (account_id); ALTER TABLE dossier ADD COLUMN main INT;
    ALTER TABLE account ADD COLUMN main INT; CREATE UNIQUE INDEX account_main ON account (main);
    CREATE INDEX dossier_main ON dossier (main);";

/// How gravely `check` takes it that accounts have documents by this part, and perhaps more, and with which mend.
fn taken(parts: Vec<PartMapping>, change: &dyn Fn(&mut [SeriesMapping])) -> Vec<(Severity, String)> {
    let line = |table: &str| Reference { table: table.to_owned(), on: columns(&[("main", "id")]), condition: None };
    let shared = PartMapping { shared: vec![line("dossier"), line("account")], ..part("doc", "id", "main") };
    let mut all = good();
    all[0].parts.push(shared);
    all[1].parts = parts;
    all[1].blocked_by.clear();
    change(&mut all);
    let schema = GOOD.replace("account_id INT REFERENCES account", "account_id INT");
    let mut found = prove(&format!("{schema} {TAKEN}"), &all);
    found.retain(|finding| finding.code.starts_with("shared-") || finding.severity == Severity::Error);
    assert!(
        found.iter().all(|one| (one.code, one.place.as_str()) == ("shared-taken", "series.account.part.doc")),
        "{found:#?}"
    );
    found.into_iter().map(|one| (one.severity, one.mend)).collect()
}

#[test]
fn a_part_that_takes_a_row_of_which_another_says_that_it_goes_with_its_last_reference_is_told() {
    let of_account = |this: &str, owner: &str| PartMapping { name: PartName::from("doc"), ..part("Doc", this, owner) };
    let graveness = |parts: Vec<PartMapping>, change: &dyn Fn(&mut [SeriesMapping])| {
        taken(parts, change).into_iter().map(|(severity, _)| severity).collect::<Vec<_>>()
    };
    let as_it_is = |_: &mut [SeriesMapping]| ();
    // One that the account names as the dossier does, and one that names its account, whose it may be.
    let named = taken(vec![of_account("id", "main")], &as_it_is);
    let [(Severity::Error, mend)] = named.as_slice() else { panic!("{named:#?}") };
    assert!(mend.contains("shared = [{ table = \"dossier\", on = { main = \"id\" } }]"), "{mend}");
    let owned = vec![of_account("account_id", "id")];
    let told = taken(owned.clone(), &as_it_is);
    let [(Severity::Warning, mend)] = told.as_slice() else { panic!("{told:#?}") };
    assert!(mend.contains("{ table = \"account\", on = { main = \"id\" } }"), "an account is another's main: {mend}");
    // Each mend: it is shared here, too;
    let line =
        |table: &str, this: &str| Reference { table: table.to_owned(), on: columns(&[(this, "id")]), condition: None };
    let shared = PartMapping { shared: vec![line("dossier", "main")], ..of_account("id", "main") };
    assert_eq!(graveness(vec![shared], &as_it_is), []);
    // what refers to the row is let go;
    let of = |part: PartMapping| PartMapping { of: Some(PartName::from("doc")), ..part };
    let freed = PartMapping { owner_gone: OwnerGone::Detach, ..of(part("dossier", "main", "id")) };
    assert_eq!(graveness(vec![of_account("id", "main"), freed.clone()], &as_it_is), []);
    let other = PartMapping { on: columns(&[("account_id", "id")]), ..freed };
    assert_eq!(graveness(vec![of_account("id", "main"), other], &as_it_is), [Severity::Error]);
    // it is waited for;
    let waits = |owner: &'static str| {
        move |all: &mut [SeriesMapping]| all[1].blocked_by = vec![relation("dossier", "main", owner)]
    };
    assert_eq!(graveness(vec![of_account("id", "main")], &waits("main")), []);
    assert_eq!(graveness(vec![of_account("id", "main")], &waits("id")), [Severity::Error]);
    // or the rows are others.
    let kind =
        |kind: &str| Some(Condition::All(vec![ColumnTest { column: "kind".to_owned(), one_of: vec![text(kind)] }]));
    let scans = vec![PartMapping { condition: kind("scan"), ..of_account("id", "main") }];
    let letters = |all: &mut [SeriesMapping]| all[0].parts[1].condition = kind("letter");
    assert_eq!((graveness(scans.clone(), &letters), graveness(scans, &as_it_is)), (vec![], vec![Severity::Error]));
    // What lives on, and the very rows of a shared part.
    let living = PartMapping { owner_gone: OwnerGone::Detach, ..of_account("account_id", "id") };
    assert_eq!(graveness(vec![living], &as_it_is), []);
    let very = |all: &mut [SeriesMapping]| {
        all[0].parts.push(PartMapping {
            of: Some(PartName::from("doc")),
            name: PartName::from("very"),
            ..part("doc", "id", "id")
        });
    };
    assert_eq!(graveness(Vec::new(), &very), []);
}
