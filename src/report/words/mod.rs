//! The words of reports in English and French, and the grammar of filling them in.

mod audit;
mod explain;
mod list;
mod planning;
#[cfg(test)]
mod tests;

pub use list::{EN, FR, Words};

use crate::model::Language;

impl Language {
    /// Its words.
    pub fn words(self) -> &'static Words {
        match self {
            Self::English => &EN,
            Self::French => &FR,
        }
    }
}

impl Words {
    /// A calendar's own text in this language, else in the other.
    pub fn pick<'w>(&self, text: &'w crate::calendar::Words) -> &'w str {
        let (own, other) = if self.language == Language::French { (&text.fr, &text.en) } else { (&text.en, &text.fr) };
        own.as_deref().or(other.as_deref()).unwrap_or_default()
    }

    /// A template with each `{}` replaced in turn, and each `[one|many]` by the form that the number before it asks
    /// for.
    pub fn fill(&self, template: &str, values: &[&str]) -> String {
        let mut pieces = template.split("{}");
        let mut text = pieces.next().unwrap_or_default().to_owned();
        for (place, piece) in pieces.enumerate() {
            let value = values.get(place).copied().unwrap_or_default();
            text += value;
            text += &self.inflected(piece, value);
        }
        text
    }

    /// A text with each `[one|many]` in the form that goes with `number`.
    fn inflected(&self, text: &str, number: &str) -> String {
        let mut pieces = text.split('[');
        let mut inflected = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (forms, rest) = piece.split_once(']').unwrap_or((piece, ""));
            let (one, many) = forms.split_once('|').unwrap_or((forms, forms));
            inflected += if self.is_singular(number) { one } else { many };
            inflected += rest;
        }
        inflected
    }

    /// Whether a number takes the singular: in French, none does too.
    fn is_singular(&self, number: &str) -> bool {
        number == "1" || (number == "0" && self.language == Language::French)
    }

    /// How grave a finding is, from its stable name.
    pub fn severity(&self, severity: &str) -> &'static str {
        match severity {
            "error" => self.severity_error,
            "warning" => self.severity_warning,
            _ => self.severity_note,
        }
    }

    /// What a sanitization level means, from its name.
    pub fn level(&self, level: &str) -> Option<&'static str> {
        match level {
            "logical" => Some(self.level_logical),
            "page-clean" => Some(self.level_page_clean),
            "log-clean" => Some(self.level_log_clean),
            "backup-expired" => Some(self.level_backup_expired),
            _ => None,
        }
    }

    /// What a rule does with a record, from its stable name.
    pub fn disposition<'n>(&self, name: &'n str) -> &'n str {
        match name {
            "destroy" => self.destroy,
            "anonymize" => self.anonymize,
            "deidentify" => self.deidentify,
            "transfer" => self.transfer,
            "select" => self.select,
            "permanent" => self.permanent,
            "floor" => self.floor,
            other => other,
        }
    }

    /// What a mask puts in a value's place, from its name; a constant is its own word.
    pub fn mask<'n>(&self, name: &'n str) -> &'n str {
        match name {
            "null" => self.planning.mask_null,
            "truncate-ip" => self.planning.mask_truncate_ip,
            "date-to-year" => self.planning.mask_date_to_year,
            constant => constant,
        }
    }

    /// By what a hold keeps records, from its stable name.
    pub fn hold_scope<'n>(&self, name: &'n str) -> &'n str {
        match name {
            "record" => self.scope_record,
            "reference" => self.scope_reference,
            "subject" => self.scope_subject,
            "series" => self.scope_series,
            "rule" => self.scope_rule,
            "where" => self.scope_where,
            other => other,
        }
    }

    /// Where a plan stands, from its stable name.
    pub fn plan_state<'n>(&self, name: &'n str) -> &'n str {
        match name {
            "simulation" => self.plan_simulation,
            "pending" => self.plan_pending,
            "empty" => self.plan_empty,
            "expired" => self.plan_expired,
            "approved" => self.plan_approved,
            "rejected" => self.plan_rejected,
            "started" => self.plan_started,
            "executed" => self.plan_executed,
            "altered" => self.plan_altered,
            other => other,
        }
    }

    /// What a kind of undated means, from its stable name.
    pub fn undated_kind(&self, kind: &str) -> &'static str {
        match kind {
            "naive" => self.kind_naive,
            "gap" => self.kind_gap,
            "range" => self.kind_range,
            "type" => self.kind_type,
            "expression" => self.kind_expression,
            "future" => self.kind_future,
            "too_old" => self.kind_too_old,
            "overflow" => self.kind_overflow,
            _ => self.kind_format,
        }
    }
}
