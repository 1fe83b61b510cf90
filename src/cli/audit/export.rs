//! `audit export`: the log for other tools.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::show::Choice;
use super::{continued, log_dir, output};
use crate::audit::LogReader;
use crate::audit::export::{Format, export};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::report::log::Exported;

/// Arguments of `audit export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Directory of the log (default: the configuration's)
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// One row an entry, or one JSON object a line
    #[arg(long = "as", value_enum, value_name = "FORM", default_value_t = Form::Csv)]
    form: Form,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Form {
    Csv,
    Jsonl,
}

impl Export {
    /// Writes the entries asked for. An export proves nothing; `audit prove` does.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (dir, language) = log_dir(self.log, session)?;
        let out = output(&self.out, &dir, session)?;
        let log = LogReader::open(&dir)?;
        let format = match self.form {
            Form::Csv => Format::Csv,
            Form::Jsonl => Format::JsonLines,
        };
        // Read once before, so that nothing false is written out.
        log.check()?;
        let selection = self.choice.selection();
        let entries = out.write(|out| export(&log, &selection, format, out))?;
        let (earlier, exit) = continued(&log, &dir)?;
        session.show(&Exported { entries, written_to: self.out, earlier }, language)?;
        Ok(exit)
    }
}
