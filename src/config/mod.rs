//! `retentiond.toml`: parsed, all faults at once, and lowered; proposals for `init`.
