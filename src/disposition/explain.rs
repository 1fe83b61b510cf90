//! Why a record is still here, or why it goes: the same facts and the same judgement as the plan's, for one record.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::Installation;
use super::company::{Company, Keeping};
use super::holds::HoldIndex;
use super::judge::{BlockedBy, Governing, JudgedAt, RuleStanding, Verdict, judge};
use super::plan::PlanError;
use crate::audit::leaf::Action;
use crate::model::{HoldId, Instant, RecordKey, SeriesName};
use crate::records::facts::Facts;
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Reader, StoreError};

/// How many blockers of blockers are looked at before the record counts as blocked.
const LOOKED_AT: usize = 2_000;

/// Everything that decides on a record now. Holds keys: personal information.
#[derive(Debug)]
pub struct Explanation<'a> {
    pub facts: Facts,
    /// `None` where no rule governs the series: its records are never destroyed.
    pub governing: Option<Governing<'a>>,
    /// What was judged; or why nothing is, where no calendar that has rules for the series is in force: then
    /// `governing` is by one that is not.
    pub verdict: Result<Verdict, PlanError>,
    pub holds: Vec<HoldId>,
    pub blockers: Vec<Blocker>,
    /// Where the record is due and kept by itself, through others: the shortest such circle, from the record on; each
    /// refers to the one before it, and the record to the last. None of them can ever go first.
    pub circle: Vec<Record>,
}

/// A record's name.
pub type Record = (SeriesName, RecordKey);

/// A record that refers to the one explained, or to a row that would go with it and waits for it.
#[derive(Clone, Debug)]
pub struct Blocker {
    pub series: SeriesName,
    pub key: RecordKey,
    /// Whether it goes in the same plan, before what it blocks.
    pub goes_too: bool,
}

impl<'a> Explanation<'a> {
    /// What each rule says, with its arithmetic.
    pub fn rules(&self, at: JudgedAt) -> Vec<RuleStanding<'a>> {
        self.governing.as_ref().map(|governing| governing.explain(&self.facts.events, at)).unwrap_or_default()
    }
}

/// Explains one record as of `now`; `None` where no such record is there.
///
/// # Errors
/// A calendar cannot be obeyed, or the database cannot be read.
pub fn explain<'a>(
    install: &'a Installation,
    reader: &mut Reader,
    holds: &HoldIndex,
    mapping: &'a SeriesMapping,
    key: &RecordKey,
    now: Instant,
) -> Result<Option<Explanation<'a>>, PlanError> {
    let mut look = Look { install, reader, holds, now, goes: BTreeMap::new() };
    let Some(facts) = look.facts(mapping, key)? else { return Ok(None) };
    let (governing, verdict) = match install.governing_now(mapping, now) {
        Err(error @ PlanError::NotInForce { .. }) => (install.governing_by(mapping, |_| true)?, Err(error)),
        governing => (governing?, Ok(look.verdict(mapping, &facts)?)),
    };
    let mut holds = look.holds_on(mapping, &facts, governing.as_ref())?;
    if let Ok(Verdict::Held(_)) = verdict {
        holds.extend(look.keeping(mapping, &facts, governing.as_ref())?.holds);
        holds.sort();
        holds.dedup();
    }
    let mut blockers = Vec::new();
    for (series, key) in look.blockers(mapping, &facts)? {
        let goes_too = look.goes(&series, &key)?;
        blockers.push(Blocker { series, key, goes_too });
    }
    let circle = match verdict {
        Ok(Verdict::Blocked(_, BlockedBy::Records)) => look.circle(mapping, &facts)?,
        _ => Vec::new(),
    };
    Ok(Some(Explanation { facts, governing, verdict, holds, blockers, circle }))
}

struct Look<'a, 'r> {
    install: &'a Installation,
    reader: &'r mut Reader,
    holds: &'r HoldIndex,
    now: Instant,
    /// Whether a record goes; `None` while it is being looked at: those that block each other in a circle stay, since
    /// none can go first.
    goes: BTreeMap<Record, Option<bool>>,
}

impl Look<'_, '_> {
    fn facts(&mut self, mapping: &SeriesMapping, key: &RecordKey) -> Result<Option<Facts>, PlanError> {
        let found = self.reader.facts(&mapping.series, std::slice::from_ref(key));
        Ok(found.map_err(|source| failed(mapping, source))?.pop().flatten())
    }

    fn verdict(&mut self, mapping: &SeriesMapping, facts: &Facts) -> Result<Verdict, PlanError> {
        let Some(governing) = self.install.governing_now(mapping, self.now)? else { return Ok(Verdict::Filtered) };
        let at = JudgedAt::now(self.now);
        let unhindered = judge(&governing, facts, at, || false, || None);
        let Verdict::Due(..) = unhindered else { return Ok(unhindered) };
        let keeping = self.keeping(mapping, facts, Some(&governing))?;
        let held = keeping.is_held() || !self.holds_on(mapping, facts, Some(&governing))?.is_empty();
        let is_referred_to = !held && self.is_blocked(mapping, facts)?;
        let blocked = if is_referred_to { Some(BlockedBy::Records) } else { keeping.blocked };
        Ok(judge(&governing, facts, at, || held, || blocked))
    }

    /// What keeps a record for the sake of another row that would change with it; of one that is not due, nothing.
    fn keeping(
        &mut self,
        mapping: &SeriesMapping,
        facts: &Facts,
        governing: Option<&Governing<'_>>,
    ) -> Result<Keeping, PlanError> {
        let at = JudgedAt::now(self.now);
        let unhindered = governing.map(|rules| judge(rules, facts, at, || false, || None));
        let Some(Verdict::Due(_, action)) = unhindered else { return Ok(Keeping::default()) };
        let company = Company::of(self.install, mapping, self.now)?;
        let keeping = company.keeping(self.holds, action, at, std::slice::from_ref(&facts.key), self.reader)?;
        Ok(keeping.into_iter().next().unwrap_or_default())
    }

