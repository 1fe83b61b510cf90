//! The clock, and whether it can be believed; whoever holds the state is bound by it, daemon or mere command.

mod guard;
mod kernel;
mod obstacle;
mod watch;

use std::sync::Arc;

pub use guard::{BootId, Doubt, Reading, Synchronization};
pub use kernel::{boot_id, synchronization};
pub use obstacle::{Obstacle, refusal_to_scan};
pub use watch::{AskWhetherSynchronized, Watch};

use crate::model::Instant;

/// Says what time it is.
pub type Now = Arc<dyn Fn() -> Instant + Send + Sync>;
