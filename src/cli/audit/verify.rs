//! `audit verify`: is the log sound, and who else saw it?

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{log_dir, read, read_key};
use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::note::KeyKind;
use crate::audit::prove::{MAX_PROOF, Proof};
use crate::audit::regular::{self, MAX_CHECKPOINT};
use crate::audit::verify::{Trust, Verdict, verify};
use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::disposition::declared::leaf_of_text;
use crate::model::Language;
use crate::report::verify::{ProofReport, VerifyReport};

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Directory of the log, or a copy of it (default: the configuration's)
    dir: Option<PathBuf>,
    /// The operator's verifier key, obtained by another way than the log
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    /// Checkpoints of this log that you kept (may be given several times)
    #[arg(long, value_name = "FILE", num_args = 1..)]
    checkpoint: Vec<PathBuf>,
    /// Verifier keys of witnesses whose cosignatures count: the file `vkey` in the directory of `audit witness --state`
    /// (may be given several times)
    #[arg(long, value_name = "FILE")]
    witness_key: Vec<PathBuf>,
    /// Directories of the logs that this one continues, where they do not lie beside it as DIR.N (may be given several
    /// times)
    #[arg(long, value_name = "DIR")]
    earlier: Vec<PathBuf>,
    /// Verify this proof of one entry alone, instead of a log; needs --vkey
    #[arg(long, value_name = "FILE", conflicts_with = "dir", requires = "vkey")]
    proof: Option<PathBuf>,
}

impl Verify {
    /// Verifies; exit 4 where the log does not.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let trust = Trust {
            key: self.vkey.as_deref().map(|path| read_key(path, KeyKind::Log)).transpose()?,
            older: self.checkpoint.iter().map(|path| read_older(path)).collect::<Result<_, _>>()?,
            now: Some(clock::now().timestamp()),
            read_text: Some(leaf_of_text),
            earlier: self.earlier,
            witnesses: self
                .witness_key
                .iter()
                .map(|path| read_key(path, KeyKind::Witness))
                .collect::<Result<_, _>>()?,
        };
        if let Some(path) = &self.proof {
            return verify_proof(path, &trust, session);
        }
        let (dir, language) = log_dir(self.dir, session)?;
        may_read(&dir)?;
        if !dir.is_dir() {
            let mend =
                "Name the directory that holds `checkpoint` and `tile`; `apply` or `hold place` makes the first log.";
            let message = "There is no destruction log there.";
            return Err(Failure::new(Exit::Failure, "log-absent", message, dir.display().to_string(), mend));
        }
        let report = verify(&dir, &trust);
        let exit = if report.verdict == Verdict::Fail { Exit::LogFault } else { Exit::Ok };
        session.show(&VerifyReport { dir: &dir, report: &report }, language)?;
        Ok(exit)
    }
}

/// What this user may not read is neither absent nor false.
fn may_read(dir: &Path) -> Result<(), Failure> {
    match regular::open(&dir.join("checkpoint")) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(Failure::file(dir, "read the log", &error)),
        _ => Ok(()),
    }
}

fn verify_proof(path: &Path, trust: &Trust, session: &mut Session<'_>) -> Result<Exit, Failure> {
    let bytes = match regular::read(path, MAX_PROOF as u64) {
        Err(error) if error.kind() == ErrorKind::FileTooLarge => {
            let mend = "Give a file that `audit prove` wrote.";
            let message = "The file is too large to be a proof.";
            return Err(Failure::new(Exit::LogFault, "proof", message, path.display().to_string(), mend));
        }
        read => read.map_err(|error| Failure::file(path, "read the file", &error))?,
    };
    let proven = Proof::parse(&bytes).and_then(|proof| proof.verify(trust)).map_err(|error| {
        Failure::of_room(Exit::LogFault, "proof", &error, path.display().to_string(), "Ask for the proof again.")
    })?;
    session.show(&ProofReport { proven: &proven }, session.speaks(Language::English))?;
    Ok(Exit::Ok)
}

fn read_older(path: &Path) -> Result<SignedCheckpoint, Failure> {
    SignedCheckpoint::parse(&read(path, MAX_CHECKPOINT)?).map_err(|error| {
        let mend = "Give a file that `audit checkpoint` printed, unchanged.";
        let message = format!("The file holds no checkpoint: {error}.");
        Failure::new(Exit::Usage, "checkpoint", message, path.display().to_string(), mend)
    })
}
