//! What names say of people: their columns, the roles that they play, their tables.

use super::dates::{DateKind, date_kind};
use super::{any, snake, words};
use crate::records::sqlite::catalog::Column;

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
pub fn is_personal(column: &Column) -> bool {
    let words = words(&column.name);
    match date_kind(column) {
        Some(kind) => kind == DateKind::Birth,
        // A reference, a kind or a number of names is no name.
        None if words.last().is_some_and(|last| ["id", "type", "count"].contains(&last.as_str())) => false,
        None => any(&words, PERSONAL) || any(&words, NETWORK),
    }
}

/// The mask that such a column takes, as TOML.
pub fn mask(column: &Column) -> &'static str {
    match () {
        () if any(&words(&column.name), NETWORK) => "\"truncate-ip\"",
        () if date_kind(column) == Some(DateKind::Birth) => "\"date-to-year\"",
        () if column.not_null => "{ constant = \"—\" }",
        () => "\"null\"",
    }
}

/// What a column says of the person to whom it leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Role {
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
pub fn role(column: &str) -> Option<Role> {
    let name = snake(column);
    let stem = name.strip_suffix("_id")?;
    if ROLES.contains(&stem) {
        return Some(Role::Alone);
    }
    let (role, table) = stem.rsplit_once('_')?;
    (ROLES.contains(&role) && is_person(table)).then(|| Role::Of(table.to_owned()))
}

/// Whether whoever plays the role of this column began the matter, rather than works on it.
pub fn begins_matter(column: &str) -> bool {
    any(
        &words(column),
        &["author", "auteur", "owner", "proprietaire", "creator", "reporter", "requester", "demandeur", "submitter"],
    )
}

/// Whether the table's rows are people.
pub fn is_person(table: &str) -> bool {
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
