//! How many records the next chunk may hold, so that its transaction stays within the time that the owner's application
//! can spare. Pure: times are measured by the caller.

use std::time::Duration;

use super::bytes::{ByteSizer, START_BYTES};

/// A series begins with chunks of at most this size: a transaction of some tens of milliseconds on ordinary disks, for
/// small records.
const START: usize = 500;

/// Smaller chunks of small records spend their time in what each transaction costs, and who does not get a turn would
/// only ask for more turns.
const LEAST: f64 = 50.0;

/// Larger chunks gain nothing more, and an undone one costs too much.
const MAX: usize = 10_000;

/// One quick chunk is no promise for the next: its parts may have been few. So chunks grow by a fifth near the budget,
/// up to `NEARLY` of it where that is more, and at most twofold.
const GROWTH: f64 = 1.2;
const GROWTH_AFAR: f64 = 2.0;
const NEARLY: f64 = 0.75;

/// From so many times the budget on, a chunk is too large whatever a transaction costs by itself.
const FAR_OVER: f64 = 4.0;

/// Share of the budget aimed at, for transactions vary.
pub(super) const AIM: f64 = 0.8;

/// A transaction that works so many times longer than what is aimed at is undone, and its records are divided.
pub const PATIENCE: u32 = 4;

/// Weight of the last chunk in what is expected of the next.
pub(super) const WEIGHT: f64 = 0.5;

/// Adapts the size of chunks to the longest write transaction aimed at.
#[derive(Clone, Debug)]
pub struct ChunkSizer {
    budget: f64,
    size: f64,
    pace: Option<Pace>,
    bytes: ByteSizer,
    /// Whether records are looked at before they go: where they may be large. Small ones would take a sixth longer for
    /// it.
    are_weighed: bool,
}

/// By how much chunks may grow at most after one that took this share of the budget.
pub(super) fn growth(share: f64) -> f64 {
    if share > 1.0 { 1.0 } else { (NEARLY / share).clamp(GROWTH, GROWTH_AFAR) }
}

/// What was seen so far, in seconds and rows.
#[derive(Clone, Copy, Debug)]
struct Pace {
    seconds_per_row: f64,
    rows_per_record: f64,
}

impl ChunkSizer {
    /// For a series whose records have so many bytes each, at most and on an average, and whose write transactions
    /// shall not be longer than `budget`.
    pub fn new(budget: Duration, bytes_per_record: u64) -> Self {
        Self {
            budget: budget.as_secs_f64(),
            size: START as f64,
            pace: None,
            bytes: ByteSizer::new(budget),
            are_weighed: bytes_per_record.saturating_mul(START as u64) > START_BYTES,
        }
    }

    /// Bytes of the next chunk, where its records are to be weighed.
    pub fn bytes(&self) -> Option<u64> {
        self.are_weighed.then(|| self.bytes.size())
    }

    /// A record of more bytes keeps the database locked for too long, alone as it may be.
    pub fn giant(&self) -> u64 {
        self.bytes.giant(PATIENCE)
    }

    /// Records of the next chunk: from 1 to 10,000.
    pub fn size(&self) -> usize {
        self.size as usize
    }

    /// Learns from a chunk: how many records it had, how many rows went with them (their own included), and how long
    /// its transaction was open.
    pub fn took(&mut self, records: usize, rows: u64, held: Duration) {
        // A chunk of which nothing was due says nothing of what disposing costs.
        if records == 0 || rows == 0 {
            return;
        }
        let seen =
            Pace { seconds_per_row: held.as_secs_f64() / rows as f64, rows_per_record: rows as f64 / records as f64 };
        let pace = self.pace.map_or(seen, |before| before.then(seen));
        self.pace = Some(pace);
        let aim = AIM * self.budget / (pace.seconds_per_row * pace.rows_per_record);
        let share = held.as_secs_f64() / self.budget;
        let least = if share > FAR_OVER { self.size / 2.0 } else { self.size };
        self.set(aim.min(self.size * growth(share)).max(least.min(LEAST)));
    }

    /// Learns that a chunk did not get its turn.
    pub fn timed_out(&mut self) {
        self.set((self.size / 2.0).max(self.size.min(LEAST)));
    }

    /// Learns that a chunk was undone because its time was over.
    pub fn cut_short(&mut self) {
        self.set(self.size / 2.0);
        self.bytes.cut_short();
        self.are_weighed = true;
    }

    /// Learns how many bytes of the database a chunk freed in the time that its transaction was open.
    pub fn freed(&mut self, bytes: u64, held: Duration) {
        self.bytes.took(bytes, held);
    }

    fn set(&mut self, size: f64) {
        self.size = size.clamp(1.0, MAX as f64);
    }
}

