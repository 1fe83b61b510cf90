//! The entries of a log in order, whoever writes it.

use std::ops::ControlFlow;

use super::brief::Brief;
use super::error::LogError;
use super::leaf::{Body, Leaf, Predecessor};

/// Is shown each leaf with its index; may break off.
pub type VisitLeaf<'a> = dyn FnMut(u64, Leaf) -> ControlFlow<()> + 'a;

/// Is shown each leaf in brief with its index; may break off.
pub type VisitBrief<'a> = dyn FnMut(u64, Brief) -> ControlFlow<()> + 'a;

/// A log that can be read from any entry on: the one that this process writes, or one as it stood when it was opened.
pub trait Entries {
    /// Shows every leaf from this index on, until `visit` breaks.
    ///
    /// # Errors
    /// A file that cannot be read or holds no leaves.
    fn scan(&self, from: u64, visit: &mut VisitLeaf<'_>) -> Result<(), LogError>;

    /// Shows every leaf from this index on in brief, until `visit` breaks.
    ///
    /// # Errors
    /// As [`Self::scan`].
    fn scan_brief(&self, from: u64, visit: &mut VisitBrief<'_>) -> Result<(), LogError>;

    /// The log that this one continues, as its first entry names it.
    ///
    /// # Errors
    /// As [`Self::scan`].
    fn continued(&self) -> Result<Option<Predecessor>, LogError> {
        let mut continued = None;
        self.scan(0, &mut |_, leaf| {
            if let Body::Genesis(genesis) = leaf.body {
                continued = genesis.predecessor;
            }
            ControlFlow::Break(())
        })?;
        Ok(continued)
    }
}
