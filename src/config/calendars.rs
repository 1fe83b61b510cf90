//! Which calendar files the configuration means, and which version of a calendar is in force when.

use std::fs;
use std::path::{Path, PathBuf};

use super::load::Law;
use crate::model::{CivilDate, Document, Fault};

/// The calendar files of a configuration.
pub(super) struct Files {
    /// Each once, in the order of the patterns.
    pub found: Vec<PathBuf>,
    /// The patterns, as paths.
    pub patterns: Vec<PathBuf>,
    /// Whether every pattern named a file.
    pub complete: bool,
}

/// The files that the patterns name; a pattern that names none is a fault.
///
/// They are relative to the configuration's directory as the user named it, so that faults show the name the user
/// knows.
pub(super) fn resolve(document: &Document<'_>, file: &Path, patterns: &[(String, String)]) -> Files {
    let base = file.parent().unwrap_or(Path::new(""));
    let looked: Vec<PathBuf> = patterns.iter().map(|(pattern, _)| base.join(pattern)).collect();
    let mut complete = true;
    for ((pattern, place), looked) in patterns.iter().zip(&looked) {
        if matching(looked).is_empty() {
            complete = false;
            let message = format!("no file matches the calendar \"{pattern}\"");
            let mend =
                format!("looked for {}; `*` and `?` are understood in the last part of the path", looked.display());
            document.fault_at(place, "no-calendar-file", message, mend);
        }
    }
    Files { found: named_by(&looked), patterns: looked, complete }
}

/// The files that these patterns name now, each once, in the order of the patterns.
pub fn named_by(patterns: &[PathBuf]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in patterns.iter().flat_map(|pattern| matching(pattern)) {
        if !files.contains(&path) {
            files.push(path);
        }
    }
    files
}

/// Files whose last part of the path matches, sorted.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let Some(name) = pattern.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    if !name.contains(['*', '?']) {
        return if pattern.is_file() { vec![pattern.to_owned()] } else { Vec::new() };
    }
    let directory = match pattern.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut files: Vec<PathBuf> = names
        .filter(|found| glob(name.as_bytes(), found.as_bytes()))
        .map(|found| pattern.with_file_name(found))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

/// `*` stands for any bytes, `?` for one byte.
fn glob(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => glob(rest, name) || name.split_first().is_some_and(|(_, name)| glob(pattern, name)),
        (Some((b'?', pattern)), Some((_, name))) => glob(pattern, name),
        (Some((wanted, pattern)), Some((byte, name))) => wanted == byte && glob(pattern, name),
        _ => false,
    }
}

/// Ends each version on the eve of the one that replaces it; two versions of a calendar in force on one day are a
/// fault.
pub(super) fn settle_versions(laws: &mut [Law]) -> Vec<Fault> {
    end_replaced(laws);
    let mut faults = Vec::new();
    for (at, law) in laws.iter().enumerate() {
        let earlier = laws[..at].iter().filter(|other| other.calendar.number == law.calendar.number);
        for other in earlier {
            if other.calendar.version == law.calendar.version {
                let message = format!("{} has the same number and version", other.file.display());
                faults.extend(of_calendar(
                    law,
                    "version",
                    "duplicate-version",
                    message,
                    "leave one of the two files out",
                ));
            } else if overlap(law, other) {
                let (number, version) = (&law.calendar.number, law.calendar.version);
                let message = format!(
                    "version {version} of {number} is in force on a day when version {} ({}) is",
                    other.calendar.version,
                    other.file.display()
                );
                let older = law.calendar.version.min(other.calendar.version);
                let mend = format!(
                    "say `replaces = {{ version = {older} }}` in the newer one, or give the older one an `effective.until`"
                );
                faults.extend(of_calendar(law, "effective", "versions-overlap", message, &mend));
            }
        }
    }
    faults
}

fn end_replaced(laws: &mut [Law]) {
    let replaced: Vec<_> = laws
        .iter()
        .filter_map(|law| Some((law.calendar.number.clone(), law.calendar.replaces?, law.calendar.effective_from)))
        .collect();
    for (number, version, from) in replaced {
        let old = laws.iter_mut().map(|law| &mut law.calendar);
        for calendar in old.filter(|calendar| calendar.number == number && calendar.version == version) {
            calendar.replaced_on = calendar.replaced_on.into_iter().chain([from]).min();
        }
    }
}

fn overlap(one: &Law, other: &Law) -> bool {
    let days = |law: &Law| (law.calendar.effective_from, law.calendar.last_day().unwrap_or(CivilDate::MAX));
    let ((from, until), (other_from, other_until)) = (days(one), days(other));
    from <= until && other_from <= other_until && from <= other_until && other_from <= until
}

/// A fault at a key of a calendar's `[calendar]` table.
fn of_calendar(law: &Law, key: &'static str, code: &'static str, message: String, mend: &str) -> Vec<Fault> {
    let file = law.file.display().to_string();
    match Document::parse(&file, law.calendar.text.as_bytes(), usize::MAX) {
        Ok(document) => {
            if let Some(mut head) = document.root().get("calendar").and_then(|head| head.table()) {
                head.get(key);
            }
            document.fault_at(&format!("calendar.{key}"), code, message, mend);
            document.into_faults()
        }
        Err(faults) => faults,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text_and_a_question_mark_for_one_byte() {
        let matches = |pattern: &str, name: &str| glob(pattern.as_bytes(), name.as_bytes());
        assert!(matches("*.toml", "opc.toml"));
        assert!(matches("opc-*-v?.toml", "opc-parle-v2.toml"));
        assert!(matches("*", ""));
        assert!(!matches("*.toml", "opc.toml.bak"));
        assert!(!matches("opc-?.toml", "opc-.toml"));
    }
}
