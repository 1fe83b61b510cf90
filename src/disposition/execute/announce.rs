//! Before the transaction: files are recognized, intents are logged durably, what is to be unlinked is spooled.

use super::error::ExecuteError;
use super::fault;
use super::roots::SeenRoots;
use super::spool::{OtherNaming, Spool, SpoolDir, SpooledFile};
use super::target::Target;
use crate::audit::leaf::Action;
use crate::audit::{DestructionLog, DurableIntents};
use crate::disposition::plan::Item;
use crate::model::{DurableEvidence, Instant, Origin, PartName, RecordKey};
use crate::records::files::{FileError, FileId, FileRef, Reserved, identify_all};
use crate::records::mapping::Missing;
use crate::records::sqlite::{NamedFiles, StoreError, Writer};

/// A record whose files, if it has any, can go.
pub(super) struct Candidate<'i> {
    pub item: &'i Item,
    /// The files that are there.
    pub files: Vec<(FileRef, FileId)>,
    /// Every part and path that its rows name, sorted, also where no file stands there any more.
    pub named: Vec<(PartName, String)>,
    /// How many files that the mapping lets be gone are not there.
    pub missing: u64,
}

/// A record that is not announced, and why.
pub(super) type RefusedItem<'i> = (&'i Item, Refusal);

/// Why a record with files is not announced.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error(transparent)]
    File(#[from] FileError),
    /// Nobody knows which files it has.
    #[error(transparent)]
    Unknown(#[from] StoreError),
}

/// Recognizes the files of each item. A record with a file that could not go is not announced: it comes back with the
/// reason.
pub(super) fn identify_files<'i>(
    writer: &mut Writer,
    target: &Target<'_>,
    items: &[&'i Item],
    reserved: &Reserved,
    roots: &mut SeenRoots,
) -> Result<(Vec<Candidate<'i>>, Vec<RefusedItem<'i>>), StoreError> {
    let mut candidates: Vec<_> =
        items.iter().map(|item| Ok(Candidate { item, files: Vec::new(), named: Vec::new(), missing: 0 })).collect();
    if target.mapping.parts.iter().any(|part| part.files.is_some()) {
        let keys: Vec<RecordKey> = items.iter().map(|item| item.key.clone()).collect();
        let NamedFiles { files, unknown } = writer.files_of(&target.mapping.series, &keys)?;
        for (place, error) in unknown {
            candidates[place] = Err(error.into());
        }
        let identified = identify_all(&files, reserved);
        let found = files.iter().zip(&identified).filter_map(|(file, id)| Some((file, id.as_ref().ok()?.as_ref()?)));
        found.for_each(|(file, id)| roots.see(&file.root, id.dev));
        for (file, identified) in files.into_iter().zip(identified) {
            let place = file.record;
            let Ok(candidate) = &mut candidates[place] else { continue };
            candidate.named.push((file.part.clone(), file.path.clone()));
            match identified {
                Ok(Some(id)) => candidate.files.push((file, id)),
                Ok(None) => match why_not_gone(writer, target, candidate.item, &file, roots)? {
                    Some(error) => candidates[place] = Err(error.into()),
                    None => candidate.missing += 1,
                },
                Err(error) => candidates[place] = Err(error.into()),
            }
        }
    }
    let (mut ready, mut refused) = (Vec::new(), Vec::new());
    for (item, candidate) in items.iter().zip(candidates) {
        match candidate {
            Ok(mut candidate) => {
                candidate.named.sort();
                ready.push(candidate);
            }
            Err(error) => refused.push((*item, error)),
        }
    }
    Ok((ready, refused))
}

/// An absent file is as good as gone only where the mapping says so and others are there, or where none is unlinked:
/// its root may be wrong, or its volume not mounted.
fn why_not_gone(
    writer: &Writer,
    target: &Target<'_>,
    item: &Item,
    file: &FileRef,
    roots: &mut SeenRoots,
) -> Result<Option<FileError>, StoreError> {
    let own = target.mapping.parts.iter().filter(|part| part.name == file.part && item.action == Action::Destroy);
    for (part, files) in own.filter_map(|part| Some((part, part.files.as_ref()?))) {
        match files.missing {
            Missing::Fail => return Ok(Some(FileError::missing(file))),
            Missing::Gone if !roots.is_what_it_should_be(writer, part, files)? => {
                return Ok(Some(FileError::nothing_there(file)));
            }
            Missing::Gone => {}
        }
    }
    Ok(None)
}

/// Logs the intents and waits until they are on stable storage, with all that was logged before.
pub(super) fn announce(
    log: &mut DestructionLog,
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    now: Instant,
) -> Result<Option<DurableIntents>, ExecuteError> {
    let items: Vec<&Item> = candidates.iter().map(|candidate| candidate.item).collect();
    let Some(draft) = target.intent(&items) else { return Ok(None) };
    fault::step("announce-before")?;
    let pending = log.append_intents(draft, now)?;
    fault::step("announce-appended")?;
    let durable = log.make_durable(pending)?;
    fault::step("announce-durable")?;
    Ok(Some(durable))
}

/// Spools what the batch will unlink; durable on return.
pub(super) fn spool(
    dir: &SpoolDir,
    (log, named_by): (Origin, Vec<OtherNaming>),
    target: &Target<'_>,
    candidates: &[Candidate<'_>],
    evidence: &DurableIntents,
) -> Result<Spool, ExecuteError> {
    let mut files = Vec::new();
    for (record, candidate) in candidates.iter().enumerate() {
        files.extend(candidate.files.iter().map(|(file, id)| SpooledFile {
            record,
            part: file.part.clone(),
            root: file.root.clone(),
            path: file.path.clone(),
            id: *id,
        }));
    }
    let (source, series) = (target.mapping.source.clone(), target.mapping.series.clone());
    let (batch, plan) = (evidence.batch(), target.plan_id().clone());
    let spool = Spool { log, batch, plan, source, series, named_by, left_since: None, files };
    dir.write(&spool)?;
    fault::step("spooled")?;
    Ok(spool)
}
