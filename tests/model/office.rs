//! A case on disk: the calendar, the configuration, the database of the application and its files.

use std::collections::BTreeSet;
use std::fs;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rusqlite::types::Value as Sql;
use rusqlite::{Connection, params_from_iter};

use crate::case::{Case, Change, Encoding, Key, Record, Task, Value};
use crate::oracle::{self, instant};
use crate::support::Organization;
use crate::texts::{MapToText, calendar, configuration, key_columns, schema};

/// The case's organization, and its records as they stand now.
pub struct Office<'a> {
    pub organization: Organization,
    pub records: Vec<Record>,
    case: &'a Case,
}

impl<'a> Office<'a> {
    pub fn new(case: &'a Case) -> Self {
        let organization = Organization::new(&calendar(case), &configuration(case));
        organization.set_clock(&oracle::now().to_rfc3339());
        fs::create_dir(organization.path("files")).unwrap();
        let office = Self { organization, records: case.records.clone(), case };
        office.fill();
        office
    }

    fn fill(&self) {
        let mut database = self.organization.database();
        database.pragma_update_and_check(None, "journal_mode", self.case.journal_mode, |_| Ok(())).unwrap();
        database.execute_batch(&schema(self.case)).unwrap();
        let transaction = database.transaction().unwrap();
        for person in 1..=5 {
            transaction.execute("INSERT INTO person VALUES(?1)", [person]).unwrap();
        }
        for number in 0..self.records.len() {
            self.insert(&transaction, number);
        }
        transaction.commit().unwrap();
    }

    fn insert(&self, database: &Connection, number: usize) {
        let (case, record) = (self.case, &self.records[number]);
        let key = || key_values(case.key, number);
        let parent = oracle::parent(&self.records, number);
        let above = match parent.filter(|_| case.is_tree) {
            Some(parent) => key_values(case.key, parent),
            None => key().iter().map(|_| Sql::Null).collect(),
        };
        let seen = record.seen.map_or(Value::Null, Value::Ago);
        let row = [
            key(),
            vec![
                written(case, case.encoding, record.closed),
                written(case, case.encoding, record.other),
                written(case, Encoding::Utc, seen),
                Sql::Text(status(record.is_closed)),
                Sql::Integer(record.is_draft.into()),
                Sql::Integer(record.person),
            ],
            above,
        ];
        insert(database, "dossier", row.concat());
        for (value, by_web) in &record.sessions {
            self.add_session(database, number, *value, *by_web);
        }
        for files in &record.messages {
            insert(database, "message", [vec![Sql::Null], key()].concat());
            let message = database.last_insert_rowid();
            for file in files {
                let name = format!("{file}.txt");
                fs::write(self.organization.path("files").join(&name), "what was sent").unwrap();
                insert(database, "document", vec![Sql::Null, Sql::Integer(message), Sql::Text(name)]);
            }
        }
        if record.has_note {
            for about in ["Dossier", "Account"] {
                let row = [vec![Sql::Null, Sql::Text(about.to_owned())], key()];
                insert(database, "note", row.concat());
            }
        }
        if record.has_alert {
            insert(database, "alert", [vec![Sql::Null], key()].concat());
        }
        for task in &record.tasks {
            self.add_task(database, number, *task);
        }
    }

    fn add_session(&self, database: &Connection, number: usize, value: Value, by_web: bool) {
        let kind = Sql::Text(if by_web { "web" } else { "api" }.to_owned());
        let row = [key_values(self.case.key, number), vec![written(self.case, self.case.encoding, value), kind]];
        insert(database, "session", [vec![Sql::Null], row.concat()].concat());
    }

    fn add_task(&self, database: &Connection, number: usize, task: Task) {
        let day = |ago: u32| written(self.case, Encoding::Utc, Value::Ago(ago * 1_440));
        let done = match task {
            Task::Open => Sql::Null,
            Task::Done { is_due } => day(if is_due { 400 } else { 4 }),
        };
        insert(database, "task", [vec![Sql::Null], key_values(self.case.key, number), vec![done]].concat());
    }

