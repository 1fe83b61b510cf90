//! The daemon: at its hours it plans, and does what its mode allows. The only room that knows tokio; the core stays synchronous.

pub mod clock;
pub mod schedule;
