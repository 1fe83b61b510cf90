//! Why nothing is destroyed at a moment, although something may be due.

use super::guard::Doubt;
use crate::disposition::request::{Refusal, RefusalKind};
use crate::model::{Instant, Opening, Windows, in_utc};

/// What to do about a clock that is not believed.
const MEND_CLOCK: &str = "wait until the clock is right, or answer for it: `retentiond ctl resume --clock`";

/// Why nothing is destroyed now. Scans and requests go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    #[error("the daemon is ending")]
    Ending,
    #[error("paused")]
    Paused,
    #[error(transparent)]
    Clock(Doubt),
    #[error("a blackout window is open{}", until.map_or_else(String::new, |until| format!(" until {}", in_utc(until))))]
    Blackout { until: Option<Instant> },
}

impl Obstacle {
    /// What stands in the way, if anything does: a person's pause before the clock, the clock before the hours.
    pub fn look(is_paused: bool, doubt: Option<Doubt>, windows: &Windows, now: Instant) -> Option<Self> {
        if is_paused {
            return Some(Self::Paused);
        }
        if let Some(doubt) = doubt {
            return Some(Self::Clock(doubt));
        }
        (windows.open_at(now) == Opening::Blackout).then(|| Self::Blackout { until: windows.changes_after(now) })
    }

    /// As it is told to a person who asked for an execution.
    pub fn refusal(&self) -> Refusal {
        let (kind, code, mend) = match self {
            Self::Ending => (RefusalKind::Busy, "ending", "run the same command again once it has ended"),
            Self::Paused => (RefusalKind::Refused, "destruction-paused", "`retentiond ctl resume` goes on"),
            Self::Clock(_) => (RefusalKind::Refused, "destruction-paused", MEND_CLOCK),
            Self::Blackout { .. } => (RefusalKind::Busy, "blackout", "run the same command again once it has shut"),
        };
        // The clock's words have a mend of their own, for the machine; this one is for the request.
        let why = self.to_string().replace("; ", ": ");
        let message = format!("nothing is destroyed now: {why}; {mend}");
        Refusal { kind, code: code.to_owned(), message, rails: Vec::new(), faults: Vec::new() }
    }
}

/// What a person is told who asked for a scan under a clock that is not believed: what is due depends on the day.
pub fn refusal_to_scan(doubt: Doubt) -> Refusal {
    // As above: the clock's words have a mend of their own.
    let why = doubt.to_string().replace("; ", ": ");
    let message = format!("nothing is scanned now: {why}; {MEND_CLOCK}");
    Refusal { kind: RefusalKind::Refused, code: "clock".to_owned(), message, rails: Vec::new(), faults: Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_s_pause_comes_before_the_clock_and_the_clock_before_the_hours() {
        let now: Instant = "2026-11-21T17:00:00Z".parse().unwrap();
        let always = Windows { blackout: vec!["00:00-00:00".parse().unwrap()], ..Windows::NONE };
        let doubt = Doubt::Jumped { seconds: 61 };
        assert_eq!(Obstacle::look(true, Some(doubt), &always, now), Some(Obstacle::Paused));
        assert_eq!(Obstacle::look(false, Some(doubt), &always, now), Some(Obstacle::Clock(doubt)));
        assert_eq!(Obstacle::look(false, None, &always, now), Some(Obstacle::Blackout { until: None }));
        assert_eq!(Obstacle::look(false, None, &Windows::NONE, now), None);
    }

    #[test]
    fn a_blackout_says_until_when_and_asks_for_patience() {
        let until = "2026-11-21T23:00:00Z".parse().ok();
        let refusal = Obstacle::Blackout { until }.refusal();
        assert_eq!((refusal.kind, refusal.code.as_str()), (RefusalKind::Busy, "blackout"));
        assert!(refusal.message.contains("open until 2026-11-21T23:00:00Z; run"), "{}", refusal.message);
    }
}
