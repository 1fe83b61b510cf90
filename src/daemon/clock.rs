//! Whether the clock can be believed. Pure: what the clocks say is an argument.
//!
//! While it cannot, nothing is destroyed, and leaves bear the time that the guard believes: so a wrong clock stamps nothing that would lock the log
//! until that time comes.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::model::Instant;

/// As far behind its last leaf as the log lets the clock lie.
const BEHIND: TimeDelta = TimeDelta::seconds(5);

/// Further than this ahead of the time that passed since boot, the clock was put forward. A time server slews less in a day (43 s at 500 ppm).
const AHEAD: TimeDelta = TimeDelta::seconds(60);

/// How long the same reading serves as the base: a clock that runs too fast must not be followed minute by minute.
const BASE_AGE: Duration = Duration::from_secs(86_400);

/// What the clocks say at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The wall clock.
    pub now: Instant,
    /// Time since boot, suspension included; nobody can set it.
    pub boot: Duration,
    pub synchronization: Synchronization,
}

/// Whether a time server confirmed the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Synchronization {
    Confirmed,
    /// The kernel says that none did, since the machine started or since somebody set the clock.
    Unconfirmed,
    /// Nothing tells.
    Unknown,
}

/// Why the clock is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    #[error(
        "the clock lies behind the last entry of the log ({last}): it was put back, or an entry was stamped wrongly"
    )]
    Behind { last: Instant },
    #[error("the clock was put forward by {seconds} s")]
    Jumped { seconds: i64 },
    #[error("the last entry of the log is {days} days old: the daemon was down for long, or the clock is wrong")]
    Silent { days: i64 },
    #[error(
        "no time server confirmed the clock since this machine started; run one (chrony, systemd-timesyncd), whose word the kernel keeps"
    )]
    Unsynchronized,
}

impl Doubt {
    /// Its stable name.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Behind { .. } => "clock-behind",
            Self::Jumped { .. } => "clock-jumped",
            Self::Silent { .. } => "clock-silent",
            Self::Unsynchronized => "clock-unsynchronized",
        }
    }
}

/// Watches the clock. Destruction waits while [`Self::look`] answers a doubt; a person or time lifts it.
#[derive(Clone, Debug)]
pub struct Guard {
    /// How old the log's last entry may be at the start.
    silence: TimeDelta,
    /// The last reading that was believed.
    base: Option<Reading>,
    doubt: Option<Doubt>,
    /// A person said that the clock is right although the log's last entry lies ahead of it.
    confirmed_behind: Option<Instant>,
}

impl Guard {
    /// A guard that has believed nothing yet, and doubts the clock where the log was silent for longer than this.
    pub fn new(silence: TimeDelta) -> Self {
        Self { silence, base: None, doubt: None, confirmed_behind: None }
    }

    /// From now on the log may have been silent for so long.
    pub fn allow_silence(&mut self, silence: TimeDelta) {
        self.silence = silence;
    }

    /// Goes on from a reading that was believed before a restart, where the clock ran steadily since: it is still the same start of the machine.
    pub fn recall(&mut self, believed: Reading, reading: Reading) {
        let elapsed = reading.boot.checked_sub(believed.boot).and_then(|elapsed| TimeDelta::from_std(elapsed).ok());
        let is_steady = elapsed.is_some_and(|elapsed| (reading.now - (believed.now + elapsed)).abs() <= AHEAD);
        if is_steady {
            self.base = Some(believed);
        }
    }

    /// The last reading that was believed, to be recalled after a restart.
    pub fn base(&self) -> Option<Reading> {
        self.base
    }

    /// Takes in a reading; `log` is the time of the log's last entry.
    pub fn look(&mut self, reading: Reading, log: Option<Instant>) -> Option<Doubt> {
        self.doubt = self.judge(reading, log);
        let is_old = |base: Reading| reading.boot.saturating_sub(base.boot) > BASE_AGE || reading.now < base.now;
        if self.doubt.is_none() && self.base.is_none_or(is_old) {
            self.base = Some(reading);
        }
        self.doubt
    }

