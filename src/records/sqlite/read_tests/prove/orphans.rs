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
