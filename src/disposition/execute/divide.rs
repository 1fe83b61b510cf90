//! Batches that must be divided: one that changes more, or less, than it counts, and one that keeps the database locked
//! for too long.

use std::ops::Range;
use std::thread;
use std::time::Duration;

use super::attempt::Effort;
use super::batch::{BatchEnd, Bench, run_batch};
use super::chunk::{ChunkSizer, PATIENCE};
use super::error::ExecuteError;
use super::statement::{BatchResult, Tally};
use super::stayed::{Staying, leave};
use super::target::Target;
use super::turn::Holder;
use crate::audit::leaf::RecordOutcome;
use crate::disposition::plan::Item;
use crate::model::RecordKey;
use crate::records::sqlite::Weight;

/// So many records of a chunk may be slow to judge by themselves; where more are, it is the mapping that is slow, and
/// asking it of every record would keep the application waiting again and again.
const ODD_RECORDS: usize = 1;

/// Runs a batch; where it changes more, or less, than it counts, divides it until the one record at fault stands alone
/// and fails. Dividing may take minutes: where the run is to end, what still waits is left.
pub(super) fn run_divided(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    items: Vec<&Item>,
    tally: &mut Tally,
    took: &mut Took,
) -> Result<(), ExecuteError> {
    let mut waiting = vec![items];
    while let Some(items) = waiting.pop() {
        if let Some(reason) = bench.asked_to_end() {
            took.over = Some(Over::Asked(reason));
            return Ok(());
        }
        match run_batch(bench, target, &items)? {
            BatchEnd::Done { result, effort } => {
                tally.add(&target.mapping.source, &result);
                took.add(&result, effort);
            }
            BatchEnd::Over { result, reason } => {
                tally.add(&target.mapping.source, &result);
                took.over = Some(Over::Forbidden(reason));
                return Ok(());
            }
            BatchEnd::TooLong => {
                took.cut_short = true;
                // The application gets its turn before the next attempt.
                thread::sleep(bench.longest);
                let keys: Vec<RecordKey> = items.iter().map(|item| item.key.clone()).collect();
                let weights = bench.writer.weigh(&target.mapping.series, &keys, u64::MAX)?;
                if let ([item], [weight]) = (items.as_slice(), weights.as_slice()) {
                    put_off_giant(bench, target, tally, item, *weight)?;
                    continue;
                }
                for piece in pieces(&weights, bench.most_bytes).into_iter().rev() {
                    match &weights[piece.clone()] {
                        [giant] if giant.bytes > bench.most_bytes && !bench.admits_giants => {
                            put_off_giant(bench, target, tally, items[piece.start], *giant)?;
                        }
                        _ => waiting.push(items[piece].to_vec()),
                    }
                }
            }
            BatchEnd::Unjudged(error) => {
                took.cut_short = true;
                thread::sleep(bench.longest);
                let reason = error.to_string();
                for item in items {
                    leave_for(bench, target, tally, (item, RecordOutcome::Deferred), &reason)?;
                }
                took.unjudged += 1;
                if took.unjudged > ODD_RECORDS {
                    took.over = Some(Over::Forbidden(reason));
                    return Ok(());
                }
            }
            BatchEnd::Differs(error) => {
                if let [item] = items.as_slice() {
                    leave_for(bench, target, tally, (item, RecordOutcome::Failed), &error.to_string())?;
                    continue;
                }
                let (left, right) = items.split_at(items.len() / 2);
                waiting.push(right.to_vec());
                waiting.push(left.to_vec());
            }
        }
    }
    Ok(())
}

/// Into what records are divided that took too long together: two sides that take about as long, each in pieces that
/// free no more of the database than a transaction has time for. So a giant stands alone at once, and its neighbours
/// are not begun with it again.
fn pieces(weights: &[Weight], most_bytes: u64) -> Vec<Range<usize>> {
    let enough = most_bytes / u64::from(PATIENCE);
    let middle = middle_by(weights);
    let mut pieces = Vec::new();
    for side in [0..middle, middle..weights.len()] {
        let (mut start, mut bytes) = (side.start, 0);
        for place in side.clone() {
            let next = weights[place].bytes;
            if place > start && bytes + next > enough {
                pieces.push(start..place);
                (start, bytes) = (place, 0);
            }
            bytes += next;
        }
        pieces.push(start..side.end);
    }
    pieces
}

/// Where to divide records so that both sides take about as long; a giant comes to stand at a side's end, and soon
/// alone.
fn middle_by(weights: &[Weight]) -> usize {
    // What a row takes beside its bytes.
    let cost = |weight: &Weight| weight.bytes + 1_024 * weight.rows;
    let half = weights.iter().map(cost).sum::<u64>() / 2;
    let mut before = 0;
    let crossing = weights.iter().position(|weight| {
        before += cost(weight);
        before > half
    });
    crossing.unwrap_or(weights.len() / 2).clamp(1, weights.len().saturating_sub(1).max(1))
}

