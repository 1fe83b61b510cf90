//! The words that entries may use where their type alone would let them say anything.

use crate::audit::checkpoint::decimal;
use crate::model::Actor;

/// What a hold covers.
pub(super) const SCOPES: [&str; 6] = ["record", "reference", "subject", "series", "rule", "where"];

/// What a correction tells.
pub(super) const CORRECTIONS: [&str; 8] =
    ["missing_fence", ALTERED, "resurrected", "fence_table_dropped", "lifted", "completed", RELEASED, CLOCK];

/// The correction that may name a batch of an earlier log, and no record of it.
pub(super) const ALTERED: &str = "altered_fence";

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

/// Corrections that looked for what had gone, and may not have been able to name all of it.
pub(super) const LOOKED: [&str; 2] = ["missing_fence", "fence_table_dropped"];

/// Corrections that concern no batch.
pub(super) const OF_NO_BATCH: [&str; 2] = ["lifted", CLOCK];

/// Levels of sanitization.
pub(super) const LEVELS: [&str; 4] = ["logical", "page-clean", "log-clean", "backup-expired"];

/// Guard rails that an approval may lift.
pub(super) const RAILS: [&str; 9] =
    ["share", "count", "median", "empty", "rules", "mapping", "guesses", "backlog", "restored"];

/// What stands behind the account where the daemon approved by itself.
const BY_ITSELF: &str = ", automatic mode";

/// Whether an actor is a local account: `name (uid)`, or `uid N` of one without a name.
pub(super) fn is_account(actor: &Actor) -> bool {
    let account = actor.as_str();
    let account = account.strip_suffix(BY_ITSELF).unwrap_or(account);
    let is_uid = |text: &str| decimal(text).is_some_and(|uid| u32::try_from(uid).is_ok());
    let named = account.strip_suffix(')').and_then(|account| account.rsplit_once(" ("));
    account.strip_prefix("uid ").is_some_and(is_uid) || named.is_some_and(|(name, uid)| !name.is_empty() && is_uid(uid))
}
