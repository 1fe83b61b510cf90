//! What names of tables and columns suggest, in English and French. Guesses, and marked as such.

use crate::records::sqlite::catalog::{Column, Table};

/// What a date column suggests, the likeliest start of a clock first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum DateKind {
    Closure,
    Completion,
    LastUse,
    Expiry,
    /// A date of the record's own matter (`invoice_date`).
    Plain,
    Created,
    /// When something began (`hire_date`): starts no clock, for it says nothing of the end.
    Start,
    /// Of the person, not of the record: starts no clock.
    Birth,
}

const CLOSURE: &[&str] =
    &["closed", "closure", "closing", "ferme", "fermeture", "cloture", "archived", "terminated", "departure", "left"];
const COMPLETION: &[&str] =
    &["completed", "completion", "finished", "ended", "end", "fin", "resolved", "done", "fulfilled"];
const LAST_USE: &[&str] = &["last", "dernier", "derniere", "login", "used", "seen", "visited", "accessed"];
const EXPIRY: &[&str] = &["expires", "expiry", "expiration", "expired", "echeance", "valid"];
const CREATED: &[&str] = &["created", "updated", "modified", "inserted", "cree", "modifie", "registered"];
const START: &[&str] = &[
    "hire",
    "hired",
    "embauche",
    "start",
    "started",
    "begin",
    "began",
    "debut",
    "opened",
    "ouvert",
    "ouverture",
    "joined",
];
const BIRTH: &[&str] = &["birth", "birthday", "born", "dob", "naissance"];

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

/// What a column is if it holds dates.
pub(super) fn date_kind(column: &Column) -> Option<DateKind> {
    let declared = column.declared.to_uppercase();
    let words = words(&column.name);
    let last = words.last()?.as_str();
    let named =
        matches!(last, "at" | "on" | "date" | "datetime" | "timestamp") || words[0] == "date" || any(&words, BIRTH);
    let typed = declared.contains("DATE") || declared.contains("TIMESTAMP") || declared == "TIME";
    if !typed && (!named || words.len() < 2) {
        return None;
    }
    let kinds = [
        (BIRTH, DateKind::Birth),
        (CLOSURE, DateKind::Closure),
        (COMPLETION, DateKind::Completion),
        (LAST_USE, DateKind::LastUse),
        (EXPIRY, DateKind::Expiry),
        (CREATED, DateKind::Created),
        (START, DateKind::Start),
    ];
    let kind = kinds.into_iter().find(|(known, _)| any(&words, known)).map(|(_, kind)| kind);
    Some(kind.unwrap_or(DateKind::Plain))
}

/// How the column probably writes its dates: a word for `as`; `None` for RFC 3339, the default; a blank for a date-time
/// without zone, of which no schema says whether it is UTC or local, and the wrong one of the two would destroy a day
/// early.
pub(super) fn encoding(column: &Column) -> Option<&'static str> {
    let declared = column.declared.to_uppercase();
    let last = words(&column.name).pop().unwrap_or_default();
    match () {
        () if declared.contains("DATETIME") || declared.contains("TIMESTAMP") => Some(""),
        () if declared.contains("DATE") => Some("date"),
        () if declared.contains("INT") => Some("unix"),
        () if declared.contains("REAL") || declared.contains("DOUBLE") => Some("julian"),
        () if last == "on" || last == "date" => Some("date"),
        () => None,
    }
}

/// A name for the trigger that a date column suggests.
pub(super) fn trigger(column: &str, kind: DateKind) -> String {
    match kind {
        DateKind::Closure => "closure".to_owned(),
        DateKind::Completion => "completion".to_owned(),
        DateKind::LastUse => "last_use".to_owned(),
        DateKind::Expiry => "expiry".to_owned(),
        DateKind::Plain | DateKind::Created | DateKind::Start | DateKind::Birth => {
            let mut words = words(column);
            let is_suffix = |word: &String| matches!(word.as_str(), "at" | "on" | "date" | "datetime" | "timestamp");
            if words.len() > 1 && words.last().is_some_and(is_suffix) {
                words.pop();
            }
            words.join("_")
        }
    }
}

