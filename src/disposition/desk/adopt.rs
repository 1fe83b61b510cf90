//! Begins a successor to a log that cannot go on. The only way past a damaged log, and never taken by the program
//! itself.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::kinds::in_full;
use super::{DeskError, new_origin, state};
use crate::audit;
use crate::audit::adopt::{Adopted, Adoption, adopt, finish, name_handed_in};
use crate::audit::{DestructionLog, KeyPlaces, LogError, keyed_digest};
use crate::model::{Actor, Instant, Origin};

/// A log that goes on where another one could not.
#[derive(Clone, Debug)]
pub struct Successor {
    pub origin: Origin,
    pub predecessor: Origin,
    /// Entries of the predecessor that can be relied on: they are those that were signed.
    pub read: u64,
    /// Whether it had more.
    pub partial: bool,
    /// Where the predecessor lies now, untouched; `None` where it was lost.
    pub kept: Option<PathBuf>,
    /// The key of keyed digests was lost: a new one was made, and what the predecessor's digests are of can no longer
    /// be shown.
    pub new_digest_key: bool,
    /// Why the predecessor could not be opened: whether batches of it wait for their outcome nobody could see then.
    /// `None` where it could, or where an interrupted adoption was ended.
    pub unopened: Option<String>,
}

/// Moves the log of this state directory aside and begins its successor. The reason stays in the private state; the log
/// has its keyed digest. Approvals end with the old log: plans are approved anew. One that was interrupted once its
/// successor was there is ended instead, for the reason given then.
///
/// # Errors
/// Another process holds the state; files that cannot be moved or written; [`DeskError::Unsettled`] for a log that can
/// go on and must.
pub fn adopt_log(
    state: &Path,
    keys: Option<KeyPlaces>,
    reason: &str,
    actor: Actor,
    now: Instant,
) -> Result<Successor, DeskError> {
    let _lock = state::enter(state)?;
    let keys = keys.unwrap_or_else(|| audit::keys_in(state));
    if let Some(adopted) = finish(&audit::dir_in(state), keys.clone(), now)? {
        return Ok(Successor::of(adopted, false, None));
    }
    let unopened = settle(state, &keys, now)?.map(|error| what_is_wrong(&error));
    let origin = match name_handed_in(&audit::dir_in(state), &keys)? {
        Some(origin) => origin,
        None => new_origin()?,
    };
    let note = json!({ "log": origin, "reason": reason, "actor": actor, "at": now.timestamp() });
    keep_reason(&state.join("private"), &origin, &note)?;
    let (reason, new_digest_key) = keyed_digest(keys.clone(), reason)?;
    let adoption = Adoption { origin, reason, actor };
    let adopted = adopt(&audit::dir_in(state), keys, adoption, now)?;
    Ok(Successor::of(adopted, new_digest_key, unopened))
}

impl Successor {
    fn of(adopted: Adopted, new_digest_key: bool, unopened: Option<String>) -> Self {
        let Adopted { log, kept, predecessor } = adopted;
        Self {
            origin: log.origin().clone(),
            predecessor: predecessor.origin,
            read: predecessor.size,
            partial: predecessor.partial,
            kept,
            new_digest_key,
            unopened,
        }
    }
}

/// A log that opens is published to its last entry, so that the successor pins all of it. While batches of it wait for
/// their outcome it is not left. Of one that does not open nobody can tell whether any does, and why it does not is
/// returned: what their files wait for, the databases say under the successor.
fn settle(state: &Path, keys: &KeyPlaces, now: Instant) -> Result<Option<LogError>, DeskError> {
    let mut log = match DestructionLog::open(&audit::dir_in(state), keys.clone(), now) {
        Ok(log) => log,
        Err(error) => return Ok(Some(error)),
    };
    let batches: BTreeSet<_> = log.unresolved().into_iter().map(|(_, intent)| intent.batch).collect();
    if !batches.is_empty() {
        return Err(DeskError::Unsettled { batches: batches.len() });
    }
    log.publish()?;
    Ok(None)
}

/// An error without what to do, which is being done.
fn what_is_wrong(error: &LogError) -> String {
    let told = in_full(error);
    told.rsplit_once("; ").map_or(told.as_str(), |(what, _)| what).to_owned()
}

/// Durable before the log names its digest; in the place of what an attempt left that did not come so far.
fn keep_reason(private: &Path, origin: &Origin, note: &serde_json::Value) -> Result<(), DeskError> {
    let path = private.join(format!("adopted-{}.json", origin.as_str().replace('/', "-")));
    let failed = |source| DeskError::File { doing: "write", path: path.clone(), source };
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).map_err(failed)?;
    writeln!(file, "{note:#}").and_then(|()| file.sync_all()).map_err(failed)
}
