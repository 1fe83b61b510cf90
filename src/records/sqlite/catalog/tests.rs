use rusqlite::Connection;

use super::*;

fn catalog(sql: &str) -> Catalog {
    let conn = Connection::open_in_memory().unwrap();
    conn.execute_batch(sql).unwrap();
    Catalog::read(&conn).unwrap()
}

#[test]
fn a_table_is_read_with_its_keys_indexes_and_triggers() {
    let catalog = catalog(
        "CREATE TABLE Account (id INTEGER PRIMARY KEY, mail TEXT NOT NULL COLLATE NoCase UNIQUE, upper_mail AS (upper(mail)));
         CREATE TABLE dossier (year INT, seq INT, account_id REFERENCES account, PRIMARY KEY (year, seq)) WITHOUT ROWID;
         CREATE TABLE note (y INT, s INT, FOREIGN KEY (y, s) REFERENCES dossier ON DELETE CASCADE);
         CREATE INDEX note_of ON note (y, s) WHERE y IS NOT NULL;
         CREATE INDEX note_sum ON note (y + s, s);
         CREATE TRIGGER kept BEFORE DELETE ON note BEGIN SELECT 1; END;
         CREATE VIEW seen AS SELECT 1;
         CREATE TABLE retentiond_batch (x);
         CREATE VIRTUAL TABLE found USING fts5(body);",
    );
    let names: Vec<&str> = catalog.tables.keys().map(String::as_str).collect();
    assert!(names.starts_with(&["Account", "dossier", "found"]), "{names:?}");
    assert!(!names.contains(&"retentiond_batch"));
    assert_eq!(catalog.views, ["seen"]);
    assert!(catalog.table("found").unwrap().is_virtual && catalog.table("found_data").unwrap().is_shadow);
    let account = catalog.table("ACCOUNT").unwrap();
    assert!(account.column("Upper_Mail").unwrap().generated);
    assert_eq!(account.rowid_column().unwrap().name, "id");
    assert!(account.is_unique(&["mail".to_owned()]) && account.is_indexed(&["mail"]));
    assert!(account.is_never_null("id") && account.is_never_null("mail") && !account.is_never_null("upper_mail"));
    let collations: Vec<&str> = account.columns.iter().map(|column| column.collation.as_str()).collect();
    assert_eq!(collations, ["BINARY", "NOCASE", "BINARY"]);
    let dossier = catalog.table("dossier").unwrap();
    assert!(dossier.without_rowid && dossier.is_never_null("seq"));
    assert_eq!(dossier.primary_key(), ["year", "seq"]);
    assert!(dossier.is_unique(&["seq".to_owned(), "YEAR".to_owned()]) && !dossier.is_unique(&["year".to_owned()]));
    assert_eq!(dossier.foreign_keys[0].columns, [("account_id".to_owned(), "id".to_owned())]);
    let note = catalog.table("note").unwrap();
    assert_eq!(note.triggers, ["kept"]);
    assert!(!note.is_indexed(&["y"]), "a partial index and an expression find not every row");
    let (table, key) = catalog.references_to("DOSSIER").next().unwrap();
    assert_eq!((table, key.on_delete.as_str(), key.columns[1].1.as_str()), ("note", "CASCADE", "seq"));
}

#[test]
fn a_declared_type_gives_an_affinity() {
    let affinity = |declared: &str| {
        let (name, declared, collation) = (String::new(), declared.to_owned(), BINARY.to_owned());
        Column { name, declared, not_null: false, primary_key: 0, generated: false, collation }.affinity()
    };
    assert_eq!(affinity("BIGINT"), Affinity::Integer);
    assert_eq!(affinity("nvarchar(40)"), Affinity::Text);
    assert_eq!(affinity(""), Affinity::Blob);
    assert_eq!(affinity("double precision"), Affinity::Real);
    assert_eq!(affinity("DATETIME"), Affinity::Numeric);
}
