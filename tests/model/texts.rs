//! What is written down about a case: the application's schema, the calendar and the configuration.

use crate::case::{Case, Closure, Encoding, Key};

pub fn key_columns(key: Key) -> &'static [&'static str] {
    match key {
        Key::Integer | Key::Text => &["id"],
        Key::Composite => &["year", "seq"],
    }
}

/// Texts made of columns.
pub trait MapToText {
    fn map_to_text(&self, between: &str, text: impl Fn(&str) -> String) -> String;
}

impl MapToText for &[&str] {
    fn map_to_text(&self, between: &str, text: impl Fn(&str) -> String) -> String {
        self.iter().map(|column| text(column)).collect::<Vec<_>>().join(between)
    }
}

pub fn schema(case: &Case) -> String {
    let types = match case.key {
        Key::Integer => &["INTEGER"][..],
        Key::Text => &["TEXT"],
        Key::Composite => &["INTEGER", "TEXT"],
    };
    let columns = key_columns(case.key);
    let named = |prefix: &str| {
        let typed = columns.iter().zip(types).map(|(column, type_)| format!("{prefix}{column} {type_}"));
        typed.collect::<Vec<_>>().join(", ")
    };
    let listed = |prefix: &str| columns.map_to_text(", ", |column| format!("{prefix}{column}"));
    let refers = |prefix: &str| format!("FOREIGN KEY({}) REFERENCES dossier({})", listed(prefix), listed(""));
    let (key, own, ours) = (named("").replace(" INTEGER", " INTEGER NOT NULL"), named("dossier_"), listed("dossier_"));
    let tree = if case.is_tree { format!(", {}", refers("above_")) } else { String::new() };
    let without_rowid = if case.key == Key::Composite { " WITHOUT ROWID" } else { "" };
    let date = if matches!(case.encoding, Encoding::Unix | Encoding::UnixMs) { "INTEGER" } else { "TEXT" };
    format!(
        "CREATE TABLE person(id INTEGER PRIMARY KEY);
         CREATE TABLE dossier({key}, closed_at {date}, other_at {date}, seen_at TEXT, status TEXT, draft INTEGER,
             person_id INTEGER REFERENCES person(id), {above}, PRIMARY KEY({}){tree}){without_rowid};
         CREATE INDEX dossier_closed ON dossier(closed_at);
         CREATE INDEX dossier_other ON dossier(other_at);
         CREATE INDEX dossier_seen ON dossier(seen_at);
         CREATE INDEX dossier_person ON dossier(person_id);
         CREATE INDEX dossier_above ON dossier({});
         CREATE TABLE session(id INTEGER PRIMARY KEY, {own}, used_at {date}, kind TEXT, {refers});
         CREATE INDEX session_dossier ON session({ours}, used_at);
         CREATE TABLE message(id INTEGER PRIMARY KEY, {own}, {refers});
         CREATE INDEX message_dossier ON message({ours});
         CREATE TABLE document(id INTEGER PRIMARY KEY, message_id INTEGER REFERENCES message(id), path TEXT);
         CREATE INDEX document_message ON document(message_id);
         CREATE INDEX document_path ON document(path);
         CREATE TABLE note(id INTEGER PRIMARY KEY, about TEXT, {own});
         CREATE INDEX note_dossier ON note({ours});
         CREATE TABLE alert(id INTEGER PRIMARY KEY, {own}, {refers});
         CREATE INDEX alert_dossier ON alert({ours});
         CREATE TABLE task(id INTEGER PRIMARY KEY, {own}, done_at TEXT, {refers});
         CREATE INDEX task_dossier ON task({ours});
         CREATE INDEX task_done ON task(done_at);",
        listed(""),
        listed("above_"),
        above = named("above_"),
        refers = refers("dossier_"),
    )
}

