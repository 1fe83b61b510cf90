//! Proposals are read from real schemas, completed as their blanks ask, and loaded.

mod references;

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::{CALENDAR_FILE, CONFIGURATION_FILE, Guessed, Kinds, Proposal, guesses, kind_columns, propose, starter};
use crate::config::{self, Loaded};
use crate::model::{Fault, SeriesName};
use crate::records::mapping::{ElementTable, Join, SeriesMapping};
use crate::records::sqlite::catalog::Catalog;

const MEDIATION: &str = "
    CREATE TABLE account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL UNIQUE, last_ip TEXT,
                          created_at TEXT NOT NULL, last_login_at TEXT);
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, file_number TEXT NOT NULL UNIQUE, status TEXT NOT NULL,
                          account_id INTEGER NOT NULL REFERENCES account (id), opened_at TEXT NOT NULL, closed_at TEXT);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL REFERENCES dossier (id),
                          sender_id INTEGER REFERENCES account (id), sent_at TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE attachment (id INTEGER PRIMARY KEY, message_id INTEGER NOT NULL REFERENCES message (id), path TEXT NOT NULL);
    CREATE TABLE province (code TEXT PRIMARY KEY, label TEXT NOT NULL);
    CREATE TABLE retentiond_batch (origin TEXT, batch INTEGER, created_at TEXT);
    CREATE VIRTUAL TABLE message_text USING fts5(body);
";

fn proposal(schema: &str) -> Proposal {
    proposal_with(schema, &[])
}

/// The same of a database where the columns of types hold these.
fn proposal_with(schema: &str, types: &[&str]) -> Proposal {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema).unwrap();
    let catalog = Catalog::read(&connection).unwrap();
    let types: Vec<String> = types.iter().map(|kind| (*kind).to_owned()).collect();
    let kinds: Kinds = kind_columns(&catalog).into_iter().map(|column| (column, types.clone())).collect();
    propose(&catalog, &kinds, "/srv/parle/parle.db")
}

/// Writes both files as `init` does and loads them.
fn load(proposal: &Proposal) -> Result<Loaded, Vec<Fault>> {
    let room = tempfile::tempdir().unwrap();
    fs::write(room.path().join(CALENDAR_FILE), &proposal.calendar).unwrap();
    fs::write(room.path().join(CONFIGURATION_FILE), &proposal.configuration).unwrap();
    config::load(&room.path().join(CONFIGURATION_FILE))
}

/// What a person who follows the comments writes into the blanks.
fn fill(text: &str) -> String {
    let fill = |line: &str| match line.split_once('=').map(|(key, _)| key.trim()) {
        Some("# effective") => line.replacen("# ", "", 1),
        Some("timezone") => line.replacen("\"\"", "\"America/Toronto\"", 1),
        Some("keep") => line.replacen("\"\"", "\"P1Y\"", 1),
        Some(key) if !key.starts_with('#') => {
            let line = line.replace("as = \"\"", "as = \"utc\"").replace("where = \"\"", "where = \"1\"");
            line.replace("\"\"", "\"filled-in\"")
        }
        _ => line.to_owned(),
    };
    text.lines().map(|line| fill(line) + "\n").collect()
}

fn filled(proposal: Proposal) -> Loaded {
    let filled = Proposal {
        configuration: fill(&proposal.configuration),
        calendar: fill(&proposal.calendar),
        undecided: proposal.undecided,
    };
    load(&filled).unwrap_or_else(|faults| panic!("{faults:#?}\n{}\n{}", filled.configuration, filled.calendar))
}

fn series<'l>(loaded: &'l Loaded, name: &str) -> &'l SeriesMapping {
    loaded.config.series.iter().find(|mapping| mapping.series == SeriesName::new(name)).unwrap()
}

fn columns(from: &str, to: &str) -> Join {
    Join::Columns(vec![(from.to_owned(), to.to_owned())])
}

#[test]
fn the_starter_is_refused_for_its_blanks_alone_and_loads_once_they_are_filled() {
    let faults = load(&starter()).unwrap_err();
    let codes: Vec<_> = faults.iter().map(|fault| (fault.code.as_ref(), fault.message.as_str())).collect();
    let is_a_blank = |code: &str, message: &str| {
        matches!(code, "empty-text" | "period-empty") || (code == "missing-key" && message.contains("effective"))
    };
    assert!(codes.iter().all(|(code, message)| is_a_blank(code, message)), "{codes:#?}");
    assert!(codes.len() > 8, "{codes:#?}");
    let loaded = filled(starter());
    assert_eq!((loaded.config.series.len(), loaded.calendars[0].rules.len()), (1, 1));
    assert_eq!(loaded.notes, []);
}

