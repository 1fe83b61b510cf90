//! Whether a row may still name a file: by any spelling, through any root, from any table.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;
use crate::records::mapping::FilesMapping;

const SCHEMA: &str = "CREATE TABLE dossier(id INTEGER PRIMARY KEY);
    CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id INTEGER, path);
    CREATE TABLE scan(id INTEGER PRIMARY KEY, dossier_id INTEGER, folder, name);";

/// A database beside `files`, which holds `a.pdf` and `x/b.pdf`.
fn owner(mode: &str) -> Owner {
    let owner = Owner::with(mode, SCHEMA);
    fs::create_dir_all(owner.dir.path().join("files/x")).unwrap();
    for file in ["files/a.pdf", "files/x/b.pdf"] {
        fs::write(owner.dir.path().join(file), "exhibit").unwrap();
    }
    owner
}

impl PartMapping {
    fn naming(mut self, columns: &[&str], root: &Path) -> Self {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        self.files =
            Some(FilesMapping { columns, root: root.to_owned(), shared: Vec::new(), missing: Default::default() });
        self
    }
}

/// `document.path` beneath `files`, and `scan.folder/name` beneath `scans`.
fn dossiers(owner: &Owner, scans: &str) -> SeriesMapping {
    let document = part("document", "dossier_id", "id").naming(&["path"], &owner.dir.path().join("files"));
    let scan = part("scan", "dossier_id", "id").naming(&["folder", "name"], &owner.dir.path().join(scans));
    SeriesMapping { parts: vec![document, scan], ..series("dossier") }
}

impl Owner {
    /// Whether `a.pdf` and `x/b.pdf` are named.
    fn named(&self, writer: &mut Writer) -> [bool; 2] {
        let found = writer.still_referenced(&self.dir.path().join("files"), &["a.pdf", "x/b.pdf"]).unwrap();
        found.try_into().unwrap()
    }

    fn has(&self, sql: &str) {
        self.app.execute_batch(sql).unwrap();
    }
}

#[test]
fn a_file_is_named_by_any_spelling_that_may_lead_to_it() {
    for mode in MODES {
        let owner = owner(mode);
        for (target, link) in [("x", "link"), (".", "x/deep"), ("a.pdf", "alias.pdf"), ("/etc", "etc")] {
            symlink(target, owner.dir.path().join("files").join(link)).unwrap();
        }
        let absolute = owner.dir.path().join("files/a.pdf").display().to_string();
        let (one, other) = ([true, false], [false, true]);
        for (value, expected) in [
            ("'a.pdf'", one),
            ("'./a.pdf'", one),
            ("'x/../a.pdf'", one),
            ("'absent/../a.pdf'", one),
            ("'../files/a.pdf'", one),
            ("'/a.pdf'", one),
            ("'//a.pdf'", one),
            ("'a.pdf/'", one),
            (&format!("'{absolute}'"), one),
            ("'a.pdf' || char(0)", one),
            ("CAST('a.pdf' AS BLOB)", one),
            ("'x//b.pdf'", other),
            ("'./link/b.pdf'", other),
            ("'link/b.pdf'", other),
            ("'x/deep/b.pdf'", other),
            ("'alias.pdf'", one),
            ("'etc/a.pdf'", [false; 2]),
            ("'linked/b.pdf'", [false; 2]),
            ("'./x/../b.pdf'", [false; 2]),
            ("'./c.pdf'", [false; 2]),
            ("'/etc/a.pdf.old'", [false; 2]),
            ("7.5", [false; 2]),
            ("NULL", [false; 2]),
        ] {
            owner.has(&format!("DELETE FROM document; INSERT INTO document VALUES (1, 1, 'c.pdf'), (2, 1, {value});"));
            let mut writer = owner.writer(&dossiers(&owner, "scans"));
            assert_eq!(owner.named(&mut writer), expected, "{mode}: {value}");
        }
    }
}

#[test]
fn what_is_looked_at_while_nobody_else_writes_finds_the_spellings_of_applications() {
    let owner = owner("wal");
    let absolute = owner.dir.path().join("files/a.pdf").display().to_string();
    for (value, expected) in
        [("a.pdf", true), ("./a.pdf", true), ("/a.pdf", true), (&absolute, true), ("./x/a.pdf", false)]
    {
        owner.has(&format!("DELETE FROM document; INSERT INTO document VALUES (1, 1, '{value}');"));
        let mut writer = owner.writer(&dossiers(&owner, "scans"));
        let alone = writer.begin().unwrap();
        let found = alone.still_named(&owner.dir.path().join("files"), &["a.pdf"]).unwrap();
        assert_eq!(found, [expected], "{value}");
    }
}

#[test]
fn a_row_that_a_trigger_of_the_application_writes_while_records_go_keeps_its_file() {
    let owner = owner("wal");
    owner.has(
        "INSERT INTO dossier VALUES (1); INSERT INTO document VALUES (1, 1, 'c.pdf');
         CREATE TABLE copy(path TEXT);
         CREATE TRIGGER kept AFTER DELETE ON dossier BEGIN INSERT INTO copy VALUES ('x/../a.pdf'); END;",
    );
    let mut mapping = dossiers(&owner, "scans");
    mapping.parts[0].files.as_mut().unwrap().shared = vec![("copy".to_owned(), vec!["path".to_owned()])];
    mapping.database_triggers = ["kept".to_owned()].into();
    let mut writer = owner.writer(&mapping);
    assert_eq!(owner.named(&mut writer), [false; 2]);
    assert_eq!(destroy(&mut writer, &mapping, &keys(&[1])).unwrap().triggered, 1);
    assert_eq!(owner.named(&mut writer), [true, false]);
}

