//! Whether any row still names a file: a shared file goes with its last reference, in whatever table.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::spellings::{Due, Spellings, spelling_of};
use super::sql::{THIS, column, name};
use super::{Queries, StoreError};
use crate::records::files::identity::Identity;
use crate::records::mapping::{Naming, SeriesMapping};

/// For each file (a path beneath `root`), whether a row of any mapped table names it. A part's `where` is not asked: a
/// row that names a file needs it, whatever else it says.
///
/// Without `spellings` only rows that spell a path plainly are looked for, which an index finds.
///
/// All are looked for at once: where no index helps, a table is read once for all of them. A root is known by its
/// directory, not by its spelling. A file beneath a root of another source counts as named: that database cannot be
/// asked in the same breath.
pub(super) fn referenced(
    conn: &Connection,
    queries: &Queries,
    mut spellings: Option<&mut Spellings>,
    root: &Path,
    paths: &[&str],
) -> Result<Vec<bool>, StoreError> {
    let mut due = Due::beneath(root, paths);
    let mut found = vec![false; paths.len()];
    for elsewhere in queries.roots_of_other_sources() {
        match Identity::of(elsewhere) {
            Ok(None) => {}
            Ok(Some(elsewhere)) => due.within(elsewhere).into_iter().for_each(|(place, _)| found[place] = true),
            Err(_) => found.fill(true),
        }
    }
    let places: BTreeSet<Naming<'_>> = queries.mappings().iter().flat_map(SeriesMapping::namings).collect();
    for place in places {
        let mut note = || {
            match Identity::of(place.root) {
                Ok(None) => {}
                Ok(Some(directory)) => {
                    let files = due.within(directory);
                    place.note_named(conn, &due, &files, &mut found)?;
                }
                Err(_) => found.fill(true),
            }
            match &mut spellings {
                Some(spellings) => spellings.note_named(conn, &place, &due, &mut found),
                None => Ok(()),
            }
        };
        note().map_err(|error| StoreError::of(conn, error))?;
    }
    Ok(found)
}

impl Naming<'_> {
    /// Notes which of the files (their places, and their paths from the root here) the rows here name.
    ///
    /// A column's collation finds rows by its index, and may find some with another path (`A.PDF`): these name the file
    /// only where the file system says so, too.
    fn note_named(
        &self,
        conn: &Connection,
        due: &Due,
        files: &[(usize, PathBuf)],
        found: &mut [bool],
    ) -> rusqlite::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let wanted = self.load(conn, files)?;
        let columns: Vec<String> = self.columns.iter().map(|of| column(THIS, of)).collect();
        let equal = |collation: &str| {
            let terms = columns.iter().enumerate().map(|(place, column)| format!("{column} = k.c{place}{collation}"));
            terms.collect::<Vec<_>>().join(" AND ")
        };
        let (alike, same) = (equal(""), equal(" COLLATE BINARY"));
        let others = columns.iter().map(|column| format!(", iif({same}, NULL, {column})")).collect::<String>();
        let sql = format!(
            "SELECT DISTINCT k.place, {same}{others} FROM {wanted} AS k JOIN main.{} AS {THIS} ON {alike}",
            name(self.table)
        );
        let mut select = conn.prepare_cached(&sql)?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if row.get(1)? {
                found[row.get::<_, u32>(0)? as usize] = true;
                continue;
            }
            let values = (0..columns.len()).map(|at| row.get_ref(at + 2)).collect::<Result<Vec<_>, _>>()?;
            if let Some(spelling) = spelling_of(&values) {
                due.note(self.root, &spelling, true, found);
            }
        }
        Ok(())
    }

    /// Puts what the columns would hold into a temporary table, in memory, under each path's place.
    fn load(&self, conn: &Connection, files: &[(usize, PathBuf)]) -> rusqlite::Result<String> {
        let count = self.columns.len();
        let columns: Vec<String> = (0..count).map(|place| format!("c{place}")).collect();
        let table = format!("temp.retentiond_paths_{count}");
        let made = format!("CREATE TEMP TABLE IF NOT EXISTS retentiond_paths_{count}(place, {})", columns.join(", "));
        conn.prepare_cached(&made)?.execute([])?;
        conn.prepare_cached(&format!("DELETE FROM {table}"))?.execute([])?;
        let values = vec!["?"; count + 1].join(", ");
        let mut insert = conn.prepare_cached(&format!("INSERT INTO {table} VALUES ({values})"))?;
        for (place, path) in files {
            let Some(path) = path.to_str() else { continue };
            let segments: Vec<&str> = path.split('/').collect();
            let root = self.root.join(path);
            // So do applications write it too; what is stranger, only a look at every row finds.
            let odd = [format!("./{path}"), format!("/{path}"), root.to_string_lossy().into_owned()];
            let odd = odd.into_iter().filter(|_| count == 1).map(|odd| vec![odd]);
            for split in splits(&segments, count).into_iter().chain(odd) {
                for values in spellings(&split) {
                    insert.execute(params_from_iter(std::iter::once(Value::Integer(*place as i64)).chain(values)))?;
                }
            }
        }
        Ok(table)
    }
}

/// Every way to spread a path over columns that are joined by `/`, empty ones left out.
fn splits(segments: &[&str], columns: usize) -> Vec<Vec<String>> {
    if columns <= 1 {
        return vec![vec![segments.join("/")]];
    }
    (0..=segments.len())
        .flat_map(|taken| {
            let (first, rest) = segments.split_at(taken);
            splits(rest, columns - 1).into_iter().map(move |mut others| {
                others.insert(0, first.join("/"));
                others
            })
        })
        .collect()
}

/// The values as texts, and as integers where they would be written so: a column without type may hold either.
fn spellings(values: &[String]) -> Vec<Vec<Value>> {
    values.iter().fold(vec![Vec::new()], |spelt, text| {
        let number = text.parse::<i64>().ok().filter(|number| number.to_string() == *text);
        let ways = std::iter::once(Value::Text(text.clone())).chain(number.map(Value::Integer));
        ways.flat_map(|way| spelt.iter().map(move |before| [before.as_slice(), std::slice::from_ref(&way)].concat()))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_spread_over_columns_in_every_way() {
        assert_eq!(splits(&["a", "b"], 1), [["a/b"]]);
        assert_eq!(splits(&["a", "b"], 2), [["", "a/b"], ["a", "b"], ["a/b", ""]]);
    }
}
