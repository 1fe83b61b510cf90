//! Whether both loops are alive: the watchdog is fed only while they are.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant as Monotonic};

/// Without a tick for so long the heartbeat is dead.
const TICK_WITHIN: Duration = Duration::from_secs(180);

/// Signs of life, each good for a time.
#[derive(Debug)]
pub struct Pulse {
    began: Monotonic,
    /// Milliseconds since `began` until which the heartbeat counts as alive.
    ticks_until: AtomicU64,
    /// The same for the run loop.
    runs_until: AtomicU64,
}

impl Pulse {
    /// Both loops are alive, for the time that a tick may take.
    pub fn start() -> Self {
        let until = as_millis(TICK_WITHIN);
        Self { began: Monotonic::now(), ticks_until: AtomicU64::new(until), runs_until: AtomicU64::new(until) }
    }

    /// The heartbeat beats.
    pub fn ticked(&self) {
        self.ticks_until.store(self.in_future(TICK_WITHIN), Ordering::Relaxed);
    }

    /// The run loop lives, and will say so again within this time.
    pub fn running(&self, within: Duration) {
        self.runs_until.store(self.in_future(within), Ordering::Relaxed);
    }

    /// Whether both loops are alive.
    pub fn is_alive(&self) -> bool {
        self.is_alive_after(self.began.elapsed())
    }

    fn is_alive_after(&self, elapsed: Duration) -> bool {
        let now = as_millis(elapsed);
        now < self.ticks_until.load(Ordering::Relaxed) && now < self.runs_until.load(Ordering::Relaxed)
    }

    fn in_future(&self, within: Duration) -> u64 {
        as_millis(self.began.elapsed()).saturating_add(as_millis(within))
    }
}

/// Half a billion years fit.
fn as_millis(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_dead_loop_is_enough_to_starve_the_watchdog() {
        let pulse = Pulse::start();
        assert!(pulse.is_alive());
        let later = Duration::from_secs(200);
        assert!(!pulse.is_alive_after(later), "no tick for three minutes");
        pulse.running(Duration::from_secs(3_600));
        assert!(!pulse.is_alive_after(later), "a long run does not stand in for the heartbeat");
        pulse.ticks_until.store(u64::MAX, Ordering::Relaxed);
        assert!(pulse.is_alive_after(later));
        pulse.running(Duration::from_secs(30));
        assert!(!pulse.is_alive_after(later), "nor the heartbeat for the run loop");
    }
}
