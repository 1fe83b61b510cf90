//! `demo`: a sample organization, and every command run on it as a user would.

mod application;
mod chance;
mod sample;
mod words;

use std::path::PathBuf;

use clap::Args;

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to make it; a demo that is already there is shown, not touched
    #[arg(long, value_name = "DIR", default_value = "retentiond-demo")]
    dir: PathBuf,
}

impl Demo {
    /// Makes the sample organization, or says what a former demo left.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        todo!()
    }
}
