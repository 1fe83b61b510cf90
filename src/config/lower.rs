//! From the file's tables to a [`Config`]: meaning, without a look at calendars or databases.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::join::every;
use super::series::{self, Around};
use super::{AlertTerms, Config, Metrics, Mode, alerts, init, metrics, schedule};
use crate::calendar::{Keep, Period};
use crate::model::{Document, Language, Limits, Pace, SeriesName, SourceName, Table, Value};
use crate::records::mapping::Source;

/// Where the state lies unless the file says otherwise: systemd's StateDirectory.
pub(super) const DEFAULT_STATE: &str = "/var/lib/retentiond";

/// Manifests of plans are kept as long as destruction notices are: three years.
const DEFAULT_KEEP_PLANS: Period = Period { months: 36, days: 0 };

/// Above ten seconds no application calls a lock short; 1 ms is less than one record may need.
const LOCK_MS: std::ops::RangeInclusive<i64> = 1..=10_000;

/// The configuration as far as one file tells; `None` where faults were noted.
pub(super) struct Lowered {
    /// `calendars` and their patterns are still empty: they are resolved by `load`.
    pub config: Option<Config>,
    /// As written, with their place in the file. Apart, so that calendars are read even if the rest is at fault.
    pub patterns: Option<Vec<(String, String)>>,
    /// Series that a run may leave without a record.
    pub may_be_empty: BTreeSet<SeriesName>,
}

/// Lowers the whole file. Its relative paths are resolved against its directory.
pub(super) fn lower(document: &Document<'_>, file: &Path) -> Lowered {
    let mut root = document.root();
    let calendars_mend = "name the calendars: `calendars = [\"schedules/*.toml\"]`";
    let patterns = root.need("calendars", calendars_mend).and_then(|list| patterns(&list));
    let mut may_be_empty = BTreeSet::new();
    let config = config(document, file, &mut may_be_empty, &mut root);
    root.finish();
    Lowered { config, patterns, may_be_empty }
}

fn config(
    document: &Document<'_>,
    file: &Path,
    may_be_empty: &mut BTreeSet<SeriesName>,
    root: &mut Table<'_>,
) -> Option<Config> {
    let base = base_of(file);
    let languages = [("fr", Language::French), ("en", Language::English)];
    let language = root.get("language").map_or(Some(Language::French), |word| word.one_of(&languages));
    let state = root.get("state").map_or(Some(DEFAULT_STATE), |path| path.text());
    let schedule = root.get("schedule").map_or(Some(None), |table| schedule::lower(table.table()?).map(Some));
    let mode = root.get("disposition").map_or(Some(Mode::Report), |table| mode(table.table()?));
    let limits = root.get("limits").map_or(Some(Limits::default()), |table| limits(table.table()?));
    let sources = root.get("source").map_or(Some(BTreeMap::new()), |table| sources(&table, &base));
    let series = root.get("series").map_or(Some(Vec::new()), |table| {
        // Sources at fault are known by name, so that the series that use them do not seem at fault too.
        let around = Around { base: &base, sources: sources.as_ref()? };
        every(table.table()?.entries().iter().map(|(name, _, value)| series::lower(name, value, &around)))
    });
    let notify = root.get("notify").map_or(Some(None), |table| notify(table.table()?).map(Some));
    let alerts = root.get("alerts").map_or(Some(AlertTerms::default()), |table| alerts::lower(table.table()?));
    let metrics = root.get("metrics").map_or(Some(Metrics::default()), |table| metrics::lower(table.table()?, &base));
    let keep_plans = root.get("evidence").map_or(Some(DEFAULT_KEEP_PLANS), |table| evidence(table.table()?));
    let sources: Vec<Source> = sources?.into_values().collect::<Option<_>>()?;
    let series = series?;
    may_be_empty.extend(series.iter().filter(|one| one.may_be_empty).map(|one| one.mapping.series.clone()));
    Some(Config {
        file: file.to_owned(),
        calendars: Vec::new(),
        calendar_patterns: Vec::new(),
        language: language?,
        state: base.join(state?),
        schedule: schedule?,
        mode: mode?,
        limits: limits?,
        sources: sources.into_iter().map(|source| (source.name.clone(), source)).collect(),
        series: series.into_iter().map(|series| series.mapping).collect(),
        notify: notify?,
        alerts: alerts?,
        metrics: metrics?,
        guesses: init::guesses(document.text()),
        lines: document.lines(),
        keep_plans: keep_plans?,
    })
}

/// Each pattern and its path in the document.
fn patterns(value: &Value<'_>) -> Option<Vec<(String, String)>> {
    let items = value.items()?;
    if items.is_empty() {
        let mend = "name at least one: `calendars = [\"schedules/*.toml\"]`";
        value.fault("no-calendar", "`calendars` names no calendar: nothing would ever be destroyed", mend);
        return None;
    }
    every(items.iter().map(|item| Some((item.text()?.to_owned(), item.path().to_owned()))))
}

