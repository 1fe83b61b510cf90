//! What records that go as parts of others leave behind.

use super::*;

/// Dossiers have letters, and these scans, which no foreign key says.
const LETTERS: &str = "CREATE TABLE letter (id INTEGER PRIMARY KEY, d INT, a INT, kind TEXT);
    CREATE TABLE scan (id INTEGER PRIMARY KEY, l INT); ALTER TABLE dossier ADD COLUMN parent INT;
    CREATE INDEX letter_d ON letter (d); CREATE INDEX letter_a ON letter (a); CREATE INDEX scan_l ON scan (l);
    CREATE INDEX dossier_parent ON dossier (parent);";

fn of(name: &str, owner: &str, part: PartMapping) -> PartMapping {
    PartMapping { name: name.into(), of: Some(owner.into()), ..part }
}

fn letters() -> PartMapping {
    part("letter", "d", "id")
}

fn scans() -> PartMapping {
    of("scan", "letter", part("scan", "l", "id"))
}

/// Places and mends of what is told, where accounts have dossiers with letters and scans.
fn told(change: &dyn Fn(&mut Vec<SeriesMapping>)) -> Vec<(String, String)> {
    let mut all = good();
    all[0].parts.extend([letters(), scans()]);
    all[1].blocked_by.clear();
    all[1].parts =
        vec![part("Dossier", "account_id", "id"), of("message", "Dossier", part("message", "dossier_id", "id"))];
    change(&mut all);
    let mut found = prove(&format!("{GOOD} {LETTERS}"), &all);
    found.retain(|finding| finding.code == "parts-left" || finding.severity == Severity::Error);
    assert!(found.iter().all(|it| (it.severity, it.code) == (Severity::Warning, "parts-left")), "{found:#?}");
    found.into_iter().map(|finding| (finding.place, finding.mend)).collect()
}

#[test]
fn what_a_record_has_that_goes_as_a_part_of_another_is_named_there_too() {
    let found = told(&|_| ());
    let places: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
    assert_eq!(places, ["series.account.part.Dossier"; 2], "{found:#?}");
    assert!(found[0].1.contains("table = \"letter\"\nof = \"Dossier\"\non = { d = \"id\" }"), "{}", found[0].1);
    assert!(found[1].1.contains("table = \"scan\"\nof = \"letter\"\non = { l = \"id\" }"), "{}", found[1].1);
    let with = |parts: Vec<PartMapping>| told(&|all| all[1].parts.extend(parts.clone())).len();
    assert_eq!(with(vec![of("letter", "Dossier", letters())]), 1);
    assert_eq!(with(vec![of("letter", "Dossier", letters()), scans()]), 0);
    // By a join of its own; which rows that finds, only they tell.
    assert_eq!(with(vec![part("letter", "a", "id"), scans()]), 0);
    let kind =
        |kind: &str| Some(Condition::All(vec![ColumnTest { column: "kind".to_owned(), one_of: vec![text(kind)] }]));
    let others = PartMapping { condition: kind("b"), ..part("letter", "a", "id") };
    let apart = told(&|all| {
        all[0].parts[1].condition = kind("a");
        all[1].parts.extend([others.clone(), scans()]);
    });
    assert_eq!(apart.len(), 1);
}

#[test]
fn records_that_are_gone_before_or_live_on_or_have_rows_that_are_records_leave_none_behind() {
    let waits = |on: &'static str| told(&|all| all[1].blocked_by = vec![relation("dossier", on, "id")]).len();
    assert_eq!((waits("account_id"), waits("parent")), (0, 2));
    assert_eq!(told(&|all| all[1].parts[0].owner_gone = OwnerGone::Detach), []);
    let records = told(&|all| {
        all.extend(["letter", "scan"].map(|table| SeriesMapping { events: Default::default(), ..series(table) }));
    });
    assert_eq!(records, []);
    let status =
        |value: &str| Some(Condition::All(vec![ColumnTest { column: "status".to_owned(), one_of: vec![text(value)] }]));
    let filtered = |value: &'static str| {
        told(&|all| {
            all[0].filter = status("closed");
            all[1].parts[0].condition = status(value);
        })
        .len()
    };
    assert_eq!((filtered("closed"), filtered("draft")), (2, 0));
}

#[test]
fn records_that_go_as_parts_of_others_of_their_series_leave_nothing_behind_either() {
    let own = |change: &dyn Fn(&mut SeriesMapping)| {
        let found = told(&|all| {
            all[1] = good().remove(1);
            all[0].parts.push(PartMapping { name: "child".into(), ..part("dossier", "parent", "id") });
            all[0].parts.push(of("child_message", "child", part("message", "dossier_id", "id")));
            change(&mut all[0]);
        });
        found.into_iter().map(|(place, _)| place).collect::<Vec<_>>()
    };
    assert_eq!(own(&|_| ()), ["series.dossier.part.child"]);
    assert_eq!(own(&|dossier| dossier.parts.push(of("child_letter", "child", letters()))), [""; 0]);
    assert_eq!(own(&|dossier| dossier.blocked_by = vec![relation("dossier", "parent", "id")]), [""; 0]);
    let itself = |dossier: &mut SeriesMapping| dossier.parts[3].on = columns(&[("id", "id")]);
    assert_eq!(own(&itself), [""; 0], "the record, once more");
}

#[test]
fn records_that_go_before_the_record_that_has_them_leave_nothing_behind_that_it_names_as_theirs() {
    // The account says what letters have, and letters are records themselves.
    let letters_go = |change: &dyn Fn(&mut SeriesMapping, &mut Vec<PartMapping>)| {
        told(&|all| {
            all[0].parts.retain(|part| !["letter", "scan"].contains(&part.table.as_str()));
            let mut letter = SeriesMapping { events: Default::default(), ..series("letter") };
            let mut parts = vec![part("letter", "a", "id"), scans()];
            change(&mut letter, &mut parts);
            all[1].parts.extend(parts);
            all.push(letter);
        })
    };
    let found = letters_go(&|_, _| ());
    let [(place, mend)] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(place, "series.letter");
    assert!(mend.contains("[[series.letter.part]]\ntable = \"scan\"\non = { l = \"id\" }"), "{mend}");
    let named = letters_go(&|letter, _| letter.parts.push(part("scan", "l", "id")));
    assert_eq!(named, []);
    let kind =
        |kind: &str| Some(Condition::All(vec![ColumnTest { column: "kind".to_owned(), one_of: vec![text(kind)] }]));
    let apart = letters_go(&|letter, parts| (letter.filter, parts[0].condition) = (kind("a"), kind("b")));
    assert_eq!(apart, [], "no letter of the account is a record");
    assert_eq!(letters_go(&|_, parts| parts[1].owner_gone = OwnerGone::Detach), []);
}
