//! How series and parts of one configuration refer to each other: names that exist, no cycle, one database for one
//! decision.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Config;
use crate::model::{Document, PartName, SeriesName, nearest};
use crate::records::files::identity::{overlap_as_written, same_as_written};
use crate::records::mapping::{Join, PartMapping, Relation, SeriesMapping};

/// Notes every relation of the configuration that cannot hold.
pub(super) fn check(document: &Document<'_>, config: &Config) {
    let series: BTreeMap<&SeriesName, &SeriesMapping> = config.series.iter().map(|one| (&one.series, one)).collect();
    for mapping in &config.series {
        let place = format!("series.{}", mapping.series);
        part_names(document, &place, &mapping.parts);
        part_cycles(document, &place, &mapping.parts);
        masks_on_keys(document, &place, mapping);
        for (at, relation) in mapping.blocked_by.iter().enumerate() {
            blocker(document, &format!("{place}.blocked_by[{at}]"), mapping, relation, &series);
        }
        if let Some(relation) = &mapping.subject {
            subject(document, &format!("{place}.subject"), mapping, relation, &series);
        }
    }
    shared_databases(document, config);
    blocking_cycles(document, &config.series, &series);
    shared_tables(document, &config.series);
    shared_roots(document, &config.series);
}

fn part_names(document: &Document<'_>, place: &str, parts: &[PartMapping]) {
    let mut seen = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        if !seen.insert(&part.name) {
            let message = format!("two parts are called \"{}\"", part.name);
            let mend = "give one of them another `name`";
            document.fault_at(&format!("{place}.part[{at}].name"), "duplicate-part", message, mend);
        }
    }
}

fn part_cycles(document: &Document<'_>, place: &str, parts: &[PartMapping]) {
    let owners: BTreeMap<&PartName, Option<&PartName>> =
        parts.iter().map(|part| (&part.name, part.of.as_ref())).collect();
    let mut reported = BTreeSet::new();
    for (at, part) in parts.iter().enumerate() {
        let Some(of) = &part.of else { continue };
        let place = format!("{place}.part[{at}].of");
        if !owners.contains_key(of) {
            let known: Vec<&str> = owners.keys().map(|name| name.as_str()).collect();
            let mend = match nearest(of.as_str(), &known) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => "name another part of the same series".to_owned(),
            };
            document.fault_at(&place, "unknown-part", format!("the part \"{of}\" does not exist"), mend);
            continue;
        }
        let chain = std::iter::successors(Some(&part.name), |name| owners.get(name).copied().flatten());
        let chain: Vec<&PartName> = chain.take(parts.len() + 1).collect();
        // A chain longer than there are parts comes back to one of them.
        if chain.len() > parts.len() && chain[1..].contains(&&part.name) && !reported.contains(&part.name) {
            reported.extend(chain);
            let message = format!("the part \"{}\" is, through its owners, a part of itself", part.name);
            document.fault_at(
                &place,
                "part-cycle",
                message,
                "let one of them be a part of the record: remove its `of`",
            );
        }
    }
}

fn masks_on_keys(document: &Document<'_>, place: &str, mapping: &SeriesMapping) {
    let is_key = |column: &String| mapping.key.iter().any(|key| key.eq_ignore_ascii_case(column));
    for column in mapping.anonymize.keys().filter(|column| is_key(column)) {
        let message = format!("the column \"{column}\" is the key: masked, the record could not be found again");
        let mend = "remove the mask; a key that is personal information asks for `disposition = \"destroy\"`";
        document.fault_at(&format!("{place}.anonymize.{column}"), "mask-on-key", message, mend);
    }
}

fn blocker(
    document: &Document<'_>,
    place: &str,
    mapping: &SeriesMapping,
    relation: &Relation,
    series: &BTreeMap<&SeriesName, &SeriesMapping>,
) {
    let Some(other) = known(document, place, &relation.series, series) else { return };
    if other.source != mapping.source {
        let message = format!(
            "\"{}\" is in the source \"{}\", \"{}\" in \"{}\": no check could be atomic with the destruction",
            other.series, other.source, mapping.series, mapping.source
        );
        let mend = "remove it, and let the calendar keep the blocked series longer";
        document.fault_at(&format!("{place}.series"), "blocked-across-sources", message, mend);
    }
}

fn subject(
    document: &Document<'_>,
    place: &str,
    mapping: &SeriesMapping,
    relation: &Relation,
    series: &BTreeMap<&SeriesName, &SeriesMapping>,
) {
    let Some(other) = known(document, place, &relation.series, series) else { return };
    let Join::Columns(columns) = &relation.on else {
        let message = format!("the subject of \"{}\" is joined by an expression", mapping.series);
        let mend = "write column of this table = key column of the subject's: `on = { account_id = \"id\" }`";
        return document.fault_at(&format!("{place}.on"), "subject-expression", message, mend);
    };
    let joined: BTreeSet<&String> = columns.iter().map(|(_, column)| column).collect();
    if joined != other.key.iter().collect() {
        let message =
            format!("the subject is not joined to the key of \"{}\", which is {}", other.series, other.key.join(", "));
        document.fault_at(&format!("{place}.on"), "subject-key", message, "join every key column, and no other");
    }
}

