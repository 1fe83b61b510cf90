//! Which calendar, and which rules, govern a series at an instant.

use super::Installation;
use super::desk::DeskError;
use super::judge::Governing;
use super::plan::PlanError;
use crate::calendar::Calendar;
use crate::model::{CivilDate, Instant, RuleNumber, suggestion};
use crate::records::mapping::SeriesMapping;

/// What to write instead of a rule that is not there.
pub(super) fn meant(rule: &RuleNumber, known: &[RuleNumber]) -> String {
    suggestion(rule.as_str(), &known.iter().map(RuleNumber::as_str).collect::<Vec<_>>())
}

impl Installation {
    /// The mapping of a series.
    pub fn mapping(&self, series: &crate::model::SeriesName) -> Option<&SeriesMapping> {
        self.series.iter().find(|mapping| mapping.series == *series)
    }

    /// Whether a calendar has this rule.
    ///
    /// # Errors
    /// None has; the error names those that there are.
    pub fn knows_rule(&self, rule: &RuleNumber) -> Result<(), DeskError> {
        let known: Vec<_> =
            self.calendars.iter().flat_map(|calendar| &calendar.rules).map(|rule| &rule.number).collect();
        if known.contains(&rule) {
            return Ok(());
        }
        Err(DeskError::UnknownRule { rule: rule.clone(), known: known.into_iter().cloned().collect() })
    }

    /// The rules that govern a series on a day, by the calendar in force then; `None` where no calendar has a rule for
    /// it.
    ///
    /// `day` says which day it is in a calendar's zone.
    ///
    /// # Errors
    /// Calendars have rules for it, but none is in force; a rule that this version cannot obey.
    pub fn governing<'a>(
        &'a self,
        mapping: &'a SeriesMapping,
        day: impl Fn(&Calendar) -> CivilDate,
    ) -> Result<Option<Governing<'a>>, PlanError> {
        match (self.in_force(mapping, &day), self.calendars_of(mapping).next()) {
            (Some(calendar), _) => Ok(Some(Governing::new(calendar, mapping)?)),
            (None, Some(calendar)) => Err(PlanError::NotInForce {
                calendar: calendar.number.clone(),
                day: day(calendar),
                from: calendar.effective_from,
                until: calendar.last_day(),
            }),
            (None, None) => Ok(None),
        }
    }

    /// The calendars that have rules for a series, in force or not.
    pub(super) fn calendars_of(&self, mapping: &SeriesMapping) -> impl Iterator<Item = &Calendar> {
        self.calendars.iter().filter(|calendar| {
            mapping.calendar.as_ref().is_none_or(|number| calendar.number == *number)
                && calendar.rules_for(&mapping.series).next().is_some()
        })
    }

    fn in_force(&self, mapping: &SeriesMapping, day: impl Fn(&Calendar) -> CivilDate) -> Option<&Calendar> {
        let in_force = self.calendars_of(mapping).filter(|calendar| calendar.in_force(day(calendar)));
        in_force.max_by_key(|calendar| calendar.version)
    }

    /// The calendar by which a series is governed now; `None` where none is in force.
    pub fn in_force_now(&self, mapping: &SeriesMapping, now: Instant) -> Option<&Calendar> {
        self.in_force(mapping, |calendar| calendar.timezone.civil_date(now))
    }

    /// The rules that govern a series by the one of these calendars that has any, in force or not; `None` where none
    /// has.
    ///
    /// # Errors
    /// A rule that this version cannot obey.
    pub fn governing_by<'a>(
        &'a self,
        mapping: &'a SeriesMapping,
        is_meant: impl Fn(&Calendar) -> bool,
    ) -> Result<Option<Governing<'a>>, PlanError> {
        let meant = self.calendars_of(mapping).find(|calendar| is_meant(calendar));
        Ok(meant.map(|calendar| Governing::new(calendar, mapping)).transpose()?)
    }

    /// The rules that govern a series now.
    ///
    /// # Errors
    /// As [`Self::governing`].
    pub fn governing_now<'a>(
        &'a self,
        mapping: &'a SeriesMapping,
        now: Instant,
    ) -> Result<Option<Governing<'a>>, PlanError> {
        self.governing(mapping, |calendar| calendar.timezone.civil_date(now))
    }
}
