//! Names and bilingual texts.

use crate::calendar::Words;
use crate::model::Value;

/// Longer names do not fit a column of a report.
const LONGEST_NAME: usize = 64;

/// A name that can stand on a command line, in a list with commas and in a metric: letters, digits, `.`, `_` and `-`.
pub(super) fn name<'d>(value: &Value<'d>) -> Option<&'d str> {
    let name = value.text()?;
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '.' | '_' | '-');
    if name.chars().count() <= LONGEST_NAME && name.chars().all(is_plain) && !name.starts_with('-') {
        return Some(name);
    }
    let message = format!("`{}` cannot be {name:?}", value.path());
    let mend = format!("use letters, digits, `.`, `_` and `-`, at most {LONGEST_NAME} of them, and no `-` in front");
    value.fault("bad-name", message, mend);
    None
}

/// A text in French, English or both.
pub(super) fn words(value: Value<'_>) -> Words {
    let Some(mut table) = value.table() else { return Words::default() };
    let fr = table.get("fr").map(|fr| fr.text());
    let en = table.get("en").map(|en| en.text());
    if value.raw().as_table().is_some_and(|entries| entries.is_empty()) {
        let message = format!("`{}` says nothing", value.path());
        value.fault("no-words", message, "write { fr = \"…\", en = \"…\" }, or one of the two");
    }
    table.finish();
    Words { fr: fr.flatten().map(str::to_owned), en: en.flatten().map(str::to_owned) }
}
