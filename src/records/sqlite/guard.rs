//! What statements may do and what they touch, asked by SQLite while it prepares them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use super::expression::Call;

/// What the statements of a connection do, as SQLite said while it prepared them.
#[derive(Clone, Debug, Default)]
pub struct Noted(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    /// Tables read and their columns, in lower case.
    reads: BTreeSet<(String, String)>,
    calls: BTreeSet<Call>,
    /// While somebody asks what a statement would write: all that it would.
    writes: Option<BTreeSet<Write>>,
    /// The own tables of virtual tables, in lower case.
    shadows: BTreeSet<String>,
}

/// A table that a prepared statement writes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Write {
    /// Of which trigger the statement is a part; `None` for the statement itself and for what foreign keys do.
    pub trigger: Option<String>,
    /// In lower case.
    pub table: String,
    pub change: Change,
}

/// What happens to rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Insert,
    Delete,
    /// Of this column, in lower case.
    Update(String),
}

impl Noted {
    /// Tables read since the last look and their columns, in lower case; the next look begins anew. A table of which
    /// rows are only counted stands there with an empty name.
    pub fn take_reads(&self) -> BTreeSet<(String, String)> {
        std::mem::take(&mut self.seen().reads)
    }

    /// Functions called since the last look; the next look begins anew.
    pub fn take_calls(&self) -> BTreeSet<Call> {
        std::mem::take(&mut self.seen().calls)
    }

    /// What `prepare` prepares may write, and is told; to execute it is another matter, and `query_only` still forbids
    /// it.
    pub fn writes_of<T>(&self, prepare: impl FnOnce() -> T) -> (T, BTreeSet<Write>) {
        self.seen().writes = Some(BTreeSet::new());
        let prepared = prepare();
        (prepared, self.seen().writes.take().unwrap_or_default())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // What was seen is whole after every statement here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From now on the connection prepares nothing but reads, except while [`Noted::writes_of`] asks.
///
/// An R-tree prepares what writes its own tables as soon as anybody looks at it. That is let pass: SQLite keeps
/// everything but the virtual table's module from those tables (`DEFENSIVE`), and the module from changing them here
/// (`query_only`).
pub fn only_reads(conn: &mut Connection) -> rusqlite::Result<Noted> {
    let shadows = shadows(conn)?;
    let noted = watch(conn, judge_read)?;
    noted.seen().shadows = shadows;
    Ok(noted)
}

fn shadows(conn: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let sql = "SELECT lower(name) FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'";
    conn.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}

/// From now on the connection tells what its statements write.
pub fn all(conn: &mut Connection) -> rusqlite::Result<Noted> {
    watch(conn, |_| Authorization::Allow)
}

fn watch(conn: &mut Connection, judge: fn(&AuthContext<'_>) -> Authorization) -> rusqlite::Result<Noted> {
    let noted = Noted::default();
    let notes = noted.clone();
    conn.authorizer(Some(move |context: AuthContext<'_>| {
        let mut seen = notes.seen();
        if let Some(write) = write(&context) {
            let is_shadow = seen.shadows.contains(&write.table);
            if let Some(writes) = &mut seen.writes {
                writes.insert(write);
                return Authorization::Allow;
            }
            if is_shadow {
                return Authorization::Allow;
            }
        }
        if let AuthAction::Read { table_name, column_name } = context.action {
            seen.reads.insert((table_name.to_ascii_lowercase(), column_name.to_ascii_lowercase()));
        }
        if let AuthAction::Function { function_name } = context.action {
            let inside = context.accessor.map(str::to_owned);
            seen.calls.insert(Call { function: function_name.to_ascii_lowercase(), inside });
        }
        judge(&context)
    }))?;
    Ok(noted)
}

fn write(context: &AuthContext<'_>) -> Option<Write> {
    let (table, change) = match context.action {
        AuthAction::Insert { table_name } => (table_name, Change::Insert),
        AuthAction::Delete { table_name } => (table_name, Change::Delete),
        AuthAction::Update { table_name, column_name } => {
            (table_name, Change::Update(column_name.to_ascii_lowercase()))
        }
        _ => return None,
    };
    Some(Write { trigger: context.accessor.map(str::to_owned), table: table.to_ascii_lowercase(), change })
}

fn judge_read(context: &AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Read { .. } => Authorization::Allow,
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } | AuthAction::Transaction { .. } => {
            Authorization::Allow
        }
        AuthAction::Pragma { pragma_name, pragma_value } if may_ask(pragma_name, pragma_value) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// Pragmas that tell, and change nothing.
fn may_ask(pragma: &str, value: Option<&str>) -> bool {
    match pragma {
        "table_list" | "table_xinfo" | "foreign_key_list" | "index_list" | "index_xinfo" => true,
        "journal_mode" | "encoding" | "page_size" | "auto_vacuum" | "schema_version" | "data_version" => {
            value.is_none()
        }
        _ => false,
    }
}
