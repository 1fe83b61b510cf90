//! Executes an approved plan, chunk by chunk in primary-key order, or goes on with it.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::Duration;

use super::batch::Bench;
use super::chunk::PATIENCE;
use super::close::{Ended, close};
use super::divide::{Over, Took, giant, run_divided};
use super::error::ExecuteError;
use super::lockout::Lockouts;
use super::queue::{Chunk, Queue};
use super::resume::Settled;
use super::roots::SeenRoots;
use super::spool::SpoolDir;
use super::statement::{Statement, Tally};
use super::stayed::{Staying, leave};
use super::target::Target;
use super::turn::Holder;
use super::writers::Writers;
use super::{asked, declare, fault, halt, recover, restored, resume};
use crate::audit::leaf::RecordOutcome;
use crate::disposition::company::Company;
use crate::disposition::desk::{Desk, SharedDesk, behind};
use crate::disposition::plan::{GoneSince, Item, gone_since};
use crate::disposition::{ApprovedPlan, Installation, Pace};
use crate::model::{Actor, Fingerprint, Instant, Opening, RunId, SourceName};
use crate::records::files::Reserved;
use crate::records::sqlite::Relief;

/// A polite run pauses at least so long between chunks.
const LEAST_PAUSE: Duration = Duration::from_millis(5);

/// Under what conditions a plan is executed.
pub struct Conditions<'a> {
    /// Who asked for it.
    pub actor: &'a Actor,
    /// The clock; read once a chunk.
    pub clock: &'a dyn Fn() -> Instant,
    /// Set to stop after the chunk at hand.
    pub stop: &'a AtomicBool,
    pub progress: &'a mut dyn FnMut(Progress),
    /// Told of who keeps the database locked, where a batch waits for more than some seconds.
    pub kept_waiting: &'a dyn Fn(Holder),
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub planned: u64,
    /// Records accounted for, whatever became of them.
    pub done: u64,
    /// Those among them that went, as far as their outcomes are on record.
    pub went: u64,
    /// How long the database is left to its application before the next chunk.
    pub pause: Duration,
}

/// Executes an approved plan now, or goes on with it. What is put off stays in the plan: a further call tries it again.
///
/// # Errors
/// Nothing was destroyed for [`ExecuteError::Blackout`], [`ExecuteError::Version`], [`ExecuteError::Restored`] and the
/// like. After any other error the log says what was done, and the same call goes on from there.
pub fn apply(
    shared: &SharedDesk,
    plan: &ApprovedPlan,
    conditions: &mut Conditions<'_>,
) -> Result<Statement, ExecuteError> {
    let started = (conditions.clock)();
    let install = shared.install();
    if install.windows.open_at(started) == Opening::Blackout {
        return Err(ExecuteError::Blackout { until: install.windows.changes_after(started) });
    }
    let late = {
        let mut desk = shared.lock()?;
        let sources: BTreeSet<_> = plan.manifest().series.iter().map(|planned| planned.source.clone()).collect();
        let recovered = recover::recover(&mut desk, &sources, recover::LeftBehind::TryAgain, started)?;
        desk.may_destroy()?;
        wait_for_a_person(&mut desk, plan)?;
        recovered.late
    };
    let gone_since = gone_since(&install, plan.plan())?;
    let mut writers = Writers::new(shared, plan, &install);
    asked::every_hold(shared, plan.manifest(), &mut writers)?;
    let (settled, run, began) = {
        let mut desk = shared.lock()?;
        declare::declare(&mut desk, plan, conditions.actor, started)?;
        let has_started = desk.chronicle()?.has_started(plan.id());
        let settled = if has_started { resume::settled(desk.log(), plan.id())? } else { Settled::default() };
        let run = RunId::new(format!("{}-{}", plan.id(), desk.log().size()));
        (settled, run, desk.log().stamped(started))
    };
    let mut execution = Execution {
        shared,
        plan,
        install: &install,
        run: &run,
        settled: &settled.records,
        gone_since: &gone_since,
        spools: SpoolDir::of(&install.state, install.boot),
        reserved: install.reserved(),
        roots: SeenRoots::default(),
        writers,
        tally: Tally { late, interrupted: settled.untold, ..Tally::default() },
        told: 0,
    };
    execution.tally.counts.planned = execution.count_planned()?;
    let finished = execution.go_through(conditions);
    // Whoever is told of an error is told of what went before it, too.
    let finished = finished.inspect_err(|_| execution.tell_the_rest(conditions))?;
    let now = (conditions.clock)();
    let tally = Tally { copied_in: execution.writers.copied_in, ..execution.tally };
    close(&mut *shared.lock()?, plan, tally, Ended { run, began, now, finished, actor: conditions.actor })
}

