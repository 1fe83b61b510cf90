//! Whether any row still names a file: a shared file goes with its last reference, in whatever table.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::StoreError;
use super::sql::{THIS, column, name};
use crate::records::mapping::{FilesMapping, SeriesMapping};

/// For each file (a path beneath `root`), whether a row of any mapped table names it. A part's `where` is not asked: a row that names a file needs
/// it, whatever else it says.
pub(super) fn referenced(
    conn: &Connection,
    mappings: &[SeriesMapping],
    root: &Path,
    paths: &[&str],
) -> Result<Vec<bool>, StoreError> {
    let places = places(mappings);
    let look = |path: &&str| places.iter().try_fold(false, |found, place| Ok(found || place.names(conn, root, path)?));
    let found: rusqlite::Result<Vec<bool>> = paths.iter().map(look).collect();
    found.map_err(|error| StoreError::of(conn, error))
}

/// Columns of a table that name files beneath a root.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Naming<'m> {
    table: &'m str,
    columns: &'m [String],
    root: &'m Path,
}

fn places(mappings: &[SeriesMapping]) -> BTreeSet<Naming<'_>> {
    let parts = mappings.iter().flat_map(|mapping| &mapping.parts);
    parts
        .filter_map(|part| part.files.as_ref().map(|files| (part.table.as_str(), files)))
        .flat_map(|(table, files)| of_files(table, files))
        .collect()
}

fn of_files<'m>(table: &'m str, files: &'m FilesMapping) -> impl Iterator<Item = Naming<'m>> {
    let own = Naming { table, columns: &files.columns, root: &files.root };
    let shared = files.shared.iter().map(|(table, columns)| Naming { table, columns, root: &files.root });
    std::iter::once(own).chain(shared)
}

impl Naming<'_> {
    /// Whether a row here names the file, which another mapping may reach through another root.
    fn names(&self, conn: &Connection, root: &Path, path: &str) -> rusqlite::Result<bool> {
        let file = root.join(path);
        let Some(path) = file.strip_prefix(self.root).ok().and_then(Path::to_str) else { return Ok(false) };
        let segments: Vec<&str> = path.split('/').collect();
        let tests: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(place, of)| format!("{} IN (?{}, ?{})", column(THIS, of), 2 * place + 1, 2 * place + 2))
            .collect();
        let sql =
            format!("SELECT EXISTS (SELECT 1 FROM main.{} AS {THIS} WHERE {})", name(self.table), tests.join(" AND "));
        let mut select = conn.prepare_cached(&sql)?;
        for split in splits(&segments, self.columns.len()) {
            let values = split.iter().flat_map(|text| spellings(text));
            if select.query_row(params_from_iter(values), |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
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

/// A value as text, and as the integer that would be written so: a column without type may hold either.
fn spellings(text: &str) -> [Value; 2] {
    let number = text.parse::<i64>().ok().filter(|number| number.to_string() == text);
    [Value::Text(text.to_owned()), number.map_or_else(|| Value::Text(text.to_owned()), Value::Integer)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_spread_over_columns_in_every_way() {
        assert_eq!(splits(&["a", "b"], 1), [["a/b"]]);
        assert_eq!(splits(&["a", "b"], 2), [["", "a/b"], ["a", "b"], ["a/b", ""]]);
    }

    #[test]
    fn a_file_is_referenced_by_any_table_column_and_root() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "CREATE TABLE document(id INTEGER PRIMARY KEY, path);
             CREATE TABLE copy(id INTEGER PRIMARY KEY, folder TEXT, file TEXT);
             INSERT INTO document VALUES (1, '2021/a.pdf'), (2, 7), (3, NULL);
             INSERT INTO copy VALUES (1, '2022/x', 'b.pdf'), (2, '', 'c.pdf');",
        )
        .unwrap();
        let own = ["path".to_owned()];
        let copies = ["folder".to_owned(), "file".to_owned()];
        let places = [
            Naming { table: "document", columns: &own, root: Path::new("/srv") },
            Naming { table: "copy", columns: &copies, root: Path::new("/srv/copies") },
        ];
        let names = |path: &str| places.iter().any(|place| place.names(&conn, Path::new("/srv"), path).unwrap());
        for path in ["2021/a.pdf", "7", "copies/2022/x/b.pdf", "copies/c.pdf"] {
            assert!(names(path), "{path}");
        }
        for path in ["2021/b.pdf", "2022/x/b.pdf", "copies/b.pdf", "8", "07"] {
            assert!(!names(path), "{path}");
        }
    }
}
