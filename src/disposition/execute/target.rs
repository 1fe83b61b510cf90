//! One series under execution: its mapping, its rules, its names in the log.

use crate::audit::{Fingerprinter, IntentDraft, IntentRecord};
use crate::disposition::ApprovedPlan;
use crate::disposition::company::Company;
use crate::disposition::judge::Governing;
use crate::disposition::plan::{GoneSince, Item};
use crate::model::{KeyValue, PlanId, RuleNumber, RunId};
use crate::records::mapping::SeriesMapping;

/// What a batch of one series needs to know beside its records.
pub(super) struct Target<'a> {
    pub plan: &'a ApprovedPlan,
    pub run: &'a RunId,
    pub mapping: &'a SeriesMapping,
    pub governing: Governing<'a>,
    /// The series whose rows may change with its records.
    pub company: Company<'a>,
    pub fingerprinter: Fingerprinter,
    /// Records of the plan of which the log says that they went since it was made.
    pub gone_since: &'a GoneSince,
}

impl Target<'_> {
    /// The plan under execution.
    pub fn plan_id(&self) -> &PlanId {
        self.plan.id()
    }

    /// The rule under which an item is planned.
    pub fn rule(&self, item: &Item) -> Option<&RuleNumber> {
        self.plan.rule(item).map(|planned| &planned.rule)
    }

    /// Whether the log says that an item went since the plan was made, under another plan: what stands under its name
    /// was put back, and nobody let it go again.
    pub fn went_since(&self, item: &Item) -> bool {
        self.gone_since.contains(&item.fingerprint)
    }

    /// What the log is to say before a batch of items that share rule and action; `None` without items.
    pub fn intent(&self, items: &[&Item]) -> Option<IntentDraft> {
        let first = *items.first()?;
        Some(IntentDraft {
            run: self.run.clone(),
            plan: self.plan_id().clone(),
            source: self.mapping.source.clone(),
            series: self.mapping.series.clone(),
            rule: self.rule(first)?.clone(),
            calendar: self.governing.calendar().number.clone(),
            version: self.governing.calendar().version,
            action: first.action,
            year: self.fingerprinter.year(),
            with_references: self.mapping.reference.is_some(),
            records: items.iter().map(|item| self.record(item)).collect(),
        })
    }

    fn record(&self, item: &Item) -> IntentRecord {
        // A reference is named by its text, as people cite it, whatever type its column has.
        let reference = item.reference.as_ref().map(|text| KeyValue::Text(text.clone()));
        IntentRecord {
            fingerprint: item.fingerprint,
            reference: reference.map(|value| self.fingerprinter.reference(&self.mapping.series, &value)),
            day: item.trigger_day,
        }
    }
}
