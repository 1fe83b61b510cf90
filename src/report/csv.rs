//! A plan's list of records as CSV, for those who review it in a spreadsheet. Holds keys: personal information.

use std::error::Error;
use std::io::{self, Write};

use csv::{ReaderBuilder, WriterBuilder};

use super::local;
use super::unread::Unread;
use crate::audit::leaf::Action;
use crate::disposition::holds::{key_text, value_text};
use crate::disposition::plan::{Body, Item, PlanFile};
use crate::disposition::request::NamedRecord;
use crate::model::{SeriesName, Zone};
use crate::records::mapping::SeriesMapping;

/// Columns before the key's. Days and hours are those of the calendar's zone.
const COLUMNS: [&str; 7] = ["series", "rule", "action", "reference", "trigger_day", "due_from", "stayed"];

/// In the place of an action: the line is of no record, but of a series of which nothing is listed, because its source
/// could not be read.
const UNREAD: &str = "unread";

/// Items about which the Desk is asked at once: what it is asked fits into one line of its socket.
const ASKED_AT_ONCE: usize = 200;

/// Tells why these records stayed when they were last tried, in their order.
pub type WhyStayed<'w, E> = &'w mut dyn FnMut(Vec<NamedRecord>) -> Result<Vec<Option<String>>, E>;

/// The list of one plan.
pub struct PlanCsv<'a> {
    file: &'a PlanFile,
    /// What the list lacks.
    unread: &'a [Unread],
    /// Columns of the widest key.
    key_columns: usize,
}

impl<'a> PlanCsv<'a> {
    /// The list of this plan, which lacks what is `unread`, and whose series have these mappings.
    pub fn new(file: &'a PlanFile, unread: &'a [Unread], mappings: &[SeriesMapping]) -> Self {
        let of_plan = |mapping: &&SeriesMapping| file.manifest.series.iter().any(|own| own.series == mapping.series);
        let key_columns = mappings.iter().filter(of_plan).map(|mapping| mapping.key.len()).max().unwrap_or(1);
        Self { file, unread, key_columns }
    }

    /// Writes one line per record, in order of execution, with what kept it when it was last tried; before them, one
    /// per series of which nothing is listed, with the reason.
    ///
    /// # Errors
    /// The file's own; a list that cannot be read; what `why` cannot tell.
    pub fn write<E>(&self, body: &Body, why: WhyStayed<'_, E>, out: &mut dyn Write) -> io::Result<()>
    where
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        let mut csv = WriterBuilder::new().from_writer(out);
        let keys =
            (1..=self.key_columns).map(|place| if place == 1 { "key".to_owned() } else { format!("key{place}") });
        csv.write_record(COLUMNS.map(str::to_owned).into_iter().chain(keys))?;
        for unread in self.unread {
            for series in &unread.series {
                csv.write_record(self.lacking(series, &unread.message))?;
            }
        }
        let (mut items, mut written) = (Vec::new(), Ok(()));
        let mut write = |items: &mut Vec<Item>| {
            let named = items.iter().map(|item| self.named(item)).collect();
            let stayed = why(named).map_err(io::Error::other)?;
            for (item, stayed) in items.drain(..).zip(stayed) {
                csv.write_record(self.line(&item, stayed))?;
            }
            io::Result::Ok(())
        };
        body.visit(&mut |item| {
            items.push(item);
            if written.is_ok() && items.len() >= ASKED_AT_ONCE {
                written = write(&mut items);
            }
        })
        .map_err(io::Error::other)?;
        written.and_then(|()| write(&mut items))?;
        csv.flush()
    }

    fn named(&self, item: &Item) -> NamedRecord {
        let series = self.file.manifest.series.get(item.series).map(|series| series.series.clone());
        NamedRecord { series: series.unwrap_or_else(|| SeriesName::new("")), key: key_text(&item.key) }
    }

    /// The zone in which the item's calendar counts days.
    fn zone(&self, item: &Item) -> Zone {
        let manifest = &self.file.manifest;
        let number = manifest.series.get(item.series).map(|series| &series.calendar);
        let calendar = manifest.calendars.iter().find(|calendar| Some(&calendar.number) == number);
        calendar.and_then(|calendar| calendar.zone.parse().ok()).unwrap_or(Zone::UTC)
    }

    /// That the list is not whole, where nobody who reads it can overlook that.
    fn lacking(&self, series: &str, why: &str) -> Vec<String> {
        let cell = |column| match column {
            "series" => series.to_owned(),
            "action" => UNREAD.to_owned(),
            "stayed" => format!("NOT COMPLETE: nothing is listed of this series. {why}"),
            _ => String::new(),
        };
        let mut line = COLUMNS.map(cell).to_vec();
        line.resize(COLUMNS.len() + self.key_columns, String::new());
        line
    }

    fn line(&self, item: &Item, stayed: Option<String>) -> Vec<String> {
        let manifest = &self.file.manifest;
        let mut line = vec![
            manifest.series.get(item.series).map(|series| series.series.to_string()).unwrap_or_default(),
            manifest.rules.get(item.rule).map(|rule| rule.rule.to_string()).unwrap_or_default(),
            match item.action {
                Action::Destroy => "destroy".to_owned(),
                Action::Anonymize => "anonymize".to_owned(),
            },
            neutral(item.reference.as_deref().unwrap_or_default()),
            item.trigger_day.to_string(),
            local(item.due_from, self.zone(item)),
            neutral(&stayed.unwrap_or_default()),
        ];
        line.extend(item.key.columns().iter().map(|value| neutral(&value_text(value))));
        line.resize(COLUMNS.len() + self.key_columns, String::new());
        line
    }
}

