//! The write side against real database files.

mod chosen;
mod disposal;
mod fences;
mod house;
mod kept;
mod limits;
mod parts;
mod references;
mod schema;
mod selves;
mod triggers;

use std::collections::BTreeMap;
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{CommitError, Disposed, FenceState, StoreError, Writer};
use crate::model::{BatchNumber, DurableEvidence, KeyValue, Origin, PartName, RecordKey, SeriesName, SourceName};
use crate::records::mapping::sample::{self, part};
use crate::records::mapping::{
    ColumnTest, Condition, Join, Literal, OwnerGone, PartMapping, Reference, SeriesMapping, Source,
};

/// A database file that an application owns, in one of the two journal modes that count.
struct Owner {
    dir: TempDir,
    app: Connection,
}

const MODES: [&str; 2] = ["wal", "delete"];

impl Owner {
    fn with(mode: &str, schema: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let app = Connection::open(dir.path().join("app.db")).unwrap();
        app.pragma_update(None, "journal_mode", mode).unwrap();
        app.pragma_update(None, "foreign_keys", 0).unwrap();
        app.execute_batch(schema).unwrap();
        Self { dir, app }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("app.db")
    }

    fn source(&self) -> Source {
        Source {
            name: SourceName::from("app"),
            sqlite: self.path(),
            timezone: None,
            holder: None,
            location: None,
            contract: None,
            backups: None,
        }
    }

    fn writer(&self, series: &SeriesMapping) -> Writer {
        Writer::open(&self.source(), std::slice::from_ref(series), &origin()).unwrap()
    }

    /// The integers that a query finds, sorted.
    fn integers(&self, sql: &str) -> Vec<i64> {
        let mut statement = self.app.prepare(sql).unwrap();
        let mut found: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        found.sort_unstable();
        found
    }

    fn integer(&self, sql: &str) -> i64 {
        self.integers(sql)[0]
    }
}

struct Evidence(u64);

impl DurableEvidence for Evidence {
    fn batch(&self) -> BatchNumber {
        BatchNumber(self.0)
    }
}

fn origin() -> Origin {
    Origin::from("retentiond.example/log")
}

const DOSSIERS: &str = "
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, title TEXT, ip TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, body TEXT);
    CREATE INDEX message_dossier ON message(dossier_id);
    CREATE TABLE attachment(id INTEGER PRIMARY KEY, message_id INTEGER, path TEXT);
    INSERT INTO dossier VALUES (1, 'a', '203.0.113.7'), (2, 'b', '203.0.113.8'), (3, 'c', NULL);
    INSERT INTO message VALUES (10, 1, 'x'), (11, 1, 'y'), (20, 2, 'z'), (99, NULL, 'nobody');
    INSERT INTO attachment VALUES (100, 10, 'p'), (101, 11, 'q'), (200, 20, 'r');";

fn dossiers() -> SeriesMapping {
    let mut dossier = series("dossier");
    dossier.parts = vec![part("message", "dossier_id", "id"), part("attachment", "message_id", "id").of("message")];
    dossier
}

/// A series named after its table, key `id`.
fn series(table: &str) -> SeriesMapping {
    sample::series("app", table)
}

impl PartMapping {
    fn of(mut self, owner: &str) -> Self {
        self.of = Some(PartName::from(owner));
        self
    }

    fn named(mut self, name: &str) -> Self {
        self.name = PartName::from(name);
        self
    }

    fn only(mut self, column: &str, value: &str) -> Self {
        let test = ColumnTest { column: column.to_owned(), one_of: vec![Literal::Text(value.to_owned())] };
        self.condition = Some(Condition::All(vec![test]));
        self
    }

    fn shared_with(mut self, table: &str, this: &str, owner: &str) -> Self {
        self.shared.push(Reference { table: table.to_owned(), on: columns(&[(this, owner)]), condition: None });
        self
    }
}

fn columns(pairs: &[(&str, &str)]) -> Join {
    Join::Columns(pairs.iter().map(|(this, owner)| ((*this).to_owned(), (*owner).to_owned())).collect())
}

fn key(number: i64) -> RecordKey {
    RecordKey::new(vec![KeyValue::Integer(number)])
}

fn keys(numbers: &[i64]) -> Vec<RecordKey> {
    numbers.iter().copied().map(key).collect()
}

fn counts(counts: &[(&str, u64)]) -> BTreeMap<String, u64> {
    counts.iter().map(|(table, count)| ((*table).to_owned(), *count)).collect()
}

/// Destroys in one batch, and commits.
fn destroy(writer: &mut Writer, series: &SeriesMapping, keys: &[RecordKey]) -> Result<Disposed, StoreError> {
    let batch = 7;
    let mut txn = writer.begin()?;
    let disposed = txn.destroy(&series.series, keys)?;
    txn.fence(BatchNumber(batch), "")?;
    txn.commit(&Evidence(batch)).unwrap();
    Ok(disposed)
}