fn mode(mut table: Table<'_>) -> Option<Mode> {
    let modes = [("report", Mode::Report), ("approve", Mode::Approve), ("automatic", Mode::Automatic)];
    let mode = table.get("mode").map_or(Some(Mode::Report), |word| word.one_of(&modes));
    table.finish();
    mode
}

fn limits(mut table: Table<'_>) -> Option<Limits> {
    let usual = Limits::default();
    let max_share = table.get("max_share").map_or(Some(usual.max_share), |value| {
        let share = value.number()?;
        let within = share > 0.0 && share <= 1.0;
        if !within {
            let message = format!("`limits.max_share` cannot be {share}: it is a share of a series");
            value.fault("out-of-range", message, "write more than 0 and at most 1; 0.10 is a tenth");
        }
        within.then_some(share)
    });
    let min_count = table.get("min_count").map_or(Some(usual.min_count), |value| count(&value, 0..=i64::MAX));
    let max_count = table.get("max_count").map_or(Some(usual.max_count), |value| count(&value, 1..=i64::MAX));
    let lock = table.get("lock_ms").map_or(Some(usual.lock), |value| count(&value, LOCK_MS).map(Duration::from_millis));
    let paces = [("polite", Pace::Polite), ("full", Pace::Full)];
    let pace = table.get("pace").map_or(Some(usual.pace), |word| word.one_of(&paces));
    table.finish();
    Some(Limits { max_share: max_share?, min_count: min_count?, max_count: max_count?, lock: lock?, pace: pace? })
}

/// A whole number within a range; `None` after noting the fault.
pub(super) fn integer(value: &Value<'_>, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
    let number = value.integer()?;
    if !range.contains(&number) {
        let mend = match *range.end() {
            i64::MAX => format!("write {} or more", range.start()),
            end => format!("write {} to {end}", range.start()),
        };
        value.fault("out-of-range", format!("`{}` cannot be {number}", value.path()), mend);
        return None;
    }
    Some(number)
}

/// The same where the range knows nothing below zero.
fn count(value: &Value<'_>, range: std::ops::RangeInclusive<i64>) -> Option<u64> {
    integer(value, range).and_then(|number| u64::try_from(number).ok())
}

/// Every source by name; `None` for one at fault.
fn sources(value: &Value<'_>, base: &Path) -> Option<BTreeMap<String, Option<Source>>> {
    let entries = value.table()?.entries();
    Some(entries.into_iter().map(|(name, _, value)| (name.to_owned(), source(name, &value, base))).collect())
}

fn source(name: &str, value: &Value<'_>, base: &Path) -> Option<Source> {
    let mut table = value.table()?;
    let postgres = table.get("postgres");
    if let Some(postgres) = &postgres {
        let message = format!("`{}`: PostgreSQL is not supported by this version", postgres.path());
        postgres.fault("postgres", message, "only `sqlite = \"/path/file.db\"` is");
    }
    let sqlite = match &postgres {
        Some(_) => table.get("sqlite"),
        None => table.need("sqlite", "name the database file: `sqlite = \"/srv/parle/parle.db\"`"),
    };
    let sqlite = sqlite.and_then(|path| path.text());
    let timezone = table.get("timezone").map_or(Some(None), |zone| zone.zone().map(Some));
    let [holder, location, contract, backups] = ["holder", "location", "contract", "backups"]
        .map(|key| table.get(key).map_or(Some(None), |text| text.text().map(|text| Some(text.to_owned()))));
    table.finish();
    if postgres.is_some() {
        return None;
    }
    Some(Source {
        name: SourceName::new(name),
        sqlite: base.join(sqlite?),
        timezone: timezone?,
        holder: holder?,
        location: location?,
        contract: contract?,
        backups: backups?,
    })
}

fn notify(mut table: Table<'_>) -> Option<Vec<String>> {
    let command = table.need("command", "write program and arguments: `command = [\"/usr/local/bin/alert\"]`");
    table.finish();
    let command = command?;
    let items = command.items()?;
    if items.is_empty() {
        command.fault("empty-list", "`notify.command` names no program", "name it, or remove `[notify]`");
        return None;
    }
    every(items.iter().map(|item| item.text().map(str::to_owned)))
}

fn evidence(mut table: Table<'_>) -> Option<Period> {
    let period = table.get("plans").map_or(Some(DEFAULT_KEEP_PLANS), |value| {
        let text = value.text()?;
        match text.parse::<Keep>() {
            Ok(Keep::Civil(period)) => Some(period),
            Ok(_) => {
                let message = format!("`{}` cannot be \"{text}\"", value.path());
                value.fault("evidence-period", message, "write years, months or days, such as \"P3Y\"");
                None
            }
            Err(error) => {
                value.fault(error.code(), format!("`{}`: {error}", value.path()), error.mend());
                None
            }
        }
    });
    table.finish();
    period
}

/// The directory against which the file's relative paths are resolved: absolute, so that the same mapping reads the
/// same from wherever the program is started.
pub(super) fn base_of(file: &Path) -> PathBuf {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    absolute.parent().map(Path::to_owned).unwrap_or_default()
}
