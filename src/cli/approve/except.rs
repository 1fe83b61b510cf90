//! `--except FILE`: records of a plan that are left out. Every line at fault is told at once, with its place.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::cli::error::{Details, Failure};
use crate::cli::exit::Exit;
use crate::cli::setup::Setup;
use crate::disposition::holds::key_text;
use crate::disposition::plan::PlanDirs;
use crate::disposition::request::NamedRecord;
use crate::model::{Fault, PlanId, suggestion};
use crate::report::csv::{Listed, read_records};

/// More lines are at fault only where the whole file is the wrong one.
const MOST_DRAWN: usize = 20;

const MEND: &str =
    "write `series,key` with the key's columns, or lines of the file that `plan --csv` wrote, with its header";

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
    /// A file that cannot be read or names nobody; lines that name no record, with all of them at once.
    pub fn read(path: &Path, setup: &Setup) -> Result<Self, Failure> {
        let bytes = std::fs::read(path).map_err(|error| Failure::file(path, "read the file", &error))?;
        let (listed, unread) = read_records(&bytes);
        let list = Self { path: path.to_owned(), text: String::from_utf8_lossy(&bytes).into_owned(), listed };
        let unread = unread.into_iter().map(|(line, what)| list.fault(line, what, MEND));
        let unknown = list.listed.iter().filter_map(|listed| list.unknown(listed, setup));
        let faults: Vec<Fault> = unread.chain(unknown).collect();
        if !faults.is_empty() {
            return Err(list.refused(faults, "name no record"));
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

    /// The refusal of a list some of whose records are not the plan's, with their lines where this user may read the plan's own list.
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
        let mend = "take the line out: what the plan does not list stays anyway";
        let faults: Vec<Fault> = missing
            .map(|listed| self.fault(listed.line, "the plan does not list this record".to_owned(), mend))
            .collect();
        if faults.is_empty() { refusal } else { self.refused(faults, "name a record that is not on the plan's list") }
    }

    /// What is wrong with a line by the configuration, which knows the series and how many columns their keys have.
    fn unknown(&self, Listed { line, record }: &Listed, setup: &Setup) -> Option<Fault> {
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

    fn refused(&self, mut faults: Vec<Fault>, what: &str) -> Failure {
        faults.sort_by_key(|fault| fault.line);
        let [all, drawn] = [faults.len(), faults.len().min(MOST_DRAWN)];
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
