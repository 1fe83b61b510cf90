//! The demo's walk through the commands.

use std::ffi::OsString;

use clap::Parser;
use serde_json::{Value, json};

use super::application::Made;
use super::organization::case;
use super::place::{Place, today};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::{Format, Session, command, quoted};
use crate::cli::{Arguments, dispatch};
use crate::report::table::count;
use crate::report::words::EN;

/// A walk: what is shown of it, and where it stands.
pub(super) struct Tour<'t, 'o> {
    place: &'t Place,
    session: &'t mut Session<'o>,
    /// For `--format json`.
    steps: Vec<Value>,
    exit: Exit,
}

/// What one command said.
struct Said {
    text: String,
    json: Value,
}

impl<'t, 'o> Tour<'t, 'o> {
    pub(super) fn new(place: &'t Place, session: &'t mut Session<'o>) -> Self {
        Self { place, session, steps: Vec::new(), exit: Exit::Ok }
    }

    /// Says what was made.
    pub(super) fn opening(&mut self, made: &Made) -> Result<(), Failure> {
        let [accounts, dossiers, rows, files] =
            [made.accounts, made.dossiers, made.dependent_rows, made.files].map(|number| count(number, &EN));
        self.say(&format!(
            "A sample organization: the Office de la protection du consommateur and its service Parle consommation.\n\
             Made in {}: {accounts} accounts, {dossiers} dossiers, their {rows} messages, notes,\n\
             consents and documents, and the documents' {files} files. Everybody is invented; dates count\n\
             back from today.\n\n\
             Its calendar promises: a dossier is destroyed one year after its closure, an account 24 months\n\
             after its last use. Below, `retentiond` stands for\n  {}\n",
            self.place.dir.display(),
            self.command(&[]),
        ))
    }

