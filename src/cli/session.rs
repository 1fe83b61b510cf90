//! What every command needs: which configuration, in which language and form, and where results go.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::PossibleValue;

use serde_json::Value;

use super::error::Failure;
use super::exit::Exit;
use crate::report::{Language, Report};

/// `--lang`.
impl ValueEnum for Language {
    fn value_variants<'v>() -> &'v [Self] {
        &[Self::Fr, Self::En]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::Fr => "fr",
            Self::En => "en",
        }))
    }
}

/// The form of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    #[default]
    Text,
    /// One JSON document on standard output, and nothing else there.
    Json,
}

/// One invocation: where its configuration is, and where its results go.
pub struct Session<'a> {
    pub config: PathBuf,
    /// `--lang`; otherwise the configuration's.
    pub language: Option<Language>,
    pub format: Format,
    out: &'a mut dyn Write,
    /// The last result shown, for the demo, which goes on from it.
    shown: Option<Value>,
}

impl<'a> Session<'a> {
    /// A session whose results go to `out`.
    pub fn new(config: PathBuf, language: Option<Language>, format: Format, out: &'a mut dyn Write) -> Self {
        Self { config, language, format, out, shown: None }
    }

    /// The language of reports, given the configuration's.
    pub fn speaks(&self, configured: Language) -> Language {
        self.language.unwrap_or(configured)
    }

    /// The last result shown, as JSON.
    pub fn into_shown(self) -> Option<Value> {
        self.shown
    }

    /// Shows a command's result. A reader who left early (`| head`) is no failure.
    ///
    /// # Errors
    /// The stream's own.
    pub fn show(&mut self, report: &dyn Report, language: Language) -> Result<(), Failure> {
        debug_assert!(self.format == Format::Text || self.shown.is_none(), "a second JSON document on standard output");
        let json = report.json();
        let text = match self.format {
            Format::Text => report.text(language.words()),
            Format::Json => format!("{json:#}\n"),
        };
        self.shown = Some(json);
        self.write(&text)
    }

    /// Writes text that is the result itself (a checkpoint, an exported log).
    ///
    /// # Errors
    /// The stream's own.
    pub fn write(&mut self, text: &str) -> Result<(), Failure> {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
                Exit::Failure,
                "output",
                format!("The result cannot be written: {error}."),
                "standard output",
                "Check where the output goes. The command itself went through.",
            )),
            _ => Ok(()),
        }
    }
}
