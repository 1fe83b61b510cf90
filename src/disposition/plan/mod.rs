//! Plans: immutable lists of what will be done and why. A dry run is a plan that nobody approved.

mod along;
mod back;
mod body;
mod contents;
mod current;
mod draft;
mod error;
mod kept;
mod keys;
mod make;
mod manifest;
mod order;
mod proven;
mod readable;
#[cfg(test)]
pub(crate) mod sample;
mod scope;
mod settle;
mod since;
mod sought;
mod store;

pub use along::{PartCount, RuleAlong};
pub use back::back_in;
pub use body::{Body, Cursor, Item, Step};
pub use current::{Open, changed};
pub use error::PlanError;
pub use keys::{PlanningKeys, database_digest, mapping_digest};
pub use manifest::{Items, Manifest, PlannedCalendar, PlannedRule, PlannedSeries, sum};
pub use readable::{Made, make};
pub use scope::PlanRequest;
pub use since::{GoneSince, gone_since};
pub use store::{Plan, PlanDirs, PlanFile};
