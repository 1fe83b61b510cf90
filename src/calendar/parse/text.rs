//! Names and bilingual texts.

use std::ops::RangeInclusive;

use crate::calendar::Words;
use crate::model::Value;

/// Longer names do not fit a column of a report.
const LONGEST_NAME: usize = 64;

/// Letters that a name may have besides those of ASCII: the Latin ones with accents, and the Canadian syllabics. A
/// table of our own, for every version of Unicode has other letters, and an auditor's program must know the same.
const LETTERS: [RangeInclusive<char>; 5] =
    ['\u{c0}'..='\u{d6}', '\u{d8}'..='\u{f6}', '\u{f8}'..='\u{24f}', '\u{1401}'..='\u{166c}', '\u{166f}'..='\u{167f}'];

/// A name that can stand on a command line, in a list with commas and in a metric: letters, digits, `.`, `_` and `-`.
pub(super) fn name<'d>(value: &Value<'d>) -> Option<&'d str> {
    let name = value.text()?;
    let is_letter = |character: char| LETTERS.iter().any(|letters| letters.contains(&character));
    let is_plain = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '.' | '_' | '-') || is_letter(character)
    };
    if name.chars().count() <= LONGEST_NAME && name.chars().all(is_plain) && !name.starts_with('-') {
        return Some(name);
    }
    let message = format!("`{}` cannot be {name:?}", value.path());
    let mend = format!(
        "use letters (Latin, with accents or not), digits, `.`, `_` and `-`, at most {LONGEST_NAME} of them, and no `-` in front"
    );
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
