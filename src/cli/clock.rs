//! The only place that reads the clock.

use chrono::Utc;

use super::environment;
use crate::disposition::clock::{self, BootId, Synchronization};
use crate::model::Instant;

/// What time it is.
///
/// In a build with the feature `simulate`, `RETENTIOND_NOW` (RFC 3339) stands in for the clock, and with
/// `RETENTIOND_TICK` (seconds) every reading is that much later than the one before. No package is built with that
/// feature.
#[expect(clippy::disallowed_methods, reason = "this is the one door to the clock")]
pub fn now() -> Instant {
    #[cfg(feature = "simulate")]
    if let Some(simulated) = simulated::now() {
        return simulated;
    }
    Utc::now()
}

/// Whether a time server confirmed the clock, which says `now`. `RETENTIOND_NOW` is such a server's word; of the time
/// in a file nothing tells, unless `RETENTIOND_SYNCHRONIZED` (`yes` or `no`) does.
pub fn synchronization(now: Instant) -> Synchronization {
    #[cfg(feature = "simulate")]
    if let Some(simulated) = simulated::synchronization() {
        return simulated;
    }
    clock::synchronization(now)
}

/// What names this boot of the machine, where the kernel tells, or else systemd in `RETENTIOND_BOOT_ID`: the unit shows
/// the daemon no more of /proc than processes.
pub fn boot_id() -> Option<BootId> {
    clock::boot_id().or_else(told_boot)
}

/// The boot that the clock goes by. A simulated clock knows only of one that is handed over: a test puts its clock
/// forward between two commands and means that time has passed.
pub fn boot_of_clock() -> Option<BootId> {
    #[cfg(feature = "simulate")]
    if simulated::now().is_some() {
        return told_boot();
    }
    boot_id()
}

fn told_boot() -> Option<BootId> {
    environment::text("RETENTIOND_BOOT_ID").and_then(|name| BootId::parse(&name))
}

#[cfg(feature = "simulate")]
mod simulated {
    use std::sync::atomic::{AtomicI64, Ordering};

    use chrono::TimeDelta;

    use crate::cli::environment;
    use crate::disposition::clock::Synchronization;
    use crate::model::Instant;

    static READINGS: AtomicI64 = AtomicI64::new(0);

    /// What a simulated time server says; `None` where the clock is the machine's.
    pub(super) fn synchronization() -> Option<Synchronization> {
        match environment::text("RETENTIOND_SYNCHRONIZED").as_deref() {
            Some("yes") => Some(Synchronization::Confirmed),
            Some(_) => Some(Synchronization::Unconfirmed),
            // That one time is the whole test's.
            None if environment::text("RETENTIOND_NOW_FILE").is_none() => now().map(|_| Synchronization::Confirmed),
            None => Some(Synchronization::Unknown),
        }
    }

    /// The simulated time; `None` where the test sets none. A test of the daemon sets it anew in the file that
    /// `RETENTIOND_NOW_FILE` names.
    pub(super) fn now() -> Option<Instant> {
        if let Some(file) = environment::text("RETENTIOND_NOW_FILE") {
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
            return Some(text.trim().parse().unwrap_or_else(|_| panic!("{file} holds no RFC 3339 time: {text}")));
        }
        let start = environment::text("RETENTIOND_NOW")?;
        // A test that misspells the time must not fall back to the real clock and pass by accident.
        let start: Instant =
            start.parse().unwrap_or_else(|_| panic!("RETENTIOND_NOW is not an RFC 3339 time: {start}"));
        let tick = environment::text("RETENTIOND_TICK").and_then(|tick| tick.parse().ok()).unwrap_or(0);
        Some(start + TimeDelta::seconds(tick * READINGS.fetch_add(1, Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_unit_hands_over_the_name_of_the_boot_that_its_sandbox_hides() {
        let unit = include_str!("../../systemd/retentiond.service");
        let line = |line: &str| unit.lines().any(|found| found == line);
        assert!(line("ProcSubset=pid") && line("Environment=RETENTIOND_BOOT_ID=%b"));
    }
}
