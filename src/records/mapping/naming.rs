//! Which columns name files: a row that names one needs it, whatever else it says.

use std::path::Path;

use super::{FilesMapping, SeriesMapping};

/// Columns of a table that name files beneath a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Naming<'m> {
    pub table: &'m str,
    /// Joined by `/`.
    pub columns: &'m [String],
    pub root: &'m Path,
}

impl SeriesMapping {
    /// The columns of its parts that name files, and of the tables that share these files.
    pub fn namings(&self) -> impl Iterator<Item = Naming<'_>> {
        let parts = self.parts.iter().filter_map(|part| part.files.as_ref().map(|files| (part.table.as_str(), files)));
        parts.flat_map(|(table, files)| of_files(table, files))
    }
}

fn of_files<'m>(table: &'m str, files: &'m FilesMapping) -> impl Iterator<Item = Naming<'m>> {
    let own = Naming { table, columns: &files.columns, root: &files.root };
    let shared = files.shared.iter().map(|(table, columns)| Naming { table, columns, root: &files.root });
    std::iter::once(own).chain(shared)
}
