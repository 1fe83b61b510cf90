//! Batches that must be divided: one that changes more, or less, than it counts, and one that keeps the database locked for too long.

use std::thread;
use std::time::Duration;

use super::batch::{BatchEnd, Bench, run_batch};
use super::chunk::ChunkSizer;
use super::error::ExecuteError;
use super::statement::{BatchResult, Tally};
use super::target::Target;
use crate::audit::leaf::RecordOutcome;
use crate::disposition::plan::Item;
use crate::model::RecordKey;

/// Runs a batch; where it changes more, or less, than it counts, divides it until the one record at fault stands alone and fails.
pub(super) fn run_divided(
    bench: &mut Bench<'_>,
    target: &Target<'_>,
    items: Vec<&Item>,
    tally: &mut Tally,
    took: &mut Took,
) -> Result<(), ExecuteError> {
    let mut waiting = vec![items];
    while let Some(items) = waiting.pop() {
        match run_batch(bench, target, &items)? {
            BatchEnd::Done { result, held_lock } => {
                tally.add(&target.mapping.source, &result);
                took.add(&result, held_lock);
            }
            BatchEnd::Over { result, reason } => {
                tally.add(&target.mapping.source, &result);
                took.over = Some(reason);
                return Ok(());
            }
            BatchEnd::TooLong => {
                took.cut_short = true;
                // The application gets its turn before the next attempt.
                thread::sleep(bench.longest);
                let keys: Vec<RecordKey> = items.iter().map(|item| item.key.clone()).collect();
                let rows = bench.writer.rows_of(&target.mapping.series, &keys)?;
                if let ([_], [rows]) = (items.as_slice(), rows.as_slice()) {
                    tally.count(RecordOutcome::Deferred);
                    tally.explain(&giant(*rows, bench.longest), 1);
                    continue;
                }
                let (left, right) = items.split_at(middle_by(&rows));
                waiting.push(right.to_vec());
                waiting.push(left.to_vec());
            }
            BatchEnd::Differs(error) if items.len() == 1 => {
                tally.count(RecordOutcome::Failed);
                tally.explain(&error.to_string(), 1);
            }
            BatchEnd::Differs(_) => {
                let (left, right) = items.split_at(items.len() / 2);
                waiting.push(right.to_vec());
                waiting.push(left.to_vec());
            }
        }
    }
    Ok(())
}

/// Where to divide records so that both sides have about as many rows; a giant comes to stand at a side's end, and soon alone.
fn middle_by(rows: &[u64]) -> usize {
    let half = rows.iter().sum::<u64>() / 2;
    let mut before = 0;
    let crossing = rows.iter().position(|rows| {
        before += rows;
        before > half
    });
    crossing.unwrap_or(rows.len() / 2).clamp(1, rows.len().saturating_sub(1).max(1))
}

fn giant(rows: u64, longest: Duration) -> String {
    format!(
        "a record of {rows} rows cannot be destroyed within {} ms, and is never split: it waits for a maintenance window (`[schedule] \
         maintenance`); apply the plan again in one, or raise `limits.lock_ms`",
        longest.as_millis()
    )
}

/// What a chunk took, for the size of the next.
#[derive(Debug, Default)]
pub(super) struct Took {
    records: usize,
    rows: u64,
    /// The longest time that one of its transactions was open.
    pub held: Duration,
    /// Some batch did not get its turn.
    met_a_lock: bool,
    /// Some batch was undone because its time was over.
    cut_short: bool,
    /// Why nothing more may be done.
    pub over: Option<String>,
}

impl Took {
    fn add(&mut self, result: &BatchResult, held: Duration) {
        self.met_a_lock |= held.is_zero() && !result.outcomes.is_empty();
        self.records += result.outcomes.len();
        self.rows += result.changes.rows.values().sum::<u64>();
        self.held = self.held.max(held);
    }

    pub fn teach(&self, sizer: &mut ChunkSizer) {
        if self.cut_short {
            sizer.cut_short();
        } else if self.met_a_lock {
            sizer.timed_out();
        } else {
            sizer.took(self.records, self.rows, self.held);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_giant_stands_alone_after_two_divisions() {
        let divided = |rows: &[u64]| (rows[..middle_by(rows)].to_vec(), rows[middle_by(rows)..].to_vec());
        assert_eq!(divided(&[1, 1, 1, 1]), (vec![1, 1], vec![1, 1]));
        assert_eq!(divided(&[1, 1, 900, 1]), (vec![1, 1], vec![900, 1]));
        assert_eq!(divided(&[900, 1]), (vec![900], vec![1]));
        assert_eq!(divided(&[1, 900]), (vec![1], vec![900]));
        assert_eq!(divided(&[0, 0]), (vec![0], vec![0]));
    }

    #[test]
    fn a_chunk_cut_short_makes_the_next_one_smaller() {
        let mut sizer = ChunkSizer::new(Duration::from_secs(10), 1);
        let before = sizer.size();
        Took { cut_short: true, records: before, rows: 1, held: Duration::from_nanos(1), ..Took::default() }
            .teach(&mut sizer);
        assert_eq!(sizer.size(), before / 2);
    }
}