#[test]
fn a_symbolic_link_that_the_application_makes_while_records_go_is_followed() {
    let owner = owner("wal");
    owner.has("INSERT INTO document VALUES (1, 1, './c.pdf');");
    let mut writer = owner.writer(&dossiers(&owner, "scans"));
    assert_eq!(owner.named(&mut writer), [false; 2]);
    symlink("a.pdf", owner.dir.path().join("files/alias.pdf")).unwrap();
    owner.has("INSERT INTO document VALUES (2, 1, 'alias.pdf');");
    // Longer than what was found a moment ago is believed.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(owner.named(&mut writer), [true, false]);
}

#[test]
fn a_file_is_named_by_columns_whose_joint_is_not_plain() {
    let owner = owner("wal");
    for (folder, name) in [("'x/'", "'b.pdf'"), ("'x'", "'/b.pdf'"), ("'.'", "'x/b.pdf'"), ("''", "'./x/b.pdf'")] {
        owner.has(&format!(
            "DELETE FROM scan; INSERT INTO scan VALUES (1, 1, {folder}, {name}), (2, 1, NULL, './a.pdf');"
        ));
        let mut writer = owner.writer(&dossiers(&owner, "files"));
        assert_eq!(owner.named(&mut writer), [false, true], "{folder}, {name}");
    }
}

#[test]
fn a_root_is_known_by_its_directory_and_not_by_its_spelling() {
    let owner = owner("wal");
    symlink("files", owner.dir.path().join("link")).unwrap();
    symlink("files/x", owner.dir.path().join("deep")).unwrap();
    fs::create_dir(owner.dir.path().join("scans")).unwrap();
    for (root, name, expected) in [
        ("files", "a.pdf", [true, false]),
        ("link", "a.pdf", [true, false]),
        ("files/../files", "a.pdf", [true, false]),
        ("link", "./a.pdf", [true, false]),
        ("deep", "b.pdf", [false, true]),
        (".", "files/x/b.pdf", [false, true]),
        ("scans", "../files/a.pdf", [true, false]),
        ("scans", "a.pdf", [false; 2]),
        ("absent", "a.pdf", [false; 2]),
    ] {
        owner.has(&format!("DELETE FROM scan; INSERT INTO scan VALUES (1, 1, '', '{name}');"));
        let mut writer = owner.writer(&dossiers(&owner, root));
        assert_eq!(owner.named(&mut writer), expected, "{name} beneath {root}");
    }
}

#[test]
fn a_table_of_plain_paths_is_read_again_once_the_application_has_written() {
    for mode in MODES {
        let owner = owner(mode);
        owner.has("INSERT INTO document VALUES (1, 1, 'c.pdf')");
        let mut writer = owner.writer(&dossiers(&owner, "scans"));
        assert_eq!(owner.named(&mut writer), [false; 2]);
        owner.has("INSERT INTO document VALUES (2, 1, './a.pdf')");
        assert_eq!(owner.named(&mut writer), [true, false], "{mode}");
        assert_eq!(owner.named(&mut writer), [true, false], "{mode}: an odd row is not forgotten");
    }
}

#[test]
fn a_file_beneath_a_root_of_another_source_stays() {
    let owner = owner("wal");
    symlink("files/x", owner.dir.path().join("theirs")).unwrap();
    let root = owner.dir.path().join("theirs");
    let other = SeriesMapping {
        source: SourceName::from("other"),
        parts: vec![part("document", "dossier_id", "id").naming(&["path"], &root)],
        ..series("letter")
    };
    let mut writer = Writer::open(&owner.source(), &[dossiers(&owner, "scans"), other], &origin()).unwrap();
    assert_eq!(owner.named(&mut writer), [false, true]);
}

#[test]
fn a_number_names_a_file_by_its_digits_only() {
    let owner = owner("wal");
    fs::write(owner.dir.path().join("files/7"), "exhibit").unwrap();
    owner.has("INSERT INTO document VALUES (1, 1, 7)");
    let mut writer = owner.writer(&dossiers(&owner, "scans"));
    let found = writer.still_referenced(&owner.dir.path().join("files"), &["7", "07", "8"]).unwrap();
    assert_eq!(found, [true, false, false]);
}

#[test]
fn a_path_is_compared_by_its_bytes_whatever_the_collation_of_its_column() {
    for (collation, path, index) in [("NOCASE", "A.PDF", ""), ("RTRIM", "a.pdf ", ""), ("NOCASE", "A.PDF", "BINARY")] {
        let owner = owner("wal");
        let index = if index.is_empty() { String::new() } else { format!("COLLATE {index}") };
        owner.has(&format!(
            "DROP TABLE document; CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id, path TEXT COLLATE {collation});
             CREATE INDEX document_path ON document(path {index}); INSERT INTO document VALUES (1, 1, '{path}');"
        ));
        let mut writer = owner.writer(&dossiers(&owner, "files"));
        assert_eq!(owner.named(&mut writer), [false, false], "{collation}");
        // Where the file system makes no difference, as one without regard to case, the file is named.
        fs::hard_link(owner.dir.path().join("files/a.pdf"), owner.dir.path().join("files").join(path)).unwrap();
        assert_eq!(owner.named(&mut writer), [true, false], "{collation}");
        owner.has("INSERT INTO document VALUES (2, 1, 'x/b.pdf')");
        assert_eq!(owner.named(&mut writer), [true, true], "{collation}");
    }
}
