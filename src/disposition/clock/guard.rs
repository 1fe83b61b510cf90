//! Whether the clock can be believed. Pure: what the clocks say is an argument.
//!
//! While it cannot, nothing is destroyed, and leaves bear the time that the guard believes: so a wrong clock stamps
//! nothing that would lock the log until that time comes.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::model::{Digest, Instant, counted};

/// As far behind its last leaf as the log lets the clock lie.
const BEHIND: TimeDelta = TimeDelta::seconds(5);

/// Further than this ahead of the time that passed since boot, the clock was put forward. A time server slews less in a
/// day (43 s at 500 ppm).
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
    /// Which boot that was; `None` where nothing tells, as in what was kept before it was noted.
    #[serde(default)]
    pub boot_id: Option<BootId>,
    pub synchronization: Synchronization,
}

/// Names one start of the machine: a digest of what the kernel calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(Digest);

impl BootId {
    /// The boot that the kernel calls so, by 32 hexadecimal digits: with hyphens between them, as in /proc, or without,
    /// as systemd writes them. `None` for what is no such name.
    pub fn parse(name: &str) -> Option<Self> {
        let digits: String = name.trim().chars().filter(|sign| *sign != '-').collect();
        let is_name = digits.len() == 32 && digits.chars().all(|digit| digit.is_ascii_hexdigit());
        is_name.then(|| Self(Digest::of(digits.to_ascii_lowercase().as_bytes())))
    }
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
    #[error("the last entry of the log is {} old: the daemon was down for long, or the clock is wrong", counted(days.unsigned_abs(), "day", "days"))]
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

    /// Goes on from a reading that was believed before a restart, on the same boot of the machine: so a clock put
    /// forward meanwhile is found out. Where nothing names the boot, a clock that ran steadily since tells that it is
    /// the same. After a steady run, or where a server confirms the clock, a person's word stands that the log's last
    /// entry, of the time `answered`, was stamped wrongly.
    pub fn recall(&mut self, believed: Option<Reading>, answered: Option<Instant>, reading: Reading) {
        self.base = believed.filter(|believed| is_same_boot(*believed, reading));
        let is_steady = self.base.is_some_and(|base| runs_steadily(base, reading));
        if is_steady || reading.synchronization == Synchronization::Confirmed {
            self.confirmed_behind = answered;
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

/// Whether two readings, the second of which is the later, were taken on the same boot, as far as can be told.
fn is_same_boot(before: Reading, reading: Reading) -> bool {
    match (before.boot_id, reading.boot_id) {
        (Some(one), Some(other)) => one == other,
        // Another boot's time would have to agree with the wall clock by chance.
        _ => runs_steadily(before, reading),
    }
}

/// Whether the wall clock moved as far as the time since boot between two readings, the second of which is the later.
fn runs_steadily(before: Reading, reading: Reading) -> bool {
    let elapsed = reading.boot.checked_sub(before.boot).and_then(|elapsed| TimeDelta::from_std(elapsed).ok());
    elapsed.is_some_and(|elapsed| (reading.now - (before.now + elapsed)).abs() <= AHEAD)
}

#[cfg(test)]
mod tests;
