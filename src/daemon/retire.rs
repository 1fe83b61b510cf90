//! Plans that no longer stand: what they are bound to (schema, mapping, calendar, database) changed, so they can be
//! neither approved nor executed.

use std::collections::BTreeSet;
use std::time::Instant as Monotonic;

use super::alerts::kind;
use super::own_plans::OWN;
use super::runner::Runner;
use super::scan::{Made, about_source};
use crate::disposition::desk::{DeskError, PlanState};
use crate::disposition::execute::ExecuteError;
use crate::model::{PlanId, RuleNumber, SourceName};

impl Runner {
    /// Gives up the daemon's own plans that can no longer be approved, so that the one that the scan makes now waits in
    /// their place. Of a person's plan it only stops telling.
    pub(super) fn retire_outdated(&mut self) -> Result<(), DeskError> {
        let mut standing = self.pending_own()?;
        let desk = self.desk.lock()?;
        let now = self.watch.now();
        let mut outdated = Vec::new();
        for own in &standing {
            let Some(what) = desk.outdated(&own.plan, now)? else { continue };
            tracing::warn!(plan = %own.plan, what, "a plan that waited no longer stands; a new one is made");
            if !desk.is_asked_for(&own.plan)? {
                desk.forget(&own.plan)?;
            }
            outdated.push(own.plan.clone());
        }
        if outdated.is_empty() {
            return Ok(());
        }
        standing.retain(|own| !outdated.contains(&own.plan));
        desk.memorize(OWN, Some(&standing))?;
        drop(desk);
        self.pending_own().map(drop)
    }

    /// Takes back the daemon's own plans that speak of a database which could not be scanned, now and the last
    /// time: while it is away they can be neither approved nor executed, and would keep the due records of all others
    /// waiting. Those of the others are on the plan that was made now.
    pub(super) fn withdraw_unreachable(&self, made: &Made) -> Result<(), DeskError> {
        let standing = self.board.show().alerts.standing();
        let failed_before = |source: &SourceName| {
            let about = about_source(source);
            standing.iter().any(|alert| alert.code == kind::SCAN_FAILED && alert.about == about)
        };
        let away: BTreeSet<&SourceName> = made.failed.keys().filter(|source| failed_before(source)).collect();
        if away.is_empty() {
            return Ok(());
        }
        for own in self.pending_own()? {
            let mut desk = self.desk.lock()?;
            let needs_one_away = desk.sources_of(&own.plan)?.iter().any(|source| away.contains(source));
            if needs_one_away && desk.withdraw(&own.plan, self.watch.now())? {
                tracing::warn!(plan = %own.plan, "a plan that waited speaks of a database that is away; one of the others takes its place");
            }
        }
        self.pending_own().map(drop)
    }

    /// Notes that the daemon could not execute a plan. One that no longer stands is given up: no later attempt could
    /// succeed.
    pub(super) fn give_up_or_put_off(&mut self, plan: &PlanId, error: &ExecuteError, began: Monotonic) {
        let outdated = match error {
            ExecuteError::Desk(error) => error.what_changed(),
            _ => None,
        };
        let Some(what) = outdated else { return self.note_failure(plan, error, began) };
        let now = self.watch.now();
        // Its refusal is on record already.
        if let Err(error) = self.desk.lock().and_then(|desk| desk.forget(plan)) {
            return self.trouble(&error, now);
        }
        self.metrics.run_ended("failed", began.elapsed().as_secs_f64(), now);
        self.retries.remove(plan);
        let message = format!(
            "plan {plan} was approved and no longer stands: {what}; it is given up, and the next scan makes a new one to decide on: `retentiond ctl scan` does so at once"
        );
        self.board.raise(kind::RUN_FAILED, plan.as_str(), message, now);
        // Other plans may go on for hours before the next.
        self.memorize_alerts();
    }

    /// A scan of all rules has looked anew at the records of the plans that were given up: what it found due has a
    /// plan, and an alert where a person is needed.
    pub(super) fn succeed_retired(&self, only: &Option<RuleNumber>) -> Result<(), DeskError> {
        if only.is_some() {
            return Ok(());
        }
        let open = self.plans_in(&[PlanState::Approved, PlanState::Started])?;
        let names: Vec<&str> = open.iter().map(PlanId::as_str).collect();
        self.board.show().alerts.keep_only(kind::RUN_FAILED, &names);
        Ok(())
    }
}
