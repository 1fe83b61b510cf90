//! What falls due when: the same judgement as the plan's, asked for the months to come.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{Datelike, Months};

use super::Installation;
use super::judge::{Governing, JudgedAt, Term, Verdict};
use super::plan::PlanError;
use crate::model::{CivilDate, Instant, RuleNumber, SeriesName, SourceName};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::Reader;

/// What falls due under one rule, if nothing is used, reopened or held until then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleForecast {
    pub rule: RuleNumber,
    pub series: SeriesName,
    /// Due already, holds and blockers left aside; under a rule that asks for a decision, what waits for it.
    pub now: u64,
    /// First day of a month, in the calendar's zone -> records that fall due in it; only months asked for.
    pub months: BTreeMap<CivilDate, u64>,
    /// Due after the months asked for.
    pub later: u64,
}

/// What falls due, and what that lacks.
#[derive(Debug)]
pub struct Forecast {
    pub rules: Vec<RuleForecast>,
    /// Sources of which it says nothing, and why they could not be read.
    pub unread: BTreeMap<SourceName, PlanError>,
}

/// Reads every record and says when it falls due, for `months` months from the one that `now` is in. A source that
/// cannot be read keeps no other from being told of.
///
/// # Errors
/// The calendar cannot be obeyed, or no database can be read.
pub fn forecast(install: &Installation, now: Instant, months: u32) -> Result<Forecast, PlanError> {
    let (mut read, mut unread) = (Vec::new(), BTreeMap::new());
    for mapping in &install.series {
        let Some(governing) = install.governing_now(mapping, now)?.filter(Governing::disposes) else { continue };
        if unread.contains_key(&mapping.source) {
            continue;
        }
        match of_series(install, mapping, &governing, now, months) {
            Ok(rules) => read.push((&mapping.source, rules)),
            Err(fault) => match fault.source_at_fault(&install.series) {
                Some(source) => drop(unread.insert(source, fault)),
                None => return Err(fault),
            },
        }
    }
    // Half of what a source has is not told as if it were all.
    read.retain(|(source, _)| !unread.contains_key(*source));
    match unread.pop_first() {
        Some((_, fault)) if read.is_empty() => Err(fault),
        first => {
            unread.extend(first);
            Ok(Forecast { rules: read.into_iter().flat_map(|(_, rules)| rules).collect(), unread })
        }
    }
}

fn of_series(
    install: &Installation,
    mapping: &SeriesMapping,
    governing: &Governing<'_>,
    now: Instant,
    months: u32,
) -> Result<Vec<RuleForecast>, PlanError> {
    let source = install
        .sources
        .get(&mapping.source)
        .ok_or_else(|| PlanError::NoSource { series: mapping.series.clone(), source_name: mapping.source.clone() })?;
    let mut reader = Reader::open_to_look(source, &install.series)
        .map_err(|error| PlanError::Source { source_name: source.name.clone(), source: error })?;
    let first = month_of(governing.zone().civil_date(now));
    let end = first.checked_add_months(Months::new(months)).unwrap_or(CivilDate::MAX);
    let mut rules: BTreeMap<RuleNumber, RuleForecast> = BTreeMap::new();
    reader
        .scan(&mapping.series, &mut |facts| {
            let verdict = governing.standing(&facts.events, facts.in_scope, facts.masked, JudgedAt::now(now));
            if let Verdict::Due(term, _) | Verdict::Blocked(term, _) | Verdict::NotYet(term) = &verdict {
                let rule = rules.entry(term.rule.clone()).or_insert_with(|| RuleForecast {
                    rule: term.rule.clone(),
                    series: mapping.series.clone(),
                    now: 0,
                    months: BTreeMap::new(),
                    later: 0,
                });
                rule.count(term, !matches!(verdict, Verdict::NotYet(_)), end, governing);
            }
            ControlFlow::Continue(())
        })
        .map_err(|source| PlanError::Records { series: mapping.series.clone(), source })?;
    Ok(rules.into_values().collect())
}

impl RuleForecast {
    fn count(&mut self, term: &Term, is_due: bool, end: CivilDate, governing: &Governing<'_>) {
        // Under a permanent rule the term never comes.
        let Some(due) = term.due else { return };
        let month = month_of(governing.zone().civil_date(due.from));
        if is_due {
            self.now += 1;
        } else if month < end {
            *self.months.entry(month).or_default() += 1;
        } else {
            self.later += 1;
        }
    }
}

fn month_of(day: CivilDate) -> CivilDate {
    // Every month has a first day.
    day.with_day(1).unwrap_or(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::Disposition;
    use crate::disposition::sample::{Sample, now};

    #[test]
    fn what_waits_for_a_decision_past_its_term_is_counted_as_due() {
        let mut sample = Sample::new();
        let due_now = |sample: &Sample| {
            let rules = forecast(&sample.install, now(), 12).unwrap().rules;
            rules.iter().map(|rule| (rule.rule.to_string(), rule.now)).collect::<Vec<_>>()
        };
        let expected = [("PC-2".to_owned(), 20), ("PC-1".to_owned(), 10)];
        assert_eq!(due_now(&sample), expected);
        sample.change(|install| install.calendars[0].rules[0].disposition = Some(Disposition::Transfer));
        assert_eq!(due_now(&sample), expected);
    }
}
