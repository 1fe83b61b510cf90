//! Files that some rows of a part name: whether they are there says whether their root is what it should be.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::lookup::path_of;
use super::sql;
use crate::records::mapping::{FilesMapping, PartMapping};

/// Rows looked at. The first of a table are the oldest as a rule, which fall due first.
const SAMPLE: usize = 500;

/// The paths beneath its root that the first rows of a part name.
pub(super) fn first(conn: &Connection, part: &PartMapping, files: &FilesMapping) -> rusqlite::Result<Vec<String>> {
    paths(conn, part, files, "")
}

/// The same of its last rows, where the table has rowids: of a database that was put back from a copy the first rows
/// may be those whose files were destroyed.
pub(super) fn last(conn: &Connection, part: &PartMapping, files: &FilesMapping) -> Vec<String> {
    paths(conn, part, files, " ORDER BY this.rowid DESC").unwrap_or_default()
}

fn paths(conn: &Connection, part: &PartMapping, files: &FilesMapping, order: &str) -> rusqlite::Result<Vec<String>> {
    let columns: Vec<String> = files.columns.iter().map(|column| sql::column("this", column)).collect();
    let condition = part.condition.as_ref().map(|test| format!(" WHERE {}", sql::condition(test))).unwrap_or_default();
    let select = format!(
        "SELECT {} FROM {} AS this{condition}{order} LIMIT {SAMPLE}",
        columns.join(", "),
        sql::name(&part.table)
    );
    let mut statement = conn.prepare(&select)?;
    let mut rows = statement.query([])?;
    let mut paths = Vec::new();
    while let Some(row) = rows.next()? {
        let values: Vec<ValueRef<'_>> = (0..columns.len()).map(|place| row.get_ref(place)).collect::<Result<_, _>>()?;
        paths.extend(path_of(&values));
    }
    Ok(paths)
}
