//! The Desk: owns the log, the holds and the state of plans, one at a time.
//!
//! Whoever holds the state lock has it. It stands behind one fair mutex, held by an execution from its check of the holds to its COMMIT: so a hold
//! waits for one chunk at most, and once acknowledged it holds.

mod actor;
mod adopt;
mod ask;
mod client;
mod door;
mod error;
mod firings;
mod listed;
mod plans;
mod review;
mod serve;
mod shared;
mod state;
mod store;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

pub use actor::actor_of;
pub use adopt::{Successor, adopt_log};
pub use ask::Session;
pub use client::Client;
pub use door::{AskError, Door, open_or_connect};
pub use error::DeskError;
pub use firings::Firing;
pub use plans::PlanState;
pub use review::approved_plan;
pub use serve::{Clock, Served, Steward, serve, serve_with};
pub use shared::{DeskGuard, SharedDesk};

use super::Installation;
use super::chronicle::Chronicle;
use super::holds::{Hold, HoldIndex, HoldScope};
use super::plan::PlanDirs;
use crate::audit::leaf::{Body, HoldAction, HoldLeaf, Refused};
use crate::audit::{DestructionLog, KeyPlaces};
use crate::model::{Actor, CivilDate, HoldId, Instant, Origin, PlanId};
use state::StateLock;
use store::{Lift, Store, StoredHold};

/// The log, the holds and the state of plans of one installation.
pub struct Desk {
    install: Arc<Installation>,
    log: DestructionLog,
    store: Store,
    chronicle: Chronicle,
    holds: HoldIndex,
    /// Holds in force, in the order of their placing.
    in_force: Vec<Hold>,
    /// Holds that the log says are in force and of which nothing else is known.
    lost: BTreeSet<HoldId>,
    plans: PlanDirs,
    _lock: StateLock,
}

/// Who asked for a hold, and why.
pub(super) struct HoldOrder {
    pub scope: HoldScope,
    pub reason: String,
    pub case: Option<String>,
    pub review_by: Option<CivilDate>,
    pub actor: Actor,
}

impl Desk {
    /// Takes the state lock, opens the log (or makes it), and brings the private database into agreement with it.
    ///
    /// # Errors
    /// Another process holds the state; wrong owners or modes; a log that is damaged.
    pub fn open(install: Arc<Installation>, keys: Option<KeyPlaces>, now: Instant) -> Result<Self, DeskError> {
        let state = &install.state;
        let lock = state::enter(state)?;
        let keys = keys.unwrap_or_else(|| KeyPlaces::new(state.join("private/keys")));
        let log = DestructionLog::open_or_create(&state.join("audit"), keys, new_origin()?, now)?;
        let store = Store::open(&state::database(state))?;
        let plans = PlanDirs::of(state);
        let mut desk = Self {
            install,
            log,
            store,
            chronicle: Chronicle::default(),
            holds: HoldIndex::default(),
            in_force: Vec::new(),
            lost: BTreeSet::new(),
            plans,
            _lock: lock,
        };
        desk.accept_confirmed_clock()?;
        desk.reconcile(now)?;
        desk.erase_what_is_done(now)?;
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
        let chronicle = &mut self.chronicle;
        self.log.scan(chronicle.seen(), &mut |index, leaf| {
            chronicle.note(index, &leaf.body);
            ControlFlow::Continue(())
        })?;
        Ok(&self.chronicle)
    }

    /// Puts something on record, durably, and returns the index of its leaf.
    ///
    /// # Errors
    /// The log cannot be written.
    pub fn record(&mut self, body: Body, now: Instant) -> Result<u64, DeskError> {
        let index = self.log.append(body, now)?;
        self.log.sync()?;
        Ok(index)
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

    /// Reads the log again from disk after a failed write, and repairs what was left half done.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn reread(&mut self, now: Instant) -> Result<(), DeskError> {
        self.log.reread(now)?;
        self.accept_confirmed_clock()?;
        self.chronicle = Chronicle::default();
        self.reconcile(now)
    }

    pub(super) fn replace_install(&mut self, install: Arc<Installation>) {
        self.install = install;
    }

    /// Places a hold: in force from the private database's commit on, acknowledged when its leaf is durable too.
    pub(super) fn place_hold(&mut self, order: HoldOrder, leaf: Naming, now: Instant) -> Result<Hold, DeskError> {
        let hold = Hold {
            id: self.new_hold_id(random_hold_id)?,
            scope: order.scope,
            reason: order.reason,
            case: order.case,
            review_by: order.review_by,
            actor: order.actor,
            placed_at: now,
        };
        self.store.place(&hold)?;
        self.holds.insert(hold.id.clone(), hold.scope.clone());
        self.in_force.push(hold.clone());
        let body = self.hold_leaf(&hold, HoldAction::Placed, &hold.actor, &hold.reason, leaf);
        let recorded = self.log.append(body, now).and_then(|_| self.log.sync());
        recorded.map_err(|source| DeskError::HeldWithoutRecord { hold: hold.id.clone(), source })?;
        Ok(hold)
    }

