//! The proposed configuration: one source, its series, their parts.

mod parts;

use std::fmt::Write;
use std::path::Path;

use super::guess::{Candidate, Event, Guess};
use super::{CALENDAR_FILE, names, schema};
use crate::records::sqlite::catalog::{Column, Table};

/// The text of the configuration; what it leaves open is added to `undecided`.
pub(super) fn write(guess: &Guess<'_>, database: &str, undecided: &mut Vec<String>) -> String {
    let source = source_name(database);
    let mut page = Page { text: head(&source, database), undecided };
    for candidate in &guess.series {
        page.series(candidate, guess, &source);
    }
    page.rest(guess);
    page.text
}

fn head(source: &str, database: &str) -> String {
    format!(
        r#"# retentiond.toml: where the records are, and what their columns mean, proposed from a schema. Every line marked `?` is a guess;
# `retentiond check` proves it against the database and says what is left to decide. Relative paths are relative to this file.

calendars = ["{CALENDAR_FILE}"]
language  = "fr"                   # of reports: fr or en
state     = "state"                # the destruction log, the plans, and what is private

[schedule]                         # for the daemon, `retentiond run`
scan     = "0 2 * * *"             # minute, hour, day, month, weekday, in this zone:
timezone = ""                      # such as "America/Toronto"

[disposition]
mode = "report"                    # report: only says what is due; approve: asks first; automatic: does what was approved before

[source.{source}]
sqlite = {database}
# timezone = "America/Toronto"     # only for naive local times (as = "local")
"#,
        source = key(source),
        database = quoted(database)
    )
}

/// The text so far, and what it leaves open.
struct Page<'u> {
    text: String,
    undecided: &'u mut Vec<String>,
}