#[test]
fn a_proposal_is_refused_until_a_person_has_decided() {
    let faults = load(&proposal(MEDIATION)).unwrap_err();
    let periods = faults.iter().filter(|fault| fault.code == "period-empty").count();
    assert_eq!(periods, 2, "one for each rule: a schema says nothing of the law\n{faults:#?}");
}

#[test]
fn dates_become_events_and_references_become_blockers_and_subjects() {
    let loaded = filled(proposal(MEDIATION));
    let names: Vec<_> = loaded.config.series.iter().map(|mapping| mapping.series.as_str()).collect();
    assert_eq!(names, ["account", "dossier"]);
    let (account, dossier) = (series(&loaded, "account"), series(&loaded, "dossier"));
    let used: Vec<_> = account.events[&"last_use".into()].elements.iter().map(|one| one.column.as_str()).collect();
    assert_eq!(used, ["last_login_at", "created_at"]);
    assert_eq!(dossier.events[&"closure".into()].elements[0].column, "closed_at");
    assert_eq!(dossier.reference.as_deref(), Some("file_number"));
    assert_eq!(dossier.subject.as_ref().unwrap().on, columns("account_id", "id"));
    assert_eq!(account.blocked_by[0].series, "dossier".into());
    assert_eq!(account.blocked_by[0].on, columns("account_id", "id"));
}

#[test]
fn dependent_tables_become_parts_and_parts_of_parts_with_their_files() {
    let loaded = filled(proposal(MEDIATION));
    let [message, attachment] = series(&loaded, "dossier").parts.as_slice() else { panic!("not two parts") };
    assert_eq!((message.name.as_str(), &message.of), ("message", &None));
    assert_eq!((attachment.name.as_str(), &attachment.of), ("attachment", &Some("message".into())));
    assert_eq!(attachment.on, columns("message_id", "id"));
    assert_eq!(attachment.files.as_ref().unwrap().columns, ["path"]);
    assert_eq!(series(&loaded, "account").parts, []);
}

#[test]
fn what_the_schema_cannot_say_is_left_to_decide() {
    let proposal = proposal(MEDIATION);
    let left = proposal.undecided.join("\n");
    for needed in [
        "R-1",
        "R-2",
        "the directory of the files that \"attachment\" names",
        "\"message\" whose sender_id",
        "left aside",
    ] {
        assert!(left.contains(needed), "{needed} is missing:\n{left}");
    }
    let text = &proposal.configuration;
    assert!(text.contains("# Likely personal information in account: name, email, last_ip\n"), "{text}");
    assert!(text.contains("last_ip = \"truncate-ip\""), "{text}");
    assert!(text.contains("event.closure = { column = \"closed_at\", where = \"\" }"), "{text}");
    assert!(text.contains("#   province\n"), "{text}");
    assert!(!text.contains("retentiond_batch") && !text.contains("message_text"), "{text}");
}

#[test]
fn what_may_destroy_living_records_is_a_blank_and_no_guess() {
    let schema = |status: &str| {
        format!(
            "CREATE TABLE issues (id INTEGER PRIMARY KEY, subject TEXT, closed_on DATETIME, updated_on DATETIME{status});"
        )
    };
    let proposed = proposal(&schema(", status_id INTEGER NOT NULL"));
    let open = proposed.undecided.join("\n");
    assert!(open.contains("one that was reopened keeps its old closure"), "{open}");
    assert!(open.contains("UTC or local time"), "{open}");
    let blanks = |proposal: &Proposal| -> Vec<String> {
        let faults = load(proposal).unwrap_err();
        let blanks = faults.into_iter().filter(|fault| fault.message.contains("event.closure"));
        blanks.map(|fault| format!("{} {} -> {}", fault.code, fault.message, fault.mend)).collect()
    };
    let asked = blanks(&proposed).join("\n");
    assert!(
        asked.contains("empty-text `series.issues.event.closure.as` is empty -> write one of: \"rfc3339\""),
        "{asked}"
    );
    assert!(asked.contains("empty-text `series.issues.event.closure.where` is empty"), "{asked}");
    let stateless = proposal(&schema(""));
    assert!(!stateless.configuration.contains("where = \"\""), "{}", stateless.configuration);
    assert_eq!(blanks(&stateless).len(), 1);
}

