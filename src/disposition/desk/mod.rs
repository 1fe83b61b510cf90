//! The Desk: owns the log, the holds and the state of plans, one at a time.
//!
//! Whoever holds the state lock has it. It stands behind one fair mutex, held by an execution from its check of the
//! holds to its COMMIT: so a hold waits for one chunk at most, and once acknowledged it holds.

mod actor;
mod adopt;
pub mod behind;
mod beside;
mod brake;
mod carried;
mod clock;
mod earlier;
mod error;
mod firings;
mod holder;
mod holding;
mod listed;
mod memos;
mod plans;
mod reason;
mod review;
mod room;
mod shared;
mod state;
mod stayed;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;

pub use actor::actor_of;
pub use adopt::{Successor, adopt_log};
pub use beside::holds_beside;
pub use brake::{Brake, Execution};
pub use earlier::EarlierLog;
pub use error::DeskError;
pub use firings::Firing;
pub use holder::Holder;
pub(super) use holding::{HoldOrder, Naming};
pub(super) use listed::approvals_of;
pub use plans::PlanState;
pub use reason::check_reason;
pub(super) use review::approve_plan;
pub use review::approved_plan;
pub use shared::{DeskGuard, SharedDesk};
pub use stayed::Stayed;

use super::Installation;
use super::chronicle::Chronicle;
use super::holds::{Hold, HoldIndex};
use super::plan::PlanDirs;
use crate::audit;
use crate::audit::leaf::{Body, Refused};
use crate::audit::{DestructionLog, KeyPlaces, LogError};
use crate::model::{Actor, HoldId, Instant, Origin, PlanId};
use room::Room;
use state::StateLock;
use store::Store;

/// The log, the holds and the state of plans of one installation.
pub struct Desk {
    install: Arc<Installation>,
    log: DestructionLog,
    store: Store,
    chronicle: Chronicle,
    /// The logs before this one, once they were asked for.
    earlier: Option<Vec<EarlierLog>>,
    holds: HoldIndex,
    /// Holds in force, in the order of their placing.
    in_force: Vec<Hold>,
    /// Holds that the log says are in force and of which nothing else is known.
    lost: BTreeSet<HoldId>,
    /// What was to be put on record last could not be.
    owes: bool,
    plans: PlanDirs,
    _lock: StateLock,
}

impl Desk {
    /// Takes the state lock, opens the log (or makes it), and brings the private database into agreement with it.
    ///
    /// # Errors
    /// Another process holds the state; wrong owners or modes; a log that is damaged.
    pub fn open(install: Arc<Installation>, keys: Option<KeyPlaces>, now: Instant) -> Result<Self, DeskError> {
        let room = Room::of(&install.state);
        let desk = match Self::enter(install.clone(), keys.clone(), now) {
            Err(error) if error.may_be_full() && room.give_back() => Self::enter(install, keys, now)?,
            entered => entered?,
        };
        // Where there is none, the daemon tells of it as long as that lasts.
        let _set_aside_or_full = desk.set_room_aside();
        Ok(desk)
    }

    fn enter(install: Arc<Installation>, keys: Option<KeyPlaces>, now: Instant) -> Result<Self, DeskError> {
        let state = &install.state;
        let lock = state::enter(state)?;
        let keys = keys.unwrap_or_else(|| audit::keys_in(state));
        let log = DestructionLog::open_or_create(&audit::dir_in(state), keys, new_origin()?, now)?;
        let store = Store::open(&state::database(state), Room::of(state))?;
        let plans = PlanDirs::of(state);
        let mut desk = Self {
            install,
            log,
            store,
            chronicle: Chronicle::default(),
            earlier: None,
            holds: HoldIndex::default(),
            in_force: Vec::new(),
            lost: BTreeSet::new(),
            owes: false,
            plans,
            _lock: lock,
        };
        desk.accept_confirmed_clock()?;
        // Nothing is stamped yet: whether the clock can be believed shows once the brake is recalled.
        desk.owes = !desk.reconcile()?.is_empty();
        if !desk.owes {
            desk.all_carried();
        }
        Ok(desk)
    }

    /// The installation.
    pub fn install(&self) -> &Arc<Installation> {
        &self.install
    }

    /// The destruction log.
    pub fn log(&mut self) -> &mut DestructionLog {
        &mut self.log
    }

    /// The holds in force, ready to be asked.
    pub fn holds(&self) -> &HoldIndex {
        &self.holds
    }

    /// The holds in force, in the order of their placing.
    pub fn holds_in_force(&self) -> &[Hold] {
        &self.in_force
    }

    /// What the log says of holds, approvals, runs and restored databases.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn chronicle(&mut self) -> Result<&Chronicle, DeskError> {
        self.chronicle.read(&self.log)?;
        Ok(&self.chronicle)
    }

    /// Puts something on record, durably, and returns the index of its leaf.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn record(&mut self, body: Body, now: Instant) -> Result<u64, DeskError> {
        Ok(self.write(body, now)?)
    }

    fn write(&mut self, body: Body, now: Instant) -> Result<u64, LogError> {
        let written = self.log.append(body, now).and_then(|index| self.log.sync().map(|()| index));
        self.owes = written.is_err();
        written
    }

    /// Whether the log could not be written when something was last to be put on record.
    pub fn owes_record(&self) -> bool {
        self.owes || self.log.is_poisoned()
    }

    /// Puts a refusal on record.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn refuse(
        &mut self,
        plan: Option<&PlanId>,
        actor: &Actor,
        reasons: Vec<String>,
        now: Instant,
    ) -> Result<(), DeskError> {
        let body = Body::Refused(Refused { plan: plan.cloned(), actor: actor.clone(), reasons });
        self.record(body, now).map(drop)
    }

    /// Whether every hold of which the log tells is known here: without it, nothing may be destroyed.
    ///
    /// # Errors
    /// [`DeskError::HoldsLost`].
    pub fn may_destroy(&self) -> Result<(), DeskError> {
        if self.lost.is_empty() {
            return Ok(());
        }
        Err(DeskError::HoldsLost { holds: self.lost.iter().cloned().collect() })
    }

    /// Holds of which nothing but their being in force is known.
    pub fn lost_holds(&self) -> impl Iterator<Item = &HoldId> {
        self.lost.iter()
    }

    /// Puts on record what could not be: after a failed write the log is read again from disk, and holds of which it
    /// does not tell are told.
    ///
    /// # Errors
    /// As [`Self::open`]; the log still cannot be written.
    pub fn catch_up(&mut self, now: Instant) -> Result<(), DeskError> {
        if self.log.is_poisoned() {
            self.log.reread(now)?;
            self.accept_confirmed_clock()?;
            self.chronicle = Chronicle::default();
        }
        for body in self.reconcile()? {
            self.record(body, now)?;
        }
        self.all_carried();
        Ok(())
    }

    pub(super) fn replace_install(&mut self, install: Arc<Installation>) {
        self.install = install;
    }
}

fn new_origin() -> Result<Origin, DeskError> {
    Ok(Origin::new(format!("retentiond/{}", random_hex::<8>()?)))
}

fn random_hex<const BYTES: usize>() -> Result<String, DeskError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Random(std::io::Error::other(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
pub(super) mod tests;