    /// The application, or somebody with rights on its database, changes a record.
    pub fn change(&mut self, number: usize, change: &Change) {
        let database = self.organization.database();
        let (case, record) = (self.case, &mut self.records[number]);
        let set = |column: &str, value: Sql| {
            let wheres = key_columns(case.key).map_to_text(" AND ", |column| format!("{column} = ?"));
            let values = [vec![value], key_values(case.key, number)].concat();
            let update = format!("UPDATE dossier SET {column} = ? WHERE {wheres}");
            assert_eq!(database.execute(&update, params_from_iter(values)).unwrap(), 1);
        };
        match change {
            Change::Close(value) => {
                record.closed = *value;
                set("closed_at", written(case, case.encoding, *value));
            }
            Change::Draft(is_draft) => {
                record.is_draft = *is_draft;
                set("draft", Sql::Integer((*is_draft).into()));
            }
            Change::Person(person) => {
                record.person = *person;
                set("person_id", Sql::Integer(*person));
            }
            Change::Status(is_closed) => {
                record.is_closed = *is_closed;
                set("status", Sql::Text(status(*is_closed)));
            }
            Change::Session(value) => {
                record.sessions.push((*value, true));
                self.add_session(&database, number, *value, true);
            }
            Change::Task => {
                record.tasks.push(Task::Open);
                self.add_task(&database, number, Task::Open);
            }
        }
    }

    /// The key of a record as a person types it.
    pub fn key(&self, number: usize) -> Vec<String> {
        let typed = |value| match value {
            Sql::Integer(number) => number.to_string(),
            Sql::Text(text) => text,
            other => unreachable!("no key is {other:?}"),
        };
        key_values(self.case.key, number).into_iter().map(typed).collect()
    }

    /// For each row of a table that belongs to records: the number of its record, or none where it belongs to nobody
    /// any more.
    pub fn owners(&self, table: &str, where_: &str) -> Vec<Option<usize>> {
        let database = self.organization.database();
        let prefix = if table == "dossier" { "" } else { "dossier_" };
        let columns = key_columns(self.case.key).map_to_text(", ", |column| format!("{prefix}{column}"));
        let mut select = database.prepare(&format!("SELECT {columns} FROM {table} WHERE {where_}")).unwrap();
        let width = select.column_count();
        let rows = select.query_map([], |row| (0..width).map(|place| row.get(place)).collect::<Result<Vec<Sql>, _>>());
        let number = |key: Vec<Sql>| {
            let found = (0..self.records.len()).find(|number| key_values(self.case.key, *number) == key);
            assert!(found.is_some() || key.iter().all(|value| *value == Sql::Null), "{key:?} is nobody's");
            found
        };
        let mut owners: Vec<_> = rows.unwrap().map(|key| number(key.unwrap())).collect();
        owners.sort_unstable();
        owners
    }

    pub fn files(&self) -> BTreeSet<String> {
        let names = fs::read_dir(self.organization.path("files")).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

fn insert(database: &Connection, table: &str, row: Vec<Sql>) {
    let marks = vec!["?"; row.len()].join(", ");
    database.execute(&format!("INSERT INTO {table} VALUES({marks})"), params_from_iter(row)).unwrap();
}

fn status(is_closed: bool) -> String {
    if is_closed { "closed" } else { "open" }.to_owned()
}

fn key_values(key: Key, number: usize) -> Vec<Sql> {
    let number = number as i64;
    match key {
        Key::Integer => vec![Sql::Integer(number * 7 + 1)],
        Key::Text => vec![Sql::Text(format!("D {number} é'%"))],
        Key::Composite => vec![Sql::Integer(2_026 - number % 3), Sql::Text(format!("{number}"))],
    }
}

/// A value in the form in which the application writes its dates.
fn written(case: &Case, encoding: Encoding, value: Value) -> Sql {
    let Some(instant) = instant(value) else {
        return if value == Value::Null { Sql::Null } else { Sql::Text("one day".to_owned()) };
    };
    let naive = "%Y-%m-%d %H:%M:%S";
    let at = |zone: &str| -> DateTime<Tz> { instant.with_timezone(&zone.parse().unwrap()) };
    match encoding {
        Encoding::Rfc3339 => Sql::Text(rfc3339(instant)),
        Encoding::Date => Sql::Text(at(case.zone).format("%Y-%m-%d").to_string()),
        Encoding::Utc => Sql::Text(instant.format(naive).to_string()),
        Encoding::Local => Sql::Text(at(case.source_zone).format(naive).to_string()),
        Encoding::Unix => Sql::Integer(instant.timestamp()),
        Encoding::UnixMs => Sql::Integer(instant.timestamp_millis()),
    }
}

/// With an offset of its own on every other minute.
fn rfc3339(instant: DateTime<Utc>) -> String {
    match instant.timestamp() / 60 % 2 {
        0 => instant.to_rfc3339(),
        _ => instant.with_timezone(&chrono::FixedOffset::east_opt(9 * 3_600).unwrap()).to_rfc3339(),
    }
}