impl Page<'_> {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn open(&mut self, question: String) {
        let question = format!("retentiond.toml: {question}");
        // A table that is a part of several series asks once.
        if !self.undecided.contains(&question) {
            self.undecided.push(question);
        }
    }

    fn series(&mut self, candidate: &Candidate<'_>, guess: &Guess<'_>, source: &str) {
        let Candidate { name, table_name, table, .. } = candidate;
        self.line("");
        self.personal(table_name, table);
        self.line(&format!("[series.{name}]"));
        self.line(&format!("source = {}", quoted(source)));
        self.line(&format!("table  = {}", quoted(table_name)));
        self.key(candidate);
        for column in table.columns.iter().filter(|column| is_reference(table, column)).take(1) {
            self.line(&format!("reference = {}   # ? what people cite", quoted(&column.name)));
        }
        self.event(candidate);
        self.relations(candidate, guess);
        self.masks(table);
        if table.columns.iter().any(names::is_path) {
            self.open(format!("\"{name}\" has a column that seems to name files; only a part can have files"));
        }
        for part in &candidate.parts {
            self.part(candidate, part);
        }
        self.strays(candidate, guess);
    }

    fn personal(&mut self, name: &str, table: &Table) {
        let columns: Vec<&str> = table
            .columns
            .iter()
            .filter(|column| names::is_personal(column))
            .map(|column| column.name.as_str())
            .collect();
        if !columns.is_empty() {
            self.line(&format!("# Likely personal information in {name}: {}", columns.join(", ")));
        }
    }

    fn key(&mut self, candidate: &Candidate<'_>) {
        let columns: Vec<String> = schema::key(candidate.table).iter().map(|column| quoted(&column.name)).collect();
        match columns.as_slice() {
            [] => {
                self.line("key    = \"\"   # the table declares none: name a column, or several, that are unique and never NULL");
                self.open(format!("the key of \"{}\": its table declares none", candidate.name));
            }
            [column] => self.line(&format!("key    = {column}")),
            several => self.line(&format!("key    = [{}]", several.join(", "))),
        }
    }

    fn event(&mut self, candidate: &Candidate<'_>) {
        let Some((trigger, event)) = &candidate.event else { return };
        let status = names::status(candidate.table).filter(|_| may_outlive_a_reopening(trigger, event));
        if let Some(status) = status {
            self.line(&format!(
                "# `where`: in which state has it truly happened? A reopened record keeps its old date. Such as {{ {} = [\"…\"] }};",
                key(&status.name)
            ));
            self.line("#          take it out only where nothing is ever reopened");
            self.open(format!(
                "in which {} a record of \"{}\" has truly ended (`where`): one that was reopened keeps its old {trigger}",
                status.name, candidate.name
            ));
        }
        let written = match event {
            Event::Column(column) => place(column, if status.is_some() { ", where = \"\"" } else { "" }),
            Event::LatestOf(one, other) => format!("{{ latest = [{}, {}] }}", place(one, ""), place(other, "")),
            Event::Child { link, column } => format!(
                "{{ table = {}, on = {}, column = {}{}, pick = \"latest\" }}",
                quoted(&link.child),
                map(&link.columns),
                quoted(&column.name),
                writing(column)
            ),
        };
        self.zones(candidate, event);
        self.line(&format!("event.{trigger} = {written}   # ? which date starts the clock"));
        let others = candidate.table.columns.iter().filter(|column| names::date_kind(column).is_some());
        let others: Vec<&str> =
            others.map(|column| column.name.as_str()).filter(|column| !written.contains(column)).collect();
        if !others.is_empty() {
            self.line(&format!("# other dates: {}", others.join(", ")));
        }
        self.open(format!(
            "whether the clock of \"{}\" starts with the date proposed as {trigger}, and only when it truly happened (`where`)",
            candidate.name
        ));
    }

    /// Asks how date-times without a zone are meant.
    fn zones(&mut self, candidate: &Candidate<'_>, event: &Event<'_>) {
        let columns: Vec<&Column> = match event {
            Event::Column(column) | Event::Child { column, .. } => vec![column],
            Event::LatestOf(one, other) => vec![one, other],
        };
        let naive = columns.iter().filter(|column| names::encoding(column) == Some(""));
        let naive: Vec<&str> = naive.map(|column| column.name.as_str()).collect();
        if naive.is_empty() {
            return;
        }
        self.line("# `as`: does the application write these date-times in \"utc\", in \"local\" time (with the source's `timezone`), or with an offset (\"rfc3339\")?");
        self.open(format!(
            "how {} of \"{}\" is written (`as`): UTC or local time",
            naive.join(" and "),
            candidate.name
        ));
    }

    /// Blockers of this series, and the person it is about.
    fn relations(&mut self, candidate: &Candidate<'_>, guess: &Guess<'_>) {
        let to_person = guess.links.iter().filter(|link| {
            let is_ours = link.child == candidate.table_name && !names::is_person(&link.child);
            is_ours && names::is_person(&link.parent)
        });
        let mut to_person: Vec<_> = to_person.filter_map(|link| Some((guess.series_of(&link.parent)?, link))).collect();
        // Rather the person as such than one in a role, and of these whoever it comes from.
        to_person.sort_by_key(|(_, link)| {
            (link.is_role, !link.columns.iter().any(|(column, _)| names::begins_matter(column)))
        });
        if let [(person, link), others @ ..] = to_person.as_slice() {
            let subject = format!("{{ series = {}, on = {} }}", quoted(&person.name), map(&link.columns));
            self.line(&format!("subject = {subject}   # ? a hold on that person reaches these records"));
            if !others.is_empty() {
                self.open(format!(
                    "which reference of \"{}\" names the person it is about (`subject`)",
                    candidate.name
                ));
            }
        }
        let blockers: Vec<String> = guess
            .blockers(candidate)
            .iter()
            .map(|(series, link)| format!("{{ series = {}, on = {} }}", quoted(&series.name), map(&link.columns)))
            .collect();
        if !blockers.is_empty() {
            self.line(&format!(
                "blocked_by = [{}]   # ? kept while one of these still refers to it",
                blockers.join(", ")
            ));
        }
    }

    fn masks(&mut self, table: &Table) {
        let is_masked = |column: &&Column| names::is_personal(column) && column.primary_key == 0 && !column.generated;
        let masks = table
            .columns
            .iter()
            .filter(is_masked)
            .map(|column| format!("{} = {}", key(&column.name), names::mask(column)));
        let masks: Vec<String> = masks.collect();
        if !masks.is_empty() {
            self.line(&format!("# for `disposition = \"anonymize\"`: anonymize = {{ {} }}", masks.join(", ")));
        }
    }

    /// What no series took.
    fn rest(&mut self, guess: &Guess<'_>) {
        for (table, stem, kind) in &guess.unplaced {
            let which = kind.as_ref().map(|kind| format!(" whose {stem}_type is \"{kind}\"")).unwrap_or_default();
            let kind = kind.as_deref().unwrap_or("…");
            self.open(format!(
                "which series rows of \"{table}\"{which} belong to: a part with `where = {{ {stem}_type = \"{kind}\" }}` and `on = {{ {stem}_id = \"id\" }}`, or none"
            ));
        }
        if !guess.aside.is_empty() {
            self.line("");
            self.line("# Left aside: no date of theirs seems to start a clock, and by their names they refer to no series. In parentheses, their");
            self.line("# dates, and what may refer to something after all:");
            for (name, table) in &guess.aside {
                let doubtful = table.columns.iter().filter(|column| is_doubtful(column));
                let doubtful: Vec<&str> = doubtful.map(|column| column.name.as_str()).collect();
                let doubtful = if doubtful.is_empty() { String::new() } else { format!(" ({})", doubtful.join(", ")) };
                self.line(&format!("#   {name}{doubtful}"));
            }
            for (name, _) in guess.aside.iter().filter(|(name, _)| names::is_person(name)) {
                self.open(format!(
                    "which event starts the clock of \"{name}\", whose rows seem to be people: no column says when one leaves"
                ));
            }
            self.open(format!(
                "whether any table left aside (listed at the end, {} of them) holds records",
                guess.aside.len()
            ));
        }
    }
}

