//! From a configuration file to an installation that the flow understands.

use std::sync::Arc;

use super::clock;
use super::error::Failure;
use super::session::Session;
use crate::config::{self, Config, Note};
use crate::disposition::Installation;
use crate::disposition::request::{Request, Response};
use crate::report::Language;

/// A configuration in order, with its calendars.
pub(super) struct Setup {
    pub(super) install: Arc<Installation>,
    pub(super) config: Config,
    /// What is no fault, but worth saying.
    pub(super) notes: Vec<Note>,
    /// Language of reports: `--lang`, or the configuration's.
    pub(super) language: Language,
}

impl Setup {
    /// Reads the session's configuration and its calendars.
    ///
    /// # Errors
    /// All faults of all files at once.
    pub(super) fn load(session: &Session<'_>) -> Result<Self, Failure> {
        let loaded = config::load(&session.config)?;
        let config = loaded.config;
        let configured = match config.language {
            config::Language::English => Language::En,
            config::Language::French => Language::Fr,
        };
        let install = Installation {
            state: config.state.clone(),
            calendars: loaded.calendars,
            sources: config.sources.clone(),
            series: config.series.clone(),
            limits: config.limits,
        };
        Ok(Self { install: Arc::new(install), config, notes: loaded.notes, language: session.speaks(configured) })
    }
}
