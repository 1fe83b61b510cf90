//! The one place where every room's typed error becomes what a person reads: message, place, mend, exit code.

mod draw;
mod rooms;
mod sentence;

use std::io::{self, Write};

use serde_json::{Value, json};

pub(super) use sentence::sentence;

use super::exit::Exit;
use crate::model::{Fault, PlanId};
use crate::report::plain::one_line;
use crate::report::rails::{self, TrippedRail, names};
use crate::report::table::paragraph;
use crate::report::words::EN;

/// The place of what concerns no single plan or hold.
const STATE: &str = "the state directory";

/// The place of what was asked wrongly.
const COMMAND_LINE: &str = "the command line";

/// The place of what configuration and calendars do not allow, where no line of theirs is at fault.
const CONFIGURATION: &str = "the configuration and its calendars";

/// Why a command ended otherwise than asked.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    /// Stable name of this kind of failure (`database-locked`).
    pub code: Box<str>,
    /// A sentence that names the thing and the reason.
    pub message: String,
    /// The file, table, plan or command it is about.
    pub place: String,
    /// What to do.
    pub mend: String,
    pub details: Details,
}

/// What a failure has beyond a sentence.
#[derive(Debug)]
pub enum Details {
    None,
    /// Faults of TOML files, all at once.
    Faults(Box<[Fault]>),
    /// Rails that tripped.
    Rails(Box<[TrippedRail]>),
}

impl Failure {
    /// A failure without faults of files and without rails.
    pub fn new(
        exit: Exit,
        code: impl Into<Box<str>>,
        message: impl Into<String>,
        place: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            exit,
            code: code.into(),
            message: message.into(),
            place: place.into(),
            mend: mend.into(),
            details: Details::None,
        }
    }

    /// The command line is understood by the parser, but makes no sense.
    pub fn usage(message: impl Into<String>, mend: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message, COMMAND_LINE, mend)
    }

    /// The Desk answered something else than asked: a process of another version holds the state.
    pub fn unexpected() -> Self {
        let message = "The process that holds the state answered something else than asked.";
        let mend = "Stop the retentiond that holds the state, or run its own version.";
        Self::new(Exit::Failure, "unexpected-answer", message, "the control socket", mend)
    }

    /// A file or directory of ours, or one the user named, cannot be read or written.
    pub fn file(path: &std::path::Path, doing: &str, error: &io::Error) -> Self {
        let mend = match error.kind() {
            io::ErrorKind::NotFound => "Check the spelling of the path, and that the directory exists.",
            io::ErrorKind::PermissionDenied => "Give this user the right to it, or run as the user who owns it.",
            io::ErrorKind::InvalidInput => "Name a regular file; what a pipe or a link leads to, copy into one first.",
            io::ErrorKind::StorageFull => "Free space on that file system, then run the same command again.",
            _ => "Mend what the system says, then run the same command again.",
        };
        Self::new(Exit::Failure, "file", format!("Cannot {doing}: {error}."), path.display().to_string(), mend)
    }

    /// The same, with what was being done in front of the reason.
    #[must_use]
    pub fn after(mut self, doing: &str) -> Self {
        let doing = sentence(doing);
        self.message = format!("{}: {}", doing.trim_end_matches('.'), self.message);
        self
    }

    /// The same, at this plan, unless it names a file or a database already.
    #[must_use]
    pub fn at_plan(mut self, plan: &PlanId) -> Self {
        if ["", STATE, COMMAND_LINE, CONFIGURATION].contains(&self.place.as_str()) {
            self.place = format!("plan {plan}");
        }
        self
    }

    /// What `error` holds in JSON.
    pub fn to_json(&self) -> Value {
        let mut error = json!({
            "code": self.code, "message": self.message, "place": self.place, "mend": self.mend,
        });
        match &self.details {
            Details::None => {}
            Details::Faults(faults) => error["faults"] = faults.iter().map(fault_to_json).collect(),
            Details::Rails(rails) => {
                error["rails"] = json!(names(rails));
                error["tripped"] = json!(rails);
            }
        }
        error
    }

    /// Tells a person, on a stream that is not for results; drawn faults first.
    ///
    /// # Errors
    /// The stream's own.
    pub fn tell(&self, out: &mut dyn Write, color: bool) -> io::Result<()> {
        if let Details::Faults(faults) = &self.details {
            for fault in faults {
                writeln!(out, "{}", draw::fault(fault, color))?;
            }
        }
        write!(out, "{}", paragraph("error: ", "       ", &self.message))?;
        if let Details::Rails(rails) = &self.details {
            write!(out, "{}", rails::text(rails, &EN))?;
        }
        if !self.place.is_empty() {
            writeln!(out, "   at: {}", one_line(&self.place))?;
        }
        // A single fault was drawn with its mend.
        let is_drawn = matches!(&self.details, Details::Faults(faults) if faults.len() == 1);
        if !self.mend.is_empty() && !is_drawn {
            write!(out, "{}", paragraph(" mend: ", "       ", &self.mend))?;
        }
        Ok(())
    }
}

fn fault_to_json(fault: &Fault) -> Value {
    json!({
        "file": fault.file, "line": fault.line, "column": fault.column, "code": fault.code,
        "message": fault.message, "mend": fault.mend,
    })
}
