//! The demo's directory: what is there, and how it is made.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::application::{self, Made, MakeError};
use super::organization::{ACCOUNTS, organization};
use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::progress;
use crate::model::{Language, Zone};

const CONFIGURATION: &str = include_str!("retentiond.toml");
/// The configuration's line that sets the language of reports.
const LANGUAGE: &str = "language  = \"en\"";
const CALENDAR: &str = include_str!("../../../schedules/opc-parle-consommation.toml");

/// A directory for a demo.
pub(super) struct DemoDir {
    pub(super) dir: PathBuf,
}

/// What stands in the directory.
pub(super) enum Found {
    /// Nothing, or a demo whose making was interrupted.
    Nothing,
    Demo,
}

impl DemoDir {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    /// The configuration file.
    pub(super) fn config(&self) -> PathBuf {
        self.dir.join("retentiond.toml")
    }

    /// Says what stands there.
    ///
    /// # Errors
    /// Something that no demo made: it is left alone.
    pub(super) fn look(&self) -> Result<Found, Failure> {
        let mut entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
            entries => entries.map_err(|error| Failure::file(&self.dir, "read the directory", &error))?,
        };
        if entries.next().is_none() {
            return Ok(Found::Nothing);
        }
        // The first line says that the demo wrote it; a user may change the rest.
        let marker = CONFIGURATION.lines().next().unwrap_or_default();
        match fs::read_to_string(self.config()) {
            Ok(text) if text.starts_with(marker) && self.dir.join("application").exists() => Ok(Found::Demo),
            Ok(text) if text.starts_with(marker) => Ok(Found::Nothing),
            _ => Err(Failure::new(
                Exit::Failure,
                "demo-place-taken",
                "The directory is not empty, and what is in it is no demo. It was left as it is.",
                self.dir.display().to_string(),
                "Choose another place: demo --dir DIR.",
            )),
        }
    }

    /// Makes the configuration, whose reports are in this language, the calendar, the database and the documents. What
    /// a former, interrupted making left is replaced; the database takes its name last.
    #[expect(clippy::disallowed_methods, reason = "what goes is what an interrupted demo made under this very name")]
    pub(super) fn make(&self, language: Language) -> Result<Made, Failure> {
        let partial = self.dir.join("application.partial");
        if partial.exists() {
            fs::remove_dir_all(&partial).map_err(|error| Failure::file(&partial, "remove the directory", &error))?;
        }
        fs::create_dir_all(&partial).map_err(|error| Failure::file(&partial, "make the directory", &error))?;
        let language = if language == Language::French { LANGUAGE.replace("en", "fr") } else { LANGUAGE.to_owned() };
        write(&self.config(), &CONFIGURATION.replacen(LANGUAGE, &language, 1))?;
        write(&self.dir.join("opc-parle-consommation.toml"), CALENDAR)?;
        let organization = organization(today());
        let bar = progress::bar(Some(ACCOUNTS + organization.dossiers.len() as u64), "records of the sample made");
        let made =
            application::make(&partial, &organization, &mut || bar.inc(1)).map_err(|error| failed(&partial, &error))?;
        bar.finish_and_clear();
        let finished = self.dir.join("application");
        fs::rename(&partial, &finished).map_err(|error| Failure::file(&finished, "name the directory", &error))?;
        Ok(made)
    }
}

/// The organization's civil day.
pub(super) fn today() -> crate::model::CivilDate {
    // The sample's calendar counts in this zone; a name the tz database always had.
    let zone: Zone = "America/Toronto".parse().unwrap_or(Zone::UTC);
    zone.civil_date(clock::now())
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    fs::write(path, text).map_err(|error| Failure::file(path, "write the file", &error))
}

fn failed(dir: &Path, error: &MakeError) -> Failure {
    let mend = "Check the space and the rights there, then run the demo again.";
    Failure::new(
        Exit::Failure,
        "demo",
        format!("The sample could not be made: {error}."),
        dir.display().to_string(),
        mend,
    )
}
