//! Masks tried out: on a few rows of a table, copied into a database in memory that has the same schema.
//!
//! So constraints and triggers are SQLite's to judge, and nothing is ever written, or locked, where the application
//! could notice.

use std::collections::BTreeMap;

use rusqlite::config::DbConfig;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, ErrorCode, ffi, params_from_iter};

use super::Proof;
use crate::records::mapping::{Condition, Mask};
use crate::records::masks;
use crate::records::sqlite::{StoreError, masked, sql};

/// Rows tried at either end of a table.
const TRIED: usize = 250;

/// Larger rows are not copied.
const MOST_BYTES: u64 = 8 << 10;

/// How masks fared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Trial {
    pub tried: u64,
    /// What constraints refused, by what SQLite says of it: names of tables and columns, and texts of the schema.
    pub refused: BTreeMap<String, u64>,
    /// Some mask gave two rows the same value where that may not be.
    pub is_unique_broken: bool,
    /// Columns that make something else of what their mask puts there.
    pub not_kept: Vec<String>,
    /// Whether a trigger refuses, or undoes, what every constraint accepts.
    pub is_trigger_against: bool,
}

impl Proof<'_> {
    /// Tries masks on rows of a table that pass a condition; `None` where its definition needs what only its
    /// application has.
    pub(super) fn try_masks(
        &self,
        table: &str,
        masks: &BTreeMap<String, Mask>,
        condition: Option<&Condition>,
    ) -> rusqlite::Result<Option<Trial>> {
        let Some(copy) = Copy::of(&self.opened.conn, table, self.identity(table))? else { return Ok(None) };
        for row in self.sample_rows(table, &copy.columns, condition)? {
            // A row that breaks its table's own constraints was let in by an older definition.
            copy.insert(row).unwrap_or_default();
        }
        copy.conn.pragma_update(None, "ignore_check_constraints", false)?;
        // What fails otherwise than by a constraint asks for a function of the application, say.
        let Ok(mut trial) = copy.mask_each(masks) else { return Ok(None) };
        if trial.refused.is_empty() && trial.not_kept.is_empty() && copy.make_triggers(&self.opened.conn)? {
            trial.is_trigger_against = copy.trigger_is_against(masks)?;
        }
        Ok(Some(trial))
    }

    fn sample_rows(
        &self,
        table: &str,
        columns: &[String],
        condition: Option<&Condition>,
    ) -> rusqlite::Result<Vec<Vec<Value>>> {
        let values: Vec<String> = columns.iter().map(|column| sql::column("this", column)).collect();
        let bytes = values.iter().map(|value| format!("ifnull(octet_length({value}), 0)")).collect::<Vec<_>>();
        let passes = condition.map_or_else(|| "1".to_owned(), sql::condition);
        let identity = self.identity(table);
        let [forwards, backwards] = ["ASC", "DESC"]
            .map(|way| identity.iter().map(|column| format!("{column} {way}")).collect::<Vec<_>>().join(", "));
        let end = |order: &str| {
            format!(
                "SELECT * FROM (SELECT {} FROM {} AS this WHERE {passes} AND {} < {MOST_BYTES} ORDER BY {order} LIMIT {TRIED})",
                values.join(", "),
                sql::name(table),
                bytes.join(" + ")
            )
        };
        // A row that stands at both ends comes once.
        let sql = format!("{} UNION {}", end(&forwards), end(&backwards));
        let mut statement = self.opened.conn.prepare(&sql)?;
        // What is not UTF-8 is tried as NULL.
        let value = |value: ValueRef<'_>| Value::try_from(value).unwrap_or(Value::Null);
        let rows =
            statement.query_map([], |row| (0..columns.len()).map(|place| Ok(value(row.get_ref(place)?))).collect())?;
        rows.collect()
    }
}

/// A table and its unique indexes in a database in memory.
struct Copy {
    conn: Connection,
    /// Its name as declared.
    name: String,
    /// Those that are stored, not computed.
    columns: Vec<String>,
    /// What tells its rows apart, as columns of `this`.
    identity: Vec<String>,
}

impl Copy {
    fn of(original: &Connection, table: &str, identity: Vec<String>) -> rusqlite::Result<Option<Self>> {
        let conn = Connection::open_in_memory()?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        masks::register(&conn)?;
        conn.pragma_update(None, "foreign_keys", false)?;
        conn.pragma_update(None, "ignore_check_constraints", true)?;
        for sql in definitions(original, "type = 'table' AND rootpage > 0 AND tbl_name = ?1 COLLATE NOCASE", table)? {
            if conn.execute_batch(&sql).is_err() {
                return Ok(None);
            }
        }
        for sql in definitions(original, "type = 'index' AND tbl_name = ?1 COLLATE NOCASE", table)? {
            // One that uses what only the application has cannot be tried.
            conn.execute_batch(&sql).unwrap_or_default();
        }
        let columns = conn
            .prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden = 0")?
            .query_map([table], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Some(Self { conn, name: table.to_owned(), columns, identity }))
    }

