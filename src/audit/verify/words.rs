//! The words that entries may use where their type alone would let them say anything.

/// What a hold covers.
pub(super) const SCOPES: [&str; 6] = ["record", "reference", "subject", "series", "rule", "where"];

/// What a correction tells.
pub(super) const CORRECTIONS: [&str; 8] =
    ["missing_fence", "altered_fence", "resurrected", "fence_table_dropped", "lifted", "completed", RELEASED, CLOCK];

/// The correction by which a person gives a reason.
pub(super) const RELEASED: &str = "released";

/// Corrections that end what a batch had left.
pub(super) const ENDS_LEFT: [&str; 2] = ["completed", RELEASED];

/// The correction that concerns no source.
pub(super) const CLOCK: &str = "clock";

/// Corrections by which a person answers for something.
pub(super) const ANSWERS: [&str; 3] = ["lifted", RELEASED, CLOCK];

/// Corrections after which a record that was gone can go again.
pub(super) const LETS_GO_AGAIN: [&str; 4] = ["missing_fence", "resurrected", "fence_table_dropped", "lifted"];

/// Corrections that concern no batch.
pub(super) const OF_NO_BATCH: [&str; 2] = ["lifted", CLOCK];

/// Levels of sanitization.
pub(super) const LEVELS: [&str; 4] = ["logical", "page-clean", "log-clean", "backup-expired"];

/// Guard rails that an approval may lift.
pub(super) const RAILS: [&str; 9] =
    ["share", "count", "median", "empty", "rules", "mapping", "guesses", "backlog", "restored"];
