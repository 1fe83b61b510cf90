//! The door: arguments in, results and exit code out. The only place that knows clap and miette.
//!
//! One file per subcommand; `error` maps every failure, `clock` alone reads the time.

mod apply;
mod approve;
mod arguments;
mod asker;
mod audit;
mod check;
mod clock;
mod ctl;
mod demo;
mod environment;
mod error;
mod exit;
mod explain;
mod forecast;
mod hold;
mod init;
mod output;
mod plan;
mod plans;
mod progress;
mod reject;
mod run;
mod session;
mod setup;
mod waiting;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::json;

use error::Failure;
use exit::Exit;
use session::{Format, Session};

use crate::model::Language;
use crate::report::plain::visible;

/// Keeps an organization's promise to destroy: obeys a conservation calendar, and proves it.
#[derive(Debug, Parser)]
#[command(name = "retentiond", version, disable_help_subcommand = true, arg_required_else_help = true, after_help = AFTER_HELP)]
struct Arguments {
    /// Configuration file
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", env = "RETENTIOND_CONFIG", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
    /// Language of reports (default: the configuration's); messages and help are in English
    #[arg(long, global = true, help_heading = EVERYWHERE, value_enum, value_name = "LANG")]
    lang: Option<Language>,
    /// Form of results: `json` prints one JSON document on standard output
    #[arg(long, global = true, help_heading = EVERYWHERE, value_enum, default_value_t)]
    format: Format,
    #[command(subcommand)]
    command: Command,
}

const DEFAULT_CONFIG: &str = "/etc/retentiond/retentiond.toml";

/// Over the options that every command takes.
const EVERYWHERE: &str = "With every command";

const AFTER_HELP: &str = "\
New here? `retentiond demo` makes a sample organization and shows everything on it.

Exit codes: 0 done, 1 failure, 2 usage, 3 refused (hold, approval, guard rail, already executed),
4 the log does not verify, 5 partial, 75 locked (try later), 78 bad configuration.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a sample organization and go through everything with it
    Demo(demo::Demo),
    /// Write a commented starter configuration and calendar; from a database's schema where there is one
    Init(init::Init),
    /// Prove configuration, calendars and databases; every fault at once
    Check(check::Check),
    /// Dry run: what is due, under which rule, and what keeps the rest; touches nothing in the records
    Plan(plan::PlanCommand),
    /// Approve a plan, naming each guard rail that it trips
    Approve(approve::Approve),
    /// Reject a plan for good
    Reject(reject::Reject),
    /// Execute an approved plan, or go on with an interrupted one
    Apply(apply::Apply),
    /// Every plan, and where it stands
    Plans(plans::Plans),
    /// Keep records whatever the calendar says
    Hold(hold::HoldCommand),
    /// Why a record is still here, or why it goes: verdict, arithmetic, rules, holds, log entries
    Explain(explain::Explain),
    /// The destruction log
    Audit(audit::Audit),
    /// What falls due when, per rule
    Forecast(forecast::Forecast),
    /// The daemon: scan, and do what the mode allows, at the hours of the schedule
    Run(run::Run),
    /// Talk to the daemon
    Ctl(ctl::Ctl),
}

/// The command line, for its manual page and its completions.
pub fn command() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

/// Runs one command line; errors go to standard error, or to standard output as JSON.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    // Arms the failpoints that FAILPOINTS names, for the tests.
    #[cfg(feature = "simulate")]
    let _failpoints = fail::FailScenario::setup();
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let mut out = io::stdout().lock();
    match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => execute(parsed, &mut out).into(),
        Err(refused) if refused.use_stderr() && wants_json(&arguments) => {
            let message = refused.render().to_string();
            let message = message.trim_start_matches("error: ").lines().next().unwrap_or_default().to_owned();
            tell(&Failure::usage(message, "`retentiond --help` lists commands and options."), Format::Json, &mut out);
            Exit::Usage.into()
        }
        Err(refused) => {
            let plain = refused.render().to_string();
            // Help and version are answers, not errors; clap knows which stream. A closed stream has no reader to tell.
            let _ = match visible(&plain) {
                shown if shown == plain => refused.print(),
                // It repeats what was typed, or pasted.
                shown if refused.use_stderr() => write!(io::stderr(), "{shown}"),
                shown => write!(out, "{shown}"),
            };
            if refused.use_stderr() { Exit::Usage.into() } else { Exit::Ok.into() }
        }
    }
}

/// Executes a parsed command line and says how it ended.
fn execute(arguments: Arguments, out: &mut dyn Write) -> Exit {
    let format = arguments.format;
    let mut session = Session::new(arguments.config, arguments.lang, format, out);
    match dispatch(arguments.command, &mut session) {
        Ok(exit) => exit,
        Err(failure) => {
            tell(&failure, format, out);
            failure.exit
        }
    }
}

fn dispatch(command: Command, session: &mut Session) -> Result<Exit, Failure> {
    match command {
        Command::Demo(demo) => demo.run(session),
        Command::Init(init) => init.run(session),
        Command::Check(check) => check.run(session),
        Command::Plan(plan) => plan.run(session),
        Command::Approve(approve) => approve.run(session),
        Command::Reject(reject) => reject.run(session),
        Command::Apply(apply) => apply.run(session),
        Command::Plans(plans) => plans.run(session),
        Command::Hold(hold) => hold.run(session),
        Command::Explain(explain) => explain.run(session),
        Command::Audit(audit) => audit.run(session),
        Command::Forecast(forecast) => forecast.run(session),
        Command::Run(run) => run.run(session),
        Command::Ctl(ctl) => ctl.run(session),
    }
}

fn tell(failure: &Failure, format: Format, out: &mut dyn Write) {
    // Nobody is left to tell when the streams are closed: the exit code still says it.
    let _ = match format {
        Format::Json => writeln!(out, "{:#}", json!({ "error": failure.to_json() })),
        Format::Text => {
            let color = io::stderr().is_terminal() && environment::variable("NO_COLOR").is_none();
            failure.tell(&mut io::stderr().lock(), color)
        }
    };
}

/// Whether a command line that clap refused asked for JSON.
fn wants_json(arguments: &[OsString]) -> bool {
    arguments.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || arguments.iter().any(|argument| argument == "--format=json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_tree_is_sound() {
        Arguments::command().debug_assert();
    }
}
