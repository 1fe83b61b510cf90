//! Masks that would leave something behind.

use super::*;

const NOTES: &str =
    "CREATE TABLE note (id INTEGER PRIMARY KEY, num TEXT, path TEXT); CREATE INDEX note_num ON note (num);
    CREATE INDEX note_path ON note (path); CREATE UNIQUE INDEX dossier_number ON dossier (number);";

fn masked(part: &mut PartMapping, column: &str) {
    part.anonymize.insert(column.to_owned(), Mask::Null);
}

/// Places of the masks that leave something behind, in dossiers that are destroyed later or not.
fn told(is_destroyed: bool, change: &dyn Fn(&mut Vec<SeriesMapping>)) -> Vec<String> {
    let mut all = good();
    all[0].parts.push(part("note", "num", "number"));
    change(&mut all);
    let database = Database::with("wal", &format!("{GOOD} {NOTES}"));
    let series = Proved { is_destroyed, ..destroyed(&all[0]) };
    let mut found = database.reader(&all).prove(&[series]).unwrap();
    found.retain(|finding| finding.code == "mask-orphans" && finding.severity == Severity::Error);
    found.into_iter().map(|finding| finding.place).collect()
}

#[test]
fn a_mask_on_the_column_to_which_a_part_is_joined_is_an_error_while_its_rows_stay() {
    let own = ["series.dossier.anonymize"];
    let number = |all: &mut Vec<SeriesMapping>| drop(all[0].anonymize.insert("NUMBER".to_owned(), Mask::Null));
    assert_eq!(told(false, &number), own);
    let both = |all: &mut Vec<SeriesMapping>| {
        number(all);
        masked(&mut all[0].parts[1], "num");
    };
    assert_eq!(told(false, &both), [""; 0], "the rows of the part are masked along");
    assert_eq!(told(true, &both), ["series.dossier.anonymize", "series.dossier.part.note.anonymize"]);
    let status = |all: &mut Vec<SeriesMapping>| drop(all[0].anonymize.insert("status".to_owned(), Mask::Null));
    assert_eq!(told(true, &status), [""; 0]);
    // A part of the part that is masked.
    let nested = |all: &mut Vec<SeriesMapping>| {
        all[0].parts[1].of = Some(PartName::from("message"));
        all[0].parts[1].on = columns(&[("num", "kind")]);
        masked(&mut all[0].parts[0], "kind");
    };
    assert_eq!(told(false, &nested), ["series.dossier.part.message.anonymize"]);
    // Another series of the same rows, which destroys them with their parts.
    let other = |all: &mut Vec<SeriesMapping>| {
        let old = SeriesMapping { parts: all[0].parts.split_off(1), ..super::series("dossier") };
        all.push(SeriesMapping { series: "old".into(), ..old });
        number(all);
    };
    assert_eq!(told(false, &other), own);
    let by_number = |all: &mut Vec<SeriesMapping>| {
        other(all);
        all[2].parts.clear();
        all[2].key = vec!["number".to_owned()];
    };
    assert_eq!(told(false, &by_number), own);
}

#[test]
fn a_mask_on_what_finds_a_part_s_rows_is_an_error_where_they_are_destroyed_later() {
    let at = ["series.dossier.part.message.anonymize"];
    let typed = |all: &mut Vec<SeriesMapping>| {
        let test = ColumnTest { column: "kind".to_owned(), one_of: vec![text("letter")] };
        all[0].parts[0].condition = Some(Condition::All(vec![test]));
        masked(&mut all[0].parts[0], "kind");
    };
    assert_eq!(told(true, &typed), at);
    assert_eq!(told(false, &typed), [""; 0]);
}

#[test]
fn a_mask_on_the_column_that_names_a_file_is_an_error_whoever_masks_it() {
    let files = |all: &mut Vec<SeriesMapping>| {
        let columns = vec!["path".to_owned()];
        all[0].parts[1].files =
            Some(FilesMapping { columns, root: PathBuf::from("/"), shared: Vec::new(), missing: Default::default() });
    };
    assert_eq!(told(false, &files), [""; 0]);
    let own = |all: &mut Vec<SeriesMapping>| {
        files(all);
        masked(&mut all[0].parts[1], "Path");
    };
    assert_eq!(told(false, &own), ["series.dossier.part.note.anonymize"]);
    let other = |all: &mut Vec<SeriesMapping>| {
        own(all);
        let parts = all[0].parts.split_off(1);
        let mut old = SeriesMapping { series: "old".into(), parts, ..super::series("dossier") };
        std::mem::take(&mut old.parts[0].anonymize);
        all.push(old);
        all[0]
            .parts
            .push(PartMapping { anonymize: [("path".to_owned(), Mask::Null)].into(), ..part("note", "num", "number") });
    };
    assert_eq!(told(false, &other), ["series.dossier.part.note.anonymize"]);
}

