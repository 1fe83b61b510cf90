//! One reading of the log, in order, that gathers what it says of the record.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Announced, Answer, DeniedEarlier, EndedEarlier, Found, LaterEntry, Mention, MentionApproval, MentionOutcome,
    NamedSeries, Wanted, WantedBy,
};
use crate::audit::leaf::{Body, Correction, Intent, Leaf, MappingLeaf, Outcome, Predecessor, RecordOutcome};
use crate::audit::marks::ENDED;
use crate::audit::results::decode_results;
use crate::model::{BatchNumber, Digest, Fingerprint, Origin, PlanId};

/// Corrections that say that a database was put back, or that another stands in its place.
const PUT_BACK: [&str; 3] = ["resurrected", "missing_fence", "fence_table_dropped"];

pub(super) struct Search<'a> {
    wanted: &'a Wanted,
    log: Option<Origin>,
    continued: Option<Predecessor>,
    mentions: Vec<Mention>,
    destroyed_keys: Vec<i32>,
    asked: NamedSeries,
    announced: Announced,
    /// The columns of each mapping of the series, and the last one of them.
    mappings: BTreeMap<Digest, Vec<String>>,
    mapped: Option<Vec<String>>,
    /// The mapping that each plan was approved under.
    governed: BTreeMap<PlanId, Digest>,
    named_otherwise: BTreeMap<String, u64>,
    uncited: u64,
    put_back: Option<u64>,
    /// Files that batches of earlier logs had left, and that are gone since or released.
    ended: Vec<EndedEarlier>,
    /// Batches of earlier logs that were committed after all.
    denied: Vec<DeniedEarlier>,
    /// Years under which records of the series are named, and this one has no name.
    unnamed: BTreeSet<i32>,
    /// Records destroyed by the batches of the mentions.
    destroyed: BTreeMap<BatchNumber, u64>,
    /// The last approval of each plan.
    approvals: BTreeMap<PlanId, MentionApproval>,
    /// The batch that was read last, and how many of its records were.
    read: (BatchNumber, u64),
}

impl<'a> Search<'a> {
    pub fn new(wanted: &'a Wanted) -> Self {
        Self {
            wanted,
            log: None,
            continued: None,
            mentions: Vec::new(),
            destroyed_keys: Vec::new(),
            asked: NamedSeries { source: wanted.source.clone(), series: wanted.series.clone() },
            announced: Announced::default(),
            mappings: BTreeMap::new(),
            mapped: None,
            governed: BTreeMap::new(),
            named_otherwise: BTreeMap::new(),
            uncited: 0,
            put_back: None,
            ended: Vec::new(),
            denied: Vec::new(),
            unnamed: BTreeSet::new(),
            destroyed: BTreeMap::new(),
            approvals: BTreeMap::new(),
            read: (BatchNumber(0), 0),
        }
    }

    /// Reads the next entry.
    pub fn read(&mut self, index: u64, leaf: &Leaf) {
        match &leaf.body {
            Body::Genesis(genesis) => {
                (self.log, self.continued) = (Some(genesis.origin.clone()), genesis.predecessor.clone());
            }
            Body::Approval(approval) => {
                let by = approval.actor.clone();
                self.approvals.insert(approval.plan.clone(), MentionApproval { entry: index, at: leaf.at, by });
                let governed = approval.governed.get(&self.wanted.series).map(|governed| governed.mapping);
                self.governed.extend(governed.map(|mapping| (approval.plan.clone(), mapping)));
            }
            Body::Calendar(calendar) => self.announced.read_calendar(&self.asked, calendar),
            Body::Mapping(mapping) => self.read_mapping(mapping),
            Body::Intent(intent) => self.read_intent(index, leaf.at, intent),
            Body::Outcome(outcome) => self.read_outcome(index, leaf.at, outcome),
            Body::Correction(correction) if correction.source == self.wanted.source => {
                self.read_correction(index, correction);
            }
            Body::FpkeyDestroyed(gone) if gone.source == self.wanted.source => self.destroyed_keys.push(gone.year),
            _ => (),
        }
    }

