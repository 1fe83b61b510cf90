//! Whether today's mapping still tells which rows name the files of a batch: under another one than the records went
//! by, the row of a living record may name a file that nobody asks it about.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::error::ExecuteError;
use super::spool::{OtherNaming, Spool};
use crate::disposition::Installation;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::desk::Desk;
use crate::disposition::plan::{PlanDirs, mapping_digest};
use crate::model::{Digest, PlanId, SeriesName, SourceName};
use crate::records::mapping::{Naming, SeriesMapping, same_name, same_names};

/// Why no file of a spool goes by today's mapping, and what mends it; `None` where it may.
pub(super) fn objection(desk: &mut Desk, spool: &Spool) -> Result<Option<String>, ExecuteError> {
    let install = desk.install().clone();
    let mut roots: Vec<&Path> = spool.files.iter().map(|file| file.root.as_path()).collect();
    roots.sort_unstable();
    roots.dedup();
    let of_source = || install.series.iter().filter(|mapping| mapping.source == spool.source);
    let names_beneath = |root: &Path| of_source().flat_map(SeriesMapping::namings).any(|of| lies_in(root, of.root));
    if let Some(root) = roots.iter().find(|root| !names_beneath(root)) {
        return Ok(Some(named_by_none(root, &spool.plan)));
    }
    let is_of_these = |naming: &&OtherNaming| roots.iter().any(|root| may_meet(root, &naming.root));
    if let Some(naming) = spool.named_by.iter().filter(is_of_these).find(|naming| !is_mapped(&install, naming)) {
        return Ok(Some(named_no_more(naming, &spool.plan)));
    }
    Ok(if is_as_approved(desk, spool)? { None } else { Some(not_approved(spool)) })
}

/// What names files by the mapping of any series but this one: no approval of this one tells that it has changed.
pub(super) fn others(install: &Installation, series: &SeriesName) -> Vec<OtherNaming> {
    let others = install.series.iter().filter(|mapping| mapping.series != *series);
    let namings: BTreeSet<OtherNaming> =
        others.flat_map(|mapping| mapping.namings().map(|naming| owned(&mapping.source, naming))).collect();
    namings.into_iter().collect()
}

fn owned(source: &SourceName, Naming { table, columns, root }: Naming<'_>) -> OtherNaming {
    let (source, table) = (source.clone(), table.to_owned());
    OtherNaming { source, table, columns: columns.to_vec(), root: root.to_owned() }
}

/// Whether any series is still mapped so that rows are asked whether they name files there.
fn is_mapped(install: &Installation, then: &OtherNaming) -> bool {
    let of_source = install.series.iter().filter(|mapping| mapping.source == then.source);
    of_source.flat_map(SeriesMapping::namings).any(|now| {
        same_name(now.table, &then.table)
            && same_names(now.columns, &then.columns)
            && (now.root == then.root || lies_in(&then.root, now.root) && lies_in(now.root, &then.root))
    })
}

/// Columns of another series name files no more.
fn named_no_more(OtherNaming { source, table, columns, root }: &OtherNaming, plan: &PlanId) -> String {
    format!(
        "{table}.{} of source {source} named files beneath {} when the batch was announced, and no part says so any more, so no row of it can be asked whether it names the \
         file: put `files` back into the mapping, or look at the file yourself and end it with `apply {plan} --release-files`",
        columns.join("/"),
        root.display()
    )
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

/// Whether a root is this one, or lies in it, however either is spelled.
fn lies_in(root: &Path, wider: &Path) -> bool {
    let found = || fs::canonicalize(root).ok().zip(fs::canonicalize(wider).ok());
    root == wider || found().is_some_and(|(root, wider)| root.starts_with(wider))
}

/// Whether a file may lie beneath both roots. Of one that is not there nobody knows.
fn may_meet(one: &Path, other: &Path) -> bool {
    !one.exists() || !other.exists() || lies_in(one, other) || lies_in(other, one)
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
