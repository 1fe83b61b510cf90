//! The clock of whoever holds the state, under guard: every thread that stamps or judges asks here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::Now;
use super::guard::{BootId, Doubt, Guard, Reading, Synchronization};
use super::kernel;
use crate::model::Instant;

/// Says whether a time server confirmed the clock, which says this.
pub type AskWhetherSynchronized = Arc<dyn Fn(Instant) -> Synchronization + Send + Sync>;

/// The clock and its guard.
pub struct Watch {
    clock: Now,
    asks: AskWhetherSynchronized,
    boot_id: Option<BootId>,
    state: Mutex<State>,
}

struct State {
    guard: Guard,
    /// Time of the log's last entry, when the run loop last looked: asking the log itself may have to wait for the
    /// Desk.
    log: Option<Instant>,
}

impl Watch {
    /// Guards this clock; where the log was silent for longer than this, it is in doubt at the start.
    pub fn new(clock: Now, asks: AskWhetherSynchronized, silence: TimeDelta) -> Self {
        Self { clock, asks, boot_id: None, state: Mutex::new(State { guard: Guard::new(silence), log: None }) }
    }

    /// The machine's boot is this one, so that what was believed on it before binds.
    pub fn on_boot(self, boot_id: Option<BootId>) -> Self {
        Self { boot_id, ..self }
    }

    /// From now on the log may have been silent for so long.
    pub fn allow_silence(&self, silence: TimeDelta) {
        self.state().guard.allow_silence(silence);
    }

    fn read(&self) -> Reading {
        let now = (self.clock)();
        Reading { now, boot: kernel::since_boot(), boot_id: self.boot_id, synchronization: (self.asks)(now) }
    }

    /// Goes on from what was believed before a restart, and from the time of the entry of the log that a person
    /// answered for.
    pub fn recall(&self, believed: Option<Reading>, answered: Option<Instant>) {
        let reading = self.read();
        self.state().guard.recall(believed, answered, reading);
    }

    /// The last reading that was believed.
    pub fn base(&self) -> Option<Reading> {
        self.state().guard.base()
    }

    /// The time to believe, and why the clock is not believed.
    pub fn look(&self) -> (Instant, Option<Doubt>) {
        let reading = self.read();
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
        let reading = self.read();
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
