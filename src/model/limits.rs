//! How much may happen at once, and how gently: what ops sets and the flow obeys.

use std::time::Duration;

/// How much a plan may hold before a person must accept it, and how gently it is executed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Share of a series, from 0 to 1, looked at when more than `min_count` records are due.
    pub max_share: f64,
    pub min_count: u64,
    pub max_count: u64,
    /// Longest write transaction aimed at.
    pub lock: Duration,
    pub pace: Pace,
}

/// Whether the program pauses between chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Pauses for half of a chunk's time, at least 5 ms.
    Polite,
    /// No pause: for a maintenance window.
    Full,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_share: 0.10, min_count: 20, max_count: 100_000, lock: Duration::from_millis(50), pace: Pace::Polite }
    }
}
