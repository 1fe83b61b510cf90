//! The demo's walk through the commands.

use std::ffi::OsString;

use clap::Parser;
use serde_json::{Value, json};

use super::application::Made;
use super::dir::{DemoDir, today};
use super::organization::case;
use super::script::Script;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::{Format, Session, command, quoted};
use crate::cli::{Arguments, dispatch};
use crate::model::Language;
use crate::report::table::{count, paragraph};
use crate::report::words::Words;

/// A walk: what is shown of it, and where it stands.
pub(super) struct Tour<'t, 'o> {
    place: &'t DemoDir,
    session: &'t mut Session<'o>,
    script: &'static Script,
    words: &'static Words,
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
    pub(super) fn new(place: &'t DemoDir, session: &'t mut Session<'o>) -> Self {
        let script = Script::of(session.language);
        let words = session.speaks(Language::English).words();
        Self { place, session, script, words, steps: Vec::new(), exit: Exit::Ok }
    }

    /// Says what was made.
    pub(super) fn opening(&mut self, made: &Made) -> Result<(), Failure> {
        let [accounts, dossiers, rows, files] =
            [made.accounts, made.dossiers, made.dependent_rows, made.files].map(|number| count(number, self.words));
        let dir = self.place.dir.display().to_string();
        self.introduce(self.script.opening, &[&dir, &accounts, &dossiers, &rows, &files])
    }

    /// Says where we are, and what the commands below stand for.
    fn introduce(&mut self, template: &str, values: &[&str]) -> Result<(), Failure> {
        let text = self.words.fill(template, values);
        let paragraphs: Vec<String> = text.split('\n').map(|text| paragraph("", "", text)).collect();
        let program = self.command(&[]);
        self.say(&format!("{}  {program}\n", paragraphs.join("\n")))
    }

    /// Every step, as a user would take it.
    pub(super) fn walk(mut self) -> Result<Exit, Failure> {
        self.title(self.script.check)?;
        self.step(&["check"])?;

        self.title(self.script.hold)?;
        let held = case::HELD.to_string();
        let hold = ["hold", "place", "dossier", &held, "--reason", "Before the court", "--case", "C-2026-118"];
        self.step(&hold)?;

        self.title(self.script.plan)?;
        let plan = self.step(&["plan"])?.json;
        let id = plan["plan"].as_str().unwrap_or_default().to_owned();
        let rails: Vec<&str> = plan["rails"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let accept = rails.join(",");

        self.title(self.script.approve)?;
        self.explain_rails(&rails)?;
        let mut approve = vec!["approve", id.as_str()];
        if !accept.is_empty() {
            approve.extend(["--accept", &accept]);
        }
        self.step(&approve)?;

        self.title(self.script.apply)?;
        self.step(&["apply", &id])?;

        self.title(self.script.verify)?;
        self.step(&["audit", "verify"])?;

        self.title(self.script.cases)?;
        self.cases()?;
        self.closing()?;
        Ok(self.exit)
    }

    /// A former demo: what is there, from the program's own mouth, and nothing else.
    pub(super) fn again(mut self) -> Result<Exit, Failure> {
        let dir = self.place.dir.display().to_string();
        self.introduce(self.script.again, &[&dir])?;
        self.title(self.script.plans)?;
        self.step(&["plans"])?;
        self.title(self.script.holds)?;
        self.step(&["hold", "list"])?;
        if self.place.dir.join("state/audit/checkpoint").exists() {
            self.title(self.script.log)?;
            self.step(&["audit", "verify"])?;
        }
        self.closing()?;
        Ok(self.exit)
    }

    /// Why each rail that tripped is to be expected here.
    fn explain_rails(&mut self, rails: &[&str]) -> Result<(), Failure> {
        for rail in rails {
            let known = self.script.rails.iter().find(|(name, _)| ["", *rail].contains(name));
            let why = known.map(|(_, why)| *why).unwrap_or_default();
            self.say(&paragraph(&format!("  {rail:<9}"), "           ", why))?;
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
            // After the record's name comes the verdict, up to an empty line.
            let sentence: Vec<&str> = said.text.lines().skip(1).take_while(|line| !line.is_empty()).collect();
            let sentence = paragraph("    ", "    ", &sentence.join(" "));
            self.say(&format!("  $ retentiond explain {series} {id}\n{sentence}"))?;
        }
        Ok(())
    }

    /// What lies where, and what to try next.
    fn closing(&mut self) -> Result<(), Failure> {
        let next = self.next();
        let dir = &self.place.dir;
        let things = self.script.things;
        let width = things.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
        let beside = " ".repeat(width + 4);
        let lines: String =
            things.iter().map(|(name, what)| paragraph(&format!("  {name:<width$}  "), &beside, what)).collect();
        let commands: String = next.iter().map(|command| format!("  {command}\n")).collect();
        let lies = self.words.fill(self.script.lies, &[&dir.display().to_string()]);
        self.title(&lies)?;
        self.say(&lines)?;
        self.title(self.script.next)?;
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
        self.say(&said.text)?;
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
        self.say(&format!("\n{}\n", paragraph("", "   ", title)))
    }

    /// Text is for people; in JSON the steps say it all, once, at the end.
    fn say(&mut self, text: &str) -> Result<(), Failure> {
        match self.session.format {
            Format::Text => self.session.write(text),
            Format::Json => Ok(()),
        }
    }
}
