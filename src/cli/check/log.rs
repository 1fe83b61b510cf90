//! What `check` sees beside the destruction log: calendars that it contradicts, keys that are lost, holds that mean
//! nothing any more, rows in a database that are not its own or that it has lost.
//!
//! A log that cannot be read is for `audit verify` to tell of: nothing is said here.

use std::collections::{BTreeMap, BTreeSet};
use std::iter;
use std::ops::ControlFlow;
use std::path::Path;

use chrono::Datelike;

use super::{finding, refused};
use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::leaf::Body;
use crate::audit::{self, Entries, Keyless, LogError, LogReader, Naming, namings};
use crate::calendar::Calendar;
use crate::cli::clock;
use crate::disposition::Installation;
use crate::disposition::chronicle::Chronicle;
use crate::disposition::desk::behind::{Untold, look_beside, untold};
use crate::disposition::desk::holds_beside;
use crate::disposition::execute::unclear_files;
use crate::disposition::holds::HoldIndex;
use crate::disposition::plan::PlanError;
use crate::model::{BatchNumber, Origin};
use crate::records::mapping::Source;
use crate::records::sqlite::{self, FENCE_TABLE, Reader, Severity, StoreError};
use crate::report::check::Finding;

/// Calendars of today or to come that may not be obeyed, because the log has their version with another meaning, or has
/// ended it.
pub fn calendars(install: &Installation) -> Vec<Finding> {
    let Ok(log) = LogReader::open(&audit::dir_in(&install.state)) else { return Vec::new() };
    let mut chronicle = Chronicle::default();
    if chronicle.read(&log).is_err() {
        return Vec::new();
    }
    let now = clock::now();
    let has_ended =
        |calendar: &&Calendar| calendar.last_day().is_some_and(|last| last < calendar.timezone.civil_date(now));
    let current = install.calendars.iter().filter(|calendar| !has_ended(calendar));
    let refused = current.filter_map(|calendar| {
        let error = chronicle.history().declared.admits(calendar, now).err()?;
        Some(refused(format!("calendar {}", calendar.number), PlanError::from(error)))
    });
    refused.collect()
}

/// Fingerprint keys under which logs name records, and that are lost. Where the keys cannot be read nothing is said:
/// that is for whoever may read them.
pub fn keys(install: &Installation) -> Vec<Finding> {
    let dir = audit::dir_in(&install.state);
    let Ok(newest) = LogReader::open(&dir) else { return Vec::new() };
    let earlier = newest.continued().map(|named| earlier_logs(named.as_ref(), beside(&dir), &[])).unwrap_or_default();
    let kept = earlier.iter().filter_map(|earlier| match &earlier.kept {
        Kept::Whole(pinned) => Some(LogReader::succeeded(&pinned.dir, &earlier.named)),
        Kept::Missing | Kept::Other(_) | Kept::Unread => None,
    });
    let places = audit::keys_in(&install.state);
    let (mut forgotten, mut told, mut findings) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for log in iter::once(&newest).chain(&kept.collect::<Vec<_>>()) {
        let Ok(namings) = namings(log, &places) else { return findings };
        forgotten.extend(namings.forgotten);
        let is_lost = |of: &Keyless| of.commitment.is_none_or(|commitment| !forgotten.contains(&commitment));
        for lost in namings.keyless.into_iter().filter(is_lost) {
            if told.insert((lost.naming.source.clone(), lost.naming.year, lost.commitment)) {
                findings.push(finding(lost_key(&lost, log.is_succeeded(), clock::now().year())));
            }
        }
    }
    findings
}

fn lost_key(lost: &Keyless, is_of_earlier: bool, this_year: i32) -> sqlite::Finding {
    let Naming { source, year, .. } = &lost.naming;
    let mend = match (lost.is_replaced, is_of_earlier) {
        (true, true) => {
            "In its place lies the key of the log after it, which must stay there: keep your copy of the lost one for \
             `audit lookup` in a copy of the state directory."
                .to_owned()
        }
        _ if *year < this_year => format!(
            "Put it back from your copy of `private/keys`; where there is none left, `audit forget-key {source} {year}` \
             puts on record that it is gone."
        ),
        (_, false) => {
            "Put it back from your copy of `private/keys`; where there is none left, only a successor goes on: \
             `audit adopt --reason …`."
                .to_owned()
        }
        (false, true) => "Put it back from your copy of `private/keys`.".to_owned(),
    };
    sqlite::Finding {
        severity: Severity::Warning,
        code: "key-lost",
        place: format!("source {source}, fingerprint key of {year}"),
        message: "the log names records under this key, which is not in `private/keys`, and does not say that it was \
                  destroyed: what became of them `audit lookup` cannot tell, and every plan of this source trips `restored`"
            .to_owned(),
        mend,
    }
}

