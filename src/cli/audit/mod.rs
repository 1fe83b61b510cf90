//! `audit`: the destruction log, for those who verify it and those who answer from it.

mod adopt;
mod checkpoint;
mod export;
mod forget_key;
mod lookup;
mod prove;
mod rotate_key;
mod show;
mod verify;
pub(super) mod wanted;
mod witness;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use super::error::Failure;
use super::exit::Exit;
use super::output::Output;
use super::session::Session;
use super::setup::Setup;
use crate::audit;
use crate::audit::earlier::{EarlierLog, EarlierState, beside, find_earlier};
use crate::audit::note::{KeyKind, VerifierKey};
use crate::audit::regular::{self, MAX_KEY};
use crate::audit::{Entries, LogReader};
use crate::config::{self, Kept, kept_by_name};
use crate::model::Language;

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub struct Audit {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// Verify a whole log, or one proof, offline; needs no configuration and no database
    Verify(verify::Verify),
    /// What the log says, entry by entry
    Show(show::Show),
    /// Was a record destroyed? When, under which rule, at which entry
    Lookup(lookup::Lookup),
    /// Prove one entry to somebody who has only a checkpoint
    Prove(prove::Prove),
    /// Print the signed checkpoint: keep it elsewhere, it is what later verification is anchored to
    Checkpoint(checkpoint::CheckpointCommand),
    /// On the auditor's machine: check a log against what was seen before, and co-sign it
    Witness(witness::WitnessCommand),
    /// The log as CSV or JSON lines, for other tools
    Export(export::Export),
    /// Begin a successor to a log that cannot go on; the old one is kept as it is
    Adopt(adopt::Adopt),
    /// Destroy a fingerprint key: its records can no longer be looked up, by anybody
    ForgetKey(forget_key::ForgetKey),
    /// Sign the log with a new key from now on; checkpoints kept from before stay good under the old one
    RotateKey(rotate_key::RotateKey),
}

impl Audit {
    /// Runs the command asked for.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        match self.command {
            AuditCommand::Verify(command) => command.run(session),
            AuditCommand::Show(command) => command.run(session),
            AuditCommand::Lookup(command) => command.run(session),
            AuditCommand::Export(command) => command.run(session),
            AuditCommand::Adopt(command) => command.run(session),
            AuditCommand::Prove(command) => command.run(session),
            AuditCommand::Checkpoint(command) => command.run(session),
            AuditCommand::Witness(command) => command.run(session),
            AuditCommand::ForgetKey(command) => command.run(session),
            AuditCommand::RotateKey(command) => command.run(session),
        }
    }
}

/// Where a log is, and in which language to speak of it: a directory that was named needs no configuration.
fn log_dir(named: Option<PathBuf>, session: &Session<'_>) -> Result<(PathBuf, Language), Failure> {
    match named {
        Some(dir) => Ok((dir, session.speaks(Language::English))),
        None => {
            let setup = Setup::load(session)?;
            Ok((audit::dir_in(&setup.install.state), setup.language))
        }
    }
}

/// The file to which a command on this log writes.
///
/// # Errors
/// The place is the log itself, or what the configuration keeps; a log that was named needs none in order.
fn output(path: &Path, log: &Path, session: &Session<'_>) -> Result<Output, Failure> {
    let mut kept = match config::load(&session.config) {
        Ok(loaded) => loaded.config.kept(),
        Err(_) => kept_by_name(&session.config),
    };
    kept.insert(0, Kept::new(log, "the destruction log"));
    Output::new(path, &kept)
}

/// The log that another one continues, and how a command ends that shows that other one alone: what it does not show is
/// not nothing.
fn continued(log: &LogReader, dir: &Path) -> Result<(Option<EarlierLog>, Exit), Failure> {
    let named = log.continued()?;
    let earlier = named.map(|named| EarlierLog::from(&find_earlier(named, &mut beside(dir), &[])));
    let exit = match earlier.as_ref().map(|earlier| earlier.state) {
        Some(EarlierState::Missing) => Exit::Failure,
        Some(EarlierState::Other) => Exit::LogFault,
        Some(EarlierState::Whole | EarlierState::Partial | EarlierState::Unread) | None => Exit::Ok,
    };
    Ok((earlier, exit))
}

/// Reads a regular file that the user named, of at most so many bytes.
fn read(path: &Path, most: u64) -> Result<Vec<u8>, Failure> {
    regular::read(path, most).map_err(|error| Failure::file(path, "read the file", &error))
}

/// Reads a verifier key of this kind from a file.
fn read_key(path: &Path, kind: KeyKind) -> Result<VerifierKey, Failure> {
    let text = read(path, MAX_KEY)?;
    let unusable = |message: String| {
        let mend = match kind {
            KeyKind::Log => "Give the file `vkey` of the log, as the operator handed it to you.",
            KeyKind::Witness => "Give the file `vkey` out of the directory that `audit witness --state` names.",
        };
        Failure::new(Exit::Usage, "vkey", message, path.display().to_string(), mend)
    };
    let key = str::from_utf8(&text).unwrap_or_default().parse::<VerifierKey>();
    let key = key.map_err(|error| unusable(format!("The file holds no verifier key: {error}.")))?;
    match key.kind() {
        found if found == kind => Ok(key),
        KeyKind::Log => Err(unusable("The file is the key of a log, and a witness's is asked for.".to_owned())),
        KeyKind::Witness => Err(unusable("The file is the key of a witness, and a log's is asked for.".to_owned())),
    }
}
