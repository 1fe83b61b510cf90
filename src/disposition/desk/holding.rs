//! Holds placed and lifted: in the private database, in the log, and in the index that every destruction asks.

use std::collections::BTreeSet;

use super::store::{Lift, StoredHold};
use super::{Desk, DeskError, random_hex};
use crate::audit::LogError;
use crate::audit::leaf::{Body, HoldAction, HoldLeaf};
use crate::disposition::holds::{Hold, HoldIndex, HoldScope, Meaning};
use crate::model::{Actor, CivilDate, HoldId, Instant};

/// Who asked for a hold, and why.
pub(in crate::disposition) struct HoldOrder {
    pub scope: HoldScope,
    pub meaning: Meaning,
    pub reason: String,
    pub case: Option<String>,
    pub review_by: Option<CivilDate>,
    pub actor: Actor,
}

/// The year of a fingerprint key and a fingerprint, where a hold is on one record that could be named.
#[derive(Debug, Default)]
pub(in crate::disposition) struct Naming(pub Option<(i32, String)>);

impl Desk {
    /// Places a hold: in force from the private database's commit on. It holds, too, where the log cannot be written
    /// now, as the second part of the result says; [`Desk::catch_up`] puts it on record.
    pub(in crate::disposition) fn place_hold(
        &mut self,
        order: HoldOrder,
        leaf: Naming,
        now: Instant,
    ) -> Result<(Hold, Result<u64, LogError>), DeskError> {
        let hold = Hold {
            id: self.new_hold_id(random_hold_id)?,
            scope: order.scope,
            meaning: Some(order.meaning),
            reason: order.reason,
            case: order.case,
            review_by: order.review_by,
            actor: order.actor,
            placed_at: now,
        };
        self.store.place(&hold)?;
        self.holds.insert(&hold);
        self.in_force.push(hold.clone());
        let body = self.hold_leaf(&hold, HoldAction::Placed, &hold.actor, &hold.reason, leaf);
        let recorded = self.write(body, now);
        Ok((hold, recorded))
    }

    /// A name that no hold ever had here. It is short, because people read it out and type it: where 10,000 holds are
    /// placed, one organization in a hundred draws a name twice.
    pub(super) fn new_hold_id(&self, mut draw: impl FnMut() -> Result<HoldId, DeskError>) -> Result<HoldId, DeskError> {
        loop {
            let id = draw()?;
            let on_record = self.chronicle.holds().contains_key(&id) || self.chronicle.is_lifted(&id);
            if !on_record && !self.store.knows_hold(&id)? {
                return Ok(id);
            }
        }
    }

    /// Lifts a hold: first on record, then in fact.
    pub(in crate::disposition) fn lift_hold(
        &mut self,
        id: &HoldId,
        reason: &str,
        actor: &Actor,
        now: Instant,
    ) -> Result<(), DeskError> {
        self.chronicle()?;
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

    pub(super) fn hold_leaf(
        &self,
        hold: &Hold,
        action: HoldAction,
        actor: &Actor,
        reason: &str,
        naming: Naming,
    ) -> Body {
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

    /// Makes the private database agree with the log, which is right about what is in force: a crash between the two
    /// left them apart. Returns what the log does not tell.
    pub(super) fn reconcile(&mut self) -> Result<Vec<Body>, DeskError> {
        self.chronicle()?;
        let stored = self.store.holds()?;
        let known: BTreeSet<HoldId> = stored.iter().map(|stored| stored.hold.id.clone()).collect();
        let carried = self.carried(&known)?;
        let told = self.chronicle.holds().keys().chain(carried.keys());
        self.lost = told.filter(|id| !known.contains(*id)).cloned().collect();
        self.in_force.clear();
        let mut unrecorded: Vec<Body> = carried.into_values().map(Body::Hold).collect();
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
        Ok(unrecorded)
    }
}

fn random_hold_id() -> Result<HoldId, DeskError> {
    Ok(HoldId::new(format!("H-{}", random_hex::<4>()?)))
}