/// A source may have been found restored since the plan was approved: only an approval that came after, and named the
/// rail, lets it go on.
fn wait_for_a_person(desk: &mut Desk, plan: &ApprovedPlan) -> Result<(), ExecuteError> {
    for planned in &plan.manifest().series {
        let chronicle = desk.chronicle()?;
        if chronicle.is_restored(&planned.source) && !chronicle.is_answered(&planned.source, plan.id()) {
            return Err(ExecuteError::Restored { source_name: planned.source.clone() });
        }
    }
    Ok(())
}

/// A run under way.
struct Execution<'a> {
    shared: &'a SharedDesk,
    plan: &'a ApprovedPlan,
    install: &'a Installation,
    run: &'a RunId,
    settled: &'a HashSet<Fingerprint>,
    gone_since: &'a GoneSince,
    spools: SpoolDir,
    reserved: Reserved,
    roots: SeenRoots,
    writers: Writers<'a>,
    tally: Tally,
    /// Records of which it was told that they went.
    told: u64,
}

impl<'a> Execution<'a> {
    fn source_of(&self, chunk: &Chunk) -> &SourceName {
        &self.plan.manifest().series[chunk.series].source
    }

    fn tell(&mut self, conditions: &mut Conditions<'_>, pause: Duration) {
        self.told = self.went();
        let (planned, done) = (self.tally.counts.planned, self.tally.accounted());
        (conditions.progress)(Progress { planned, done, went: self.told, pause });
    }

    /// Tells of what a chunk disposed of that was interrupted.
    fn tell_the_rest(&mut self, conditions: &mut Conditions<'_>) {
        if self.went() > self.told {
            self.tell(conditions, Duration::ZERO);
        }
    }

    fn went(&self) -> u64 {
        let counts = self.tally.counts;
        counts.destroyed + counts.anonymized + counts.incomplete
    }

    fn count_planned(&self) -> Result<u64, ExecuteError> {
        let planned = self.plan.planned()?;
        Ok(planned.saturating_sub(self.settled.len() as u64))
    }

    /// Whether the run went through the whole plan.
    fn go_through(&mut self, conditions: &mut Conditions<'_>) -> Result<bool, ExecuteError> {
        let (mut queue, mut lockouts) = (Queue::new(self.plan, self.install), Lockouts::default());
        while let Some(chunk) = queue.next(&mut self.writers)? {
            let now = (conditions.clock)();
            if let Some(reason) = halt::asked(conditions.stop, &self.install.windows, now) {
                return Ok(!self.put_off_the_rest(reason));
            }
            let left: Vec<&Item> =
                chunk.items.iter().filter(|item| !self.settled.contains(&item.fingerprint)).collect();
            let source = self.source_of(&chunk).clone();
            if let Some(holder) = lockouts.of(&source) {
                self.put_off(&holder.to_string(), left.len() as u64);
                continue;
            }
            if let (Some(weight), [item]) = (&chunk.giant, left.as_slice())
                && !self.install.windows.admits_giants_at(now)
            {
                let (outcome, reason) = (RecordOutcome::Deferred, giant(*weight, self.install.limits.lock * PATIENCE));
                let target = self.target(item, now)?;
                leave(self.shared, &target, &mut self.tally, &Staying { item, outcome, reason: &reason }, now)?;
                continue;
            }
            let took = self.run_chunk(&left, chunk.most_bytes, conditions)?;
            match &took.over {
                Some(Over::Asked(reason)) => return Ok(!self.put_off_the_rest(reason)),
                Some(Over::Forbidden(reason)) => {
                    self.put_off_the_rest(reason);
                    // Where the database was restored, that goes on record: its source waits for a person.
                    let mut desk = self.shared.lock()?;
                    behind::look(&mut desk)?;
                    restored::look(&mut desk, &source, (conditions.clock)())?;
                    return Ok(false);
                }
                None => {}
            }
            queue.learn(&chunk, &took);
            lockouts.learn(&source, &took);
            let pause = match self.pace_at(now) {
                Pace::Polite => LEAST_PAUSE.max(took.held / 2),
                Pace::Full => Duration::ZERO,
            };
            self.tell(conditions, pause);
            thread::sleep(pause);
        }
        Ok(true)
    }