    fn judge(&self, reading: Reading, log: Option<Instant>) -> Option<Doubt> {
        if let Some(last) = log.filter(|last| reading.now < *last - BEHIND && self.confirmed_behind != Some(*last)) {
            return Some(Doubt::Behind { last });
        }
        if reading.synchronization == Synchronization::Confirmed {
            return None;
        }
        match self.expected(reading) {
            Some(expected) if reading.now - expected > AHEAD => {
                Some(Doubt::Jumped { seconds: (reading.now - expected).num_seconds() })
            }
            Some(_) => None,
            None => {
                let silence = log.map(|last| reading.now - last).filter(|silence| *silence > self.silence);
                let silent = silence.map(|silence| Doubt::Silent { days: silence.num_days() });
                let is_unconfirmed = reading.synchronization == Synchronization::Unconfirmed;
                silent.or(is_unconfirmed.then_some(Doubt::Unsynchronized))
            }
        }
    }

    /// What the wall clock should say, by the time since boot; `None` before any reading was believed.
    fn expected(&self, reading: Reading) -> Option<Instant> {
        let base = self.base?;
        Some(base.now + TimeDelta::from_std(reading.boot.saturating_sub(base.boot)).ok()?)
    }

    /// The time to stamp leaves with: the clock's, unless it is in doubt.
    pub fn believed(&self, reading: Reading, log: Option<Instant>) -> Instant {
        match self.doubt {
            // What the clock says now, or the time since boot: whichever is earlier locks nothing.
            Some(Doubt::Jumped { .. }) => {
                self.expected(reading).map_or(reading.now, |expected| expected.min(reading.now))
            }
            Some(Doubt::Silent { .. }) => log.unwrap_or(reading.now).min(reading.now),
            // A person may answer for a stamp that turns out to lie ahead.
            Some(Doubt::Behind { .. } | Doubt::Unsynchronized) | None => reading.now,
        }
    }

    /// A named person answers for the clock as it is.
    pub fn confirm(&mut self, reading: Reading, log: Option<Instant>) {
        self.base = Some(reading);
        self.doubt = None;
        self.confirmed_behind = log.filter(|last| reading.now < *last - BEHIND);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        text.parse().unwrap()
    }

    fn reading(now: &str, boot: u64) -> Reading {
        Reading { now: at(now), boot: Duration::from_secs(boot), synchronization: Synchronization::Unknown }
    }

    fn new_guard() -> Guard {
        Guard::new(TimeDelta::days(90))
    }

    const NOON: &str = "2026-06-01T12:00:00Z";

    fn started() -> Guard {
        let mut guard = new_guard();
        assert_eq!(guard.look(reading(NOON, 100), Some(at("2026-06-01T02:00:00Z"))), None);
        guard
    }

    #[test]
    fn a_steady_clock_is_believed() {
        let mut guard = started();
        let log = Some(at(NOON));
        assert_eq!(guard.look(reading("2026-06-01T12:01:00Z", 160), log), None);
        // Suspended for a night: the time since boot went on.
        assert_eq!(guard.look(reading("2026-06-02T12:01:00Z", 86_560), log), None);
    }

    #[test]
    fn a_clock_put_forward_is_doubted_until_a_person_answers_for_it() {
        let mut guard = started();
        let jumped = reading("2027-06-01T12:01:00Z", 160);
        assert!(matches!(guard.look(jumped, Some(at(NOON))), Some(Doubt::Jumped { seconds: 31_536_000 })));
        assert_eq!(
            guard.believed(jumped, Some(at(NOON))),
            at("2026-06-01T12:01:00Z"),
            "no leaf is stamped a year ahead"
        );
        let later = reading("2027-06-01T12:02:00Z", 220);
        assert!(guard.look(later, Some(at(NOON))).is_some(), "it stays in doubt");
        guard.confirm(later, Some(at(NOON)));
        assert_eq!(guard.look(reading("2027-06-01T12:03:00Z", 280), Some(at(NOON))), None);
    }

