//! `--except FILE`: records of a plan that are left out. Every line at fault is told at once, with its place.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use crate::cli::error::{Details, Failure};
use crate::cli::exit::Exit;
use crate::cli::setup::Setup;
use crate::disposition::holds::key_text;
use crate::disposition::plan::PlanDirs;
use crate::disposition::request::NamedRecord;
use crate::model::{Fault, PlanId, SeriesName, suggestion};
use crate::report::csv::{Listed, read_records};

use super::spelling;

/// More lines are at fault only where the whole file is the wrong one.
const MOST_DRAWN: usize = 20;

const MEND: &str = "write `series,key` with the key's columns, divided by commas, or lines of the file that `plan --csv` wrote, with its header";

const NO_RECORD: &str = "name no record";

/// A list of records, read and not found wrong in itself.
pub(super) struct List {
    path: PathBuf,
    text: String,
    listed: Vec<Listed>,
}

impl List {
    /// Reads the file.
    ///
    /// # Errors
    /// A file that cannot be read or names nobody; lines that name no record, all at once; where there are none, keys
    /// that are none of their series.
    pub fn read(path: &Path, setup: &Setup) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read the file", &error))?;
        let (listed, unread) = read_records(&bytes);
        let mut list = Self { path: path.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned(), listed };
        let unread = unread.into_iter().map(|(line, what)| list.fault(line, what, MEND));
        let unknown = list.listed.iter().filter_map(|listed| list.unknown(listed, setup));
        let faults: Vec<Fault> = unread.chain(unknown).collect();
        if !faults.is_empty() {
            return Err(list.refused(faults.len(), faults, NO_RECORD));
        }
        let wrong = list.spell(setup);
        if !wrong.is_empty() {
            return Err(list.refused(wrong.len(), list.unnamed(wrong, setup), NO_RECORD));
        }
        // Whoever names a file means to except something: a search that found nothing must not approve all.
        if list.listed.is_empty() {
            let message = "The file names no record to leave out; nothing was approved.";
            let mend = "Look at what wrote it; to approve all of the plan, leave `--except` away.";
            return Err(Failure::new(Exit::Usage, "except", message, path.display().to_string(), mend));
        }
        Ok(list)
    }

    /// The records, each once.
    pub fn records(&self) -> Vec<NamedRecord> {
        let mut seen = HashSet::new();
        self.listed.iter().map(|listed| &listed.record).filter(|record| seen.insert(*record)).cloned().collect()
    }

    /// The refusal of a list some of whose records are not the plan's, with their lines where this user may read the
    /// plan's own list.
    pub fn not_on_plan(&self, refusal: Failure, plan: &PlanId, setup: &Setup) -> Failure {
        let Ok(opened) = PlanDirs::of(&setup.install.state).open(plan) else { return refusal };
        let wanted: HashSet<&NamedRecord> = self.listed.iter().map(|listed| &listed.record).collect();
        let series = &opened.manifest().series;
        let mut there = HashSet::new();
        let visited = opened.body().visit(&mut |item| {
            let Some(of) = series.get(item.series) else { return };
            let record = NamedRecord { series: of.series.clone(), key: key_text(&item.key) };
            if wanted.contains(&record) {
                there.insert(record);
            }
        });
        if visited.is_err() {
            return refusal;
        }
        let missing = self.listed.iter().filter(|listed| !there.contains(&listed.record));
        let missing: Vec<_> =
            missing.map(|listed| (listed.line, "no such record is on this plan".to_owned())).collect();
        match missing.len() {
            0 => refusal,
            all => self.refused(all, self.unnamed(missing, setup), "name a record that is not on the plan's list"),
        }
    }

    /// Writes every key as the plan has it. What can be no key of its series is left, and returned with the reason.
    fn spell(&mut self, setup: &Setup) -> Vec<(u64, String)> {
        let named: BTreeSet<SeriesName> = self.listed.iter().map(|listed| listed.record.series.clone()).collect();
        let mut wrong = Vec::new();
        for mapping in named.iter().filter_map(|series| setup.install.mapping(series)) {
            let of_series = |listed: &&mut Listed| listed.record.series == mapping.series;
            let mut lines: Vec<&mut Listed> = self.listed.iter_mut().filter(of_series).collect();
            let spelled = spelling::of(mapping, &lines, setup);
            for (listed, spelled) in lines.iter_mut().zip(spelled) {
                match spelled {
                    Ok(key) => listed.record.key = key,
                    Err(message) => wrong.push((listed.line, message)),
                }
            }
        }
        wrong
    }

    /// Faults of lines whose record is not known by that name: of as many as are drawn, because each is looked for by
    /// its reference.
    fn unnamed(&self, mut wrong: Vec<(u64, String)>, setup: &Setup) -> Vec<Fault> {
        wrong.sort();
        wrong.truncate(MOST_DRAWN);
        let listed = |line: u64| self.listed.iter().find(|listed| listed.line == line);
        let mend = |line| listed(line).map_or_else(|| MEND.to_owned(), |listed| spelling::mend(&listed.record, setup));
        wrong.into_iter().map(|(line, message)| self.fault(line, message, &mend(line))).collect()
    }

    /// What is wrong with a line by the configuration, which knows the series and how many columns their keys have.
    fn unknown(&self, Listed { line, record, .. }: &Listed, setup: &Setup) -> Option<Fault> {
        let Some(mapping) = setup.install.mapping(&record.series) else {
            let known: Vec<_> = setup.install.series.iter().map(|mapping| mapping.series.as_str()).collect();
            let message = format!("the configuration maps no series {}", record.series);
            return Some(self.fault(*line, message, &suggestion(record.series.as_str(), &known)));
        };
        let (wanted, found) = (mapping.key.len(), record.key.len());
        (wanted != found).then(|| {
            let columns = mapping.key.join(", ");
            let message = format!("a key of {} is its {columns}: {wanted}, not {found}", record.series);
            self.fault(*line, message, MEND)
        })
    }

    fn fault(&self, line: u64, message: String, mend: &str) -> Fault {
        let before: usize = self.text.split_inclusive('\n').take(line.saturating_sub(1) as usize).map(str::len).sum();
        let length = self.text[before..].lines().next().map_or(0, str::len);
        Fault::at(&self.path.display().to_string(), &self.text, before..before + length, "except", message, mend)
    }

    /// `all`: how many lines are at fault; `faults`: those to draw, at least.
    fn refused(&self, all: usize, mut faults: Vec<Fault>, what: &str) -> Failure {
        faults.sort_by_key(|fault| fault.line);
        let drawn = faults.len().min(MOST_DRAWN);
        let lines = if all == 1 { "One line".to_owned() } else { format!("{all} lines") };
        let verb = if all == 1 { what.replacen("name", "names", 1) } else { what.to_owned() };
        let more = if all > drawn { format!(" The first {drawn} are shown.") } else { String::new() };
        faults.truncate(drawn);
        let message = format!("{lines} of the list {verb}; nothing was approved.{more}");
        let place = self.path.display().to_string();
        let mut failure = Failure::new(Exit::Usage, "except", message, place, "Mend each line as it says.");
        failure.details = Details::Faults(faults.into());
        failure
    }
}
