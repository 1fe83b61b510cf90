//! `check`: proves configuration, calendars and schema before anything is planned.

mod hints;
mod log;

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use rustix::fs::{Access, AtFlags, CWD, accessat};

use super::clock;
use super::error::{Failure, sentence};
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::calendar::Rule;
use crate::disposition::Installation;
use crate::records::files::identity::overlap;
use crate::records::mapping::{SeriesMapping, Source};
use crate::records::sqlite::{self, Proved, Reader, Severity, StoreError};
use crate::report::Words;
use crate::report::check::{CheckReport, CheckedCalendar, CheckedSeries, CheckedSource, Finding};

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct Check {}

impl Check {
    /// Proves everything, and says at once all that is wrong.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let mut findings: Vec<Finding> = setup.notes.iter().map(note).collect();
        for calendar in &setup.install.calendars {
            findings.extend(calendar.unsupported().into_iter().map(|(rule, feature)| Finding {
                severity: "error".to_owned(),
                code: "unsupported".to_owned(),
                line: None,
                place: format!("calendar {} rule {rule}", calendar.number),
                message: format!("This version cannot obey {feature}; to ignore it could destroy what it keeps."),
                mend: "Take the rule out of this calendar, or wait for a version that obeys it.".to_owned(),
            }));
        }
        findings.extend(shared_roots(&setup.install.series));
        findings.extend(reserved_beneath_roots(&setup.install));
        findings.extend(unwritable_state(&setup.install.state));
        findings.extend(hints::guesses(&setup.config));
        findings.extend(log::calendars(&setup.install));
        findings.extend(log::keys(&setup.install));
        findings.extend(log::unclear(&setup.install));
        findings.extend(log::holds(&setup.install));
        findings.extend(hints::not_in_force(&setup.install, clock::now()));
        let mut locked = false;
        for source in setup.install.sources.values() {
            let here = setup.install.series.iter().filter(|mapping| mapping.source == source.name);
            let series: Vec<_> = here.map(|mapping| proved(&setup, mapping)).collect();
            match prove(source, &series, &setup) {
                Ok(found) => findings.extend(found),
                Err(error) => {
                    locked |= matches!(error, StoreError::Locked { .. });
                    findings.push(refused(format!("source {}", source.name), error));
                }
            }
        }
        for finding in &mut findings {
            finding.line = setup.config.line_of(&finding.place);
        }
        findings.sort_by_key(|finding| ["error", "warning", "note"].iter().position(|name| *name == finding.severity));
        let ok = findings.iter().all(|finding| finding.severity != "error");
        session.show(&report(&setup, findings, ok), setup.language)?;
        Ok(match (ok, locked) {
            (true, _) => Exit::Ok,
            (false, true) => Exit::Locked,
            (false, false) => Exit::BadConfig,
        })
    }
}

/// A state directory that this user may neither write nor make. Only looks: another user may be the one who runs it.
fn unwritable_state(state: &Path) -> Option<Finding> {
    let state = std::path::absolute(state).ok()?;
    let there = state.ancestors().find(|place| place.exists())?;
    let denied = accessat(CWD, there, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS).err()?;
    let cannot = if there == state { "write in" } else { "make the state directory in" };
    Some(Finding {
        severity: "warning".to_owned(),
        code: "state-unwritable".to_owned(),
        line: None,
        place: state.display().to_string(),
        message: format!("This user cannot {cannot} {}: {denied}.", there.display()),
        mend: "Run this as the user who is to run retentiond; if that is this one, give it the directory (on a file system that is mounted for writing), or name another as `state`."
            .to_owned(),
    })
}

/// Roots of two sources that are one directory, or one in the other, by a link or a mount that the configuration does
/// not show.
fn shared_roots(all: &[SeriesMapping]) -> Vec<Finding> {
    let roots: BTreeSet<_> = all
        .iter()
        .flat_map(|mapping| mapping.parts.iter().map(move |part| (&mapping.source, part)))
        .filter_map(|(source, part)| part.files.as_ref().map(|files| (source, &files.root)))
        .collect();
    let pairs = roots.iter().flat_map(|one| roots.range(one..).map(move |two| (one, two)));
    let shared = pairs.filter(|((source, root), (other, other_root))| source != other && overlap(root, other_root));
    shared
        .map(|((source, root), (other, other_root))| Finding {
            severity: "error".to_owned(),
            code: "shared-root".to_owned(),
            line: None,
            place: format!("source {source}, source {other}"),
            message: format!(
                "{} and {} are one directory, or one lies in the other: no file there could be unlinked safely.",
                root.display(),
                other_root.display()
            ),
            mend: "Give each source a directory of its own, neither in the other.".to_owned(),
        })
        .collect()
}