/// Whether a column may be of weight for a table that seems to hold no records: a date, or what looks like a reference.
fn is_doubtful(column: &Column) -> bool {
    let refers = names::words(&column.name).last().is_some_and(|word| word == "id") && column.primary_key == 0;
    refers || names::date_kind(column).is_some()
}

fn is_reference(table: &Table, column: &Column) -> bool {
    column.primary_key == 0 && names::is_reference(column) && schema::is_unique(table, &column.name)
}

/// Whether the date says that the matter ended, and may stay when it begins again.
fn may_outlive_a_reopening(trigger: &str, event: &Event<'_>) -> bool {
    matches!(event, Event::Column(_)) && matches!(trigger, "closure" | "completion")
}

/// A date column as an event takes it, with what follows its form.
fn place(column: &Column, rest: &str) -> String {
    match format!("{}{rest}", writing(column)).as_str() {
        "" => quoted(&column.name),
        rest => format!("{{ column = {}{rest} }}", quoted(&column.name)),
    }
}

/// `, as = "utc"`, or nothing for RFC 3339.
fn writing(column: &Column) -> String {
    names::encoding(column).map(|word| format!(", as = \"{word}\"")).unwrap_or_default()
}

fn map(columns: &[(String, String)]) -> String {
    let mut text = "{ ".to_owned();
    for (at, (from, to)) in columns.iter().enumerate() {
        // Writing into a String cannot fail.
        let _ = write!(text, "{}{} = {}", if at == 0 { "" } else { ", " }, key(from), quoted(to));
    }
    text + " }"
}

/// A name for the source: the database file's, without its ending.
fn source_name(database: &str) -> String {
    let stem = Path::new(database).file_stem().map(|stem| stem.to_string_lossy()).unwrap_or_default();
    match names::snake(&stem) {
        name if name.is_empty() => "records".to_owned(),
        name => name,
    }
}

/// A key of TOML, in quotes where it must be.
fn key(name: &str) -> String {
    let is_bare =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    if is_bare { name.to_owned() } else { quoted(name) }
}

/// A text of TOML.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