#[test]
fn every_guess_of_a_proposal_is_found_by_its_line_and_its_series_until_its_mark_is_gone() {
    let proposal = proposal(MEDIATION);
    let found = guesses(&proposal.configuration);
    assert_eq!(found.len(), proposal.configuration.matches("# ?").count());
    for Guessed { line, question, series } in &found {
        let text = proposal.configuration.lines().nth(line - 1).unwrap();
        assert!(text.ends_with(question.as_str()), "{line}: {question}");
        let above = proposal.configuration.lines().take(*line).filter(|line| line.starts_with('[')).last().unwrap();
        assert!(above.contains(&format!("series.{}", series.as_ref().unwrap())), "{above}: {series:?}");
    }
    let of: std::collections::BTreeSet<_> = found.iter().filter_map(|guess| guess.series.clone()).collect();
    assert_eq!(of, ["account".into(), "dossier".into()].into());
    assert_eq!(guesses(&proposal.configuration.replace("# ? ", "# ")), []);
    assert_eq!(guesses(&starter().configuration), []);
    let elsewhere = guesses("[source.x]\nsqlite = \"a\" # ? which");
    assert_eq!(elsewhere[0].series, None, "what stands outside of a series may concern any");
}

#[test]
fn strange_names_are_quoted_and_a_table_without_key_asks_for_one() {
    let proposal = proposal(
        "CREATE TABLE \"case \"\"x\"\"\" (\"the key\" TEXT, \"closed at\" DATE);
         CREATE TABLE line (\"case of\" INTEGER REFERENCES \"case \"\"x\"\"\" (\"the key\"), note TEXT);",
    );
    assert!(
        proposal.undecided.iter().any(|open| open.contains("its table declares none")),
        "{:#?}",
        proposal.undecided
    );
    let loaded = filled(proposal);
    let mapping = series(&loaded, "case_x");
    assert_eq!(mapping.table, "case \"x\"");
    assert_eq!(mapping.parts[0].on, columns("case of", "the key"));
}

#[test]
fn a_schema_without_records_proposes_nothing_but_says_so() {
    let proposal = proposal("CREATE TABLE province (code TEXT PRIMARY KEY, label TEXT NOT NULL);");
    assert!(proposal.undecided.iter().any(|open| open.contains("left aside")), "{:#?}", proposal.undecided);
    assert!(!proposal.configuration.contains("[series"));
    assert!(Path::new(CALENDAR_FILE).is_relative());
}

#[test]
fn a_date_of_beginning_starts_no_clock_and_people_without_another_are_asked_about() {
    let proposal = proposal(
        "CREATE TABLE employee (id INTEGER PRIMARY KEY, last_name TEXT, hire_date TEXT);
         CREATE TABLE permit (id INTEGER PRIMARY KEY, opened_at TEXT NOT NULL, closed_at TEXT);",
    );
    assert!(!proposal.configuration.contains("[series.employee]"), "{}", proposal.configuration);
    assert!(proposal.configuration.contains("event.closure = \"closed_at\""), "{}", proposal.configuration);
    let asked = proposal.undecided.iter().any(|open| open.contains("starts the clock of \"employee\""));
    assert!(asked, "{:#?}", proposal.undecided);
}

#[test]
fn settings_of_the_application_are_no_records() {
    let columns = "(id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, value TEXT, updated_on DATETIME";
    let settings = proposal(&format!("CREATE TABLE settings {columns})"));
    assert!(!settings.configuration.contains("[series.settings]"), "{}", settings.configuration);
    let more = proposal(&format!("CREATE TABLE answers {columns}, email TEXT)"));
    assert!(more.configuration.contains("[series.answers]"), "{}", more.configuration);
}

#[test]
fn the_state_of_an_address_is_not_the_state_of_a_record() {
    let proposed = |columns: &str| {
        let schema = format!("CREATE TABLE file (id INTEGER PRIMARY KEY, closed_at TEXT, state TEXT{columns})");
        proposal(&schema).configuration
    };
    assert!(proposed("").contains("where = \"\""));
    assert!(!proposed(", city TEXT").contains("where ="));
}