/// The other series of a relation; a fault where no such series is mapped.
fn known<'c>(
    document: &Document<'_>,
    place: &str,
    name: &SeriesName,
    series: &BTreeMap<&SeriesName, &'c SeriesMapping>,
) -> Option<&'c SeriesMapping> {
    let found = series.get(name).copied();
    if found.is_none() {
        let names: Vec<&str> = series.keys().map(|name| name.as_str()).collect();
        let mend = match nearest(name.as_str(), &names) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("map it under `[series.{name}]`"),
        };
        let message = format!("the series \"{name}\" is not mapped");
        document.fault_at(&format!("{place}.series"), "unknown-relation", message, mend);
    }
    found
}

/// A record must not be judged as two series by two sets of rules, of which the shorter would win.
fn shared_tables(document: &Document<'_>, all: &[SeriesMapping]) {
    for (at, mapping) in all.iter().enumerate() {
        let same = |other: &&SeriesMapping| {
            other.source == mapping.source
                && other.table.eq_ignore_ascii_case(&mapping.table)
                && (other.filter.is_none() || mapping.filter.is_none())
        };
        if let Some(other) = all[..at].iter().find(same) {
            let (one, two) = (&other.series, &mapping.series);
            let message = format!("the rows of \"{}\" are records of both \"{one}\" and \"{two}\"", mapping.table);
            let mend = "give each of the two a `filter`, so that no row is in both, or make them one series";
            document.fault_at(&format!("series.{two}.table"), "shared-table", message, mend);
        }
    }
}

/// Each source keeps one row for its last batch: two of one database would each take the other's for lost, and that
/// database for restored.
fn shared_databases(document: &Document<'_>, config: &Config) {
    let sources: Vec<_> = config.sources.values().collect();
    for (at, source) in sources.iter().enumerate() {
        if let Some(other) = sources[..at].iter().find(|other| same_as_written(&other.sqlite, &source.sqlite)) {
            let message = format!("the source \"{}\" is this database too", other.name);
            let mend = format!("let the series of both name one source: `source = \"{}\"`", other.name);
            document.fault_at(&format!("source.{}.sqlite", source.name), "shared-database", message, mend);
        }
    }
}

/// Whether a file may go, one database is asked: no other may name it. Here by the letter; `check` looks at the
/// directories themselves.
fn shared_roots(document: &Document<'_>, all: &[SeriesMapping]) {
    for (at, mapping) in all.iter().enumerate() {
        for (part_at, root) in roots(mapping) {
            let mut others = all[..at].iter().filter(|other| other.source != mapping.source);
            if let Some(other) = others.find(|other| roots(other).any(|(_, other)| overlap_as_written(root, other))) {
                let message = format!(
                    "the source \"{}\" names files beneath this root too: none could be unlinked safely",
                    other.source
                );
                let mend = "give each source a directory of its own, neither in the other";
                let place = format!("series.{}.part[{part_at}].files.root", mapping.series);
                document.fault_at(&place, "shared-root", message, mend);
            }
        }
    }
}

fn roots(mapping: &SeriesMapping) -> impl Iterator<Item = (usize, &Path)> {
    let parts = mapping.parts.iter().enumerate();
    parts.filter_map(|(at, part)| part.files.as_ref().map(|files| (at, files.root.as_path())))
}

/// A series that blocks itself is a tree; two series that block each other would both be kept for ever.
fn blocking_cycles(document: &Document<'_>, all: &[SeriesMapping], series: &BTreeMap<&SeriesName, &SeriesMapping>) {
    let mut reported = BTreeSet::new();
    for mapping in all {
        for (at, relation) in mapping.blocked_by.iter().enumerate() {
            if relation.series == mapping.series || reported.contains(&relation.series) {
                continue;
            }
            let behind = blockers_of(&relation.series, series);
            if behind.contains(&mapping.series) {
                reported.insert(&mapping.series);
                let message = format!("\"{}\" and \"{}\" block each other", mapping.series, relation.series);
                let place = format!("series.{}.blocked_by[{at}].series", mapping.series);
                document.fault_at(&place, "blocking-cycle", message, "remove one of the two `blocked_by`");
            }
        }
    }
}

/// All series that block this one, directly or through others.
fn blockers_of<'c>(
    name: &'c SeriesName,
    series: &BTreeMap<&SeriesName, &'c SeriesMapping>,
) -> BTreeSet<&'c SeriesName> {
    let mut found = BTreeSet::new();
    let mut open = vec![name];
    while let Some(mapping) = open.pop().and_then(|name| series.get(name)) {
        let blockers = mapping.blocked_by.iter().map(|relation| &relation.series);
        open.extend(blockers.filter(|blocker| found.insert(*blocker)));
    }
    found
}
