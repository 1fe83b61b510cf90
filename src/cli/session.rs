//! What every command needs: which configuration, in which language and form, and where results go.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::PossibleValue;

use serde_json::Value;

use super::error::Failure;
use super::exit::Exit;
use super::{DEFAULT_CONFIG, environment};
use crate::model::Language;
use crate::report::Report;
use crate::report::plain::visible;

/// `--lang`.
impl ValueEnum for Language {
    fn value_variants<'v>() -> &'v [Self] {
        &[Self::French, Self::English]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(match self {
            Self::French => "fr",
            Self::English => "en",
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

    /// A command line that runs this program on the same configuration.
    pub fn command(&self, arguments: &[&str]) -> String {
        let is_found_unnamed = match environment::variable("RETENTIOND_CONFIG") {
            Some(named) => self.config.as_os_str() == named,
            None => self.config.as_os_str() == DEFAULT_CONFIG,
        };
        command((!is_found_unnamed).then_some(self.config.as_path()), arguments)
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
            Format::Text => visible(&report.text(language.words())),
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

/// Says something beside the result.
pub fn note(text: &str) {
    // Where nobody reads standard error, the result counts all the same.
    let _ = writeln!(io::stderr(), "note: {text}");
}

/// A command line of this program as a user types it, from the current directory; `config` where it must be named.
pub fn command(config: Option<&Path>, arguments: &[&str]) -> String {
    let program = program();
    let config = config.map(|path| path.display().to_string());
    let mut words = vec![program.as_str()];
    if let Some(path) = &config {
        words.extend(["--config", path]);
    }
    words.extend(arguments);
    words.into_iter().map(quoted).collect::<Vec<_>>().join(" ")
}

/// What the user typed to run this program: it works from the current directory as it is.
fn program() -> String {
    std::env::args().next().filter(|name| !name.is_empty()).unwrap_or_else(|| "retentiond".to_owned())
}

/// A word as a shell reads it back.
pub fn quoted(word: &str) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:,=@+".contains(letter);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        assert_eq!(quoted("demo/retentiond.toml"), "demo/retentiond.toml");
        assert_eq!(quoted("Claim before the court"), "'Claim before the court'");
        assert_eq!(quoted("l'an"), "'l'\\''an'");
        assert_eq!(quoted(""), "''");
    }
}