    #[test]
    fn time_confirms_a_jump_where_the_clock_comes_back_or_a_server_sets_it() {
        let mut guard = started();
        let jumped = reading("2026-06-01T15:00:00Z", 160);
        assert!(guard.look(jumped, None).is_some());
        assert_eq!(guard.look(reading("2026-06-01T12:02:00Z", 220), None), None);
        assert!(guard.look(jumped, None).is_some());
        assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..jumped }, None), None);
    }

    #[test]
    fn a_clock_that_runs_too_fast_is_not_followed_minute_by_minute() {
        let mut guard = started();
        // Twice as fast as time.
        let doubts = (1..=10).filter(|minute| {
            let now = at(NOON) + TimeDelta::seconds(120 * minute);
            let boot = Duration::from_secs(100 + 60 * minute.unsigned_abs());
            guard.look(Reading { now, boot, synchronization: Synchronization::Unknown }, None).is_some()
        });
        assert_eq!(doubts.count(), 9);
    }

    #[test]
    fn a_clock_behind_the_log_is_doubted_until_it_has_caught_up_or_a_person_answers_for_it() {
        let mut guard = started();
        let last = Some(at("2026-06-01T13:00:00Z"));
        let behind = guard.look(reading("2026-06-01T12:01:00Z", 160), last);
        assert_eq!(behind, Some(Doubt::Behind { last: at("2026-06-01T13:00:00Z") }));
        assert_eq!(guard.look(reading("2026-06-01T12:59:56Z", 3_696), last), None, "time heals it");

        let bad_stamp = Some(at("2099-01-01T00:00:00Z"));
        let now = reading("2026-06-01T13:00:00Z", 3_700);
        assert!(guard.look(now, bad_stamp).is_some());
        guard.confirm(now, bad_stamp);
        assert_eq!(guard.look(reading("2026-06-01T13:01:00Z", 3_760), bad_stamp), None);
        let another = Some(at("2098-01-01T00:00:00Z"));
        assert!(
            guard.look(reading("2026-06-01T13:02:00Z", 3_820), another).is_some(),
            "only that entry was answered for"
        );
    }

    #[test]
    fn a_clock_put_back_and_forward_again_is_doubted() {
        let mut guard = started();
        assert_eq!(
            guard.look(reading("2026-06-01T11:00:00Z", 160), None),
            None,
            "putting it back destroys nothing early"
        );
        assert!(guard.look(reading("2026-06-01T12:02:00Z", 220), None).is_some());
    }

    #[test]
    fn a_start_long_after_the_last_entry_waits_for_a_person_or_a_time_server() {
        let log = Some(at("2025-12-01T00:00:00Z"));
        let mut guard = new_guard();
        let start = reading(NOON, 20);
        assert_eq!(guard.look(start, log), Some(Doubt::Silent { days: 182 }));
        assert_eq!(guard.believed(start, log), at("2025-12-01T00:00:00Z"));
        assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..start }, log), None);
        assert_eq!(new_guard().look(start, None), None, "a new log has no last entry");
        guard = new_guard();
        guard.allow_silence(TimeDelta::days(182));
        assert_eq!(guard.look(reading("2026-06-01T00:00:00Z", 20), log), None, "182 days are allowed");
    }

    #[test]
    fn a_start_on_a_clock_that_no_server_confirmed_waits_for_one_or_for_a_person() {
        let log = Some(at("2026-06-01T02:00:00Z"));
        let start = Reading { synchronization: Synchronization::Unconfirmed, ..reading(NOON, 20) };
        let mut guard = new_guard();
        assert_eq!(guard.look(start, log), Some(Doubt::Unsynchronized));
        assert_eq!(guard.look(Reading { synchronization: Synchronization::Confirmed, ..start }, log), None);
        let later =
            Reading { synchronization: Synchronization::Unconfirmed, ..reading("2026-06-02T12:00:00Z", 86_420) };
        assert_eq!(guard.look(later, log), None, "a clock that was right and runs steadily stays right");

        let mut guard = new_guard();
        assert!(guard.look(start, log).is_some());
        guard.confirm(start, log);
        assert_eq!(guard.look(Reading { boot: Duration::from_secs(20), ..start }, log), None);
    }

    #[test]
    fn what_was_believed_is_believed_after_a_restart_and_not_after_another_start_of_the_machine() {
        let unconfirmed = |now, boot| Reading { synchronization: Synchronization::Unconfirmed, ..reading(now, boot) };
        let believed = reading(NOON, 1_000);
        let look = |reading| {
            let mut guard = new_guard();
            guard.recall(believed, reading);
            guard.look(reading, None)
        };
        assert_eq!(look(unconfirmed("2026-06-01T13:00:00Z", 4_600)), None);
        assert_eq!(look(unconfirmed("2026-06-01T13:00:00Z", 60)), Some(Doubt::Unsynchronized), "it was started since");
        assert_eq!(look(unconfirmed("2026-07-01T13:00:00Z", 4_600)), Some(Doubt::Unsynchronized), "it was set since");
    }
}