    fn insert(&self, row: Vec<Value>) -> rusqlite::Result<()> {
        let names: Vec<String> = self.columns.iter().map(|column| sql::name(column)).collect();
        let places = vec!["?"; names.len()].join(", ");
        let sql = format!("INSERT OR ABORT INTO {}({}) VALUES ({places})", sql::name(&self.name), names.join(", "));
        self.conn.prepare_cached(&sql)?.execute(params_from_iter(row)).map(drop)
    }

    fn count(&self, test: &str) -> rusqlite::Result<u64> {
        let sql = format!("SELECT count(*) FROM {} AS this WHERE {test}", sql::name(&self.name));
        self.conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
    }

    /// Masks one row after the other, so that each constraint speaks for itself, and undoes all of it.
    fn mask_each(&self, masks: &BTreeMap<String, Mask>) -> rusqlite::Result<Trial> {
        let mut trial = Trial::default();
        self.conn.execute_batch("SAVEPOINT trial")?;
        let this: Vec<String> =
            self.identity.iter().enumerate().map(|(place, column)| format!("{column} IS ?{}", place + 1)).collect();
        let update = format!("{} WHERE {}", self.masking(masks), this.join(" AND "));
        for row in self.identities()? {
            trial.tried += 1;
            if let Err(error) = self.conn.prepare_cached(&update)?.execute(params_from_iter(row)) {
                let Some(code) = constraint(&error) else { return Err(error) };
                trial.is_unique_broken |=
                    [ffi::SQLITE_CONSTRAINT_UNIQUE, ffi::SQLITE_CONSTRAINT_PRIMARYKEY].contains(&code);
                let StoreError::Constraint { message, .. } = StoreError::of(&self.conn, error) else { continue };
                *trial.refused.entry(message).or_default() += 1;
            }
        }
        if trial.refused.is_empty() {
            for (column, mask) in masks {
                let one = BTreeMap::from([(column.clone(), mask.clone())]);
                if self.count(&format!("NOT {}", masked::masked(&one)))? > 0 {
                    trial.not_kept.push(column.clone());
                }
            }
        }
        self.conn.execute_batch("ROLLBACK TO trial; RELEASE trial")?;
        Ok(trial)
    }

    fn identities(&self) -> rusqlite::Result<Vec<Vec<Value>>> {
        let sql = format!("SELECT {} FROM {} AS this", self.identity.join(", "), sql::name(&self.name));
        let mut statement = self.conn.prepare(&sql)?;
        let rows = statement.query_map([], |row| (0..self.identity.len()).map(|place| row.get(place)).collect())?;
        rows.collect()
    }

    /// Makes the table's triggers, and the tables that they may look at, without rows; whether there are any, and all
    /// could be made.
    fn make_triggers(&self, original: &Connection) -> rusqlite::Result<bool> {
        for sql in definitions(original, "type IN ('table', 'view') AND tbl_name <> ?1 COLLATE NOCASE", &self.name)? {
            // A module that only the application has; a trigger that needs it fails below.
            self.conn.execute_batch(&sql).unwrap_or_default();
        }
        let triggers = definitions(original, "type = 'trigger' AND tbl_name = ?1 COLLATE NOCASE", &self.name)?;
        Ok(!triggers.is_empty() && triggers.iter().all(|sql| self.conn.execute_batch(sql).is_ok()))
    }

    /// Whether a trigger refuses the masks, takes them away again, or the rows with them.
    fn trigger_is_against(&self, masks: &BTreeMap<String, Mask>) -> rusqlite::Result<bool> {
        let rows = self.count("1")?;
        match self.conn.execute(&self.masking(masks), []) {
            Ok(_) => Ok(self.count(&masked::masked(masks))? != rows),
            // What is no constraint's fault needs what only the application has.
            Err(error) => Ok(constraint(&error).is_some()),
        }
    }

    fn masking(&self, masks: &BTreeMap<String, Mask>) -> String {
        let set = masks
            .iter()
            .map(|(column, mask)| format!("{} = {}", sql::name(column), sql::mask(&sql::column("this", column), mask)));
        format!("UPDATE OR ABORT {} AS this SET {}", sql::name(&self.name), set.collect::<Vec<_>>().join(", "))
    }
}

/// The definitions in a schema that pass a test of a table's name.
fn definitions(conn: &Connection, test: &str, table: &str) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "SELECT sql FROM main.sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND {test}"
    );
    conn.prepare(&sql)?.query_map([table], |row| row.get(0))?.collect()
}

/// SQLite's code of the constraint that refused a change.
fn constraint(error: &rusqlite::Error) -> Option<i32> {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) if failure.code == ErrorCode::ConstraintViolation => {
            Some(failure.extended_code)
        }
        _ => None,
    }
}
