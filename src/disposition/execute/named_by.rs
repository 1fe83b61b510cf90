//! Whether today's mapping still tells which rows name the files of a batch: under another one than the records went
//! by, the row of a living record may name a file that nobody asks it about.

use std::fs;
use std::path::Path;

use super::error::ExecuteError;
use super::spool::Spool;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::desk::Desk;
use crate::disposition::plan::mapping_digest;
use crate::model::{Digest, SeriesName, SourceName};
use crate::records::mapping::SeriesMapping;

/// Why files stay beneath whose root nothing is mapped.
const NAMED_BY_NONE: &str = "no part of its source's mappings names files beneath its root any more, so no row can be asked whether it names the \
     file: put `files` back into the mapping, or look at the file yourself and end it with `apply PLAN --release-files`";

/// Why files stay whose series nobody has approved as it is mapped now.
const NOT_APPROVED: &str = "the mapping of its series is not the one that the last approval bound, so it may not tell which records name the \
     file: put that mapping back, or approve a plan of the series as it is mapped now";

/// Why no file of a spool goes by today's mapping; `None` where it may.
pub(super) fn objection(desk: &mut Desk, spool: &Spool) -> Result<Option<&'static str>, ExecuteError> {
    let install = desk.install().clone();
    let of_source = || install.series.iter().filter(|mapping| mapping.source == spool.source);
    let mut roots: Vec<&Path> = spool.files.iter().map(|file| file.root.as_path()).collect();
    roots.dedup();
    if !roots.iter().all(|root| of_source().any(|mapping| names_files_beneath(mapping, root))) {
        return Ok(Some(NAMED_BY_NONE));
    }
    let is_other = match bound(desk, &spool.series)? {
        Bound::To(digest) => mapped_as(desk, &spool.series, &spool.source)? != Some(digest),
        Bound::TakenBack => true,
        Bound::Untold => false,
    };
    Ok(is_other.then_some(NOT_APPROVED))
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

/// The keyed digest of a series' mapping as it is now.
fn mapped_as(desk: &mut Desk, series: &SeriesName, source: &SourceName) -> Result<Option<Digest>, ExecuteError> {
    let mapping = desk.install().mapping(series).filter(|mapping| mapping.source == *source);
    let digest = mapping.map(mapping_digest).transpose()?;
    let log = desk.log();
    Ok(digest.map(|digest| log.keyed_digest(&digest.to_string())))
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
