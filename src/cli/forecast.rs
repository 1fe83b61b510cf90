//! `forecast`: what falls due when.

use chrono::Months;
use clap::Args;

use super::clock;
use super::error::Failure;
use super::exit::Exit;
use super::session::Session;
use super::setup::Setup;
use crate::disposition::forecast::{RuleForecast, forecast};
use crate::report::forecast::{ForecastLine, ForecastReport};
use crate::report::unread::Unread;

/// Arguments of `forecast`.
#[derive(Debug, Args)]
pub struct Forecast {
    /// How many months, this one included
    #[arg(long, default_value_t = 24, value_parser = months)]
    months: u32,
}

/// A hundred years is further than any calendar looks.
const MOST_MONTHS: u32 = 1_200;

fn months(text: &str) -> Result<u32, String> {
    let months = text.parse().ok().filter(|months| (1..=MOST_MONTHS).contains(months));
    months.ok_or_else(|| format!("write a number of months, 1 to {MOST_MONTHS}"))
}

impl Forecast {
    /// Reads every record and shows what falls due in each month. Where a source could not be read, it says nothing of
    /// its series (exit 5).
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let now = clock::now();
        let forecast = forecast(&setup.install, now, self.months)?;
        let first = setup.install.calendars.first().map_or(now.date_naive(), |law| law.timezone.civil_date(now));
        let months = (0..self.months).filter_map(|ahead| first.checked_add_months(Months::new(ahead))).map(month);
        let report = ForecastReport {
            months: months.collect(),
            rules: forecast.rules.iter().map(line).collect(),
            unread: Unread::all(&forecast.unread, &setup.install),
        };
        session.show(&report, setup.language)?;
        Ok(if report.unread.is_empty() { Exit::Ok } else { Exit::Partial })
    }
}

fn line(rule: &RuleForecast) -> ForecastLine {
    ForecastLine {
        rule: rule.rule.to_string(),
        series: rule.series.to_string(),
        now: rule.now,
        months: rule.months.iter().map(|(first, number)| (month(*first), *number)).collect(),
        later: rule.later,
    }
}

fn month(day: crate::model::CivilDate) -> String {
    day.format("%Y-%m").to_string()
}