    /// Every step, as a user would take it.
    pub(super) fn walk(mut self) -> Result<Exit, Failure> {
        self.title(
            "1. Is everything in order? `check` proves the calendar and the configuration against the database.",
        )?;
        self.step(&["check"])?;

        self.title("2. One dossier is before the court: a hold keeps it, whatever the calendar says.")?;
        let held = case::HELD.to_string();
        let hold = ["hold", "place", "dossier", &held, "--reason", "Claim before the court", "--case", "C-2026-118"];
        self.step(&hold)?;

        self.title("3. What is due? `plan` is a dry run: it touches nothing.")?;
        let plan = self.step(&["plan"])?.json;
        let id = plan["plan"].as_str().unwrap_or_default().to_owned();
        let rails: Vec<&str> = plan["rails"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let accept = rails.join(",");

        self.title("4. A person looks at the plan and approves it.")?;
        self.explain_rails(&rails)?;
        let mut approve = vec!["approve", id.as_str()];
        if !accept.is_empty() {
            approve.extend(["--accept", &accept]);
        }
        self.step(&approve)?;

        self.title(
            "5. `apply` destroys what was approved: records, dependent rows and files, each with its evidence first.",
        )?;
        self.step(&["apply", &id])?;

        self.title("6. Anyone can verify the destruction log, without the database and without trusting us.")?;
        self.step(&["audit", "verify"])?;

        self.title("7. What became of some records worth a look.")?;
        self.cases()?;
        self.closing()?;
        Ok(self.exit)
    }

    /// A former demo: what is there, from the program's own mouth, and nothing else.
    pub(super) fn again(mut self) -> Result<Exit, Failure> {
        self.say(&format!(
            "A demo is already in {}: it is shown as it stands, and nothing in it is changed.\n\
             For a fresh one, remove that directory or choose another with --dir.\n\
             Below, `retentiond` stands for\n  {}\n",
            self.place.dir.display(),
            self.command(&[]),
        ))?;
        self.title("Plans made, and where each stands")?;
        self.step(&["plans"])?;
        self.title("Holds in force")?;
        self.step(&["hold", "list"])?;
        if self.place.dir.join("state/audit/checkpoint").exists() {
            self.title("The destruction log")?;
            self.step(&["audit", "verify"])?;
        }
        self.closing()?;
        Ok(self.exit)
    }

    /// Why each rail that tripped is to be expected here.
    fn explain_rails(&mut self, rails: &[&str]) -> Result<(), Failure> {
        for rail in rails {
            let why = match *rail {
                "share" => "a first run meets all that has waited; later ones are small",
                "rules" => "nobody has approved these rules here before; it asks again only when they change",
                "mapping" => "nobody has approved what these columns mean before; it asks again only when that changes",
                "backlog" => {
                    "some terms passed before the calendar was approved; in real life, ask the archivist first"
                }
                "count" => "the number is large; look at the plan before you name this one",
                _ => "look at the plan before you name this one",
            };
            self.say(&format!("  {rail:<9}{why}\n"))?;
        }
        if !rails.is_empty() {
            self.say("\n")?;
        }
        Ok(())
    }

    /// One line per case: what `explain` says of it.
    fn cases(&mut self) -> Result<(), Failure> {
        let cases = [
            ("dossier", case::DUE),
            ("dossier", case::HELD),
            ("dossier", case::UNREADABLE),
            ("dossier", case::FUTURE),
            ("dossier", case::OPEN),
            ("dossier", case::LAST_DAY),
            ("account", case::BLOCKED_ACCOUNT),
        ];
        for (series, id) in cases {
            let id = id.to_string();
            let said = self.quiet(&["explain", series, &id])?;
            let sentence = said.text.lines().nth(1).unwrap_or_default().to_owned();
            self.say(&format!("  $ retentiond explain {series} {id}\n    {sentence}\n"))?;
        }
        Ok(())
    }

    /// What lies where, and what to try next.
    fn closing(&mut self) -> Result<(), Failure> {
        let next = self.next();
        let dir = &self.place.dir;
        let things = [
            ("retentiond.toml", "the configuration: where the records are"),
            ("opc-parle-consommation.toml", "the calendar: what is kept, how long, then what"),
            ("application/", "the sample application's database and documents"),
            ("state/audit/", "the destruction log; no personal information in it"),
            ("state/audit/vkey", "its verifier key, for the auditor"),
            ("state/plans/", "plans, as they were approved"),
            ("state/private/", "keys, reasons, lists of records: for this user only"),
        ];
        let things = things.map(|(name, what)| (dir.join(name).display().to_string(), what));
        let width = things.iter().map(|(path, _)| path.chars().count()).max().unwrap_or_default();
        let lines: String = things.iter().map(|(path, what)| format!("  {path:<width$}  {what}\n")).collect();
        let commands: String = next.iter().map(|command| format!("  {command}\n")).collect();
        self.title("What lies where")?;
        self.say(&lines)?;
        self.title("Try next")?;
        self.say(&commands)?;
        if self.session.format == Format::Json {
            let document = json!({
                "dir": dir, "config": self.place.config(), "steps": self.steps, "next": next,
            });
            self.session.write(&format!("{document:#}\n"))?;
        }
        Ok(())
    }

    /// Three commands that work as printed, from the current directory.
    fn next(&self) -> [String; 3] {
        let due = case::DUE.to_string();
        let blocked = case::BLOCKED_ACCOUNT.to_string();
        let in_a_year = (today() + chrono::Months::new(12)).to_string();
        [
            self.command(&["explain", "account", &blocked]),
            self.command(&["audit", "lookup", "dossier", &due]),
            self.command(&["plan", "--as-of", &in_a_year]),
        ]
    }

    /// The command line that a user types.
    fn command(&self, arguments: &[&str]) -> String {
        command(Some(&self.place.config()), arguments)
    }

    /// Runs a command and shows it with its result.
    fn step(&mut self, arguments: &[&str]) -> Result<Said, Failure> {
        let line: Vec<String> = arguments.iter().map(|word| quoted(word)).collect();
        self.say(&format!("$ retentiond {}\n", line.join(" ")))?;
        let said = self.quiet(arguments)?;
        let indented: String = said.text.lines().map(|line| format!("  {line}").trim_end().to_owned() + "\n").collect();
        self.say(&indented)?;
        self.steps.push(json!({ "command": arguments, "result": said.json }));
        Ok(said)
    }

    /// Runs a command, through the same parser and functions as a user's.
    fn quiet(&mut self, arguments: &[&str]) -> Result<Said, Failure> {
        let mut line: Vec<OsString> = vec!["retentiond".into(), "--config".into(), self.place.config().into()];
        line.extend(arguments.iter().map(OsString::from));
        let parsed = Arguments::try_parse_from(line)
            .map_err(|error| Failure::usage(error.to_string(), "This is a defect of the demo: please report it."))?;
        let mut out = Vec::new();
        let mut session = Session::new(parsed.config, self.session.language, Format::Text, &mut out);
        let exit = dispatch(parsed.command, &mut session)?;
        if exit != Exit::Ok {
            self.exit = exit;
        }
        let json = session.into_shown().unwrap_or_default();
        Ok(Said { text: String::from_utf8_lossy(&out).into_owned(), json })
    }

    fn title(&mut self, title: &str) -> Result<(), Failure> {
        self.say(&format!("\n{title}\n\n"))
    }

    /// Text is for people; in JSON the steps say it all, once, at the end.
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        match self.session.format {
            Format::Text => self.session.write(text),
            Format::Json => Ok(()),
        }
    }
}
