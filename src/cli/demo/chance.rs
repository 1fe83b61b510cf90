//! Chance that is the same on every machine and every day: SplitMix64, seeded by a table's name and a row's number.

/// A stream of pseudo-random numbers. Not for secrets.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream of one row: it does not depend on which rows were made before.
    pub(super) fn of(table: &str, row: u64) -> Self {
        // FNV-1a spreads the table's name over the seed.
        let name = table
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(name ^ row.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `low..high`; `low` where the range is empty.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let width = high.saturating_sub(low).max(1).unsigned_abs();
        low + (self.next() % width) as i64
    }

    /// A number from 0 to 1, 1 excluded.
    pub(super) fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something that happens once in `n` times happens.
    pub(super) fn once_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }

    /// One of these; they are never empty.
    pub(super) fn one_of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[(self.next() % choices.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_s_chance_is_its_own_and_always_the_same() {
        let numbers = |table, row| {
            let mut chance = Chance::of(table, row);
            [chance.next(), chance.next()]
        };
        assert_eq!(numbers("account", 7), numbers("account", 7));
        assert_ne!(numbers("account", 7), numbers("account", 8));
        assert_ne!(numbers("account", 7), numbers("dossier", 7));
    }

    #[test]
    fn a_range_is_kept() {
        let mut chance = Chance::of("range", 1);
        assert!((0..1000).all(|_| (3..9).contains(&chance.between(3, 9))));
        assert!((0..1000).all(|_| (0.0..1.0).contains(&chance.fraction())));
        assert_eq!(chance.between(5, 5), 5);
    }
}
