//! The clock, and whether it can be believed; whoever holds the state is bound by it, daemon or mere command.

mod guard;
mod kernel;
mod obstacle;
mod watch;

pub use guard::{BootId, Doubt, Reading, Synchronization};
pub use kernel::{boot_id, synchronization};
pub use obstacle::{Obstacle, refusal_to_scan};
pub use watch::{AskWhetherSynchronized, Watch};
