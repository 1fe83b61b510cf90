//! Publishing: bundles, tiles, then the signed checkpoint over them; then what they replace goes.

use super::checkpoint::{Checkpoint, SignedCheckpoint};
use super::durable::{SECRET, SHARED, replace};
use super::error::LogError;
use super::recover::{checkpoint_path, corrupt, remembered_path};
use super::tiles::remove_superfluous;
use super::writer::DestructionLog;

impl DestructionLog {
    /// Syncs, publishes bundles and tiles, signs and publishes a checkpoint, and removes the journal that they replace.
    ///
    /// # Errors
    /// A file that cannot be written. Unless the log is poisoned it stays usable, and the next call makes up for it.
    pub fn publish(&mut self) -> Result<(), LogError> {
        self.sync()?;
        let before = self.signed.as_ref().map_or(0, |signed| signed.claimed().tree.size);
        let size = self.tree.size();
        if size > before {
            self.tree.write_full(&self.dir, size)?;
            self.tree.write_partial(&self.dir)?;
            self.sign()?;
        }
        self.publish_checkpoint()?;
        remove_superfluous(&self.dir, before, size)?;
        if self.journal.is_half_full() {
            self.reserve_afresh()?;
        }
        Ok(self.journal.remove_closed()?)
    }

    /// Number of leaves that the highest signed checkpoint covers.
    pub fn published_size(&self) -> u64 {
        self.signed.as_ref().map_or(0, |signed| signed.claimed().tree.size)
    }

    /// Signs the tree, which is durable, and remembers the checkpoint before anybody sees it.
    fn sign(&mut self) -> Result<(), LogError> {
        let checkpoint = Checkpoint::new(self.origin().clone(), self.tree.head());
        let signed = checkpoint.sign(&self.signer).map_err(|error| corrupt(&self.dir, &error.to_string()))?;
        let path = remembered_path(&self.keys);
        replace("remembered", &path, signed.to_string().as_bytes(), SECRET)?;
        self.signed = Some(signed);
        Ok(())
    }

    /// Publishes the highest checkpoint ever signed, if it is not published.
    pub(super) fn publish_checkpoint(&self) -> Result<(), LogError> {
        let Some(signed) = &self.signed else { return Ok(()) };
        let path = checkpoint_path(&self.dir);
        let published = super::recover::read_checkpoint(&path)?;
        // One that bears witnesses' signatures beside ours stays.
        if published.as_ref().map(SignedCheckpoint::claimed) == Some(signed.claimed()) {
            return Ok(());
        }
        Ok(replace("checkpoint", &path, signed.to_string().as_bytes(), SHARED)?)
    }
}