/// A text that no spreadsheet takes for a formula: an apostrophe goes before `=`, `+`, `-` and `@`, except before a
/// number.
pub fn neutral(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<i64>().is_err();
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if neutral(rest) != rest => rest,
        _ => text,
    }
}

/// A record that a list names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// From 1.
    pub line: u64,
    /// As it is written, blanks and all.
    pub record: NamedRecord,
    /// Nothing stands between series and key, so that it is no line of [`PlanCsv`]: a person wrote it.
    pub by_hand: bool,
}

const BY_HAND: usize = 1;

/// Reads the records of a list: the form that [`PlanCsv`] writes, or lines `series,key` without a header. Beside them,
/// every line that names no record, by its number, with the reason.
pub fn read_records(bytes: &[u8]) -> (Vec<Listed>, Vec<(u64, String)>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut csv = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let (mut listed, mut faults) = (Vec::new(), Vec::new());
    // Without a header: the series, then its key.
    let (mut keys_from, mut action) = (BY_HAND, None);
    let mut lines = Lines { bytes, counted: 0, line: 1 };
    for (place, line) in csv.records().enumerate() {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                faults.push((lines.number(error.position()), unreadable(&error)));
                continue;
            }
        };
        let number = lines.number(line.position());
        let series = line.get(0).unwrap_or_default().trim();
        if series.contains(';') {
            faults.push((number, "the line is divided by `;`, not by commas".to_owned()));
            continue;
        }
        if place == 0 && series == "series" {
            match line.iter().position(|column| column.trim() == "key") {
                Some(column) => {
                    keys_from = column;
                    action = line.iter().position(|column| column.trim() == "action");
                }
                None => faults.push((number, "the header names no column `key`".to_owned())),
            }
            continue;
        }
        if action.is_some_and(|action| line.get(action) == Some(UNREAD)) {
            continue;
        }
        let mut key: Vec<String> = line.iter().skip(keys_from).map(|value| plain(value).to_owned()).collect();
        // A narrower key than the widest of the plan is followed by empty columns.
        while key.len() > 1 && key.last().is_some_and(String::is_empty) {
            key.pop();
        }
        if series.is_empty() {
            faults.push((number, "the line names no series".to_owned()));
        } else if key.iter().all(String::is_empty) {
            faults.push((number, "the line names no key".to_owned()));
        } else {
            let record = NamedRecord { series: SeriesName::new(series), key };
            listed.push(Listed { line: number, record, by_hand: keys_from == BY_HAND });
        }
    }
    (listed, faults)
}

/// Counts lines, from one record to the next.
struct Lines<'b> {
    bytes: &'b [u8],
    /// Bytes before which the lines are counted.
    counted: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which a record begins. The parser's position is the end of the one before; empty lines may lie
    /// between.
    fn number(&mut self, position: Option<&csv::Position>) -> u64 {
        let at = position.map_or(self.counted, |position| position.byte() as usize);
        let passed = self.bytes.get(self.counted..at).unwrap_or_default().iter();
        let empty = self.bytes.get(at..).unwrap_or_default().iter().take_while(|byte| b"\r\n".contains(byte));
        let ahead = empty.filter(|byte| **byte == b'\n').count() as u64;
        self.line += passed.filter(|byte| **byte == b'\n').count() as u64;
        self.counted = self.counted.max(at);
        self.line + ahead
    }
}

fn unreadable(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Utf8 { .. } => "the line is not UTF-8 text".to_owned(),
        _ => format!("the line cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(series: &str, key: &[&str]) -> NamedRecord {
        NamedRecord { series: series.into(), key: key.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn no_spreadsheet_runs_what_a_record_says() {
        assert_eq!(neutral("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(neutral("@cmd"), "'@cmd");
        assert_eq!(neutral("-5"), "-5");
        assert_eq!(neutral("-5+cmd|x"), "'-5+cmd|x");
        assert_eq!(neutral("PC-2026-1"), "PC-2026-1");
        assert_eq!(plain(&neutral("=1")), "=1");
        assert_eq!(plain("'quoted"), "'quoted");
    }

    #[test]
    fn a_list_of_records_is_read_with_and_without_its_header() {
        let written = "series,rule,action,reference,trigger_day,due_from,stayed,key,key2\n\
                       dossier,PC-1,destroy,R-1,2024-01-01,2025-01-02T05:00:00Z,\"a link, moved\",42,\n\
                       lot,PC-3,destroy,,2024-01-01,2025-01-02T05:00:00Z,,2024,'=7\n";
        let expected = [record("dossier", &["42"]), record("lot", &["2024", "=7"])];
        let lacking = "lot,,unread,,,,NOT COMPLETE,,\nlot,PC-3";
        let records = |bytes: &[u8]| {
            let (listed, faults) = read_records(bytes);
            assert_eq!(faults, []);
            listed.into_iter().map(|listed| listed.record).collect::<Vec<_>>()
        };
        assert_eq!(records(written.as_bytes()), expected);
        assert_eq!(records(written.replacen("lot,PC-3", lacking, 1).as_bytes()), expected);
        assert_eq!(records(b"dossier,42\nlot,2024,=7\n"), expected);
    }

    #[test]
    fn every_line_that_names_no_record_is_told_by_its_number() {
        let (listed, faults) = read_records(b"dossier\ndossier,7\n\n,4\ndossier,\xff\ndossier,\nlot,1,2\n");
        let lines: Vec<u64> = listed.iter().map(|listed| listed.line).collect();
        assert_eq!(lines, [2, 7]);
        let lines: Vec<u64> = faults.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 4, 5, 6], "{faults:?}");
        assert!(faults[2].1.contains("UTF-8"), "{faults:?}");
        let (_, headless) = read_records(b"series,number\ndossier,7\n");
        assert_eq!(headless[0].0, 1, "{headless:?}");
    }
}
