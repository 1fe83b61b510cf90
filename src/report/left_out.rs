//! What goes under the rules that are approved although its own rule is left out: a record takes its parts along, and
//! their rows may be records of another series, too.

use std::collections::BTreeSet;

use super::Words;
use crate::calendar::{Calendar, Disposition};
use crate::disposition::Installation;
use crate::model::RuleNumber;
use crate::records::mapping::{OwnerGone, PartMapping, SeriesMapping};

/// What is to be said of an approval of these rules alone; nothing where all are approved (no rule is named).
pub fn warnings(only: &[RuleNumber], install: &Installation, words: &Words) -> Vec<String> {
    let mut warnings = Vec::new();
    let is_approved = |mapping: &SeriesMapping| rules_of(mapping, install).iter().any(|rule| only.contains(rule));
    for mapping in install.series.iter().filter(|mapping| is_approved(mapping)) {
        let parts: Vec<&PartMapping> = mapping.parts.iter().filter(|part| goes_along(part)).collect();
        let has_as_part = |other: &&SeriesMapping| {
            other.series != mapping.series
                && other.source == mapping.source
                && parts.iter().any(|part| part.table.eq_ignore_ascii_case(&other.table))
                && !mapping.blocked_by.iter().any(|relation| relation.series == other.series)
        };
        for other in install.series.iter().filter(has_as_part).filter(|other| !is_approved(other)) {
            let left_out: Vec<&str> = rules_of(other, install).into_iter().map(RuleNumber::as_str).collect();
            if !left_out.is_empty() {
                let (other, own) = (other.series.as_str(), mapping.series.as_str());
                warnings.push(words.fill(words.planning.part_goes_along, &[other, own, &left_out.join(", "), own]));
            }
        }
    }
    warnings
}

fn goes_along(part: &PartMapping) -> bool {
    part.owner_gone == OwnerGone::Destroy || !part.anonymize.is_empty()
}

/// The rules that end records of a series.
fn rules_of<'i>(mapping: &SeriesMapping, install: &'i Installation) -> BTreeSet<&'i RuleNumber> {
    let governs = |calendar: &&Calendar| mapping.calendar.as_ref().is_none_or(|own| *own == calendar.number);
    let rules = install.calendars.iter().filter(governs).flat_map(|calendar| calendar.rules_for(&mapping.series));
    let ends = |disposition| matches!(disposition, Some(Disposition::Destroy | Disposition::Anonymize));
    rules.filter(|rule| rule.is_obeyed() && ends(rule.disposition)).map(|rule| &rule.number).collect()
}
