//! The daemon as a process: what it does by itself in each mode, how it ends, and that it survives whatever comes.
//!
//! Run with `cargo test --features simulate`: the clock stands still until a test moves it, and the heart beats every
//! second.

mod asked;
mod brake;
mod clock;
mod ends;
mod hours;
mod left;
mod log;
mod modes;
mod office;
mod owed;
mod plans;
mod reload;
mod sandbox;
mod socket;
mod sources;
mod state;
mod stopped;
mod together;

#[path = "../support/mod.rs"]
mod support;