    /// Whether there was anything left.
    fn put_off_the_rest(&mut self, reason: &str) -> bool {
        let rest = self.tally.counts.planned.saturating_sub(self.tally.accounted());
        self.put_off(reason, rest);
        rest > 0
    }

    fn put_off(&mut self, reason: &str, records: u64) {
        if records > 0 {
            self.tally.count_many(RecordOutcome::Deferred, records);
            self.tally.explain(reason, records);
        }
    }

    /// How gently the owner's application is to be treated now.
    fn pace_at(&self, now: Instant) -> Pace {
        self.install.windows.pace_at(now, self.install.limits.pace)
    }

    /// Runs the items of one chunk, a batch for each rule and action among them; returns what it took.
    fn run_chunk(
        &mut self,
        items: &[&Item],
        most_bytes: u64,
        conditions: &Conditions<'_>,
    ) -> Result<Took, ExecuteError> {
        let mut took = Took::default();
        let Some(first) = items.first() else { return Ok(took) };
        let now = (conditions.clock)();
        let pace = self.pace_at(now);
        let target = self.target(first, now)?;
        let mut groups: Vec<Vec<&Item>> = Vec::new();
        for item in items {
            match groups.iter_mut().find(|group| (group[0].rule, group[0].action) == (item.rule, item.action)) {
                Some(group) => group.push(item),
                None => groups.push(vec![item]),
            }
        }
        let writer = self.writers.of(&target.mapping.source)?;
        let mut bench = Bench {
            shared: self.shared,
            writer,
            reserved: &self.reserved,
            roots: &mut self.roots,
            spools: &self.spools,
            clock: conditions.clock,
            stop: conditions.stop,
            kept_waiting: conditions.kept_waiting,
            windows: &self.install.windows,
            longest: self.install.limits.lock * PATIENCE,
            most_bytes,
            admits_giants: self.install.windows.admits_giants_at(now),
        };
        for group in groups {
            run_divided(&mut bench, &target, group, &mut self.tally, &mut took)?;
            if took.over.is_some() {
                return Ok(took);
            }
        }
        bench.writer.relieve(match pace {
            Pace::Polite => Relief::Soon,
            Pace::Full => Relief::Late,
        })?;
        fault::step("chunk-done")?;
        Ok(took)
    }

    fn target(&self, item: &Item, now: Instant) -> Result<Target<'a>, ExecuteError> {
        let planned = &self.plan.manifest().series[item.series];
        let no_series = || ExecuteError::NoSeries { plan: self.plan.id().clone(), series: planned.series.clone() };
        let mapping = self.install.mapping(&planned.series).ok_or_else(no_series)?;
        // The law of the plan: whether it is in force still, `halt` asks before each batch.
        let obeyed = &self.plan.manifest().calendars;
        let governing =
            self.install.governing_by(mapping, |calendar| obeyed.iter().any(|own| own.digest == calendar.digest));
        let governing = governing?.ok_or_else(no_series)?;
        let year = self.plan.manifest().fingerprint_year;
        let fingerprinter = self.shared.lock()?.log().fingerprinter(&mapping.source, year, now)?;
        let company = Company::of(self.install, mapping, now)?.sparing(self.plan, fingerprinter.clone());
        let (plan, run, gone_since) = (self.plan, self.run, self.gone_since);
        Ok(Target { plan, run, mapping, governing, company, fingerprinter, gone_since })
    }
}