/// Files that were set aside, for nobody can say whether their records went. Who may not read the private state is told
/// nothing.
pub fn unclear(install: &Installation) -> Vec<Finding> {
    let lists = unclear_files(&install.state).unwrap_or_default();
    lists.iter().map(|list| finding(files_unclear(list))).collect()
}

fn files_unclear(list: &Path) -> sqlite::Finding {
    sqlite::Finding {
        severity: Severity::Warning,
        code: "files-unclear",
        place: list.display().to_string(),
        message: "a batch was interrupted, and either the database does not say any more what it did, and rows stand under \
                  keys of its records that may be others'; or another one or an older copy, in its place when the batch was \
                  settled, said that it was not committed, and its own says that it was: whether the records of the files \
                  listed here went the log does not say, and no row named these files when they were listed"
            .to_owned(),
        mend: "Look at each file that the list names, remove it yourself or let it be, then remove the list.".to_owned(),
    }
}

/// Holds in force that no longer keep what they were placed for: until they are placed anew or lifted, nothing is
/// planned. Who may not read them is told nothing.
pub fn holds(install: &Installation) -> Vec<Finding> {
    let holds = holds_beside(&install.state).unwrap_or_default();
    let void = HoldIndex::new(&holds).void(install, clock::now()).into_iter();
    void.map(|void| refused(format!("hold {}", void.hold), PlanError::from(void))).collect()
}

/// What is wrong with the fence rows of a source: those of other logs, those of batches that our log does not know.
///
/// # Errors
/// The database cannot be read.
pub fn fences(state: &Path, source: &Source, reader: &Reader) -> Result<Vec<Finding>, StoreError> {
    let Ok(own) = own_log(state) else { return Ok(Vec::new()) };
    let foreign = reader.foreign_fences(own.as_ref())?;
    let mut findings: Vec<_> = foreign.iter().map(|found| finding(foreign_fences(source, found))).collect();
    if let Some(origin) = own {
        findings.extend(lost(state, source, foreign));
        findings.extend(lies_behind(state, &origin, source, &reader.fences(&origin)?));
    }
    Ok(findings)
}

/// The name of the log in this state directory, if there is a log.
fn own_log(state: &Path) -> Result<Option<Origin>, LogError> {
    let log = match LogReader::open(&audit::dir_in(state)) {
        Err(LogError::Absent { .. }) => return Ok(None),
        log => log?,
    };
    let mut origin = None;
    log.scan(0, &mut |_, leaf| {
        if let Body::Genesis(genesis) = leaf.body {
            origin = Some(genesis.origin);
        }
        ControlFlow::Break(())
    })?;
    Ok(origin)
}

/// What is wrong where a source has fence rows of batches that our log does not know.
fn lies_behind(state: &Path, origin: &Origin, source: &Source, fences: &[BatchNumber]) -> Option<Finding> {
    let log = LogReader::open(&audit::dir_in(state)).ok()?;
    let error = look_beside(&log, origin, &source.name, fences).err()?;
    Some(refused(format!("source {}", source.name), error))
}

/// What logs before ours had lost when it began, as the fence rows of a source tell.
fn lost(state: &Path, source: &Source, foreign: BTreeMap<Origin, Vec<BatchNumber>>) -> Vec<Finding> {
    let dir = audit::dir_in(state);
    let untold = LogReader::open(&dir).and_then(|log| untold(&log, &dir, foreign)).unwrap_or_default();
    let lost = untold.into_iter().filter(|untold| untold.is_before);
    lost.map(|untold| finding(lost_batches(source, &untold))).collect()
}

fn lost_batches(source: &Source, untold: &Untold) -> sqlite::Finding {
    sqlite::Finding {
        severity: Severity::Warning,
        code: "lost-batches",
        place: format!("source {}, table {FENCE_TABLE}", source.name),
        message: format!(
            "the log {} committed batches here ({}) of which its entries that this log continues do not tell; \
             what they destroyed, `audit lookup` cannot tell",
            untold.log, untold.batches
        ),
        mend: "Keep the newer copy of that log, if there is one: it has their evidence.".to_owned(),
    }
}

fn foreign_fences(source: &Source, (log, batches): (&Origin, &Vec<BatchNumber>)) -> sqlite::Finding {
    sqlite::Finding {
        severity: Severity::Note,
        code: "foreign-fences",
        place: format!("source {}, table {FENCE_TABLE}", source.name),
        message: format!(
            "the log {log} left rows here ({}), so it destroyed records here too; they are left alone",
            batches.len()
        ),
        mend: "Where that is not a log that this one succeeds, let one retentiond alone destroy in this database."
            .to_owned(),
    }
}
