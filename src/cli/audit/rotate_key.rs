//! `audit rotate-key`: from the next checkpoint on, another key signs the log.

use std::path::Path;

use clap::Args;

use crate::audit::regular::{self, MAX_KEY};
use crate::audit::{KeyError, LogError};
use crate::cli::clock;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::cli::setup::Setup;
use crate::disposition::desk::{Desk, actor_of};
use crate::model::{Actor, Origin};
use crate::report::log::KeyRotated;

/// Arguments of `audit rotate-key`.
#[derive(Debug, Args)]
pub struct RotateKey {}

impl RotateKey {
    /// Makes a new signing key, or takes up the one that the service manager hands in, and declares it in the log. An
    /// interrupted rotation is ended, or undone, at the next opening of the log.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let vkey = setup.install.state.join("audit/vkey");
        // The log was made before, or is made by the opening: then its first key is no old one.
        let old = read_key(&vkey);
        let actor = actor_of(rustix::process::getuid().as_raw());
        let (origin, size) = match setup.keys() {
            None => made_anew(&setup, actor)?,
            Some(handed_in) => {
                let desk = Desk::open(setup.install.clone(), Some(handed_in.declaring(actor)), clock::now())?;
                taken_up(desk, old.as_deref(), &vkey)?
            }
        };
        let new = read_key(&vkey).unwrap_or_default();
        session.show(&KeyRotated { origin: origin.to_string(), size, old, new }, setup.language)?;
        Ok(Exit::Ok)
    }
}

/// The program makes the key itself.
fn made_anew(setup: &Setup, actor: Actor) -> Result<(Origin, u64), Failure> {
    let door = setup.desk()?.0;
    let Some(desk) = door.here() else {
        return Err(Failure::new(
            Exit::Locked,
            "state-locked",
            "Another retentiond holds the state, and signs with the key that it has read.",
            setup.install.state.display().to_string(),
            "Wait until it ends, or stop it, then run the same command again.",
        ));
    };
    let mut desk = desk.lock()?;
    desk.log().rotate_signing_key(actor, clock::now())?;
    Ok((desk.log().origin().clone(), desk.log().size()))
}

/// The service manager handed in a new key, and the opening declared it.
fn taken_up(mut desk: Desk, old: Option<&str>, vkey: &Path) -> Result<(Origin, u64), Failure> {
    if old.is_some() && read_key(vkey).as_deref() == old {
        return Err(LogError::from(KeyError::Credential).into());
    }
    desk.log().publish()?;
    Ok((desk.log().origin().clone(), desk.log().size()))
}

fn read_key(vkey: &Path) -> Option<String> {
    Some(str::from_utf8(&regular::read(vkey, MAX_KEY).ok()?).ok()?.trim_end().to_owned())
}
