//! Whether today's mapping still tells which rows name the files of a batch: under another one than the records went
//! by, the row of a living record may name a file that nobody asks it about.

use std::fs;
use std::path::Path;

use super::error::ExecuteError;
use super::spool::Spool;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::desk::Desk;
use crate::disposition::plan::{PlanDirs, mapping_digest};
use crate::model::{Digest, PlanId, SeriesName, SourceName};
use crate::records::mapping::SeriesMapping;

/// Why no file of a spool goes by today's mapping, and what mends it; `None` where it may.
pub(super) fn objection(desk: &mut Desk, spool: &Spool) -> Result<Option<String>, ExecuteError> {
    let install = desk.install().clone();
    let of_source = || install.series.iter().filter(|mapping| mapping.source == spool.source);
    let mut roots: Vec<&Path> = spool.files.iter().map(|file| file.root.as_path()).collect();
    roots.dedup();
    let unnamed = roots.into_iter().find(|root| !of_source().any(|mapping| names_files_beneath(mapping, root)));
    Ok(match unnamed {
        Some(root) => Some(named_by_none(root, &spool.plan)),
        None if is_as_approved(desk, spool)? => None,
        None => Some(not_approved(spool)),
    })
}

/// Nothing is mapped beneath this root.
fn named_by_none(root: &Path, plan: &PlanId) -> String {
    format!(
        "no part of its source's mappings names files beneath its root any more ({}), so no row can be asked whether it names the file: put `files` back into the mapping, \
         or look at the file yourself and end it with `apply {plan} --release-files`",
        root.display()
    )
}

/// Nobody has approved the series as it is mapped now.
fn not_approved(Spool { series, plan, .. }: &Spool) -> String {
    format!(
        "the mapping of its series ({series}) is not the one that the last approval bound, so it may not tell which records name the file: \
         put that mapping back, or approve a plan of the series as it is mapped now; or look at the file yourself and end it with `apply {plan} --release-files`"
    )
}

/// Whether a part names files beneath a root, or beneath one in which it lies, however either is spelled.
fn names_files_beneath(mapping: &SeriesMapping, root: &Path) -> bool {
    let lies_in = |wider: &Path| match (fs::canonicalize(root), fs::canonicalize(wider)) {
        (Ok(root), Ok(wider)) => root.starts_with(wider),
        _ => false,
    };
    let mut files = mapping.parts.iter().filter_map(|part| part.files.as_ref());
    files.any(|files| files.root == root || lies_in(&files.root))
}

/// Whether the series of a batch is mapped as the last approval bound it. Where that was taken back, or no log tells of
/// one, the batch's own plan tells how its series was mapped; without it nothing speaks against today's mapping but a
/// person who took back what they had approved.
pub(super) fn is_as_approved(desk: &mut Desk, spool: &Spool) -> Result<bool, ExecuteError> {
    let mapped = mapped_as(desk, &spool.series, &spool.source)?;
    let as_planned = |desk: &Desk| planned_as(desk, &spool.plan, &spool.series).map(|planned| mapped == Some(planned));
    Ok(match bound(desk, &spool.series)? {
        Bound::To(digest) => mapped == Some(digest),
        Bound::TakenBack => as_planned(desk).unwrap_or(false),
        Bound::Untold => as_planned(desk).unwrap_or(true),
    })
}

/// The keyed digest of a series' mapping as it is now.
fn mapped_as(desk: &mut Desk, series: &SeriesName, source: &SourceName) -> Result<Option<Digest>, ExecuteError> {
    let mapping = desk.install().mapping(series).filter(|mapping| mapping.source == *source);
    let digest = mapping.map(mapping_digest).transpose()?;
    let log = desk.log();
    Ok(digest.map(|digest| log.keyed_digest(&digest.to_string())))
}

/// That of the mapping to which a plan bound a series, under which alone it is executed; `None` where its manifest is
/// gone or was altered.
fn planned_as(desk: &Desk, plan: &PlanId, series: &SeriesName) -> Option<Digest> {
    let file = PlanDirs::of(&desk.install().state).manifest(plan).ok()?;
    file.manifest.series.iter().find(|planned| planned.series == *series).map(|planned| planned.governed.mapping)
}

/// To which mapping a series is bound.
enum Bound {
    To(Digest),
    /// The last approval was taken back.
    TakenBack,
    /// No log at hand has an approval of it.
    Untold,
}

/// By the newest of the logs that tells.
fn bound(desk: &mut Desk, series: &SeriesName) -> Result<Bound, ExecuteError> {
    if let Some(bound) = bound_in(desk.chronicle()?, series) {
        return Ok(bound);
    }
    let of_earlier = desk.earlier()?.iter().find_map(|earlier| bound_in(&earlier.chronicle, series));
    Ok(of_earlier.unwrap_or(Bound::Untold))
}

fn bound_in(chronicle: &Chronicle, series: &SeriesName) -> Option<Bound> {
    let history = chronicle.history();
    let bound = history.approved.get(series).map(|governed| Bound::To(governed.mapping));
    bound.or_else(|| history.taken_back.contains(series).then_some(Bound::TakenBack))
}
