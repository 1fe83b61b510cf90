//! From a configuration file to an installation that the flow understands.

use std::path::Path;
use std::sync::Arc;

use super::clock;
use super::environment;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::waiting::telling;
use crate::audit::{self, KeyPlaces};
use crate::calendar::Rule;
use crate::config::{self, Config, Remark};
use crate::daemon;
use crate::disposition::Installation;
use crate::disposition::clock::Watch;
use crate::disposition::door::{ANSWER_WITHIN, AskError, Door, SIGN_WITHIN, open_or_connect};
use crate::disposition::request::{Request, Response};
use crate::model::{Fault, Language, SeriesName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::Reader;

/// A configuration in order, with its calendars.
pub(super) struct Setup {
    pub(super) install: Arc<Installation>,
    pub(super) config: Config,
    /// What is no fault, but worth saying.
    pub(super) notes: Vec<Remark>,
    /// Language of reports: `--lang`, or the configuration's.
    pub(super) language: Language,
}

impl Setup {
    /// Reads the session's configuration and its calendars.
    ///
    /// # Errors
    /// All faults of all files at once.
    pub(super) fn load(session: &Session<'_>) -> Result<Self, Failure> {
        Ok(Self::read(session)?)
    }

    /// The same, for those to whom a fault is not the end.
    ///
    /// # Errors
    /// The faults themselves.
    pub(super) fn read(session: &Session<'_>) -> Result<Self, Vec<Fault>> {
        let loaded = config::load(&session.config)?;
        let install = daemon::installation(&loaded, clock::boot_id());
        let config = loaded.config;
        let language = session.speaks(config.language);
        Ok(Self { install: Arc::new(install), config, notes: loaded.notes, language })
    }

    /// The Desk, here or wherever the state is held.
    ///
    /// # Errors
    /// Another process has the state and does not answer; a state directory or a log that is not in order.
    pub(super) fn desk(&self) -> Result<DeskDoor, Failure> {
        let silence = self.config.alerts.silence;
        let watch =
            Watch::new(Arc::new(clock::now), Arc::new(clock::synchronization), silence).on_boot(clock::boot_of_clock());
        let open = || open_or_connect(self.install.clone(), self.keys(), Arc::new(watch));
        Ok(DeskDoor(telling(&self.install.state, SIGN_WITHIN, open)?))
    }

    /// Where the keys are: the signing key where a service manager hands it in, the others in the private state.
    pub(super) fn keys(&self) -> Option<KeyPlaces> {
        let credential = Path::new(&environment::variable("CREDENTIALS_DIRECTORY")?).join("audit-signing-key");
        credential.exists().then(|| audit::keys_in(&self.install.state).with_credential(credential))
    }

    /// The mapping of a series.
    ///
    /// # Errors
    /// The configuration names no such series.
    pub(super) fn mapping(&self, series: &SeriesName) -> Result<&SeriesMapping, Failure> {
        self.install.mapping(series).ok_or_else(|| {
            let known: Vec<_> = self.install.series.iter().map(|mapping| mapping.series.as_str()).collect();
            let message = format!("The configuration maps no series {series}.");
            let mend = format!("It maps: {}.", known.join(", "));
            Failure::new(Exit::Usage, "unknown-series", message, self.config.file.display().to_string(), mend)
        })
    }

    /// Opens the database of a series for reading.
    ///
    /// # Errors
    /// What ails the database.
    pub(super) fn reader(&self, mapping: &SeriesMapping) -> Result<Reader, Failure> {
        let source = self.install.sources.get(&mapping.source).ok_or_else(|| {
            let message =
                format!("Series {} names the source {}, which is not configured.", mapping.series, mapping.source);
            Failure::new(Exit::BadConfig, "no-source", message, self.config.file.display().to_string(), "Run `check`.")
        })?;
        Ok(Reader::open_to_look(source, &self.install.series)?)
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
        let place = place(&request);
        let answer = match self.0.elsewhere().map(Path::to_owned) {
            Some(state) => telling(&state, ANSWER_WITHIN, || self.0.ask(request)),
            None => self.0.ask(request),
        };
        answer.map_err(|error| refused(error, place))
    }
}

/// Why a request was not granted, at the [`place`] that it is about.
pub(super) fn refused(error: AskError, place: Option<String>) -> Failure {
    let failure = Failure::from(error);
    match place {
        Some(place) => Failure { place, ..failure },
        None => failure,
    }
}

/// The plan or hold that a request is about.
pub(super) fn place(request: &Request) -> Option<String> {
    match request {
        Request::Approve { plan, .. }
        | Request::Reject { plan, .. }
        | Request::Except { plan, .. }
        | Request::ReleaseFiles { plan, .. } => Some(format!("plan {plan}")),
        Request::HoldPlace { hold, .. } => hold.series().map(|series| format!("hold place, series {series}")),
        Request::HoldLift { hold, .. } => Some(format!("hold {hold}")),
        Request::HoldList
        | Request::Plans
        | Request::ApprovalsOf { .. }
        | Request::Stayed { .. }
        | Request::PlanningKeys { .. }
        | Request::Daemon { .. } => None,
    }
}
