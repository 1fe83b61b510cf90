//! The flow: rules and facts are judged, due records are planned, a person approves, and one path executes.
//!
//! Never sees `config`; whoever calls gives it an [`Installation`].

pub mod approval;
pub mod chronicle;
pub mod clock;
mod company;
pub mod control;
pub mod declared;
pub mod desk;
pub mod door;
pub mod execute;
pub mod explain;
pub mod forecast;
mod governs;
pub mod holds;
mod installation;
pub mod judge;
pub mod kinds;
pub mod plan;
pub mod rails;
pub mod reach;
pub mod request;
#[cfg(test)]
pub(crate) mod sample;

pub use crate::model::{Limits, Pace};
pub use approval::ApprovedPlan;
pub use installation::Installation;