/// Leaves a record for a maintenance window.
fn put_off_giant(
    bench: &Bench<'_>,
    target: &Target<'_>,
    tally: &mut Tally,
    item: &Item,
    weight: Weight,
) -> Result<(), ExecuteError> {
    leave_for(bench, target, tally, (item, RecordOutcome::Deferred), &giant(weight, bench.longest))
}

fn leave_for(
    bench: &Bench<'_>,
    target: &Target<'_>,
    tally: &mut Tally,
    (item, outcome): (&Item, RecordOutcome),
    reason: &str,
) -> Result<(), ExecuteError> {
    leave(bench.shared, target, tally, &Staying { item, outcome, reason }, (bench.clock)())
}

/// Why a record waits for a maintenance window.
pub(super) fn giant(Weight { rows, bytes }: Weight, longest: Duration) -> String {
    format!(
        "a record of {rows} rows and {} MiB cannot be destroyed within {} ms, and is never split: it waits for a maintenance window (`[schedule] \
         maintenance`); apply the plan again in one, or raise `limits.lock_ms`",
        bytes >> 20,
        longest.as_millis()
    )
}

/// What a chunk took, for the size of the next.
#[derive(Debug, Default)]
pub(super) struct Took {
    records: usize,
    rows: u64,
    /// Bytes of the database that were freed.
    freed: u64,
    /// The longest time that one of its transactions was open.
    pub held: Duration,
    /// Who kept some batch from its turn.
    locked: Option<Holder>,
    /// Some batch was undone because its time was over.
    cut_short: bool,
    /// Records that could not be judged in time, each alone.
    unjudged: usize,
    /// Why nothing more may be done.
    pub over: Option<Over>,
}

/// Why a run ends within a chunk.
#[derive(Debug)]
pub(super) enum Over {
    /// Somebody, or the hour, asks for it.
    Asked(&'static str),
    /// The plan, the mapping or the database forbids to go on.
    Forbidden(String),
}

impl Took {
    fn add(&mut self, result: &BatchResult, effort: Effort) {
        self.locked = effort.locked.or(self.locked);
        self.records += result.outcomes.len();
        self.rows += result.changes.rows.values().sum::<u64>();
        self.freed += effort.freed;
        self.held = self.held.max(effort.held);
    }

    /// Who kept it from its turn, where nothing of it could be done.
    pub fn in_vain(&self) -> Option<Holder> {
        self.locked.filter(|_| self.rows == 0)
    }

    /// `is_cut_by_bytes`: there were no more records because these are large.
    pub fn teach(&self, sizer: &mut ChunkSizer, is_cut_by_bytes: bool) {
        if self.cut_short {
            sizer.cut_short();
        } else if self.locked.is_some() {
            sizer.timed_out();
        } else {
            sizer.freed(self.freed, self.held);
            // Of large records the number says nothing: the next ones may be small.
            if !is_cut_by_bytes {
                sizer.took(self.records, self.rows, self.held);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_giant_stands_alone_after_two_divisions() {
        let divided = |rows: &[u64]| {
            let weights: Vec<Weight> = rows.iter().map(|rows| Weight { rows: *rows, bytes: 0 }).collect();
            let (left, right) = rows.split_at(middle_by(&weights));
            (left.to_vec(), right.to_vec())
        };
        assert_eq!(divided(&[1, 1, 1, 1]), (vec![1, 1], vec![1, 1]));
        assert_eq!(divided(&[1, 1, 900, 1]), (vec![1, 1], vec![900, 1]));
        assert_eq!(divided(&[900, 1]), (vec![900], vec![1]));
        assert_eq!(divided(&[1, 900]), (vec![1], vec![900]));
        assert_eq!(divided(&[0, 0]), (vec![0], vec![0]));
    }

    #[test]
    fn records_that_took_too_long_are_begun_again_in_pieces_that_have_time_enough() {
        let divided = |bytes: &[u64]| {
            let weights: Vec<Weight> = bytes.iter().map(|bytes| Weight { rows: 0, bytes: *bytes }).collect();
            pieces(&weights, 400)
        };
        assert_eq!(divided(&[1, 1, 500, 1, 1]), [0..2, 2..3, 3..5], "a giant alone, and nobody with it");
        assert_eq!(divided(&[60, 60, 60, 60]), [0..1, 1..2, 2..3, 3..4]);
        assert_eq!(divided(&[1, 1, 1, 1]), [0..2, 2..4]);
        assert_eq!(divided(&[500, 1]), [0..1, 1..2]);
    }

    #[test]
    fn a_chunk_cut_short_makes_the_next_one_smaller() {
        let mut sizer = ChunkSizer::new(Duration::from_secs(10), 1);
        let before = sizer.size();
        Took { cut_short: true, records: before, rows: 1, held: Duration::from_nanos(1), ..Took::default() }
            .teach(&mut sizer, false);
        assert_eq!(sizer.size(), before / 2);
    }
}
