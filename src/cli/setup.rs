//! From a configuration file to an installation that the flow understands.

use std::sync::Arc;

use super::clock;
use super::error::Failure;
use super::session::Session;
use crate::calendar::Rule;
use crate::config::{self, Config, Note};
use crate::disposition::Installation;
use crate::disposition::desk::{Door, open_or_connect};
use crate::disposition::request::{Request, Response};
use crate::records::mapping::SeriesMapping;
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

    /// The Desk, here or wherever the state is held.
    ///
    /// # Errors
    /// Another process has the state and does not answer; a state directory or a log that is not in order.
    pub(super) fn desk(&self) -> Result<DeskDoor, Failure> {
        Ok(DeskDoor(open_or_connect(self.install.clone(), None, Arc::new(clock::now))?))
    }

    /// The rules that the program obeys for a series, of every calendar that governs it.
    pub(super) fn rules_of<'s>(&'s self, mapping: &'s SeriesMapping) -> impl Iterator<Item = &'s Rule> {
        let governs = |number| mapping.calendar.as_ref().is_none_or(|own| own == number);
        let calendars = self.install.calendars.iter().filter(move |calendar| governs(&calendar.number));
        calendars.flat_map(|calendar| calendar.rules_for(&mapping.series)).filter(|rule| rule.is_obeyed())
    }
}

/// The way to the Desk.
pub(super) struct DeskDoor(pub(super) Door);

impl DeskDoor {
    /// Asks.
    ///
    /// # Errors
    /// The refusal, at the plan or hold that was asked about.
    pub(super) fn ask(&mut self, request: Request) -> Result<Response, Failure> {
        let place = match &request {
            Request::Approve { plan, .. } | Request::Reject { plan, .. } | Request::Except { plan, .. } => {
                Some(format!("plan {plan}"))
            }
            Request::HoldPlace { hold, .. } => Some(format!("a hold on a {}", hold.name())),
            Request::HoldLift { hold, .. } => Some(format!("hold {hold}")),
            Request::HoldList | Request::Plans | Request::PlanningKeys { .. } | Request::Daemon { .. } => None,
        };
        self.0.ask(request).map_err(|error| {
            let failure = Failure::from(error);
            match place {
                Some(place) => Failure { place, ..failure },
                None => failure,
            }
        })
    }
}
