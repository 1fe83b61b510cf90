//! What becomes of the parts and columns of a record.

use serde::Serialize;

use super::super::Words;
use super::super::meaning::literal;
use super::super::table::count;
use crate::records::mapping::{Mask, OwnerGone, PartMapping, SeriesMapping};

/// What becomes of a part when its record is disposed of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartFate {
    pub part: String,
    pub table: String,
    pub fate: Fate,
    /// Whether its rows name files, which share their fate.
    pub files: bool,
    /// Its rows that belong to the records listed, and how many of them name a file; absent where that was not counted,
    /// and of a rule that disposes of nothing.
    #[serde(flatten)]
    pub counted: Option<PartCounted>,
    /// Whether records share its rows, themselves or what they belong to, or its rows are records: one counts for each
    /// that has it.
    #[serde(skip)]
    pub is_shared: bool,
}

/// How much of a part belongs to the records listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartCounted {
    pub rows: u64,
    pub naming_files: u64,
}

/// What becomes of the rows of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// They go with the record.
    Destroyed,
    /// They go with the last record that refers to them.
    DestroyedWithLast,
    /// They live on without the record, or with another one.
    Detached,
    /// Some of their columns are masked.
    Masked,
    /// They stay as they are.
    Untouched,
}

/// A column, and what is put in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MaskedColumn {
    /// Of this part; `None`: of the record itself.
    pub part: Option<String>,
    pub column: String,
    /// As the configuration names it; of a constant, its value.
    pub mask: String,
}

impl PartFate {
    pub(super) fn text(&self, words: &Words) -> String {
        let named =
            if self.files { words.fill(words.planning.and_its_files, &[&self.part]) } else { self.part.clone() };
        let Some(PartCounted { rows, naming_files }) = self.counted else { return named };
        let (rows, files) = (count(rows, words), count(naming_files, words));
        let counted = match (self.files, self.is_shared) {
            (true, false) => words.fill(words.planning.rows_and_files, &[&rows, &files]),
            (true, true) => words.fill(words.planning.rows_and_files_at_most, &[&rows, &files]),
            (false, false) => words.fill(words.planning.rows, &[&rows]),
            (false, true) => words.fill(words.planning.rows_at_most, &[&rows]),
        };
        format!("{named} ({counted})")
    }
}

/// What becomes of each part of a series.
pub(super) fn fates(mapping: &SeriesMapping, fate: fn(&PartMapping) -> Fate) -> Vec<PartFate> {
    let fate = |part: &PartMapping| PartFate {
        part: part.name.to_string(),
        table: part.table.clone(),
        fate: fate(part),
        files: part.files.is_some(),
        counted: None,
        is_shared: is_shared(part, mapping),
    };
    mapping.parts.iter().map(fate).collect()
}

/// Whether several records may have the same row of a part, because they share it or a row that it belongs to, or that
/// row is a record itself, or one of the part that it belongs to.
fn is_shared(part: &PartMapping, mapping: &SeriesMapping) -> bool {
    // A part belongs to one that stands elsewhere in the list, and never beneath itself.
    let mut above = Some(part);
    for _ in &mapping.parts {
        let Some(part) = above else { return false };
        if !part.shared.is_empty() || mapping.is_own_part(part) {
            return true;
        }
        let owner = mapping.parts.iter().find(|owner| part.of.as_ref() == Some(&owner.name));
        if owner.is_some_and(|owner| owner.table.eq_ignore_ascii_case(&part.table)) {
            return true;
        }
        above = owner;
    }
    false
}

pub(super) fn when_destroyed(part: &PartMapping) -> Fate {
    match part.owner_gone {
        OwnerGone::Detach | OwnerGone::Set(_) => Fate::Detached,
        OwnerGone::Destroy if part.shared.is_empty() => Fate::Destroyed,
        OwnerGone::Destroy => Fate::DestroyedWithLast,
    }
}

pub(super) fn when_anonymized(part: &PartMapping) -> Fate {
    if part.anonymize.is_empty() { Fate::Untouched } else { Fate::Masked }
}

/// What anonymization puts in the place of which column, of records and of parts.
pub(super) fn masks(mapping: &SeriesMapping) -> Vec<MaskedColumn> {
    let column = |part: Option<&PartMapping>, (column, mask): (&String, &Mask)| MaskedColumn {
        part: part.map(|part| part.name.to_string()),
        column: column.clone(),
        mask: match mask {
            Mask::Null => "null".to_owned(),
            Mask::Constant(constant) => literal(constant),
            Mask::TruncateIp => "truncate-ip".to_owned(),
            Mask::DateToYear => "date-to-year".to_owned(),
        },
    };
    let own = mapping.anonymize.iter().map(|masked| column(None, masked));
    let of_parts =
        mapping.parts.iter().flat_map(|part| part.anonymize.iter().map(move |masked| column(Some(part), masked)));
    own.chain(of_parts).collect()
}