/// Roots beneath which the databases, the configuration, the calendars or the state lie: a row can name them, and its
/// record then stays.
fn reserved_beneath_roots(install: &Installation) -> Vec<Finding> {
    let reserved = install.reserved();
    let files = install.series.iter().flat_map(|mapping| &mapping.parts).filter_map(|part| part.files.as_ref());
    let roots: BTreeSet<&Path> = files.map(|files| files.root.as_path()).collect();
    let found = |root: &Path| {
        let beneath: Vec<String> = reserved.beneath(root).iter().map(|path| path.display().to_string()).collect();
        (!beneath.is_empty()).then(|| Finding {
            severity: "warning".to_owned(),
            code: "root-too-wide".to_owned(),
            line: None,
            place: root.display().to_string(),
            message: format!(
                "Beneath this root lies what no row should name ({}). It is never unlinked: a record that names it fails.",
                beneath.join(", ")
            ),
            mend: "Narrow the root to the directory that holds the files of records alone.".to_owned(),
        })
    };
    roots.into_iter().filter_map(found).collect()
}

fn proved<'s>(setup: &'s Setup, mapping: &'s SeriesMapping) -> Proved<'s> {
    Proved { series: &mapping.series, is_destroyed: setup.install.is_destroyed(mapping) }
}

fn prove(source: &Source, series: &[Proved<'_>], setup: &Setup) -> Result<Vec<Finding>, StoreError> {
    let reader = Reader::open_to_look(source, &setup.install.series)?;
    let findings = reader.prove(series)?;
    let fences = log::fences(&setup.install.state, source, &reader)?;
    let mappings: Vec<_> = setup.install.series.iter().filter(|mapping| mapping.source == source.name).collect();
    let unmapped = hints::files_without_mapping(&mappings, &reader.catalog()?);
    Ok(findings.into_iter().map(finding).chain(fences).chain(unmapped).collect())
}

fn report(setup: &Setup, findings: Vec<Finding>, ok: bool) -> CheckReport {
    let words = setup.language.words();
    let calendars = setup.install.calendars.iter().map(|calendar| CheckedCalendar {
        number: calendar.number.to_string(),
        version: calendar.version,
        title: words.pick(&calendar.title).to_owned(),
        effective_from: calendar.effective_from.to_string(),
        effective_until: calendar.last_day().map(|day| day.to_string()),
        in_force: calendar.in_force(calendar.timezone.civil_date(clock::now())),
        rules: calendar.rules.len(),
    });
    let sources = setup
        .install
        .sources
        .values()
        .map(|source| CheckedSource { source: source.name.to_string(), database: source.sqlite.display().to_string() });
    let series = setup.install.series.iter().map(|mapping| CheckedSeries {
        series: mapping.series.to_string(),
        source: mapping.source.to_string(),
        table: mapping.table.clone(),
        rules: setup.rules_of(mapping).map(|rule| rule_line(rule, words)).collect(),
        parts: mapping.parts.iter().map(|part| part.name.to_string()).collect(),
    });
    CheckReport {
        config: setup.config.file.display().to_string(),
        ok,
        calendars: calendars.collect(),
        sources: sources.collect(),
        series: series.collect(),
        findings,
        guesses: setup.config.guesses.len(),
        tzdata: chrono_tz::IANA_TZDB_VERSION.to_owned(),
        sqlite: rusqlite::version().to_owned(),
    }
}

/// `PC-1: closure + P1Y, destroy`.
fn rule_line(rule: &Rule, words: &Words) -> String {
    let term = rule.term();
    let ways: Vec<_> = term.ways.iter().map(|way| format!("{} + {}", way.trigger, way.keep)).collect();
    let year_end = term.year_end.map(|day| words.fill(words.of_year_end, &[&day.to_string()])).unwrap_or_default();
    let disposition = words.disposition(&term.disposition);
    format!("{}{}{}{year_end}, {disposition}", rule.number, words.colon, ways.join(words.or))
}

fn note(note: &crate::config::Remark) -> Finding {
    Finding {
        severity: if note.is_warning { "warning" } else { "note" }.to_owned(),
        code: note.code.to_owned(),
        line: None,
        place: note.place.clone(),
        message: sentence(&note.message),
        mend: note.mend.clone(),
    }
}

fn finding(found: sqlite::Finding) -> Finding {
    let severity = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    Finding {
        severity: severity.to_owned(),
        code: found.code.to_owned(),
        line: None,
        place: found.place,
        message: sentence(&found.message),
        mend: found.mend,
    }
}

fn refused(place: String, error: impl Into<Failure>) -> Finding {
    let failure = error.into();
    Finding {
        severity: "error".to_owned(),
        code: failure.code.into(),
        line: None,
        place,
        message: failure.message,
        mend: failure.mend,
    }
}