    fn read_mapping(&mut self, leaf: &MappingLeaf) {
        self.announced.read_mapping(&self.asked, leaf);
        if (&leaf.source, &leaf.series) == (&self.wanted.source, &self.wanted.series) {
            let columns = match self.wanted.by {
                WantedBy::Key => leaf.key.clone(),
                WantedBy::Reference => leaf.reference.iter().cloned().collect(),
            };
            self.mappings.insert(leaf.digest, columns.clone());
            self.mapped = Some(columns);
        }
    }

    /// Under a mapping with another key, the record has a name that nobody can make out of this one.
    fn note_name(&mut self, intent: &Intent) {
        let approved = self.governed.get(&intent.plan).and_then(|digest| self.mappings.get(digest));
        let Some(columns) = approved.or(self.mapped.as_ref()) else { return };
        let is_same = |(one, other): (&String, &String)| one.eq_ignore_ascii_case(other);
        let wanted = &self.wanted.columns;
        let are_wanted = columns.len() == wanted.len() && columns.iter().zip(wanted).all(is_same);
        if !columns.is_empty() && !are_wanted {
            *self.named_otherwise.entry(columns.join(", ")).or_default() += u64::from(intent.n);
        }
    }

    fn read_intent(&mut self, index: u64, at: i64, intent: &Intent) {
        self.announced.read_intent(&self.asked, intent);
        if (&intent.source, &intent.series) != (&self.wanted.source, &self.wanted.series) {
            return;
        }
        if self.wanted.by == WantedBy::Reference && intent.rfp.is_none() {
            self.uncited += u64::from(intent.n);
        }
        self.note_name(intent);
        let offset = if self.read.0 == intent.batch { self.read.1 } else { 0 };
        self.read = (intent.batch, offset + u64::from(intent.n));
        let Some(wanted) = self.wanted.fingerprints.get(&intent.year) else {
            self.unnamed.insert(intent.year);
            return;
        };
        let names = match self.wanted.by {
            WantedBy::Key => intent.fingerprints(),
            WantedBy::Reference => intent.references(),
        };
        let as_wanted = |name: Fingerprint| wanted.iter().find(|wanted| wanted.fingerprint == name);
        let places: Vec<(usize, bool)> = (0..)
            .zip(names.unwrap_or_default())
            .filter_map(|(place, name)| Some((place, as_wanted(name)?.is_retyped)))
            .collect();
        if places.is_empty() {
            return;
        }
        let records = intent.fingerprints().unwrap_or_default();
        for (place, retyped) in places {
            let Some(record) = records.get(place) else { continue };
            self.mentions.push(Mention {
                answer: Answer::Pending,
                retyped,
                intent: index,
                place,
                records: intent.n,
                announced: at,
                batch: intent.batch,
                run: intent.run.clone(),
                plan: intent.plan.clone(),
                rule: intent.rule.clone(),
                calendar: intent.calendar.clone(),
                version: intent.version,
                action: intent.action,
                approved: self.approvals.get(&intent.plan).cloned(),
                outcome: None,
                corrected: None,
                back: None,
                corrected_log: None,
                restored_since: None,
                restored_log: None,
                still_gone: None,
                log: None,
                offset,
                name: (intent.year, *record),
            });
        }
    }

    fn read_outcome(&mut self, index: u64, at: i64, outcome: &Outcome) {
        if self.mentions.iter().any(|mention| mention.batch == outcome.batch) {
            *self.destroyed.entry(outcome.batch).or_default() += destroyed(outcome);
        }
        for mention in self.mentions.iter_mut().filter(|mention| mention.intent == outcome.intent) {
            let results = decode_results(&outcome.results, mention.records).unwrap_or_default();
            let Some(result) = results.get(mention.place).copied() else { continue };
            let letter = result.letter();
            mention.outcome = Some(MentionOutcome { entry: index, at, committed: outcome.committed, letter });
            mention.answer = match result {
                RecordOutcome::Destroyed => Answer::Destroyed,
                RecordOutcome::Anonymized => Answer::Anonymized,
                RecordOutcome::Incomplete => Answer::Pending,
                RecordOutcome::Gone => Answer::Gone,
                RecordOutcome::Failed => Answer::Failed,
                RecordOutcome::Held | RecordOutcome::Blocked | RecordOutcome::Drifted | RecordOutcome::Deferred => {
                    Answer::Aborted
                }
            };
        }
    }

