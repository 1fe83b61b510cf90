//! `init`: a starter configuration and calendar, proposed from a schema where there is one.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use crate::config::init::{CALENDAR_FILE, CONFIGURATION_FILE, Kinds, kind_columns, propose, starter};
use crate::model::Language;
use crate::model::SourceName;
use crate::records::mapping::Source;
use crate::records::sqlite::catalog::Catalog;
use crate::records::sqlite::{Reader, StoreError};
use crate::report::init::InitReport;

/// Arguments of `init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Read this database's schema and propose series, events and parts
    #[arg(long, value_name = "FILE")]
    sqlite: Option<PathBuf>,
    /// Where to write; nothing there is overwritten
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

impl Init {
    /// Writes both files, and says what is left to decide.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let proposal = match &self.sqlite {
            None => starter(),
            Some(path) => {
                let database =
                    std::path::absolute(path).map_err(|error| Failure::file(path, "find the file", &error))?;
                let reader = match Reader::open_to_look(&source(&database), &[]) {
                    Err(StoreError::Missing { .. }) => return Err(missing(&database)),
                    reader => reader?,
                };
                let catalog = reader.catalog()?;
                propose(&catalog, &kinds(&reader, &catalog)?, &database.display().to_string())
            }
        };
        std::fs::create_dir_all(&self.dir).map_err(|error| Failure::file(&self.dir, "make the directory", &error))?;
        let files = [(CONFIGURATION_FILE, &proposal.configuration), (CALENDAR_FILE, &proposal.calendar)];
        let files = files.map(|(name, text)| (self.dir.join(name), text));
        if let Some((taken, _)) = files.iter().find(|(path, _)| path.exists()) {
            return Err(exists(taken));
        }
        for (path, text) in &files {
            write_new(path, text)?;
        }
        let report = InitReport { files: files.map(|(path, _)| path).to_vec(), undecided: proposal.undecided };
        session.show(&report, session.speaks(Language::English))?;
        Ok(Exit::Ok)
    }
}

/// A column with more different texts than this holds no types.
const MOST_KINDS: usize = 50;

/// What the columns say that tell to which table a row refers.
fn kinds(reader: &Reader, catalog: &Catalog) -> Result<Kinds, StoreError> {
    let is_class = |kind: &String| kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte));
    let mut kinds = Kinds::new();
    for (table, column) in kind_columns(catalog) {
        let found = reader.distinct_texts(&table, &column, MOST_KINDS + 1)?;
        if found.len() <= MOST_KINDS && found.iter().all(is_class) {
            kinds.insert((table, column), found);
        }
    }
    Ok(kinds)
}

/// The database as a source of which nothing else is known yet.
fn source(database: &Path) -> Source {
    Source {
        name: SourceName::new("proposed"),
        sqlite: database.to_owned(),
        timezone: None,
        holder: None,
        location: None,
        contract: None,
        backups: None,
    }
}

fn missing(database: &Path) -> Failure {
    let (message, mend) = ("There is no such file.", "Name the application's database: `init --sqlite FILE`.");
    Failure::new(Exit::Usage, "database-missing", message, database.display().to_string(), mend)
}

fn write_new(path: &Path, text: &str) -> Result<(), Failure> {
    let written = OpenOptions::new().write(true).create_new(true).open(path);
    match written.and_then(|mut file| file.write_all(text.as_bytes())) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(exists(path)),
        written => written.map_err(|error| Failure::file(path, "write the file", &error)),
    }
}

fn exists(path: &Path) -> Failure {
    let message = "The file is there already, and `init` overwrites nothing.";
    let mend = "Choose another directory with --dir, or move the file away.";
    Failure::new(Exit::Failure, "file-exists", message, path.display().to_string(), mend)
}