    fn holds_on(
        &mut self,
        mapping: &SeriesMapping,
        facts: &Facts,
        governing: Option<&Governing<'_>>,
    ) -> Result<Vec<HoldId>, PlanError> {
        let rules = governing.into_iter().flat_map(Governing::rules).map(|rule| &rule.number);
        let mut holds = self.holds.of(mapping, facts, rules);
        for (hold, expression) in self.holds.expressions(&mapping.series) {
            if holds.contains(hold) {
                continue;
            }
            let is_held = self.reader.holds_for(&mapping.series, expression, &facts.key);
            if is_held.map_err(|source| PlanError::of_hold(hold, &mapping.series, source))? {
                holds.push(hold.clone());
            }
        }
        Ok(holds)
    }

    fn is_blocked(&mut self, mapping: &SeriesMapping, facts: &Facts) -> Result<bool, PlanError> {
        for (series, key) in self.blockers(mapping, facts)? {
            if !self.goes(&series, &key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a blocker goes in the same plan. What cannot be looked at stays, so that more is kept.
    fn goes(&mut self, series: &SeriesName, key: &RecordKey) -> Result<bool, PlanError> {
        let record = (series.clone(), key.clone());
        if let Some(known) = self.goes.get(&record) {
            return Ok(known.unwrap_or(false));
        }
        if self.goes.len() >= LOOKED_AT {
            return Ok(false);
        }
        self.goes.insert(record.clone(), None);
        let goes = self.is_due(series, key)?;
        self.goes.insert(record, Some(goes));
        Ok(goes)
    }

    fn is_due(&mut self, series: &SeriesName, key: &RecordKey) -> Result<bool, PlanError> {
        let Some(mapping) = self.install.mapping(series) else { return Ok(false) };
        let Some(facts) = self.facts(mapping, key)? else { return Ok(false) };
        match self.verdict(mapping, &facts) {
            // Nothing falls due under a calendar that is not in force.
            Err(PlanError::NotInForce { .. }) => Ok(false),
            verdict => Ok(matches!(verdict?, Verdict::Due(_, Action::Destroy))),
        }
    }

    /// The shortest way from a record over those that refer to it, and would go but for what refers to them, back to
    /// itself.
    fn circle(&mut self, mapping: &SeriesMapping, facts: &Facts) -> Result<Vec<Record>, PlanError> {
        let start: Record = (mapping.series.clone(), facts.key.clone());
        // From each record that was reached to the one that it refers to.
        let mut reached: BTreeMap<Record, Record> = BTreeMap::new();
        let mut waiting = VecDeque::from([start.clone()]);
        while let Some(kept) = waiting.pop_front() {
            for blocker in self.blockers_of(&kept)? {
                if blocker == start {
                    let way = std::iter::successors(Some(&kept), |record| reached.get(*record));
                    let mut circle: Vec<Record> = way.cloned().collect();
                    circle.reverse();
                    return Ok(circle);
                }
                if reached.len() < LOOKED_AT && !reached.contains_key(&blocker) && self.would_go(&blocker)? {
                    reached.insert(blocker.clone(), kept.clone());
                    waiting.push_back(blocker);
                }
            }
        }
        Ok(Vec::new())
    }

    fn blockers_of(&mut self, (series, key): &Record) -> Result<Vec<Record>, PlanError> {
        let Some(mapping) = self.install.mapping(series) else { return Ok(Vec::new()) };
        let Some(facts) = self.facts(mapping, key)? else { return Ok(Vec::new()) };
        self.blockers(mapping, &facts)
    }

    /// Those of a record, then those of rows that would go with it.
    fn blockers(&mut self, mapping: &SeriesMapping, facts: &Facts) -> Result<Vec<Record>, PlanError> {
        let series_of = |relation: usize| mapping.blocked_by.get(relation).map(|relation| relation.series.clone());
        let own = facts.blockers.iter().filter_map(|blocker| Some((series_of(blocker.relation)?, blocker.key.clone())));
        let mut blockers: Vec<Record> = own.collect();
        let of_rows = match self.install.governing_now(mapping, self.now) {
            Err(PlanError::NotInForce { .. }) => BTreeSet::new(),
            governing => self.keeping(mapping, facts, governing?.as_ref())?.blockers,
        };
        let more: Vec<Record> = of_rows.into_iter().filter(|blocker| !blockers.contains(blocker)).collect();
        blockers.extend(more);
        Ok(blockers)
    }

    /// Whether a record would be destroyed if nothing referred to it.
    fn would_go(&mut self, (series, key): &Record) -> Result<bool, PlanError> {
        let Some(mapping) = self.install.mapping(series) else { return Ok(false) };
        let Some(facts) = self.facts(mapping, key)? else { return Ok(false) };
        let Some(governing) = self.install.governing_now(mapping, self.now)? else { return Ok(false) };
        let unhindered = judge(&governing, &facts, JudgedAt::now(self.now), || false, || None);
        Ok(matches!(unhindered, Verdict::Due(_, Action::Destroy))
            && self.keeping(mapping, &facts, Some(&governing))?.is_by_blockers_only()
            && self.holds_on(mapping, &facts, Some(&governing))?.is_empty())
    }
}

fn failed(mapping: &SeriesMapping, source: StoreError) -> PlanError {
    PlanError::Records { series: mapping.series.clone(), source }
}
