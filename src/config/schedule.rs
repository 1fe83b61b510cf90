//! `[schedule]`: when the daemon scans, and when it must not or may work at length.

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use crate::calendar::Keep;
use crate::model::{ParseWindowError, RuleNumber, Table, Value, Window, Windows, Zone};

/// When the daemon scans.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Five fields, in `timezone`.
    pub scan: Cron,
    pub timezone: Zone,
    pub catch_up: CatchUp,
    /// A run missed for longer than this is not made up. Seconds.
    pub grace: u64,
    /// Scans of their own for some rules.
    pub extra: Vec<ExtraScan>,
    /// Hours in which more may be done, or nothing; in `timezone`.
    pub windows: Windows,
    /// The daemon scans nothing by itself.
    pub suspended: bool,
}

/// What becomes of runs missed while the daemon was down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CatchUp {
    /// However many were missed, one run makes up for them.
    Once,
    Never,
}

/// A scan of some rules, more or less often than the others.
#[derive(Clone, Debug, PartialEq)]
pub struct ExtraScan {
    /// Never empty.
    pub rules: Vec<RuleNumber>,
    pub scan: Cron,
}

/// Runs of a night, when the file says nothing else.
const DEFAULT_SCAN: &str = "0 2 * * *";

/// A weekend of downtime is made up for; what is older waits for the next scan.
const DEFAULT_GRACE: u64 = 72 * 3_600;

/// Lowers `[schedule]`; `None` after noting faults.
pub(super) fn lower(mut table: Table<'_>) -> Option<Schedule> {
    let zone_mend = "write `timezone = \"America/Toronto\"`: the scan's hours are local to it";
    let timezone = table.need("timezone", zone_mend).and_then(|zone| zone.zone());
    let scan = match table.get("scan") {
        Some(scan) => cron(&scan),
        None => parse_cron(DEFAULT_SCAN).ok(),
    };
    let words = [("once", CatchUp::Once), ("never", CatchUp::Never)];
    let catch_up = table.get("catch_up").map_or(Some(CatchUp::Once), |word| word.one_of(&words));
    let grace = table.get("grace").map_or(Some(DEFAULT_GRACE), |period| grace(&period));
    let extra = table.get("extra").map_or(Some(Vec::new()), |list| list.items()?.iter().map(extra_scan).collect());
    let blackout = table.get("blackout").map_or(Some(Vec::new()), |list| windows(&list));
    let maintenance = table.get("maintenance").map_or(Some(Vec::new()), |list| windows(&list));
    let suspended = table.get("suspended").map_or(Some(false), |flag| flag.flag());
    table.finish();
    Some(Schedule {
        scan: scan?,
        timezone: timezone?,
        catch_up: catch_up?,
        grace: grace?,
        extra: extra?,
        windows: Windows { zone: timezone?, blackout: blackout?, maintenance: maintenance? },
        suspended: suspended?,
    })
}

fn extra_scan(value: &Value<'_>) -> Option<ExtraScan> {
    let mut table = value.table()?;
    let rules = table.need("rules", "name the rules: `rules = [\"PQ-1\"]`");
    let rules = rules.and_then(|rules| {
        let numbers: Vec<_> = rules.texts()?.into_iter().map(RuleNumber::new).collect();
        if numbers.is_empty() {
            rules.fault(
                "empty-list",
                format!("`{}` names no rule", rules.path()),
                "name the rules, or remove the scan",
            );
        }
        Some(numbers)
    });
    let scan = table.need("scan", "give five fields: `scan = \"*/5 * * * *\"`").and_then(|scan| cron(&scan));
    table.finish();
    Some(ExtraScan { rules: rules?, scan: scan? })
}

fn cron(value: &Value<'_>) -> Option<Cron> {
    let text = value.text()?;
    parse_cron(text)
        .map_err(|error| {
            let message = format!("`{}` cannot be \"{text}\": {error}", value.path());
            value.fault(
                "cron",
                message,
                "write minute, hour, day, month and weekday: \"0 2 * * *\" is every day at 02:00",
            );
        })
        .ok()
}

fn parse_cron(text: &str) -> Result<Cron, croner::errors::CronError> {
    CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build().parse(text)
}

fn grace(value: &Value<'_>) -> Option<u64> {
    let text = value.text()?;
    let seconds = match text.parse::<Keep>() {
        Ok(Keep::Exact { seconds }) => u64::try_from(seconds).ok(),
        Ok(Keep::Civil(period)) if period.months == 0 => Some(u64::from(period.days) * 86_400),
        _ => None,
    };
    if seconds.is_none() {
        let message = format!("`{}` cannot be \"{text}\"", value.path());
        value.fault("grace", message, "write hours or days, such as \"PT12H\" or \"P3D\"");
    }
    seconds
}

fn windows(value: &Value<'_>) -> Option<Vec<Window>> {
    let mend = "write days and hours: \"Mon-Fri 08:00-18:00\" or \"Sat,Sun 22:00-06:00\"";
    let window = |item: &Value<'_>| {
        item.text()?.parse().map_err(|error: ParseWindowError| item.fault("window", error.to_string(), mend)).ok()
    };
    value.items()?.iter().map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_five_fields() {
        assert!(parse_cron("0 2 * * *").is_ok());
        for text in ["", "0 2 * *", "0 0 2 * * *", "61 2 * * *", "0 2 * * FOO", "never"] {
            assert!(parse_cron(text).is_err(), "{text}");
        }
    }
}
