//! Writes the manual pages of the program and of its two files, and the shells' completions: `cargo run --example manual -- target/manual`.

mod markdown;
mod roff;

use std::fmt::Write;
use std::fs;
use std::io;
use std::path::PathBuf;

use clap::{Arg, Command};
use clap_complete::{Shell, generate_to};

use roff::{literal, title};

/// What the arguments do not say: files, signals, exit status.
const REST: &str = include_str!("../../docs/man/retentiond.8.in");

/// The guide is the reference of both files; their pages are its chapters.
const GUIDE: &str = include_str!("../../docs/guide.md");

/// A page of section 5: its name, what it is about, and the chapters of the guide from one to before another.
const FILES: [(&str, &str, &str, Option<&str>); 2] = [
    (
        "retentiond-calendar",
        "conservation calendar: what is kept, from which event, how long, then what",
        "## The calendar",
        Some("## The configuration"),
    ),
    (
        "retentiond.toml",
        "where the records are, when retentiond scans them, and what it may do by itself",
        "## The configuration",
        None,
    ),
];

fn main() -> io::Result<()> {
    let dir = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| "target/manual".into()));
    fs::create_dir_all(&dir)?;
    let mut command = retentiond::cli::command();
    command.build();
    fs::write(dir.join("retentiond.8"), page(&command))?;
    for (name, about, from, to) in FILES {
        fs::write(dir.join(format!("{name}.5")), file_page(name, about, chapters(from, to)?))?;
    }
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        generate_to(shell, &mut command, "retentiond", &dir)?;
    }
    Ok(())
}

/// One page for all commands: who looks for an option searches it in one place.
fn page(command: &Command) -> String {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut page = title("retentiond", 8, &about);
    page += ".SH SYNOPSIS\n\\fBretentiond\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR [\\fIARGUMENT\\fR]...\n.SH OPTIONS\n";
    command.get_arguments().for_each(|argument| describe(&mut page, argument));
    page += ".SH COMMANDS\n";
    commands(&mut page, command);
    page + REST
}

/// Every command that does something, with what it takes.
fn commands(page: &mut String, command: &Command) {
    for sub in command.get_subcommands() {
        if sub.has_subcommands() {
            commands(page, sub);
            continue;
        }
        let usage = sub.clone().render_usage().to_string();
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        // Writing to a text does not fail.
        let _infallible =
            write!(page, ".SS \"{}\"\n{}.\n", literal(usage.trim_start_matches("Usage: ")), literal(&about));
        let own = sub.get_arguments().filter(|argument| !argument.is_global_set());
        own.for_each(|argument| describe(page, argument));
    }
}

fn describe(page: &mut String, argument: &Arg) {
    if argument.is_hide_set() || matches!(argument.get_id().as_str(), "help" | "version") {
        return;
    }
    let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
    let defaults: Vec<_> = argument.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    let default = if defaults.is_empty() { String::new() } else { format!(" (default: {})", defaults.join(" ")) };
    let (name, default) = (literal(&argument.to_string()), literal(&default));
    let _infallible = write!(page, ".TP\n\\fB{name}\\fR\n{}{default}.\n", literal(&help));
}

/// The guide from one heading to before another, or to its end.
fn chapters(from: &str, to: Option<&str>) -> io::Result<&'static str> {
    let missing = |heading: &str| io::Error::other(format!("docs/guide.md has no heading {heading:?}"));
    let find = |heading: &str| GUIDE.find(&format!("\n{heading}\n")).ok_or_else(|| missing(heading));
    let end = to.map(find).transpose()?.unwrap_or(GUIDE.len());
    Ok(&GUIDE[find(from)?..end])
}

fn file_page(name: &str, about: &str, guide: &str) -> String {
    let proof = "A TOML file, UTF\\-8, at most 1 MiB. \\fBretentiond check\\fR reports every fault at once, each with its line and its mend.\n";
    let see = ".SH SEE ALSO\n.BR retentiond (8),\n.BR retentiond.toml (5),\n.BR retentiond\\-calendar (5)\n";
    title(name, 5, about) + ".SH DESCRIPTION\n" + proof + &markdown::to_roff(guide) + see
}
