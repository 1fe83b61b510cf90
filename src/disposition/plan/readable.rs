//! A plan of all that can be read: a database that cannot be keeps no other from being planned.

use std::collections::BTreeMap;

use super::make::make_of;
use super::scope::Scope;
use super::{PlanError, PlanFile, PlanRequest, PlanningKeys};
use crate::disposition::Installation;
use crate::disposition::holds::HoldIndex;
use crate::disposition::rails::History;
use crate::model::SourceName;

/// A plan, and what it lacks.
#[derive(Debug)]
pub struct Made {
    pub file: PlanFile,
    /// Sources of which it says nothing, and why they could not be read.
    pub unread: BTreeMap<SourceName, PlanError>,
}

/// Makes a plan and keeps it in the state directory; where all rules are asked for, without the sources that cannot be
/// read, unless then nothing is left to plan. The same records under the same law on the same day give the same plan.
///
/// # Errors
/// A hold that no longer means what it did, a calendar that is not in force, cannot be obeyed, or is not as it was
/// obeyed before, a rule that is not there. Where nothing can be planned without it, a mapping that does not fit its
/// database, a database that cannot be read.
pub fn make(
    install: &Installation,
    keys: &PlanningKeys,
    holds: &HoldIndex,
    history: &History,
    request: &PlanRequest,
) -> Result<Made, PlanError> {
    // By all that is configured, whether or not it can be read.
    holds.keep_their_meaning(install, request.now)?;
    let mut readable = install.clone();
    let mut unread = BTreeMap::new();
    loop {
        let without = unread.keys().cloned().collect();
        let fault = match make_of(&readable, keys, holds, history, request, without) {
            Ok(file) => return Ok(Made { file, unread }),
            Err(fault) => fault,
        };
        let at_fault = fault.source_at_fault(&readable.series).filter(|_| request.only.is_none());
        let Some(source) = at_fault else { return Err(fault) };
        readable.series.retain(|mapping| mapping.source != source);
        if Scope::new(&readable, request)?.series.is_empty() {
            return Err(fault);
        }
        unread.insert(source, fault);
    }
}