    /// A name that no hold ever had here. It is short, because people read it out and type it: where 10,000 holds are placed, one
    /// organization in a hundred draws a name twice.
    fn new_hold_id(&self, mut draw: impl FnMut() -> Result<HoldId, DeskError>) -> Result<HoldId, DeskError> {
        loop {
            let id = draw()?;
            let on_record = self.chronicle.holds().contains_key(&id) || self.chronicle.is_lifted(&id);
            if !on_record && !self.store.knows_hold(&id)? {
                return Ok(id);
            }
        }
    }

    /// Lifts a hold: first on record, then in fact.
    pub(super) fn lift_hold(
        &mut self,
        id: &HoldId,
        reason: &str,
        actor: &Actor,
        now: Instant,
    ) -> Result<(), DeskError> {
        let found = self.in_force.iter().position(|hold| hold.id == *id);
        let body = match found {
            Some(place) => {
                let hold = &self.in_force[place];
                self.hold_leaf(hold, HoldAction::Lifted, actor, reason, Naming::default())
            }
            None => self.lost_leaf(id, actor, reason)?,
        };
        self.store.lifting(id, &Lift { actor: actor.clone(), at: now, reason: reason.to_owned() })?;
        self.record(body, now)?;
        self.lost.remove(id);
        self.holds.remove(id);
        if let Some(place) = found {
            self.in_force.remove(place);
        }
        self.store.lifted(id, true)
    }

    fn hold_leaf(&self, hold: &Hold, action: HoldAction, actor: &Actor, reason: &str, naming: Naming) -> Body {
        let expression = match &hold.scope {
            HoldScope::Where { expression, .. } => expression,
            _ => "",
        };
        let private = [reason, hold.case.as_deref().unwrap_or_default(), expression].join("\0");
        Body::Hold(HoldLeaf {
            hold: hold.id.clone(),
            action,
            actor: actor.clone(),
            scope: hold.scope.name().to_owned(),
            source: hold.scope.series().and_then(|series| self.install.mapping(series)).map(|map| map.source.clone()),
            series: hold.scope.series().cloned(),
            rule: match &hold.scope {
                HoldScope::Rule { rule } => Some(rule.clone()),
                _ => None,
            },
            year: naming.0.as_ref().map(|(year, _)| *year),
            fp: naming.0.map(|(_, fingerprint)| fingerprint),
            reason: self.log.keyed_digest(&private),
            review_by: hold.review_by,
        })
    }

    fn lost_leaf(&self, id: &HoldId, actor: &Actor, reason: &str) -> Result<Body, DeskError> {
        let placed = self.chronicle.holds().get(id).filter(|_| self.lost.contains(id));
        let placed = placed.ok_or_else(|| DeskError::NoHold { hold: id.clone() })?;
        Ok(Body::Hold(HoldLeaf {
            action: HoldAction::Lifted,
            actor: actor.clone(),
            reason: self.log.keyed_digest(reason),
            ..placed.clone()
        }))
    }

    /// Makes the private database agree with the log, which is right about what is in force: a crash between the two left them apart.
    fn reconcile(&mut self, now: Instant) -> Result<(), DeskError> {
        self.chronicle()?;
        let stored = self.store.holds()?;
        let known: BTreeSet<HoldId> = stored.iter().map(|stored| stored.hold.id.clone()).collect();
        self.lost = self.chronicle.holds().keys().filter(|id| !known.contains(*id)).cloned().collect();
        self.in_force.clear();
        let mut unrecorded = Vec::new();
        for StoredHold { hold, lifted } in stored {
            let on_record = self.chronicle.holds().contains_key(&hold.id);
            let is_lifted = !on_record && (lifted || self.chronicle.is_lifted(&hold.id));
            if is_lifted != lifted {
                self.store.lifted(&hold.id, is_lifted)?;
            }
            if is_lifted {
                continue;
            }
            if !on_record {
                unrecorded.push(self.hold_leaf(
                    &hold,
                    HoldAction::Placed,
                    &hold.actor,
                    &hold.reason,
                    Naming::default(),
                ));
            }
            self.in_force.push(hold);
        }
        self.holds = HoldIndex::new(&self.in_force);
        for body in unrecorded {
            self.record(body, now)?;
        }
        Ok(())
    }
}

/// The year of a fingerprint key and a fingerprint, where a hold is on one record that could be named.
#[derive(Debug, Default)]
pub(super) struct Naming(pub Option<(i32, String)>);

fn new_origin() -> Result<Origin, DeskError> {
    Ok(Origin::new(format!("retentiond/{}", random_hex::<8>()?)))
}

fn random_hold_id() -> Result<HoldId, DeskError> {
    Ok(HoldId::new(format!("H-{}", random_hex::<4>()?)))
}

fn random_hex<const BYTES: usize>() -> Result<String, DeskError> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| DeskError::Random(std::io::Error::other(error)))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests;
