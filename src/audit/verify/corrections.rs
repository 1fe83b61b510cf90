//! What the program found the database to say otherwise than the log: a correction must fit the batch that it corrects.

use std::collections::BTreeMap;

use super::begun::BegunBatches;
use super::findings::Findings;
use super::flaw::Flaw;
use super::spans::Spans;
use super::words;
use crate::audit::leaf::{Correction, EarlierBatch};
use crate::audit::marks::{BACK, ENDED, Marks};
use crate::model::Origin;

/// Records of batches of earlier logs whose left files this one says are gone or released, and the logs that it speaks
/// of.
#[derive(Debug, Default)]
pub(super) struct EndedEarlier {
    /// Their places in each batch.
    places: BTreeMap<EarlierBatch, Spans>,
    /// The first entry that speaks of each log.
    first: BTreeMap<Origin, u64>,
}

impl EndedEarlier {
    /// An entry ends what was left of these records; whether none of them had ended before.
    fn end(&mut self, index: u64, batch: &EarlierBatch, told: &Marks) -> bool {
        self.speak(index, batch);
        let places = self.places.entry(batch.clone()).or_default();
        told.spans().fold(true, |are_new, (begin, end)| places.insert(begin, end) && are_new)
    }

    /// An entry speaks of this batch.
    fn speak(&mut self, index: u64, batch: &EarlierBatch) {
        self.first.entry(batch.origin.clone()).or_insert(index);
    }

    /// The logs of these batches, each with the first entry that speaks of it.
    pub fn logs(&self) -> impl Iterator<Item = (&Origin, u64)> {
        self.first.iter().map(|(origin, entry)| (origin, *entry))
    }
}

/// Finds what a correction says that does not fit itself or its batch. Only a log that succeeds another speaks of
/// batches that have no number in it.
pub(super) fn judge(
    index: u64,
    correction: &Correction,
    begun: &mut BegunBatches,
    ended: &mut EndedEarlier,
    succeeds_another: bool,
    findings: &mut Findings,
) {
    let names_one = correction.batch.is_some() || words::OF_NO_BATCH.contains(&correction.what.as_str());
    if !names_one && !succeeds_another {
        findings.at(index, Flaw::Unplaced { what: correction.what.clone() });
    }
    let announced = correction.batch.and_then(|batch| begun.announced(batch));
    match (correction.batch, announced) {
        (Some(batch), None) => findings.at(index, Flaw::NoBatch { batch }),
        (Some(batch), Some((kind, records))) if kind.source != correction.source || correction.records > records => {
            findings.at(index, Flaw::OtherCorrection { batch });
        }
        _ => (),
    }
    if let (Some(batch), "resurrected") = (correction.batch, correction.what.as_str()) {
        let gone = begun.gone(batch);
        if correction.records > gone {
            findings.at(index, Flaw::NeverGone { batch, back: correction.records, gone });
        }
    }
    judge_ended(index, correction, begun, ended, findings);
    if let Some(text) = &correction.back {
        judge_back(index, correction, text, begun, findings);
    }
    if correction.unnamed > 0 && !words::LOOKED.contains(&correction.what.as_str()) {
        findings.at(index, Flaw::Unnamed);
    }
    if let Some(why) = fault_of_answer(correction) {
        findings.at(index, Flaw::Answer { what: correction.what.clone(), why });
    }
    if !words::CORRECTIONS.contains(&correction.what.as_str()) {
        findings.at(index, Flaw::UnknownWord { field: "what" });
    }
}

/// Files that a batch had left are gone or released: told record by record, of one batch, and of each record once.
fn judge_ended(
    index: u64,
    correction: &Correction,
    begun: &mut BegunBatches,
    ended: &mut EndedEarlier,
    findings: &mut Findings,
) {
    if !words::ENDS_LEFT.contains(&correction.what.as_str()) {
        match &correction.earlier {
            Some(earlier) if correction.what == words::ALTERED && correction.batch.is_none() => {
                ended.speak(index, earlier)
            }
            Some(_) => findings.at(index, Flaw::Ended),
            None => {}
        }
        if correction.ended.is_some() {
            findings.at(index, Flaw::Ended);
        }
        return;
    }
    let told = correction.ended.as_deref().and_then(|ended| ENDED.read(ended));
    let Some(told) = told.filter(|told| told.ends_marked() && told.marked() == correction.records) else {
        return findings.at(index, Flaw::Ended);
    };
    let were_left = match (correction.batch, &correction.earlier) {
        (Some(batch), None) => begun.end(batch, &told),
        (None, Some(earlier)) => ended.end(index, earlier, &told),
        _ => return findings.at(index, Flaw::Ended),
    };
    if !were_left {
        findings.at(index, Flaw::NeverLeft { records: correction.records });
    }
}

/// One letter a record, of which those that went alone can be back.
fn judge_back(index: u64, correction: &Correction, text: &str, begun: &BegunBatches, findings: &mut Findings) {
    let told = BACK.read(text);
    let announced = correction.batch.and_then(|batch| Some((batch, begun.announced(batch)?.1)));
    let fits = |told: &Marks, records| (told.records(), told.marked()) == (records, correction.records);
    match (told, announced) {
        (Some(told), Some((batch, records))) if correction.what == "resurrected" && fits(&told, records) => {
            let records = begun.never_gone(batch, &told);
            if records > 0 {
                findings.at(index, Flaw::BackOfKept { batch, records });
            }
        }
        _ => findings.at(index, Flaw::Back),
    }
}

/// What a correction lacks that is, or is not, a person's answer.
fn fault_of_answer(correction: &Correction) -> Option<&'static str> {
    let is_answer = words::ANSWERS.contains(&correction.what.as_str());
    if is_answer != correction.actor.is_some() {
        return Some(if is_answer {
            "names nobody who answers for it"
        } else {
            "nobody has to answer for, and names a person"
        });
    }
    if (correction.what == words::RELEASED) != correction.reason.is_some() {
        return Some("gives no reason where one is due, or one where none is");
    }
    let is_of_no_source = correction.source.as_str().is_empty();
    (is_of_no_source != (correction.what == words::CLOCK))
        .then_some("names a source where it concerns none, or none where it does")
}
