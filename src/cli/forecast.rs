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

/// Arguments of `forecast`.
#[derive(Debug, Args)]
pub struct Forecast {
    /// How many months, this one included
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=1200))]
    months: u32,
}

impl Forecast {
    /// Reads every record and shows what falls due in each month.
    pub fn run(self, session: &mut Session<'_>) -> Result<Exit, Failure> {
        let setup = Setup::load(session)?;
        let now = clock::now();
        let rules = forecast(&setup.install, now, self.months)?;
        let first = setup.install.calendars.first().map_or(now.date_naive(), |law| law.timezone.civil_date(now));
        let months = (0..self.months).filter_map(|ahead| first.checked_add_months(Months::new(ahead))).map(month);
        let report = ForecastReport { months: months.collect(), rules: rules.iter().map(line).collect() };
        session.show(&report, setup.language)?;
        Ok(Exit::Ok)
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
