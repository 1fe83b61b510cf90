//! What the program is there to keep: nothing that is written by the way, figures or lists, may take its place.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Config, load};

/// A file, or a directory with all that is in it, of the organization or of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// It need not exist.
    pub path: PathBuf,
    /// In a sentence: `the state of retentiond`.
    pub what: String,
}

impl Kept {
    pub fn new(path: impl Into<PathBuf>, what: impl Into<String>) -> Self {
        Self { path: path.into(), what: what.into() }
    }
}

impl Config {
    /// The configuration and its calendars, the state, the databases and the files of records.
    pub fn kept(&self) -> Vec<Kept> {
        let mut kept = vec![of_state(&self.state), of_configuration(&self.file)];
        kept.extend(self.calendars.iter().map(|calendar| Kept::new(calendar, "a conservation calendar")));
        for source in self.sources.values() {
            let what = format!("the database of \"{}\"", source.name);
            kept.extend(of_database(&source.sqlite).into_iter().map(|path| Kept::new(path, what.as_str())));
        }
        for series in &self.series {
            let what = format!("the files of \"{}\"", series.series);
            let roots = series.parts.iter().filter_map(|part| part.files.as_ref()).map(|files| &files.root);
            kept.extend(roots.map(|root| Kept::new(root, what.as_str())));
        }
        kept
    }
}

/// What is kept as far as a configuration tells that may be missing or out of order: the file and the state.
pub fn kept_by_name(file: &Path) -> Vec<Kept> {
    load::state_of(file).as_deref().map(of_state).into_iter().chain([of_configuration(file)]).collect()
}

fn of_state(state: &Path) -> Kept {
    Kept::new(state, "the state of retentiond")
}

fn of_configuration(file: &Path) -> Kept {
    Kept::new(file, "the configuration")
}

/// A database and SQLite's own files, which stand beside the real one, not beside a link to it.
fn of_database(database: &Path) -> Vec<PathBuf> {
    let names = [Some(database.to_owned()), fs::canonicalize(database).ok()];
    names.into_iter().flatten().flat_map(|path| [vec![path.clone()], beside(&path)].concat()).collect()
}

fn beside(database: &Path) -> Vec<PathBuf> {
    let with = |kind| {
        let mut name = database.as_os_str().to_owned();
        name.push(format!("-{kind}"));
        name.into()
    };
    ["wal", "shm", "journal"].map(with).to_vec()
}
