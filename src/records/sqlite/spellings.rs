//! Rows that name a file by no plain path (`./a.pdf`, an absolute path, a blob, through a symbolic link): no index
//! finds them, yet their application may.
//!
//! They are read from the whole table, and what each may lead to is compared with the files themselves. In doubt a file
//! stays.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::sql::{THIS, column, name};
use crate::records::files::identity::{Directories, Identity, folded};
use crate::records::mapping::Naming;

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
    pub(super) fn note(&self, root: &Path, spelling: &[u8], is_linked: bool, found: &mut [bool]) {
        let spelt = Path::new(OsStr::from_bytes(spelling));
        let meanings = [folded(&root.join(spelt)), folded(&root.join(spelt.strip_prefix("/").unwrap_or(spelt)))];
        let is_named = |file: &&PathBuf| meanings.iter().any(|meaning| meaning.file_name() == file.file_name());
        // Most lead elsewhere: the name tells without a look at the file system, unless a link may change it.
        if !is_linked && !self.files.iter().any(|file| is_named(&file)) {
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
    /// Symbolic links beneath each root.
    links: BTreeMap<PathBuf, Links>,
}

/// Symbolic links beneath a root, as their paths from there. An application may make one while records go, so they are
/// looked for again; a large root as often as that takes a twentieth of the time.
#[derive(Debug)]
struct Links {
    paths: Vec<Vec<u8>>,
    found: Instant,
    took: Duration,
}

impl Links {
    fn beneath(root: &Path) -> io::Result<Self> {
        let found = Instant::now();
        let mut paths = Vec::new();
        find_links(root, b"", &mut paths)?;
        Ok(Self { paths, found, took: found.elapsed() })
    }

    fn is_fresh(&self) -> bool {
        self.found.elapsed() < self.took * 20
    }
}

impl Spellings {
    /// Forgets which tables were plain: triggers wrote rows in a transaction of ours.
    pub(super) fn forget(&mut self) {
        self.plain.clear();
    }

    /// Notes the files that rows of a table may name by another spelling than the plain one. A table without such rows
    /// is read again only after another connection's COMMIT: ours delete rows, but for what triggers do.
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
        let Some(links) = self.links_beneath(place.root) else {
            found.fill(true);
            return Ok(());
        };
        let columns: Vec<String> = place.columns.iter().map(|of| column(THIS, of)).collect();
        let sql = format!("SELECT {} FROM main.{} AS {THIS}", columns.join(", "), name(place.table));
        let mut statement = conn.prepare_cached(&sql)?;
        let mut rows = statement.query([])?;
        let mut are_plain = true;
        while let Some(row) = rows.next()? {
            let is_plain = (0..columns.len())
                .try_fold(true, |plain, at| Ok::<_, rusqlite::Error>(plain && is_plain(row.get_ref(at)?)))?;
            if is_plain && links.is_empty() {
                continue;
            }
            let values = (0..columns.len()).map(|at| row.get_ref(at)).collect::<Result<Vec<_>, _>>()?;
            let Some(spelling) = spelling_of(&values) else { continue };
            let is_linked = links.iter().any(|link| leads_through(&spelling, link));
            if is_linked || !is_plain {
                are_plain = false;
                due.note(place.root, &spelling, is_linked, found);
            }
        }
        if are_plain {
            self.plain.insert(table, version);
        }
        Ok(())
    }

    /// `None` where a directory cannot be read, so that nobody knows where its paths lead. A root that is not there has
    /// none.
    fn links_beneath(&mut self, root: &Path) -> Option<Vec<Vec<u8>>> {
        if let Some(links) = self.links.get(root).filter(|links| links.is_fresh()) {
            return Some(links.paths.clone());
        }
        match Links::beneath(root) {
            Ok(links) => {
                let paths = links.paths.clone();
                self.links.insert(root.to_owned(), links);
                Some(paths)
            }
            Err(_) => None,
        }
    }
}

/// Whether a path is a link's, or begins with it.
fn leads_through(path: &[u8], link: &[u8]) -> bool {
    path.strip_prefix(link).is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
}

/// Adds the symbolic links in a directory and beneath it, as paths after `before`.
fn find_links(directory: &Path, before: &[u8], links: &mut Vec<Vec<u8>>) -> io::Result<()> {
    let entries = match std::fs::read_dir(directory) {
        // A root that is not there, or a directory that goes meanwhile.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if !kind.is_symlink() && !kind.is_dir() {
            continue;
        }
        let path = [before, entry.file_name().as_bytes()].concat();
        if kind.is_symlink() {
            links.push(path);
        } else {
            find_links(&entry.path(), &[path.as_slice(), b"/"].concat(), links)?;
        }
    }
    Ok(())
}

/// Whether the lookup of plain paths finds a file by this value. A NULL names none; an empty text is left out of the
/// path.
fn is_plain(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Null | ValueRef::Integer(_) | ValueRef::Text(b"") => true,
        ValueRef::Text(text) => {
            !text.contains(&0) && text.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
        }
        ValueRef::Real(_) | ValueRef::Blob(_) => false,
    }
}

/// The columns joined by `/`, empty ones left out, each as a program might read it: up to its first NUL. `None` where
/// one is NULL.
pub(super) fn spelling_of(values: &[ValueRef<'_>]) -> Option<Vec<u8>> {
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
