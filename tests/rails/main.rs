//! Every guard rail keeps records that would be gone without it: each test goes the whole way, plan, approve, apply, on
//! a real database, as the daemon does in `automatic` mode: without a word that lifts a rail.
//!
//! Run with `cargo test --features simulate`: the clock is the test's. The rails of the daemon's own clock are in
//! tests/daemon.

mod limits;
mod office;
mod refusals;
mod restored;
mod succession;
#[path = "../support/mod.rs"]
mod support;
