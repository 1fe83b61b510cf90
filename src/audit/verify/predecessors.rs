//! The logs that this one continues: what its first entry says of them must still be so, and what an auditor kept of
//! them too.

use std::path::Path;

use super::Trust;
use super::findings::Findings;
use super::flaw::Flaw;
use super::ledger::Ledger;
use crate::audit::checkpoint::SignedCheckpoint;
use crate::audit::earlier::{Earlier, Kept, beside, earlier_logs};
use crate::model::Origin;

/// Looks for the logs before the one in `dir`.
pub(super) fn look_for(dir: &Path, trust: &Trust, ledger: &Ledger, findings: &mut Findings) -> Vec<Earlier> {
    let directories = if trust.earlier.is_empty() { beside(dir) } else { trust.earlier.clone() };
    let found = earlier_logs(ledger.continued(), directories, &trust.older);
    for earlier in &found {
        if let Kept::Other(dir) = &earlier.kept {
            let (origin, size) = (earlier.named.origin.clone(), earlier.named.size);
            findings.add(None, Flaw::OtherPredecessor { origin, size, dir: dir.display().to_string() });
        }
    }
    found
}

/// Whether no log stands before these, the last one first.
pub(super) fn are_all_known(found: &[Earlier]) -> bool {
    found.last().is_none_or(Earlier::is_first)
}

/// Every log of whose batches this one speaks is one that it continues. Where not all of those are here, only its own
/// name surely is none.
pub(super) fn check_spoken_of(own: &Origin, found: &[Earlier], ledger: &Ledger, findings: &mut Findings) {
    let are_all_known = are_all_known(found);
    for (origin, entry) in ledger.logs_spoken_of() {
        let is_one = found.iter().any(|earlier| earlier.named.origin == *origin);
        if origin == own || (are_all_known && !is_one) {
            findings.at(entry, Flaw::NotContinued { origin: origin.clone() });
        }
    }
}

/// What is wrong with an older checkpoint of another origin than the log's: it may be of a log before.
pub(super) fn fault_of(older: &SignedCheckpoint, earlier: &[Earlier]) -> Option<Flaw> {
    let claimed = older.claimed();
    let (older_size, origin) = (claimed.tree.size, claimed.origin.clone());
    let Some(of) = earlier.iter().find(|earlier| earlier.named.origin == origin) else {
        return Some(Flaw::OtherLog { older: older_size, origin: origin.to_string() });
    };
    match &of.kept {
        _ if older_size > of.named.size => {
            Some(Flaw::PredecessorShortened { older: older_size, size: of.named.size, origin })
        }
        Kept::Whole(pinned) if pinned.root_at(older_size) != Some(claimed.tree.root) => {
            Some(Flaw::PredecessorDiffers { older: older_size, origin })
        }
        Kept::Whole(pinned) => {
            let is_signed = pinned.signing_key(older_size).is_some_and(|key| older.verify(key).is_ok());
            (!is_signed).then_some(Flaw::UndeclaredKey { size: older_size })
        }
        Kept::Missing | Kept::Other(_) | Kept::Unread => Some(Flaw::PredecessorAbsent { older: older_size, origin }),
    }
}
