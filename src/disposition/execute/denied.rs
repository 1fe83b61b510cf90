//! Batches of which the log says that they were not committed, and the database that they were: another one stood in
//! its place when they were settled, and the right one is back. What it says is sealed by us.

use super::error::ExecuteError;
use super::logged::{is_gone, logged_batch};
use super::note;
use crate::audit::leaf::Correction;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::Desk;
use crate::model::{BatchNumber, SourceName};
use crate::records::sqlite::{FenceState, Reader};

/// What the log must say of such batches of a source; each once, for a person who let the source go on knew of them.
pub(super) fn found(desk: &mut Desk, source: &SourceName) -> Result<Vec<Correction>, ExecuteError> {
    let (install, origin) = (desk.install().clone(), desk.log().origin().clone());
    let mut reader = Reader::open(&install.sources[source], &install.series)?;
    let mut corrections = Vec::new();
    for batch in reader.fences(&origin)? {
        let chronicle = desk.chronicle()?;
        if chronicle.expected_fences().get(source) == Some(&batch) || chronicle.is_altered(batch) {
            continue;
        }
        let FenceState::Committed(text) = reader.fence(&origin, batch)? else { continue };
        let records = gone_by(desk, source, batch, &text)?;
        if records > 0 {
            let correction = Correction::new(source.clone(), correction::ALTERED_FENCE);
            corrections.push(Correction { batch: Some(batch), records, ..correction });
        }
    }
    Ok(corrections)
}

/// How many records went with a batch of the source by the text of its row; none where that is not ours, or the log
/// does not say that the batch was not committed.
fn gone_by(desk: &mut Desk, source: &SourceName, batch: BatchNumber, text: &str) -> Result<u64, ExecuteError> {
    let logged = logged_batch(desk.log(), batch)?;
    let is_denied =
        logged.is_some_and(|logged| logged.intent.source == *source && logged.is_resolved && logged.records.is_empty());
    let done = note::unsealed(desk.log(), batch, text).filter(|_| is_denied);
    let outcomes = done.and_then(|done| done.outcomes()).unwrap_or_default();
    Ok(outcomes.into_iter().filter(|outcome| is_gone(*outcome)).count() as u64)
}