impl Pace {
    /// What to expect after a chunk: at once the worse, by and by the better.
    fn then(self, seen: Self) -> Self {
        let expect = |before: f64, now: f64| if now > before { now } else { before + WEIGHT * (now - before) };
        Self {
            seconds_per_row: expect(self.seconds_per_row, seen.seconds_per_row),
            rows_per_record: expect(self.rows_per_record, seen.rows_per_record),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BUDGET: Duration = Duration::from_millis(50);

    /// Bytes of a record without attachments.
    const SMALL: u64 = 1_000;

    /// A database in which a transaction takes 1 ms and 10 µs a row.
    fn run(sizer: &mut ChunkSizer, rows_per_record: u64) -> Duration {
        let rows = sizer.size() as u64 * rows_per_record;
        let held = Duration::from_millis(1) + Duration::from_micros(10) * rows as u32;
        sizer.took(sizer.size(), rows, held);
        held
    }

    #[test]
    fn chunks_settle_just_within_the_budget() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        let last = (0..40).map(|_| run(&mut sizer, 5)).last();
        assert!(last.is_some_and(|held| held > BUDGET.mul_f64(0.7) && held <= BUDGET), "{last:?}");
    }

    #[test]
    fn growth_is_slow_near_the_budget_and_a_long_transaction_counts_at_once() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        sizer.took(500, 500, Duration::from_micros(32_500));
        assert_eq!(sizer.size(), 600);
        sizer.took(600, 600, Duration::from_millis(100));
        assert!(sizer.size() <= 300, "{}", sizer.size());
    }

    #[test]
    fn a_wide_budget_is_reached_within_a_few_chunks() {
        let mut sizer = ChunkSizer::new(Duration::from_secs(1), SMALL);
        (0..5).for_each(|_| assert!(run(&mut sizer, 5) < Duration::from_secs(1)));
        assert!(sizer.size() > MAX * 9 / 10, "{}", sizer.size());
    }

    #[test]
    fn records_with_many_parts_make_small_chunks() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        for _ in 0..40 {
            run(&mut sizer, 1);
        }
        let lean = sizer.size();
        run(&mut sizer, 40);
        assert!(sizer.size() * 20 < lean, "{lean} -> {}", sizer.size());
    }

    #[test]
    fn a_timeout_halves_and_stops_where_waiting_is_all_that_helps() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        sizer.timed_out();
        assert_eq!(sizer.size(), 250);
        (0..9).for_each(|_| sizer.timed_out());
        assert_eq!(sizer.size(), 50);
    }

    #[test]
    fn a_chunk_cut_short_halves_down_to_a_record_alone() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        sizer.cut_short();
        assert_eq!(sizer.size(), 250);
        (0..9).for_each(|_| sizer.cut_short());
        assert_eq!(sizer.size(), 1);
    }

    #[test]
    fn records_are_weighed_where_five_hundred_may_have_more_than_four_mebibytes_or_some_took_too_long() {
        for (bytes, are_weighed) in [(0, false), (8_000, false), (9_000, true), (u64::MAX, true)] {
            assert_eq!(ChunkSizer::new(BUDGET, bytes).bytes().is_some(), are_weighed, "{bytes}");
        }
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        sizer.cut_short();
        assert!(sizer.bytes().is_some());
    }

    #[test]
    fn records_that_were_thought_small_and_are_large_go_one_by_one() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        for _ in 0..8 {
            let records = sizer.size();
            sizer.took(records, records as u64, Duration::from_millis(250) * records as u32);
        }
        assert_eq!(sizer.size(), 1);
    }

    #[test]
    fn where_a_transaction_costs_more_than_its_rows_small_records_go_by_fifties() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        for _ in 0..8 {
            let records = sizer.size();
            sizer.took(records, records as u64, Duration::from_millis(120));
        }
        assert_eq!(sizer.size(), 50);
    }

    #[test]
    fn a_chunk_without_rows_teaches_nothing() {
        let mut sizer = ChunkSizer::new(BUDGET, SMALL);
        sizer.took(500, 0, Duration::ZERO);
        sizer.took(0, 0, Duration::from_secs(9));
        assert_eq!(sizer.size(), START);
    }

    proptest! {
        #[test]
        fn the_size_stays_within_its_bounds_and_grows_by_a_fifth_at_most_unless_that_is_far_from_the_budget(
            bytes in 0..100_000_000_u64,
            chunks in prop::collection::vec((1_usize..20_000, 0_u64..1_000_000, 0_u64..5_000_000), 0..60),
        ) {
            let mut sizer = ChunkSizer::new(BUDGET, bytes);
            for (records, rows, micros) in chunks {
                let before = sizer.size();
                sizer.took(records, rows, Duration::from_micros(micros));
                prop_assert!((1..=MAX).contains(&sizer.size()));
                // A chunk as slow as this one is, grown so, takes three quarters of the budget at most.
                let held = Duration::from_micros(micros).as_secs_f64();
                let most = (BUDGET.as_secs_f64() * 0.75 / held).clamp(1.2, 2.0);
                prop_assert!(sizer.size() as f64 <= (before + 1) as f64 * most);
            }
        }
    }
}
