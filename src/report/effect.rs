//! What each rule does to a record, in words: who approves a plan must read what happens, when, and what goes along.

mod parts;

use serde::Serialize;

use super::Words;
use super::table::paragraph;
use crate::calendar::{self, Basis, Calendar, Disposition, Keep, Rule};
use crate::disposition::Installation;
use crate::disposition::plan::{PlanFile, RuleAlong};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::PartRows;

pub use parts::{Fate, MaskedColumn, PartCounted, PartFate};
use parts::{fates, masks, when_anonymized, when_destroyed};

/// A rule's own words, and what its mapping makes of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Effect {
    pub rule: String,
    /// What its calendar calls it; empty where it says nothing.
    pub title: String,
    pub series: String,
    /// `destroy`, `anonymize`, … or `floor`.
    pub disposition: String,
    /// On what it rests: a law, a policy, a decision, with its words where the calendar cites them.
    pub basis: Vec<String>,
    /// The earliest of these counts; none of a permanent rule.
    pub ways: Vec<EffectWay>,
    /// The month and day (`12-31`) from whose first coming on or after the trigger the period runs.
    pub year_end: Option<String>,
    /// The rule because of which this one never acts.
    pub overruled_by: Option<String>,
    /// What becomes of each part; empty where the rule disposes of nothing by itself.
    pub parts: Vec<PartFate>,
    /// What anonymization puts in the place of which column.
    pub masks: Vec<MaskedColumn>,
}

/// One way for a rule's term to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EffectWay {
    pub trigger: String,
    /// ISO 8601, or `immediate`.
    pub keep: String,
    /// What the calendar calls the trigger.
    #[serde(skip)]
    called: calendar::Words,
    #[serde(skip)]
    period: Keep,
}

/// What the rules of a plan's series do, in the order of the plan. A rule of a calendar that is no longer at hand is
/// left out.
pub fn effects(file: &PlanFile, install: &Installation, words: &Words) -> Vec<Effect> {
    let manifest = &file.manifest;
    let of_series = manifest.series.iter().filter_map(|planned| {
        let listed = manifest.calendars.iter().find(|calendar| calendar.number == planned.calendar)?;
        let calendar = install.calendars.iter().find(|calendar| calendar.digest == listed.digest)?;
        Some((calendar, install.mapping(&planned.series)?))
    });
    // Of a rule that lists nothing there is nothing to count.
    let listed = file.along.iter().zip(&manifest.rules).filter(|(_, rule)| rule.items.count > 0);
    let along: Vec<&RuleAlong> = listed.map(|(along, _)| along).collect();
    of_series.flat_map(|(calendar, mapping)| of_rules(calendar, mapping, &along, words)).collect()
}

fn of_rules(calendar: &Calendar, mapping: &SeriesMapping, along: &[&RuleAlong], words: &Words) -> Vec<Effect> {
    let obeyed = calendar.rules_for(&mapping.series).filter(|rule| rule.is_obeyed());
    let told = obeyed.map(|rule| {
        let mut effect = Effect::new(rule, calendar, mapping, words);
        let counts = along.iter().find(|along| along.rule == rule.number && along.series == mapping.series);
        for count in counts.and_then(|along| along.parts.as_ref()).into_iter().flatten() {
            let PartRows { rows, files } = count.counted;
            let of_part = effect.parts.iter_mut().filter(|fate| fate.part == count.part.as_str());
            of_part.for_each(|fate| fate.counted = Some(PartCounted { rows, naming_files: files }));
        }
        effect
    });
    told.collect()
}

/// On what a rule rests, with the words that its calendar cites.
pub fn basis(basis: &Basis, words: &Words) -> String {
    match &basis.text {
        Some(text) => format!("{}{}{}", basis.source, words.colon, words.fill(words.quoted, &[text])),
        None => basis.source.clone(),
    }
}

/// A rule each, with what goes along beneath it.
pub fn text(effects: &[Effect], words: &Words) -> String {
    let rules: String = effects.iter().map(|effect| effect.text(words)).collect();
    if rules.is_empty() { rules } else { format!("\n{}{rules}", paragraph("", "", words.planning.effects_title)) }
}

impl Effect {
    fn new(rule: &Rule, calendar: &Calendar, mapping: &SeriesMapping, words: &Words) -> Self {
        let term = rule.term();
        let triggers = calendar.series(&rule.series).map(|series| &series.triggers);
        let ways = rule.clock.earliest.iter().map(|until| EffectWay {
            trigger: until.trigger.to_string(),
            keep: until.keep.to_string(),
            called: triggers.and_then(|triggers| triggers.get(&until.trigger)).cloned().unwrap_or_default(),
            period: until.keep,
        });
        let (parts, masks) = match rule.disposition {
            Some(Disposition::Destroy) => (fates(mapping, when_destroyed), Vec::new()),
            Some(Disposition::Anonymize) => (fates(mapping, when_anonymized), masks(mapping)),
            _ => (Vec::new(), Vec::new()),
        };
        Self {
            rule: rule.number.to_string(),
            title: words.pick(&rule.title).to_owned(),
            series: rule.series.to_string(),
            basis: rule.basis.iter().map(|own| basis(own, words)).collect(),
            ways: ways.collect(),
            disposition: term.disposition,
            year_end: term.year_end,
            overruled_by: calendar.overruled_by(rule).map(|rival| rival.number.to_string()),
            parts,
            masks,
        }
    }

