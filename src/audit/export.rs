//! The log as tables and as JSON lines, for whoever works with other tools. What is exported proves nothing: `prove`
//! does.

use std::io::{self, Write};
use std::ops::ControlFlow;

use serde::Serialize;

use super::error::LogError;
use super::leaf::{Approval, Body, CalendarLeaf, HoldLeaf, Intent, Leaf, Outcome, Run};
use super::reader::LogReader;
use super::select::Selection;
use crate::model::{Instant, in_utc};

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One row an entry, with a heading; `,` and no byte order mark.
    Csv,
    /// One entry a line: the leaf, and its index.
    JsonLines,
}

/// Why an export stopped.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error("could not write the export")]
    Write(#[from] io::Error),
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<csv::Error> for ExportError {
    fn from(error: csv::Error) -> Self {
        Self::Write(error.into())
    }
}

/// Writes the entries that are wanted, and tells how many they were.
///
/// # Errors
/// A log that cannot be read, or a destination that cannot be written.
pub fn export(log: &LogReader, selection: &Selection, format: Format, out: &mut dyn Write) -> Result<u64, ExportError> {
    let mut rows = match format {
        Format::Csv => Rows::csv(out)?,
        Format::JsonLines => Rows::JsonLines(out),
    };
    let (mut count, mut failed) = (0, None);
    selection.scan(log, &mut |index, leaf| match rows.write(index, leaf) {
        Ok(()) => {
            count += 1;
            ControlFlow::Continue(())
        }
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    rows.finish()?;
    failed.map_or(Ok(count), Err)
}

enum Rows<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    JsonLines(&'a mut dyn Write),
}

const HEADING: [&str; 18] = [
    "index", "time", "kind", "run", "plan", "calendar", "version", "rule", "series", "source", "actor", "action",
    "records", "results", "rows", "files", "bytes", "detail",
];

impl<'a> Rows<'a> {
    fn csv(out: &'a mut dyn Write) -> Result<Self, ExportError> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADING)?;
        Ok(Self::Csv(Box::new(writer)))
    }

    fn write(&mut self, index: u64, leaf: &Leaf) -> Result<(), ExportError> {
        match self {
            Self::Csv(writer) => writer.write_record(row(index, leaf).map(|cell| neutral(&cell)))?,
            Self::JsonLines(out) => {
                #[derive(Serialize)]
                struct Line<'a> {
                    index: u64,
                    #[serde(flatten)]
                    leaf: &'a Leaf,
                }
                serde_json::to_writer(&mut *out, &Line { index, leaf }).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<()> {
        match self {
            Self::Csv(writer) => writer.flush(),
            Self::JsonLines(out) => out.flush(),
        }
    }
}

/// A spreadsheet takes a text that begins so for a formula.
fn neutral(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cells of one entry, in the heading's order.
fn row(index: u64, leaf: &Leaf) -> [String; 18] {
    let time = Instant::from_timestamp(leaf.at, 0).map(in_utc).unwrap_or_else(|| leaf.at.to_string());
    let mut row = Row::default();
    row.fill(&leaf.body);
    [
        index.to_string(),
        time,
        leaf.body.kind().to_owned(),
        row.run,
        row.plan,
        row.calendar,
        row.version,
        row.rule,
        row.series,
        row.source,
        row.actor,
        row.action,
        row.records,
        row.results,
        row.rows,
        row.files,
        row.bytes,
        row.detail,
    ]
}

#[derive(Default)]
struct Row {
    run: String,
    plan: String,
    calendar: String,
    version: String,
    rule: String,
    series: String,
    source: String,
    actor: String,
    action: String,
    records: String,
    results: String,
    rows: String,
    files: String,
    bytes: String,
    detail: String,
}

impl Row {
    fn fill(&mut self, body: &Body) {
        match body {
            Body::Genesis(leaf) => self.detail = format!("{} {}", leaf.origin, leaf.tool),
            Body::Calendar(leaf) => self.fill_calendar(leaf),
            Body::Mapping(leaf) => {
                (self.series, self.source) = (leaf.series.to_string(), leaf.source.to_string());
                self.detail = leaf.digest.to_string();
            }
            Body::Approval(leaf) => self.fill_approval(leaf),
            Body::Rejection(leaf) => (self.plan, self.actor) = (leaf.plan.to_string(), leaf.actor.to_string()),
            Body::Hold(leaf) => self.fill_hold(leaf),
            Body::Intent(leaf) => self.fill_intent(leaf),
            Body::Outcome(leaf) => self.fill_outcome(leaf),
            Body::Sanitized(leaf) => {
                (self.run, self.source) = (leaf.run.to_string(), leaf.source.to_string());
                self.detail = leaf.level.clone();
            }
            Body::Run(leaf) => self.fill_run(leaf),
            Body::Refused(leaf) => {
                (self.plan, self.actor) = (text(&leaf.plan), leaf.actor.to_string());
                self.detail = leaf.reasons.join(" ");
            }
            Body::Correction(leaf) => {
                (self.source, self.actor) = (leaf.source.to_string(), text(&leaf.actor));
                (self.records, self.detail) = (leaf.records.to_string(), leaf.what.clone());
            }
            Body::Heartbeat(leaf) => {
                (self.rule, self.records) = (joined(leaf.overdue.keys()), sum(leaf.overdue.values()));
                self.detail = format!("holds {}", leaf.holds);
            }
            Body::Fpkey(leaf) => {
                (self.source, self.detail) = (leaf.source.to_string(), format!("{} {}", leaf.year, leaf.commitment));
            }
            Body::FpkeyDestroyed(leaf) => {
                (self.source, self.actor) = (leaf.source.to_string(), leaf.actor.to_string());
                self.detail = leaf.year.to_string();
            }
            Body::Sigkey(leaf) => (self.actor, self.detail) = (leaf.actor.to_string(), leaf.vkey.clone()),
        }
    }

    fn fill_calendar(&mut self, leaf: &CalendarLeaf) {
        (self.calendar, self.version) = (leaf.number.to_string(), leaf.version.to_string());
        self.detail = leaf.digest.to_string();
    }

    fn fill_approval(&mut self, leaf: &Approval) {
        (self.plan, self.actor) = (leaf.plan.to_string(), leaf.actor.to_string());
        self.rule = joined(&leaf.only);
        self.detail = leaf.accepted.join(" ");
    }

    fn fill_hold(&mut self, leaf: &HoldLeaf) {
        (self.actor, self.series) = (leaf.actor.to_string(), text(&leaf.series));
        (self.source, self.rule) = (text(&leaf.source), text(&leaf.rule));
        (self.action, self.detail) = (format!("{:?}", leaf.action).to_lowercase(), leaf.hold.to_string());
    }

    fn fill_intent(&mut self, leaf: &Intent) {
        (self.run, self.plan) = (leaf.run.to_string(), leaf.plan.to_string());
        (self.calendar, self.version) = (leaf.calendar.to_string(), leaf.version.to_string());
        (self.rule, self.series, self.source) =
            (leaf.rule.to_string(), leaf.series.to_string(), leaf.source.to_string());
        (self.action, self.records) = (format!("{:?}", leaf.action).to_lowercase(), leaf.n.to_string());
        self.detail = format!("batch {}", leaf.batch);
    }

    fn fill_outcome(&mut self, leaf: &Outcome) {
        self.action = if leaf.committed { "committed".to_owned() } else { "aborted".to_owned() };
        (self.results, self.rows) = (leaf.results.clone(), sum(leaf.rows.values()));
        (self.files, self.bytes) = (sum(leaf.files.values()), leaf.bytes.to_string());
        self.detail = format!("intent {}", leaf.intent);
    }

    fn fill_run(&mut self, leaf: &Run) {
        (self.run, self.plan, self.actor) = (leaf.run.to_string(), leaf.plan.to_string(), leaf.actor.to_string());
        self.rule = joined(leaf.verdicts.keys());
        if leaf.more {
            // The last of its leaves has the counts: whoever adds up the column must not count them twice.
            self.detail = "goes on in the next entry".to_owned();
            return;
        }
        self.records = leaf.counts.planned.to_string();
        (self.rows, self.files, self.bytes) = (leaf.rows.to_string(), leaf.files.to_string(), leaf.bytes.to_string());
        let counts = &leaf.counts;
        self.detail = format!(
            "destroyed {} anonymized {} held {} blocked {} drifted {} deferred {} incomplete {} failed {}",
            counts.destroyed,
            counts.anonymized,
            counts.held,
            counts.blocked,
            counts.drifted,
            counts.deferred,
            counts.incomplete,
            counts.failed
        );
    }
}

fn text(value: &Option<impl ToString>) -> String {
    value.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn joined<'a, T: ToString + 'a>(values: impl IntoIterator<Item = &'a T>) -> String {
    values.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn sum<'a>(counts: impl Iterator<Item = &'a u64>) -> String {
    counts.fold(0_u64, |sum, count| sum.saturating_add(*count)).to_string()
}
