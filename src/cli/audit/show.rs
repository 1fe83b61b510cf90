//! `audit show`: the log, entry by entry.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;

use super::log_dir;
use crate::audit::LogReader;
use crate::audit::leaf::{Body, Leaf};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::session::Session;
use crate::model::CivilDate;
use crate::report::log::{ShowReport, Shown};

/// Arguments of `audit show`.
#[derive(Debug, Args)]
pub struct Show {
    /// Directory of the log (default: the configuration's)
    #[arg(long, value_name = "DIR")]
    log: Option<PathBuf>,
    /// Entries on this rule only
    #[arg(long)]
    rule: Option<String>,
    /// Entries of this run only
    #[arg(long)]
    run: Option<String>,
    /// Entries of this kind only (`intent`, `outcome`, `hold`, `approval`, `run`, …)
    #[arg(long)]
    kind: Option<String>,
    /// Entries from this day on (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DATE")]
    since: Option<CivilDate>,
    /// Entries until the end of this day (YYYY-MM-DD, UTC)
    #[arg(long, value_name = "DATE")]
    until: Option<CivilDate>,
    /// At most this many, the newest
    #[arg(long, value_name = "N")]
    last: Option<usize>,
}

impl Show {
    /// Shows the entries asked for.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let (dir, language) = log_dir(self.log.clone(), session)?;
        let log = LogReader::open(&dir)?;
        let mut entries = std::collections::VecDeque::new();
        // An outcome names no run and no rule: it follows the intents of its batch.
        let mut batches = std::collections::BTreeSet::new();
        log.scan(0, &mut |index, leaf| {
            if let Body::Intent(intent) = &leaf.body
                && self.names(&intent.rule.to_string(), &intent.run.to_string())
            {
                batches.insert(intent.batch);
            }
            let of_batch = matches!(&leaf.body, Body::Outcome(outcome) if batches.contains(&outcome.batch));
            if self.wants(&leaf, of_batch) {
                entries.push_back(Shown { index, leaf });
                if self.last.is_some_and(|last| entries.len() > last) {
                    entries.pop_front();
                }
            }
            ControlFlow::Continue(())
        })?;
        session.show(&ShowReport { size: log.size(), entries: entries.into() }, language)?;
        Ok(Exit::Ok)
    }

    fn names(&self, rule: &str, run: &str) -> bool {
        self.rule.as_deref().is_none_or(|wanted| wanted == rule)
            && self.run.as_deref().is_none_or(|wanted| wanted == run)
    }

    fn wants(&self, leaf: &Leaf, of_batch: bool) -> bool {
        let day = crate::model::Instant::from_timestamp(leaf.at, 0).map(|at| at.date_naive());
        let in_time = self.since.is_none_or(|since| day.is_some_and(|day| day >= since))
            && self.until.is_none_or(|until| day.is_some_and(|day| day <= until));
        let of_kind = self.kind.as_deref().is_none_or(|kind| kind == leaf.body.kind());
        in_time && of_kind && self.is_named(&leaf.body, of_batch)
    }

    fn is_named(&self, body: &Body, of_batch: bool) -> bool {
        if self.rule.is_none() && self.run.is_none() {
            return true;
        }
        match body {
            Body::Intent(intent) => self.names(intent.rule.as_str(), intent.run.as_str()),
            Body::Outcome(_) => of_batch,
            Body::Run(run) => {
                self.run.as_deref().is_none_or(|wanted| wanted == run.run.as_str())
                    && self.rule.as_deref().is_none_or(|wanted| run.verdicts.keys().any(|rule| rule.as_str() == wanted))
            }
            Body::Sanitized(sanitized) => self.rule.is_none() && self.run.as_deref() == Some(sanitized.run.as_str()),
            Body::Hold(hold) => self.run.is_none() && hold.rule.as_ref().map(ToString::to_string) == self.rule,
            _ => false,
        }
    }
}
