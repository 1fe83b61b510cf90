//! What a log takes over from those before it: a database that was restored waits for a person under the successor too,
//! until that one says something of the source itself.

use super::error::ExecuteError;
use super::logged::logged_batch;
use super::restored::{Compared, not_standing, resurrected, undone};
use crate::audit::leaf::Correction;
use crate::disposition::chronicle::correction;
use crate::disposition::desk::{Desk, EarlierLog};
use crate::model::{BatchNumber, SourceName};
use crate::records::sqlite::Reader;

/// What the log must say of a source of which it says nothing yet, by what the last of the earlier logs that tells of
/// it says. Batches of another log have no number in this one, so the corrections name none.
pub(super) fn found_wrong(desk: &mut Desk, source: &SourceName) -> Result<Vec<Correction>, ExecuteError> {
    let install = desk.install().clone();
    let earlier = desk.earlier()?;
    let Some(place) = earlier.iter().position(|earlier| earlier.chronicle.tells_of(source)) else {
        return Ok(Vec::new());
    };
    let earlier = &earlier[place];
    if earlier.chronicle.is_restored(source) {
        return Ok(together(source, earlier.chronicle.found_wrong(source)));
    }
    let Some(last) = earlier.chronicle.expected_fences().get(source).copied() else { return Ok(Vec::new()) };
    let reader = Reader::open(&install.sources[source], &install.series)?;
    let is_newer = remembers_more(&reader, earlier, source, Some(last))?;
    drop(reader);
    let undone = if is_newer { None } else { undone(&install, &earlier.log, &earlier.origin, source, last)? };
    let Some(mut undone) = undone else { return Ok(Vec::new()) };
    if undone.is_all_of_log {
        let mut before = undone_before(desk, source, place + 1)?;
        undone.back.append(&mut before.back);
        undone.unnamed += before.unnamed;
    }
    let missing = Correction { unnamed: undone.unnamed, ..Correction::new(source.clone(), undone.what) };
    Ok(together(source, if undone.back.is_empty() { std::slice::from_ref(&missing) } else { &undone.back }))
}

/// What is undone of what earlier logs, but for so many of the last ones, say of a source in which no batch stands that
/// came after them: the copy that was put back may be older than those. Looks no further than a log of which a batch
/// still stands, or which lost its end while the database remembers it.
pub(super) fn undone_before(desk: &mut Desk, source: &SourceName, skipped: usize) -> Result<Compared, ExecuteError> {
    let install = desk.install().clone();
    let mut before = Compared::default();
    for earlier in desk.earlier()?.iter().skip(skipped).filter(|earlier| earlier.chronicle.tells_of(source)) {
        let mut reader = Reader::open(&install.sources[source], &install.series)?;
        let (since, is_all_of_log) = not_standing(&mut reader, &earlier.log, &earlier.origin, source)?;
        if remembers_more(&reader, earlier, source, since.last().copied())? {
            break;
        }
        drop(reader);
        let mut found = resurrected(&install, &earlier.log, source, &since, None)?;
        before.back.append(&mut found.back);
        before.unnamed += found.unnamed;
        if !is_all_of_log {
            break;
        }
    }
    Ok(before)
}

/// Whether a row of a later batch stands in a source: an earlier log may have lost its end, and the database has not.
/// One that this log knows as another source's says that another database stands here.
fn remembers_more(
    reader: &Reader,
    earlier: &EarlierLog,
    source: &SourceName,
    last: Option<BatchNumber>,
) -> Result<bool, ExecuteError> {
    for batch in reader.fences(&earlier.origin)?.into_iter().filter(|batch| Some(*batch) > last) {
        if logged_batch(&earlier.log, batch)?.is_none_or(|known| known.intent.source == *source) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What several corrections say of a source, in one that names no batch.
pub(super) fn together(source: &SourceName, found: &[Correction]) -> Vec<Correction> {
    let is_back = |found: &&Correction| found.what == correction::RESURRECTED;
    let records = found.iter().filter(is_back).map(|found| found.records).fold(0, u64::saturating_add);
    let told = found.iter().find(is_back).or(found.last());
    let told =
        told.map(|told| Correction { records, unnamed: told.unnamed, ..Correction::new(source.clone(), &told.what) });
    told.into_iter().collect()
}