pub fn calendar(case: &Case) -> String {
    let mut text = format!(
        r#"
[calendar]
number       = "M-1"
organization = "Office"
title        = {{ en = "Model" }}
version      = 1
effective    = {{ from = 2015-01-01 }}
timezone     = "{}"

[[series]]
name     = "dossier"
triggers = {{ closure = {{ en = "Closure" }}, seen = {{ en = "Last seen" }} }}

[[series]]
name = "person"

[[series]]
name     = "task"
triggers = {{ done = {{ en = "Done" }} }}
"#,
        case.zone
    );
    for (number, rule) in case.rules.iter().enumerate() {
        let trigger = if rule.is_from_last_seen { "seen" } else { "closure" };
        let keep = rule.keep;
        text += &format!(
            "\n[[rule]]\nnumber = \"R-{number}\"\nseries = \"dossier\"\ntrigger = \"{trigger}\"\nkeep = \"{keep}\"\n"
        );
        text += if rule.is_floor { "role = \"floor\"\n" } else { "disposition = \"destroy\"\n" };
        if rule.starts_at_year_end {
            text += "start = { year_end = \"12-31\" }\n";
        }
    }
    if case.has_tasks {
        text += "\n[[rule]]\nnumber = \"T-1\"\nseries = \"task\"\ntrigger = \"done\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n";
    }
    text
}

pub fn configuration(case: &Case) -> String {
    let on = |prefix: &str| {
        format!(
            "{{ {} }}",
            key_columns(case.key).map_to_text(", ", |column| format!("{prefix}{column} = \"{column}\""))
        )
    };
    let own = on("dossier_");
    let encoding = match case.encoding {
        Encoding::Rfc3339 => "rfc3339",
        Encoding::Date => "date",
        Encoding::Utc => "utc",
        Encoding::Local => "local",
        Encoding::Unix => "unix",
        Encoding::UnixMs => "unix_ms",
    };
    let session = |pick: &str| {
        format!(
            "table = \"session\", on = {own}, column = \"used_at\", where = {{ kind = \"web\" }}, pick = \"{pick}\""
        )
    };
    let closure = match case.closure {
        Closure::Column => "column = \"closed_at\"".to_owned(),
        Closure::WhereClosed => "column = \"closed_at\", where = { status = \"closed\" }".to_owned(),
        Closure::Latest => "latest = [\"closed_at\", \"other_at\"]".to_owned(),
        Closure::Earliest => "earliest = [\"closed_at\", \"other_at\"]".to_owned(),
        Closure::All => "all = [\"closed_at\", \"other_at\"]".to_owned(),
        Closure::LatestSession => session("latest"),
        Closure::EarliestSession => session("earliest"),
        Closure::Deadline => "column = \"closed_at\", deadline = true".to_owned(),
    };
    let mut blockers = Vec::new();
    if case.is_tree {
        blockers.push(format!("{{ series = \"dossier\", on = {} }}", on("above_")));
    }
    if case.has_tasks {
        blockers.push(format!("{{ series = \"task\", on = {own} }}"));
    }
    let key = key_columns(case.key).map_to_text(", ", |column| format!("\"{column}\""));
    let filter = if case.has_filter { "filter = { draft = false }" } else { "" };
    let mut text = format!(
        r#"
calendars = ["calendar.toml"]
language = "en"
state = "state"

[limits]
max_share = 1.0
lock_ms = 10
pace = "full"

[source.app]
sqlite = "app.db"
timezone = "{source_zone}"

[series.person]
source = "app"
table = "person"
key = "id"

[series.dossier]
source = "app"
table = "dossier"
key = [{key}]
{filter}
subject = {{ series = "person", on = {{ person_id = "id" }} }}
blocked_by = [{blockers}]
event.closure = {{ {closure}, as = "{encoding}" }}
event.seen = {{ column = "seen_at", as = "utc" }}

[[series.dossier.part]]
table = "session"
on = {own}

[[series.dossier.part]]
table = "message"
on = {own}

[[series.dossier.part]]
table = "document"
of = "message"
on = {{ message_id = "id" }}
files = {{ column = "path", root = "files" }}

[[series.dossier.part]]
table = "note"
on = {own}
where = {{ about = "Dossier" }}

[[series.dossier.part]]
table = "alert"
on = {own}
owner_gone = "detach"
"#,
        source_zone = case.source_zone,
        blockers = blockers.join(", "),
    );
    // Tasks that block nothing live on without their record.
    text += &match case.has_tasks {
        true => "\n[series.task]\nsource = \"app\"\ntable = \"task\"\nkey = \"id\"\nevent.done = { column = \"done_at\", as = \"utc\" }\n".to_owned(),
        false => format!("\n[[series.dossier.part]]\ntable = \"task\"\non = {own}\nowner_gone = \"detach\"\n"),
    };
    text
}
