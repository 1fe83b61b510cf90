//! The mark that a value proves durable evidence.

use super::BatchNumber;

/// Proof that a batch's intents are on stable storage.
///
/// `records` asks for one before it commits; only `audit::DurableIntents` is one, and only the log's sync makes
/// it. Implementing this for any other type would break the program's second law; a test holds that none does.
pub trait DurableEvidence {
    /// The batch whose intents are durable.
    fn batch(&self) -> BatchNumber;
}
