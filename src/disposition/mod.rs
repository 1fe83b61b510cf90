//! The flow: rules and facts are judged, due records are planned, a person approves, and one path executes.
//!
//! Never sees `config`; whoever calls gives it an [`Installation`].

mod installation;
pub mod judge;

pub use installation::{Installation, Limits, Pace};
