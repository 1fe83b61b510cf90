//! Reads the configuration and the calendars it names, and reports every fault of every file at once.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::{Loaded, calendars, cross, lower, metrics, relations};
use crate::calendar::{self, Calendar};
use crate::model::{Document, Fault};

/// No configuration or calendar that a person wrote is longer: 1 MiB.
const MAX_BYTES: usize = 1 << 20;

/// A calendar and the file it came from.
pub(super) struct Law {
    pub file: PathBuf,
    pub calendar: Calendar,
}

/// Reads `file` and its calendars.
///
/// # Errors
/// All faults of all files: first the configuration's, then the calendars'.
pub fn load(file: &Path) -> Result<Loaded, Vec<Fault>> {
    let name = file.display().to_string();
    let bytes = read(file).map_err(|error| vec![unreadable(&name, &error)])?;
    let document = Document::parse(&name, &bytes, MAX_BYTES)?;
    let lowered = lower::lower(&document, file);
    let files = calendars::resolve(&document, file, lowered.patterns.as_deref().unwrap_or_default());
    let (mut laws, mut law_faults) = parse_all(&files.found);
    if let Some(config) = &lowered.config {
        relations::check(&document, config);
        metrics::apart(&document, config);
    }
    let mut notes = Vec::new();
    // Against half of the calendars, a mapping would seem to lack what the other half says.
    if law_faults.is_empty() && files.complete && !laws.is_empty() {
        law_faults.extend(calendars::settle_versions(&mut laws));
        if let Some(config) = &lowered.config {
            law_faults.extend(cross::check(&document, config, &laws, &mut notes));
        }
    }
    let mut faults = document.into_faults();
    faults.extend(law_faults);
    match lowered.config {
        Some(mut config) if faults.is_empty() => {
            (config.calendars, config.calendar_patterns) = (files.found, files.patterns);
            let mut calendars: Vec<Calendar> = laws.into_iter().map(|law| law.calendar).collect();
            // Either file may say that a series may end empty: the officer for the law's sake, ops for a table that
            // drains.
            let series = calendars.iter_mut().flat_map(|calendar| &mut calendar.series);
            series
                .filter(|series| lowered.may_be_empty.contains(&series.name))
                .for_each(|series| series.may_be_empty = true);
            Ok(Loaded { config, calendars, notes })
        }
        _ => Err(faults),
    }
}

/// The state directory that a configuration names, whatever else is wrong with it; `None` where it cannot be read, or
/// where that very line is no TOML.
pub fn state_of(file: &Path) -> Option<PathBuf> {
    let text = String::from_utf8(read(file).ok()?).ok()?;
    let table: toml::Table = text.parse().ok().or_else(|| state_line(&text))?;
    let state = table.get("state").map_or(Some(lower::DEFAULT_STATE), |state| state.as_str())?;
    Some(lower::base_of(file).join(state))
}

/// The line of `state` alone, before the first table: a text that is no TOML further down still says where the state
/// is.
fn state_line(text: &str) -> Option<toml::Table> {
    let mut top = text.lines().take_while(|line| !line.trim_start().starts_with('['));
    let is_state = |line: &&str| line.split_once('=').is_some_and(|(key, _)| key.trim() == "state");
    top.find(is_state).map_or_else(|| Some(toml::Table::new()), |line| line.parse().ok())
}

fn parse_all(files: &[PathBuf]) -> (Vec<Law>, Vec<Fault>) {
    let (mut laws, mut faults) = (Vec::new(), Vec::new());
    for file in files {
        let name = file.display().to_string();
        let parsed = read(file).map_err(|error| vec![unreadable(&name, &error)]);
        match parsed.and_then(|bytes| calendar::parse(&name, &bytes)) {
            Ok(calendar) => laws.push(Law { file: file.clone(), calendar }),
            Err(more) => faults.extend(more),
        }
    }
    (laws, faults)
}

/// One byte more than is allowed, so that a file too large is known without reading it whole.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> Fault {
    let (code, mend) = match error.kind() {
        io::ErrorKind::NotFound => {
            ("file-missing", "name the right file with --config, or make one with `retentiond init`")
        }
        io::ErrorKind::PermissionDenied => ("file-unreadable", "let the user that runs retentiond read it"),
        _ => ("file-unreadable", "name a readable file"),
    };
    Fault::of_file(name, code, format!("the file cannot be read: {error}"), mend)
}