    fn read_correction(&mut self, index: u64, correction: &Correction) {
        if correction.batch.is_none() && PUT_BACK.contains(&correction.what.as_str()) {
            self.put_back = Some(index);
        }
        let by = LaterEntry { log: self.log.clone(), entry: index };
        if let (Some(batch), "altered_fence") = (&correction.earlier, correction.what.as_str()) {
            self.denied.push(DeniedEarlier { batch: batch.clone(), by });
        } else if let (Some(batch), Some(is_released)) = (&correction.earlier, ends_left(correction)) {
            let records = correction.ended.as_deref().and_then(|ended| ENDED.read(ended));
            self.ended.extend(records.map(|records| EndedEarlier { batch: batch.clone(), is_released, records, by }));
        }
        for mention in &mut self.mentions {
            let is_its_batch = correction.batch == Some(mention.batch);
            match correction.what.as_str() {
                "completed" | "released" if is_its_batch => {
                    let records = correction.ended.as_deref().and_then(|ended| ENDED.read(ended));
                    if let (Some(records), Some(is_released)) = (records, ends_left(correction)) {
                        mention.end(&records, is_released, index);
                    }
                }
                "resurrected" if is_its_batch && mention.has_gone() => {
                    let destroyed = self.destroyed.get(&mention.batch).copied();
                    mention.read_resurrected(index, correction, destroyed);
                }
                // Its own row says that it was committed after all.
                "altered_fence" if is_its_batch => mention.doubt(index),
                // These two looked for every record of the batch that they could name, and found none.
                "missing_fence" | "fence_table_dropped"
                    if is_its_batch && mention.is_gone() && correction.unnamed == 0 =>
                {
                    mention.was_not_back(index);
                }
                "resurrected" | "missing_fence" | "fence_table_dropped" if mention.is_gone() => {
                    mention.restored_since = Some(index);
                }
                _ => (),
            }
        }
    }

    /// What was found, in a log of which so many entries are signed.
    pub fn finish(mut self, signed: u64) -> Found {
        // What this log says of its keys: under the same year, one before or after it may have had another.
        self.unnamed.retain(|year| !self.destroyed_keys.contains(year));
        let log = self.log;
        let found = Found {
            answer: Answer::NotFound,
            log: log.clone(),
            mentions: self.mentions,
            records: Vec::new(),
            destroyed_keys: self.destroyed_keys,
            missing_keys: self.unnamed,
            replaced_keys: BTreeSet::new(),
            signed,
            missing_logs: Vec::new(),
            remembered: Vec::new(),
            uncited: self.uncited,
            unmapped: BTreeSet::new(),
            may_be_renamed: false,
            named_otherwise: self.named_otherwise,
            announced: self.announced,
            asked: self.asked,
            told_as: None,
            put_back: self.put_back.map(|entry| LaterEntry { log: log.clone(), entry }),
            ended: self.ended,
            denied: self.denied,
            newest: log,
            by: self.wanted.by,
            continued: self.continued,
        };
        found.settled()
    }
}

/// Whether a correction that ends what was left says that files are released, and not gone; `None` for any other.
fn ends_left(correction: &Correction) -> Option<bool> {
    match correction.what.as_str() {
        "completed" => Some(false),
        "released" => Some(true),
        _ => None,
    }
}

/// How many records an outcome says are gone from their table.
fn destroyed(outcome: &Outcome) -> u64 {
    let runs = outcome.results.split_inclusive(|letter: char| letter.is_ascii_alphabetic());
    let gone = runs.filter_map(|run| run.strip_suffix(['D', 'i'])?.parse::<u64>().ok());
    gone.sum()
}
