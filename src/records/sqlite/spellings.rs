//! Rows that name a file by no plain path (`./a.pdf`, an absolute path, a blob): no index finds them, yet their application may.
//!
//! They are read from the whole table, and what each may lead to is compared with the files themselves. In doubt a file stays.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::references::Naming;
use super::sql::{THIS, column, name};
use crate::records::files::identity::{Directories, Identity, folded};

/// Files that would go, all beneath one root.
pub(super) struct Due {
    /// Without symbolic links.
    files: Vec<PathBuf>,
    /// `None` where nothing stands any more.
    identities: Vec<Option<Identity>>,
    directories: Directories,
}

impl Due {
    pub(super) fn beneath(root: &Path, paths: &[&str]) -> Self {
        // A root that is not there has no file that could go.
        let root = std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned());
        let files: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let identities = files.iter().map(|file| Identity::of(file).ok().flatten()).collect();
        Self { files, identities, directories: Directories::default() }
    }

    /// The places of the files that lie in a directory, and their paths from there.
    pub(super) fn within(&mut self, directory: Identity) -> Vec<(usize, PathBuf)> {
        let files = self.files.iter().enumerate();
        files.filter_map(|(place, file)| Some((place, self.directories.path_from(directory, file)?))).collect()
    }

    /// Notes every file that a spelling may lead to: from the root, from `/`, by the letter or through the file system.
    fn note(&self, root: &Path, spelling: &[u8], found: &mut [bool]) {
        let spelt = Path::new(OsStr::from_bytes(spelling));
        let meanings = [folded(&root.join(spelt)), folded(&root.join(spelt.strip_prefix("/").unwrap_or(spelt)))];
        let is_named = |file: &&PathBuf| meanings.iter().any(|meaning| meaning.file_name() == file.file_name());
        // Most lead elsewhere: the name tells without a look at the file system.
        if !self.files.iter().any(|file| is_named(&file)) {
            return;
        }
        for meaning in meanings.iter().chain([&root.join(spelt)]) {
            let identity = Identity::of(meaning);
            for (place, own) in self.identities.iter().enumerate() {
                let is_same = match &identity {
                    Ok(identity) => identity.is_some() && identity == own,
                    Err(_) => is_named(&&self.files[place]),
                };
                found[place] |= is_same;
            }
        }
    }
}

/// Tables whose rows all have plain paths, by the version of the database for which that was seen.
#[derive(Debug, Default)]
pub(super) struct Spellings {
    plain: BTreeMap<(String, Vec<String>), i64>,
}

impl Spellings {
    /// Notes the files that rows of a table may name by another spelling than the plain one. A table without such rows is read again only
    /// after another connection's COMMIT: ours delete rows.
    pub(super) fn note_named(
        &mut self,
        conn: &Connection,
        place: &Naming<'_>,
        due: &Due,
        found: &mut [bool],
    ) -> rusqlite::Result<()> {
        let version: i64 = conn.pragma_query_value(Some("main"), "data_version", |row| row.get(0))?;
        let table = (place.table.to_owned(), place.columns.to_vec());
        if self.plain.get(&table) == Some(&version) {
            return Ok(());
        }
        let columns: Vec<String> = place.columns.iter().map(|of| column(THIS, of)).collect();
        let sql = format!("SELECT {} FROM main.{} AS {THIS}", columns.join(", "), name(place.table));
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut are_plain = true;
        while let Some(row) = rows.next()? {
            if (0..columns.len())
                .try_fold(true, |plain, at| Ok::<_, rusqlite::Error>(plain && is_plain(row.get_ref(at)?)))?
            {
                continue;
            }
            let values = (0..columns.len()).map(|at| row.get_ref(at)).collect::<Result<Vec<_>, _>>()?;
            if let Some(spelling) = spelling_of(&values) {
                are_plain = false;
                due.note(place.root, &spelling, found);
            }
        }
        if are_plain {
            self.plain.insert(table, version);
        }
        Ok(())
    }
}

/// Whether the lookup of plain paths finds a file by this value. A NULL names none; an empty text is left out of the path.
fn is_plain(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Text(b"") => true,
        ValueRef::Text(text) => {
            !text.contains(&0) && text.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => false,
    }
}

/// The columns joined by `/`, empty ones left out, each as a program might read it: up to its first NUL. `None` where one is NULL.
fn spelling_of(values: &[ValueRef<'_>]) -> Option<Vec<u8>> {
    let mut spelling: Vec<u8> = Vec::new();
    for value in values {
        let bytes = match value {
            ValueRef::Null => return None,
            ValueRef::Integer(number) => number.to_string().into_bytes(),
            ValueRef::Real(number) => format!("{number:?}").into_bytes(),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes.to_vec(),
        };
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        if !spelling.is_empty() && end > 0 {
            spelling.push(b'/');
        }
        spelling.extend(&bytes[..end]);
    }
    (!spelling.is_empty()).then_some(spelling)
}