#[test]
fn a_column_that_is_computed_from_a_masked_one_is_masked_too() {
    let schema = |computed: &str| {
        format!("{GOOD} {NOTES}")
            .replace("status TEXT,", &format!("status TEXT, name TEXT, num TEXT AS ({computed}) STORED UNIQUE,"))
            .replace(
                "INSERT INTO dossier VALUES",
                "INSERT INTO dossier (id, number, account_id, status, closed_at) VALUES",
            )
    };
    let told = |computed: &str, change: &dyn Fn(&mut SeriesMapping)| {
        let mut all = good();
        all[0].parts.push(part("note", "num", "num"));
        change(&mut all[0]);
        let found = prove(&schema(computed), &all);
        found.into_iter().map(|finding| (finding.code, finding.place)).collect::<Vec<_>>()
    };
    let number = |series: &mut SeriesMapping| drop(series.anonymize.insert("Name".to_owned(), Mask::Null));
    assert_eq!(told("name || '-' || id", &number), [("mask-orphans", "series.dossier.anonymize".to_owned())]);
    assert_eq!(told("status || '-' || id", &number), []);
    assert_eq!(told("name || '-' || id", &|_| ()), []);
    // A file's name, in the rows that are masked.
    let path = schema("id").replace("path TEXT", "dir TEXT, name TEXT, path TEXT AS (dir || '/' || name)");
    let mut all = good();
    all[0].parts.push(part("note", "num", "num"));
    let columns = vec!["path".to_owned()];
    all[0].parts[1].files =
        Some(FilesMapping { columns, root: PathBuf::from("/"), shared: Vec::new(), missing: Default::default() });
    masked(&mut all[0].parts[1], "name");
    let found = prove(&path, &all);
    assert!(found.iter().any(|finding| finding.code == "mask-orphans"), "{found:#?}");
}

#[test]
fn a_change_that_a_foreign_key_would_pass_on_is_an_error() {
    let slips = |action: &str| {
        format!(
            "CREATE UNIQUE INDEX dossier_number ON dossier (number);
             CREATE TABLE slip (id INTEGER PRIMARY KEY, n TEXT REFERENCES dossier (number) {action}, own TEXT);
             CREATE INDEX slip_n ON slip (n);"
        )
    };
    let both = |series: &mut SeriesMapping| {
        series.parts.push(PartMapping { owner_gone: OwnerGone::Detach, ..part("slip", "n", "number") });
    };
    let number = |series: &mut SeriesMapping| {
        both(series);
        series.anonymize.insert("NUMBER".to_owned(), Mask::Null);
    };
    let found = |action: &str, change: &dyn Fn(&mut SeriesMapping)| {
        let mut all = good();
        change(&mut all[0]);
        let mut found = prove(&format!("{GOOD} {}", slips(action)), &all);
        found.retain(|finding| finding.code == "change-cascades");
        found.into_iter().map(|finding| (finding.severity, finding.place)).collect::<Vec<_>>()
    };
    let at = |place: &str| vec![(Severity::Error, place.to_owned())];
    for action in ["ON UPDATE CASCADE", "ON UPDATE SET NULL", "ON UPDATE SET DEFAULT"] {
        assert_eq!(found(action, &number), at("series.dossier.anonymize"), "{action}");
        assert_eq!(found(action, &both), [], "{action}: nothing changes number");
    }
    for action in ["", "ON UPDATE RESTRICT", "ON UPDATE NO ACTION", "ON DELETE SET NULL"] {
        assert_eq!(found(action, &number), [], "{action}");
    }
    error("", "expression", "correct the expression", |series| {
        series.filter =
            Some(expression("EXISTS (SELECT 1 FROM pragma_table_info('dossier') WHERE name = this.number)"));
    });
}

#[test]
fn a_change_that_a_foreign_key_would_refuse_is_an_error_unless_rows_that_refer_keep_the_record_or_change_along() {
    let slips = |action: &str| {
        format!(
            "CREATE UNIQUE INDEX dossier_number ON dossier (number);
             CREATE TABLE slip (id INTEGER PRIMARY KEY, n TEXT REFERENCES dossier (number) {action}, closed_at TEXT);
             CREATE INDEX slip_n ON slip (n); CREATE INDEX slip_closed ON slip (closed_at);"
        )
    };
    let told = |action: &str, change: &dyn Fn(&mut Vec<SeriesMapping>)| {
        let mut all = good();
        all.push(series("slip"));
        all[0].anonymize.insert("Number".to_owned(), Mask::Null);
        change(&mut all);
        let masked = all.iter().map(|mapping| Proved { is_destroyed: false, ..destroyed(mapping) }).collect::<Vec<_>>();
        let database = Database::with("wal", &format!("{GOOD} {}", slips(action)));
        let mut found = database.reader(&all).prove(&masked).unwrap();
        found.retain(|finding| finding.severity != Severity::Note);
        found.into_iter().map(|finding| (finding.severity, finding.code, finding.mend)).collect::<Vec<_>>()
    };
    for action in ["", "ON UPDATE RESTRICT", "ON UPDATE NO ACTION", "DEFERRABLE INITIALLY DEFERRED"] {
        let [(Severity::Error, "change-refused", mend)] = &told(action, &|_| ())[..] else { panic!("{action}") };
        let waits = "in [series.dossier]: blocked_by = [{ series = \"slip\", on = { n = \"number\" } }]";
        assert!(mend.contains(waits), "{mend}");
    }
    let blocked = |all: &mut Vec<SeriesMapping>| all[0].blocked_by = vec![relation("slip", "n", "number")];
    assert_eq!(told("", &blocked), []);
    let masked_along = |all: &mut Vec<SeriesMapping>| {
        all[0].parts.push(part("slip", "n", "number"));
        all[0].parts[1].anonymize.insert("n".to_owned(), Mask::Null);
    };
    assert_eq!(told("", &masked_along), []);
    let other = |all: &mut Vec<SeriesMapping>| {
        all[0].anonymize = BTreeMap::from([("status".to_owned(), Mask::Null)]);
    };
    assert_eq!(told("", &other), []);
}
