//! The read side against real database files.

mod companions;
mod facts;
mod house;
mod lookup;
mod parts;
mod polymorphic;
mod probe;
mod process;
mod prove;
mod refused;
mod scan;
mod threads;
mod turns;
mod walk;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{Reader, StoreError, sql};
use crate::model::{KeyValue, PartName, RecordKey, SeriesName, SourceName, TriggerName};
use crate::records::facts::Facts;
use crate::records::mapping::sample::{self, element, part, relation};
use crate::records::mapping::{
    Condition, Element, ElementTable, Encoding, EventMapping, Join, Literal, OwnerGone, PartMapping, Pick, Relation,
    SeriesMapping, Source,
};

const MODES: [&str; 2] = ["wal", "delete"];

/// A database file of an application that is not running.
struct Database {
    dir: TempDir,
}

/// What the application's COMMITs suffered beside something.
#[derive(Debug)]
struct Waits {
    commits: u64,
    /// Of one of them.
    longest: Duration,
    /// That something in all.
    of: Duration,
}

impl Database {
    fn with(mode: &str, schema: &str) -> Self {
        let database = Self { dir: TempDir::new().unwrap() };
        let app = database.app();
        app.pragma_update(None, "journal_mode", mode).unwrap();
        app.execute_batch(schema).unwrap();
        database
    }

    /// The application, in this process.
    fn app(&self) -> Connection {
        let app = Connection::open(self.path()).unwrap();
        app.pragma_update(None, "foreign_keys", 0).unwrap();
        app
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("app.db")
    }

    fn source(&self) -> Source {
        source(self.path())
    }

    fn reader(&self, series: &[SeriesMapping]) -> Reader {
        Reader::open(&self.source(), series).unwrap()
    }

    /// Does something while the application commits every other millisecond, to a table `beside`.
    fn while_it_commits(&self, work: impl FnOnce()) -> Waits {
        let app = self.app();
        app.execute_batch("PRAGMA synchronous = OFF; PRAGMA busy_timeout = 60000").unwrap();
        let is_over = &AtomicBool::new(false);
        thread::scope(|scope| {
            let committing = scope.spawn(move || {
                let (mut commits, mut longest) = (0, Duration::ZERO);
                while !is_over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    app.execute("INSERT INTO beside VALUES (1)", []).unwrap();
                    longest = longest.max(began.elapsed());
                    commits += u64::from(!is_over.load(Ordering::Relaxed));
                    thread::sleep(Duration::from_millis(2));
                }
                (commits, longest)
            });
            let began = Instant::now();
            work();
            let of = began.elapsed();
            is_over.store(true, Ordering::Relaxed);
            let (commits, longest) = committing.join().unwrap();
            Waits { commits, longest, of }
        })
    }

    /// The facts of one record of the first series.
    fn facts(&self, series: &[SeriesMapping], key: &RecordKey) -> Option<Facts> {
        self.reader(series).facts(&series[0].series, std::slice::from_ref(key)).unwrap().remove(0)
    }
}

fn source(sqlite: PathBuf) -> Source {
    let timezone = Some("America/Toronto".parse().unwrap());
    Source {
        name: SourceName::from("app"),
        sqlite,
        timezone,
        holder: None,
        location: None,
        contract: None,
        backups: None,
    }
}

/// A series named after its table, key `id`, one event `closure` in `closed_at`.
fn series(table: &str) -> SeriesMapping {
    let events = BTreeMap::from([("closure".into(), sample::event(Pick::Latest, &["closed_at"]))]);
    SeriesMapping { events, ..sample::series("app", table) }
}

fn event(pick: Pick, elements: Vec<Element>) -> EventMapping {
    EventMapping { pick, elements, deadline: false, condition: None }
}

fn columns(pairs: &[(&str, &str)]) -> Join {
    Join::Columns(pairs.iter().map(|(this, owner)| ((*this).to_owned(), (*owner).to_owned())).collect())
}

fn expression(text: &str) -> Condition {
    Condition::Expression(text.to_owned())
}

fn text(value: &str) -> Literal {
    Literal::Text(value.to_owned())
}

fn key(number: i64) -> RecordKey {
    RecordKey::new(vec![KeyValue::Integer(number)])
}

fn text_key(columns: &[&str]) -> RecordKey {
    RecordKey::new(columns.iter().map(|column| KeyValue::Text((*column).to_owned())).collect())
}
