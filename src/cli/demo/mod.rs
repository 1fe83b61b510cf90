//! `demo`: a sample organization, and every command run on it as a user would.
//!
//! The commands shown are the commands run: each line goes through the same parser and the same functions as a user's.

mod application;
mod chance;
mod dir;
mod organization;
mod script;
mod texts;
mod tour;

use std::path::PathBuf;

use clap::Args;

use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use crate::model::Language;
use dir::{DemoDir, Found};
use tour::Tour;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Where to make it; a demo that is already there is shown, not touched
    #[arg(long, value_name = "DIR", default_value = "retentiond-demo")]
    dir: PathBuf,
}

impl Demo {
    /// Makes the sample organization and goes through everything with it, or says what a former demo left.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let place = DemoDir::new(self.dir);
        match place.look()? {
            Found::Nothing => {
                let made = place.make(session.speaks(Language::English))?;
                let mut tour = Tour::new(&place, session);
                tour.opening(&made)?;
                tour.walk()
            }
            Found::Demo => Tour::new(&place, session).again(),
        }
    }
}
