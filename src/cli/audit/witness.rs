//! `audit witness`: an auditor's machine says what it saw.

use std::path::PathBuf;

use clap::Args;

use super::read_key;
use crate::audit::note::KeyKind;
use crate::audit::witness::Witness;
use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::{Session, note};
use crate::disposition::declared::leaf_of_text;
use crate::model::Language;
use crate::report::log::Cosigned;
use crate::report::plain::one_line;

/// Arguments of `audit witness`.
#[derive(Debug, Args)]
pub struct WitnessCommand {
    /// Directory of the log, or a copy of it
    dir: PathBuf,
    /// The operator's verifier key, obtained by another way than the log
    #[arg(long, value_name = "FILE")]
    vkey: PathBuf,
    /// Where this witness keeps its key and what it saw, made where there is none; `vkey` in it is for whoever shall
    /// trust this witness (`--witness-key`)
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Name of this witness, for its new key (`auditor.example.org/witness`)
    #[arg(long, default_value = "witness")]
    name: String,
}

impl WitnessCommand {
    /// Verifies the log against what was seen before, and prints a cosignature line; beside it, where the key is that
    /// makes it count.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let key = read_key(&self.vkey, KeyKind::Log)?;
        let witness = Witness::open_or_create(&self.state, &self.name)?;
        let sight = witness.cosign_log(&self.dir, &key, leaf_of_text, clock::now())?;
        let (cosigned, language) = (Cosigned::new(sight, &witness.verifier()), session.speaks(Language::English));
        session.show(&cosigned, language)?;
        cosigned.unseen(language.words()).iter().for_each(|unseen| note(&one_line(unseen)));
        let vkey = witness.vkey_path();
        note(&format!("who shall trust this witness needs {} (`audit verify --witness-key`)", vkey.display()));
        Ok(Exit::Ok)
    }
}
