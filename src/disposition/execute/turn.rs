//! Waiting for a turn at the database: what meets a lock of another program is tried again, after longer and longer
//! pauses.

use std::fmt;
use std::thread;
use std::time::{Duration, Instant as Stopwatch};

use super::batch::Bench;
use super::error::ExecuteError;
use super::fault;

/// How long it is tried before it is put off. Beside a writer most of it passes while a transaction waits to begin; of
/// a COMMIT that gives way to a reader at once, only time tells when enough was tried.
const ENOUGH: Duration = Duration::from_secs(25);

/// Who waits for longer without a word might think that the program hangs.
const TELLING: Duration = Duration::from_secs(3);

/// The pauses grow up to this one, each with a jitter of its own.
const LONGEST_PAUSE: Duration = Duration::from_millis(800);

/// How something ended that needs the database for itself.
pub(super) enum Turn<T> {
    Had(T),
    /// Undone: another program had it.
    Locked(Holder),
}

/// Who kept the database locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// Kept a transaction from beginning.
    Writer,
    /// Kept a transaction from its COMMIT, or from what it changed beyond its memory: in rollback mode alone.
    Reader,
}

impl Holder {
    /// What it does, for who waits.
    pub fn activity(self) -> &'static str {
        match self {
            Self::Writer => "is writing to the database",
            Self::Reader => "is reading the database in one long transaction",
        }
    }
}

/// Why records are put off.
impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Writer => "the database stayed locked: another program was writing to it",
            Self::Reader => {
                "the database stayed locked: another program was reading it in one long transaction, past which nothing \
                 can be committed in rollback mode; apply the plan again when that program is done"
            }
        })
    }
}

/// Tries until it has its turn, enough was tried, or the run is to end. `seed` makes the pauses differ from those of
/// another program that met us once.
pub(super) fn in_turn<T>(
    bench: &mut Bench<'_>,
    seed: u64,
    mut once: impl FnMut(&mut Bench<'_>) -> Result<Turn<T>, ExecuteError>,
) -> Result<Turn<T>, ExecuteError> {
    let began = Stopwatch::now();
    let (mut attempt, mut is_told) = (1, false);
    loop {
        let tried = Stopwatch::now();
        let turn = once(bench)?;
        let Turn::Locked(holder) = turn else { return Ok(turn) };
        // A test has less patience.
        let is_enough = began.elapsed() >= ENOUGH || fault::step("locked").is_err();
        if is_enough || bench.asked_to_end().is_some() {
            return Ok(turn);
        }
        if !is_told && began.elapsed() >= TELLING {
            (bench.kept_waiting)(holder);
            is_told = true;
        }
        // Work that is done in vain keeps writers waiting, too: they have the longer share.
        let least = if holder == Holder::Reader { tried.elapsed() } else { Duration::ZERO };
        thread::sleep(pause(attempt, seed).max(least));
        attempt += 1;
    }
}

/// Doubles with each attempt, shortened by up to a half.
fn pause(attempt: u32, seed: u64) -> Duration {
    let longest = LONGEST_PAUSE.min(Duration::from_millis(25) * 2_u32.saturating_pow(attempt).min(64));
    let jitter = (seed.wrapping_mul(2_654_435_761) >> 7) % 512;
    longest - longest.mul_f64(jitter as f64 / 1_024.0)
}
