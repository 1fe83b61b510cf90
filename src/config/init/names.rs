//! What names of tables and columns suggest, in English and French. Guesses, and marked as such.

mod dates;
mod people;
#[cfg(test)]
mod tests;

pub(super) use dates::{DateKind, date_kind, encoding, trigger};
pub(super) use people::{Role, begins_matter, is_person, is_personal, mask, role};

use crate::records::sqlite::catalog::{Column, Table};

/// The words of a name, in lower case (`InvoiceDate` -> invoice, date).
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in name.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if character.is_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.extend(character.to_lowercase());
        }
        after_lower = character.is_lowercase() || character.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `InvoiceLine` -> `invoice_line`: a name for a series or an event.
pub(super) fn snake(name: &str) -> String {
    words(name).join("_")
}

fn any(words: &[String], known: &[&str]) -> bool {
    words.iter().any(|word| known.contains(&word.as_str()))
}

/// The column that says in which state the record is: a date of closure may outlive a reopening. The state of an
/// address is none.
pub(super) fn status(table: &Table) -> Option<&Column> {
    let is_there = |known: &[&str]| table.columns.iter().any(|column| any(&words(&column.name), known));
    let has_address = is_there(&["city", "ville", "country", "pays", "postal", "postalcode", "zip"]);
    let is_status = |column: &&Column| {
        let words = words(&column.name);
        any(&words, &["status", "statut", "etat"]) || (!has_address && any(&words, &["state"]))
    };
    table.columns.iter().find(is_status)
}

/// Whether rows are settings of the application: a name and its value, and nothing else but when it was written.
pub(super) fn are_settings(table: &Table) -> bool {
    let is_written_at = |column: &&Column| date_kind(column) == Some(DateKind::Created);
    let is_number = |column: &&Column| column.primary_key > 0 && column.name.eq_ignore_ascii_case("id");
    let said = table.columns.iter().filter(|column| !is_written_at(column) && !is_number(column));
    let mut said: Vec<String> = said.map(|column| snake(&column.name)).collect();
    said.sort_by_key(|name| matches!(name.as_str(), "value" | "valeur" | "val"));
    let [name, value] = said.as_slice() else { return false };
    matches!(value.as_str(), "value" | "valeur" | "val")
        && matches!(name.as_str(), "name" | "key" | "setting" | "option" | "var" | "nom" | "cle" | "parametre")
}

/// Whether the column is what people cite: a file number, a case reference.
pub(super) fn is_reference(column: &Column) -> bool {
    any(&words(&column.name), &["number", "numero", "no", "num", "reference", "ref", "code", "identifier"])
}

/// Whether the column names a file.
pub(super) fn is_path(column: &Column) -> bool {
    let words = words(&column.name);
    let joined = words.join("_");
    words.last().is_some_and(|word| matches!(word.as_str(), "path" | "filepath" | "filename" | "chemin" | "fichier"))
        || matches!(joined.as_str(), "file" | "file_name" | "storage_key" | "disk_filename")
}

/// The columns that together name a file beneath a root: its directory, where a column says it, and its name as it is
/// stored rather than as its author called it.
pub(super) fn paths(table: &Table) -> Vec<&Column> {
    let is_stored = |column: &&Column| any(&words(&column.name), &["disk", "stored", "storage", "path", "chemin"]);
    let mut files: Vec<&Column> = table.columns.iter().filter(|column| is_path(column)).collect();
    files.sort_by_key(|column| !is_stored(column));
    let Some(file) = files.first().copied() else { return Vec::new() };
    let first = words(&file.name).into_iter().next();
    let directory = table.columns.iter().find(|column| {
        let words = words(&column.name);
        words.first() == first.as_ref()
            && words.last().is_some_and(|last| matches!(last.as_str(), "directory" | "dir" | "folder" | "repertoire"))
    });
    directory.into_iter().chain([file]).collect()
}

const ENDS: &[&str] =
    &["from", "to", "source", "target", "first", "second", "origin", "de", "vers", "origine", "cible"];

/// What stands at the end of a tie that a column names, as a table is named: `issue` of `issue_from_id`.
pub(super) fn end_of_tie(column: &str) -> Option<String> {
    let name = snake(column);
    let stem = name.strip_suffix("_id")?;
    let at_its_end = stem.rsplit_once('_').filter(|(_, end)| ENDS.contains(end)).map(|(table, _)| table);
    let at_its_beginning = || stem.split_once('_').filter(|(end, _)| ENDS.contains(end)).map(|(_, table)| table);
    at_its_end.or_else(at_its_beginning).map(str::to_owned)
}
