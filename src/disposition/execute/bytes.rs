//! How many bytes of records the next chunk may have. Large values cost by what must be overwritten and synced, not by
//! their number, and most of it at the COMMIT, which nothing can cut short. Pure: times are measured by the caller.

use std::time::Duration;

use super::chunk::{AIM, WEIGHT, growth};

/// The first chunk of a series has at most so many bytes: some tens of milliseconds on ordinary disks.
pub(super) const START_BYTES: u64 = 4 << 20;

/// What a slow disk overwrites and syncs in a second: what is expected until a chunk has shown better.
const ASSUMED: f64 = 32.0 * 1_048_576.0;

/// Adapts the bytes of chunks to the longest write transaction aimed at.
#[derive(Clone, Debug)]
pub(super) struct ByteSizer {
    budget: f64,
    size: f64,
    /// Seconds a byte: at once the worse, by and by the better.
    pace: Option<f64>,
    /// The best pace so far. What else held a transaction up does not make a record too large.
    best: Option<f64>,
}

impl ByteSizer {
    /// For write transactions that shall not be longer than `budget`.
    pub fn new(budget: Duration) -> Self {
        Self { budget: budget.as_secs_f64(), size: START_BYTES as f64, pace: None, best: None }
    }

    /// Bytes of the next chunk.
    pub fn size(&self) -> u64 {
        self.size as u64
    }

    /// A record of more bytes takes longer than so many times the budget.
    pub fn giant(&self, times: u32) -> u64 {
        let pace = self.best.unwrap_or(1.0 / ASSUMED);
        ((self.budget * f64::from(times) / pace) as u64).max(START_BYTES)
    }

    /// Learns from a chunk: how many bytes it freed, and how long its transaction was open.
    pub fn took(&mut self, bytes: u64, held: Duration) {
        let (bytes, held) = (bytes as f64, held.as_secs_f64());
        // Of fewer bytes the time tells what a transaction costs, and its rows.
        if bytes < self.size.min(START_BYTES as f64) / 2.0 {
            return;
        }
        let seen = held / bytes;
        let pace =
            self.pace.map_or(seen, |before| if seen > before { seen } else { before + WEIGHT * (seen - before) });
        self.pace = Some(pace);
        self.best = Some(self.best.map_or(seen, |best| best.min(seen)));
        self.set((AIM * self.budget / pace).min(self.size.max(bytes) * growth(held / self.budget)));
    }

    /// Learns that a chunk was undone because its time was over.
    pub fn cut_short(&mut self) {
        self.set(self.size / 2.0);
    }

    fn set(&mut self, size: f64) {
        self.size = size.max(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Duration = Duration::from_millis(50);
    const MIB: u64 = 1 << 20;

    /// A disk that overwrites 200 MiB a second, in transactions of 2 ms.
    fn run(sizer: &mut ByteSizer) -> Duration {
        let bytes = sizer.size();
        let held = Duration::from_millis(2) + Duration::from_micros(5_000 * bytes / MIB);
        sizer.took(bytes, held);
        held
    }

    #[test]
    fn the_first_chunk_has_four_mebibytes_and_the_next_ones_settle_just_within_the_budget() {
        let mut sizer = ByteSizer::new(BUDGET);
        assert_eq!(sizer.size(), 4 * MIB);
        let last = (0..20).map(|_| run(&mut sizer)).last();
        assert!(last.is_some_and(|held| held > BUDGET.mul_f64(0.7) && held <= BUDGET), "{last:?}");
    }

    #[test]
    fn chunks_of_a_small_budget_become_small_and_still_teach() {
        let mut sizer = ByteSizer::new(Duration::from_millis(4));
        (0..9).for_each(|_| assert!(run(&mut sizer) < Duration::from_millis(25)));
        assert!(sizer.size() < MIB / 2, "{}", sizer.size());
        let before = sizer.size();
        sizer.took(before, Duration::from_micros(100));
        assert!(sizer.size() > before);
    }

    #[test]
    fn few_bytes_teach_nothing() {
        let mut sizer = ByteSizer::new(BUDGET);
        sizer.took(MIB, Duration::from_secs(9));
        assert_eq!((sizer.size(), sizer.giant(4)), (4 * MIB, (6.4 * MIB as f64) as u64));
    }

    #[test]
    fn a_giant_takes_longer_than_the_best_pace_allows() {
        let mut sizer = ByteSizer::new(BUDGET);
        sizer.took(4 * MIB, Duration::from_millis(20));
        assert_eq!(sizer.giant(4), 40 * MIB);
        // A disk that was busy for once.
        sizer.took(4 * MIB, Duration::from_secs(2));
        assert_eq!(sizer.giant(4), 40 * MIB);
        assert!(sizer.size() < MIB);
    }

    #[test]
    fn four_mebibytes_are_no_giant_whatever_the_budget() {
        assert_eq!(ByteSizer::new(Duration::from_millis(1)).giant(4), 4 * MIB);
    }

    #[test]
    fn a_chunk_cut_short_halves() {
        let mut sizer = ByteSizer::new(BUDGET);
        sizer.cut_short();
        assert_eq!(sizer.size(), 2 * MIB);
    }
}