const NETWORK: &[&str] = &["ip", "ipaddress"];
const PERSONAL: &[&str] = &[
    "name",
    "firstname",
    "lastname",
    "fullname",
    "nom",
    "prenom",
    "surname",
    "author",
    "sender",
    "recipient",
    "login",
    "username",
    "mail",
    "email",
    "courriel",
    "phone",
    "tel",
    "telephone",
    "mobile",
    "cell",
    "fax",
    "address",
    "adresse",
    "street",
    "rue",
    "city",
    "ville",
    "postal",
    "postalcode",
    "zip",
    "zipcode",
    "sin",
    "nas",
    "ssn",
    "nam",
    "ramq",
    "passport",
    "passeport",
    "licence",
    "iban",
    "card",
    "carte",
    "photo",
    "picture",
    "portrait",
    "signature",
    "gender",
    "sex",
    "sexe",
    "salary",
    "salaire",
    "latitude",
    "longitude",
    "body",
    "notes",
    "comment",
    "comments",
    "description",
    "text",
    "content",
    "subject",
    "remarks",
    "remarques",
    "message",
    "firstnames",
    "givenname",
    "familyname",
    "password",
    "hashed",
];

/// Whether the column likely holds personal information: a known word in its name, or free text.
pub(super) fn is_personal(column: &Column) -> bool {
    let words = words(&column.name);
    match date_kind(column) {
        Some(kind) => kind == DateKind::Birth,
        // A reference, a kind or a number of names is no name.
        None if words.last().is_some_and(|last| ["id", "type", "count"].contains(&last.as_str())) => false,
        None => any(&words, PERSONAL) || any(&words, NETWORK),
    }
}

/// The mask that such a column takes, as TOML.
pub(super) fn mask(column: &Column) -> &'static str {
    match () {
        () if any(&words(&column.name), NETWORK) => "\"truncate-ip\"",
        () if date_kind(column) == Some(DateKind::Birth) => "\"date-to-year\"",
        () if column.not_null => "{ constant = \"—\" }",
        () => "\"null\"",
    }
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

/// What a column says of the person to whom it leads.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A role, and the table where to look, as a table is named (`sender_account_id`).
    Of(String),
    /// A role alone (`author_id`).
    Alone,
}

const ROLES: &[&str] = &[
    "author",
    "auteur",
    "owner",
    "proprietaire",
    "creator",
    "created_by",
    "cree_par",
    "updated_by",
    "modified_by",
    "modifie_par",
    "assigned_to",
    "assignee",
    "reporter",
    "requester",
    "demandeur",
    "submitter",
    "sender",
    "expediteur",
    "recipient",
    "destinataire",
    "approver",
    "approved_by",
    "reviewer",
    "manager",
    "responsible",
    "responsable",
    "agent",
    "caseworker",
];

/// The role that a column (`author_id`, `SenderAccountId`) gives to the person to whom it leads.
pub(super) fn role(column: &str) -> Option<Role> {
    let name = snake(column);
    let stem = name.strip_suffix("_id")?;
    if ROLES.contains(&stem) {
        return Some(Role::Alone);
    }
    let (role, table) = stem.rsplit_once('_')?;
    (ROLES.contains(&role) && is_person(table)).then(|| Role::Of(table.to_owned()))
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

/// Whether whoever plays the role of this column began the matter, rather than works on it.
pub(super) fn begins_matter(column: &str) -> bool {
    any(
        &words(column),
        &["author", "auteur", "owner", "proprietaire", "creator", "reporter", "requester", "demandeur", "submitter"],
    )
}

/// Whether the table's rows are people.
pub(super) fn is_person(table: &str) -> bool {
    let people = [
        "account",
        "user",
        "customer",
        "client",
        "person",
        "people",
        "member",
        "membre",
        "patient",
        "employee",
        "employe",
        "usager",
        "citoyen",
        "citizen",
        "contact",
        "compte",
        "personne",
        "candidate",
        "candidat",
        "student",
        "eleve",
    ];
    words(table).iter().any(|word| people.contains(&word.trim_end_matches('s')))
}

#[cfg(test)]
mod tests;
