//! `audit show`: the log, entry by entry.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::path::PathBuf;

use chrono::{Days, NaiveTime};
use clap::Args;

use super::{continued, log_dir};
use crate::audit::LogReader;
use crate::audit::leaf::Body;
use crate::audit::select::Selection;
use crate::cli::arguments::day;
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::model::{CivilDate, RuleNumber, RunId};
use crate::report::log::{ShowReport, Shown};

/// Arguments of `audit show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Directory of the log (default: the configuration's)
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    #[command(flatten)]
    choice: Choice,
    /// At most this many, the newest
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

/// Which entries are wanted.
#[derive(Debug, Args)]
pub(super) struct Choice {
    /// Entries on this rule only
    #[arg(long)]
    rule: Option<RuleNumber>,
    /// Entries of this run only
    #[arg(long)]
    run: Option<RunId>,
    /// Entries of this kind only (`intent`, `outcome`, `hold`, `approval`, `run`, …); may be given several times
    #[arg(long, value_parser = known_kind)]
    kind: Vec<String>,
    /// Entries from this day on (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DATE", value_parser = day)]
    since: Option<CivilDate>,
    /// Entries until the end of this day (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DATE", value_parser = day)]
    until: Option<CivilDate>,
}

/// A kind that no entry has would find nothing, which reads like an answer.
fn known_kind(kind: &str) -> Result<String, String> {
    if Body::KINDS.contains(&kind) {
        Ok(kind.to_owned())
    } else {
        Err(format!("no entry is of this kind; there are {}", Body::KINDS.join(", ")))
    }
}

impl Choice {
    /// The same for the log.
    pub(super) fn selection(&self) -> Selection {
        let start_of = |day: CivilDate| day.and_time(NaiveTime::MIN).and_utc();
        Selection {
            rule: self.rule.clone(),
            run: self.run.clone(),
            kinds: self.kind.clone(),
            from: self.since.map(start_of),
            until: self.until.and_then(|day| day.checked_add_days(Days::new(1))).map(start_of),
        }
    }
}

impl Show {
    /// Shows the entries asked for.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (dir, language) = log_dir(self.log, session)?;
        let log = LogReader::open(&dir)?;
        let mut entries = VecDeque::new();
        self.choice.selection().scan(&log, &mut |index, leaf| {
            entries.push_back(Shown { index, leaf: leaf.clone() });
            if self.last.is_some_and(|last| entries.len() > last) {
                entries.pop_front();
            }
            ControlFlow::Continue(())
        })?;
        let (earlier, exit) = continued(&log, &dir)?;
        session.show(&ShowReport { size: log.size(), entries: entries.into(), earlier }, language)?;
        Ok(exit)
    }
}