    fn text(&self, words: &Words) -> String {
        let title = if self.title.is_empty() { String::new() } else { format!(", {}", self.title) };
        let head = format!("{} {}{title}{}{}", self.rule, self.series, words.colon, self.sentence(words));
        let mut text = paragraph("  ", "    ", &head);
        for basis in &self.basis {
            text += &paragraph("    ", "      ", &words.fill(words.planning.rests_on, &[basis]));
        }
        if let Some(rival) = &self.overruled_by {
            // What it would do to parts and columns is nobody's concern.
            return text + &paragraph("    ", "      ", &words.fill(words.planning.overruled, &[rival]));
        }
        text += &self.masks_text(words);
        for (fate, template) in [
            (Fate::Destroyed, words.planning.parts_destroyed),
            (Fate::DestroyedWithLast, words.planning.parts_destroyed_with_last),
            (Fate::Detached, words.planning.parts_detached),
            (Fate::Untouched, words.planning.parts_untouched),
        ] {
            let parts: Vec<_> =
                self.parts.iter().filter(|part| part.fate == fate).map(|part| part.text(words)).collect();
            if !parts.is_empty() {
                text += &paragraph("    ", "      ", &words.fill(template, &[&parts.join(", ")]));
            }
        }
        if self.disposition == "destroy" && self.parts.is_empty() {
            text += &paragraph("    ", "      ", words.planning.no_parts);
        }
        text
    }

    /// What happens, and when.
    fn sentence(&self, words: &Words) -> String {
        let template = match self.disposition.as_str() {
            "destroy" => words.planning.effect_destroy,
            "anonymize" => words.planning.effect_anonymize,
            "transfer" => words.planning.effect_transfer,
            "select" => words.planning.effect_select,
            "floor" => words.planning.effect_floor,
            _ => return words.planning.effect_permanent.to_owned(),
        };
        let ways: Vec<_> = self.ways.iter().map(|way| self.way(way, words)).collect();
        let first = if ways.len() > 1 { words.planning.whichever_first } else { "" };
        words.fill(template, &[&format!("{}{first}", ways.join(words.or))])
    }

    fn way(&self, way: &EffectWay, words: &Words) -> String {
        let called = words.pick(&way.called);
        let trigger = if called.is_empty() || called == way.trigger {
            way.trigger.clone()
        } else {
            format!("{} ({called})", way.trigger)
        };
        let counted = match length(way.period, words) {
            Some(length) => words.fill(words.planning.after, &[&length, &trigger]),
            None => words.fill(words.planning.at_once, &[&trigger]),
        };
        let year_end = self.year_end.as_ref().map(|day| words.fill(words.of_year_end, &[day])).unwrap_or_default();
        counted + &year_end
    }

    fn masks_text(&self, words: &Words) -> String {
        let mask = |masked: &MaskedColumn| {
            let part = masked.part.as_ref().map(|part| format!("{part}.")).unwrap_or_default();
            format!("{part}{}\u{a0}→\u{a0}{}", masked.column, words.mask(&masked.mask))
        };
        let masks: Vec<_> = self.masks.iter().map(mask).collect();
        match masks.is_empty() {
            true => String::new(),
            false => paragraph("    ", "      ", &words.fill(words.planning.masks_are, &[&masks.join(", ")])),
        }
    }
}

/// A period in words: `1 year and 30 days`; `None` of `immediate`.
fn length(period: Keep, words: &Words) -> Option<String> {
    const SECONDS: [i64; 2] = [3_600, 60];
    let pieces: Vec<(i64, &str)> = match period {
        Keep::Immediate => return None,
        Keep::Civil(period) => {
            let months = match period.months {
                months if months % 12 == 0 => (months / 12, words.planning.years),
                months => (months, words.planning.months),
            };
            let pieces = [months, (period.days, words.planning.days)];
            pieces
                .into_iter()
                .map(|(number, unit)| (i64::from(number), unit))
                .filter(|(number, _)| *number > 0)
                .collect()
        }
        Keep::Exact { seconds } if seconds % SECONDS[0] == 0 => vec![(seconds / SECONDS[0], words.planning.hours)],
        Keep::Exact { seconds } if seconds % SECONDS[1] == 0 => vec![(seconds / SECONDS[1], words.planning.minutes)],
        Keep::Exact { seconds } => vec![(seconds, words.planning.seconds)],
    };
    let texts: Vec<_> = pieces.iter().map(|(number, unit)| words.fill(unit, &[&number.to_string()])).collect();
    Some(texts.join(words.planning.and))
}

#[cfg(test)]
mod tests;
