//! One value of a TOML document, asked for as what it should be.

use std::ops::Range;

use chrono::NaiveDate;
use toml::Spanned;
use toml::de::DeValue;

use super::document::{Document, Table};
use super::{CivilDate, Zone, nearest};

/// A value and its place. Each question answers `None` after noting the fault.
#[derive(Clone)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    path: String,
    value: &'d Spanned<DeValue<'d>>,
}

impl<'d> Value<'d> {
    pub(super) fn new(document: &'d Document<'d>, path: String, value: &'d Spanned<DeValue<'d>>) -> Self {
        document.remember(&path, &value.span());
        Self { document, path, value }
    }

    /// Where the value stands (`series.dossier.key`).
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its bytes.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// As TOML has it.
    pub fn raw(&self) -> &'d DeValue<'d> {
        self.value.get_ref()
    }

    /// A text that is not blank.
    pub fn text(&self) -> Option<&'d str> {
        match self.raw() {
            DeValue::String(text) if text.trim().is_empty() => {
                self.fault(
                    "empty-text",
                    format!("`{}` is empty", self.path),
                    "fill it in; an optional key may be left out instead",
                );
                None
            }
            DeValue::String(text) => Some(text),
            _ => self.wrong("a text in quotes"),
        }
    }

    /// An integer that fits 64 bits.
    pub fn integer(&self) -> Option<i64> {
        let DeValue::Integer(integer) = self.raw() else { return self.wrong("a whole number") };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        if number.is_none() {
            self.fault("out-of-range", format!("`{}` is too large a number", self.path), "write a smaller number");
        }
        number
    }

    /// A number, whole or not; infinities and NaN are refused.
    pub fn number(&self) -> Option<f64> {
        let number = match self.raw() {
            DeValue::Integer(_) => return self.integer().map(|integer| integer as f64),
            DeValue::Float(float) => float.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => return self.wrong("a number"),
        };
        if number.is_none() {
            self.fault("out-of-range", format!("`{}` is not a finite number", self.path), "write an ordinary number");
        }
        number
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Option<bool> {
        match self.raw() {
            DeValue::Boolean(flag) => Some(*flag),
            _ => self.wrong("true or false"),
        }
    }

    /// A TOML date without time (`2024-04-04`, no quotes).
    pub fn date(&self) -> Option<CivilDate> {
        let date = match self.raw() {
            DeValue::Datetime(moment) if moment.time.is_none() && moment.offset.is_none() => moment.date,
            _ => None,
        };
        match date {
            // TOML has a year 0, which no calendar has.
            Some(date) if date.year > 0 => {
                NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
            }
            _ => self.wrong("a date like 2024-04-04, without quotes"),
        }
    }

    /// A zone by its name in the tz database.
    pub fn zone(&self) -> Option<Zone> {
        let name = self.text()?;
        let zone = name.parse().ok();
        if zone.is_none() {
            let message = format!("the tz database knows no zone `{name}`");
            self.fault("unknown-zone", message, "write a name such as \"America/Toronto\" or \"UTC\"");
        }
        zone
    }

    /// One of a few words, each with its meaning.
    pub fn one_of<T: Clone>(&self, words: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        let any = format!("write one of: \"{}\"", names.join("\", \""));
        if matches!(self.raw(), DeValue::String(blank) if blank.trim().is_empty()) {
            self.fault("empty-text", format!("`{}` is empty", self.path), any);
            return None;
        }
        let word = self.text()?;
        let known = words.iter().find(|(name, _)| *name == word).map(|(_, meaning)| meaning.clone());
        if known.is_none() {
            let mend = match nearest(word, &names) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => any,
            };
            self.fault("unknown-word", format!("`{}` cannot be \"{word}\"", self.path), mend);
        }
        known
    }

    /// A table.
    pub fn table(&self) -> Option<Table<'d>> {
        match self.raw() {
            DeValue::Table(entries) => Some(Table::new(self.document, self.path.clone(), self.span(), entries)),
            _ => self.wrong("a table"),
        }
    }

    /// A list, which may be empty.
    pub fn items(&self) -> Option<Vec<Value<'d>>> {
        let DeValue::Array(items) = self.raw() else { return self.wrong("a list in square brackets") };
        let placed = items.iter().enumerate();
        Some(placed.map(|(at, item)| Value::new(self.document, format!("{}[{at}]", self.path), item)).collect())
    }

    /// A list of texts; elements at fault are left out after noting them.
    pub fn texts(&self) -> Option<Vec<&'d str>> {
        Some(self.items()?.iter().filter_map(Value::text).collect())
    }

    /// Notes a fault of this value.
    pub fn fault(&self, code: &'static str, message: impl Into<String>, mend: impl Into<String>) {
        self.document.fault(self.span(), code, message, mend);
    }

    /// Notes that the value should have been something else.
    pub fn wrong<T>(&self, expected: &str) -> Option<T> {
        let message = format!("`{}` is {}, not {expected}", self.path, kind(self.raw()));
        self.fault("wrong-type", message, format!("write {expected}"));
        None
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Asks the value of `a` and returns the answer with the code of the fault, if one was noted.
    fn ask<T>(toml: &str, question: impl FnOnce(&Value<'_>) -> Option<T>) -> (Option<T>, Option<&'static str>) {
        let text = format!("a = {toml}");
        let document = Document::parse("f.toml", text.as_bytes(), 1_000).unwrap();
        let answer = question(&document.root().get("a").unwrap());
        let code = document.into_faults().into_iter().next().map(|fault| match fault.code {
            Cow::Borrowed(code) => code,
            Cow::Owned(code) => panic!("{code} was made up"),
        });
        (answer, code)
    }

    #[test]
    fn each_type_is_told_from_the_others() {
        assert_eq!(ask("'x'", |a| a.text().map(str::to_owned)), (Some("x".to_owned()), None));
        assert_eq!(ask("' '", |a| a.text().map(str::to_owned)), (None, Some("empty-text")));
        assert_eq!(ask("0x10", |a| a.integer()), (Some(16), None));
        assert_eq!(ask("9223372036854775808", |a| a.integer()), (None, Some("out-of-range")));
        assert_eq!(ask("1.5", |a| a.integer()), (None, Some("wrong-type")));
        assert_eq!(ask("1", |a| a.number()), (Some(1.0), None));
        assert_eq!(ask("nan", |a| a.number()), (None, Some("out-of-range")));
        assert_eq!(ask("2024-02-29", |a| a.date()), (CivilDate::from_ymd_opt(2024, 2, 29), None));
        assert_eq!(ask("2024-02-29T00:00:00", |a| a.date()), (None, Some("wrong-type")));
        assert_eq!(ask("0000-02-29", |a| a.date()), (None, Some("wrong-type")));
        assert_eq!(ask("'2024-02-29'", |a| a.date()), (None, Some("wrong-type")));
        assert_eq!(ask("'Mars/Olympus'", |a| a.zone()), (None, Some("unknown-zone")));
        assert_eq!(ask("1", |a| a.flag()), (None, Some("wrong-type")));
    }

    #[test]
    fn a_word_outside_the_few_is_a_fault() {
        let words = [("polite", 1), ("full", 2)];
        assert_eq!(ask("'full'", |a| a.one_of(&words)), (Some(2), None));
        assert_eq!(ask("'ful'", |a| a.one_of(&words)), (None, Some("unknown-word")));
    }
}
