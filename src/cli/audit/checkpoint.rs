//! `audit checkpoint`: the short text that binds the operator.

use std::path::PathBuf;

use clap::Args;

use super::{log_dir, read, read_key};
use crate::audit::note::KeyKind;
use crate::audit::prove::read_checkpoint;
use crate::audit::regular::MAX_CHECKPOINT;
use crate::audit::witness::add_cosignature;
use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::report::log::{CheckpointReport, CosignatureStored};

/// Arguments of `audit checkpoint`.
#[derive(Debug, Args)]
pub struct CheckpointCommand {
    /// Directory of the log (default: the configuration's)
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Store what a witness returned: its line, or the whole co-signed checkpoint
    #[arg(long, value_name = "FILE", requires = "witness_key")]
    add: Option<PathBuf>,
    /// The witness's verifier key: the file `vkey` in the directory of its `--state`
    #[arg(long, value_name = "FILE")]
    witness_key: Option<PathBuf>,
}

impl CheckpointCommand {
    /// Prints the checkpoint, or stores a cosignature beside it.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (dir, language) = log_dir(self.log, session)?;
        if let (Some(path), Some(key)) = (&self.add, &self.witness_key) {
            let (received, key) = (read(path, MAX_CHECKPOINT)?, read_key(key, KeyKind::Witness)?);
            let handed = add_cosignature(&dir, &received, &key, clock::now())?;
            session.show(&CosignatureStored::from(handed), language)?;
            return Ok(Exit::Ok);
        }
        session.show(&CheckpointReport { signed: &read_checkpoint(&dir)? }, language)?;
        Ok(Exit::Ok)
    }
}
