//! A file that a command writes because somebody asked: whole or not at all, and in the place of nothing that is kept.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::exit::Exit;
use crate::audit::export::ExportError;
use crate::config::Kept;
use crate::records::files::identity::{is_or_lies_in, real};

/// Mode of a file with keys of records.
const PRIVATE: u32 = 0o600;

/// Where the result of a command goes.
pub(super) struct Output {
    /// As the user named it.
    named: PathBuf,
    /// Where it lies; a pipe or a terminal, as it was named.
    target: PathBuf,
    /// It cannot be replaced, only written to: a pipe, a terminal.
    is_stream: bool,
    /// Mode of the file; `None` for the usual one of a new file.
    mode: Option<u32>,
}

impl Output {
    /// A file, which is replaced if it is there; its readers stay those that it had.
    ///
    /// # Errors
    /// The place is one of those that are kept, by whatever path; it cannot be looked at.
    pub(super) fn new(named: &Path, kept: &[Kept]) -> Result<Self, Failure> {
        let failed = |error| Failure::file(named, "write the file", &error);
        let (target, is_stream, mode) = match fs::metadata(named) {
            Ok(found) if !found.is_file() => (named.to_owned(), true, None),
            Ok(found) => (real(named).map_err(failed)?, false, Some(found.permissions().mode() & 0o777)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (real(named).map_err(failed)?, false, None),
            Err(error) => return Err(failed(error)),
        };
        match kept.iter().find(|kept| is_or_lies_in(&target, &kept.path)) {
            Some(kept) => Err(taken(named, &kept.what)),
            None => Ok(Self { named: named.to_owned(), target, is_stream, mode }),
        }
    }

    /// The same, for what only this user may read.
    pub(super) fn private(named: &Path, kept: &[Kept]) -> Result<Self, Failure> {
        Ok(Self { mode: Some(PRIVATE), ..Self::new(named, kept)? })
    }

    /// Whether both are one file.
    pub(super) fn is(&self, other: &Self) -> bool {
        !self.is_stream && self.target == other.target
    }

    /// Writes it: beside it, then in its place, so that what stood there is whole until all is written.
    ///
    /// # Errors
    /// What the writer says, or the file system.
    pub(super) fn write<T, E: Into<WriteError>>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let written = if self.is_stream {
            OpenOptions::new()
                .write(true)
                .open(&self.target)
                .map_err(WriteError::File)
                .and_then(|file| fill(file, write))
        } else {
            self.replace(write)
        };
        written.map(|(result, _)| result).map_err(|error| match error {
            WriteError::File(error) => Failure::file(&self.named, "write the file", &error),
            WriteError::Other(failure) => failure,
        })
    }

    fn replace<T, E: Into<WriteError>>(
        &self,
        write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
    ) -> Result<(T, File), WriteError> {
        let name = self.target.file_name().unwrap_or_default().to_string_lossy();
        let beside = self.target.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
        let mut options = OpenOptions::new();
        // New, so that no link laid there is followed; with nobody's rights but ours, until the right ones are set.
        options.write(true).create_new(true).mode(self.mode.unwrap_or(0o666));
        let file = options.open(&beside)?;
        let replaced = fill(file, write).and_then(|(result, file)| {
            if let Some(mode) = self.mode {
                file.set_permissions(Permissions::from_mode(mode))?;
            }
            file.sync_all()?;
            fs::rename(&beside, &self.target)?;
            Ok((result, file))
        });
        if replaced.is_err() {
            // The failure is told; what could not be removed as well is a file that ends in `.tmp`.
            let _ = fs::remove_file(&beside);
        }
        replaced
    }
}

/// Why nothing was written.
pub(super) enum WriteError {
    File(io::Error),
    Other(Failure),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<ExportError> for WriteError {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Write(error) => Self::File(error),
            ExportError::Log(error) => Self::Other(error.into()),
        }
    }
}

fn fill<T, E: Into<WriteError>>(
    file: File,
    write: impl FnOnce(&mut dyn Write) -> Result<T, E>,
) -> Result<(T, File), WriteError> {
    let mut out = BufWriter::new(file);
    let result = write(&mut out).map_err(Into::into)?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    Ok((result, file))
}

fn taken(named: &Path, what: &str) -> Failure {
    let message = format!("Nothing was written: the place is {what}, or in it, which nothing else may replace.");
    let mend = "Name a file in a directory of its own.";
    Failure::new(Exit::Usage, "place-taken", message, named.display().to_string(), mend)
}
