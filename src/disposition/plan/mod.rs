//! Plans: immutable lists of what will be done and why. A dry run is a plan that nobody approved.

mod body;
mod manifest;

pub use body::{Body, Cursor, Item, Step};
pub use manifest::{Items, Manifest, PlannedCalendar, PlannedRule, PlannedSeries, sum};
