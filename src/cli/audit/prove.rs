//! `audit prove`: one entry, provable to who has no log.

use std::path::PathBuf;

use clap::Args;

use super::{log_dir, output};
use crate::audit::prove::prove;
use crate::cli::arguments::number;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::report::log::ProofText;

/// Arguments of `audit prove`.
#[derive(Debug, Args)]
pub struct Prove {
    /// Number of the entry, as `audit show` and `audit lookup` print it
    #[arg(value_parser = number)]
    entry: u64,
    /// Directory of the log (default: the configuration's)
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Write the proof to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Prove {
    /// Makes the proof.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (dir, language) = log_dir(self.log, session)?;
        let out = self.out.as_ref().map(|path| output(path, &dir, session)).transpose()?;
        let proof = prove(&dir, self.entry)?.to_string();
        if let Some(out) = &out {
            out.write(|out| out.write_all(proof.as_bytes()))?;
        }
        session.show(&ProofText { entry: self.entry, proof, written_to: self.out }, language)?;
        Ok(Exit::Ok)
    }
}
