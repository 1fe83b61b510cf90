//! The daemon's clock, under guard: every thread that stamps or judges asks here.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::{Doubt, Guard, Reading};
use crate::disposition::desk::Clock;
use crate::model::Instant;

/// The clock and its guard.
pub struct Watch {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    guard: Guard,
    /// Time of the log's last entry, when the run loop last looked: asking the log itself may have to wait for the Desk.
    log: Option<Instant>,
}

impl Watch {
    /// Guards this clock.
    pub fn new(clock: Clock) -> Self {
        Self { clock, state: Mutex::default() }
    }

    /// The time to believe, and why the clock is not believed.
    pub fn look(&self) -> (Instant, Option<Doubt>) {
        let reading = Reading::take((self.clock)());
        let mut state = self.state();
        let log = state.log;
        let doubt = state.guard.look(reading, log);
        (state.guard.believed(reading, log), doubt)
    }

    /// The time to believe.
    pub fn now(&self) -> Instant {
        self.look().0
    }

    /// Notes the time of the log's last entry.
    pub fn log_is_at(&self, last: Option<Instant>) {
        self.state().log = last;
    }

    /// A named person answers for the clock as it is; returns its time.
    pub fn confirm(&self) -> Instant {
        let reading = Reading::take((self.clock)());
        let mut state = self.state();
        let log = state.log;
        state.guard.confirm(reading, log);
        reading.now
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Each field is replaced whole, so a panic elsewhere leaves nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
