//! How a person writes a key, and how a plan has it: ` 66` and `066` are 66 where the column holds integers.

use crate::cli::setup::Setup;
use crate::disposition::holds::{key_text, value_text};
use crate::disposition::request::NamedRecord;
use crate::model::{KeyValue, RecordKey};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{Reader, StoreError};
use crate::report::csv::Listed;

/// The keys of these lines, all of one series, as a plan has them: typed as those of `hold place`. Where the database
/// cannot be read now, they are taken as they are written. In place of what is no key of the series: why.
pub(super) fn of(mapping: &SeriesMapping, lines: &[&mut Listed], setup: &Setup) -> Vec<Result<Vec<String>, String>> {
    let trimmed: Vec<Vec<String>> = lines.iter().map(|listed| trimmed(&listed.record.key)).collect();
    let parse = |reader: Reader| reader.parse_keys(&mapping.series, trimmed.iter().map(Vec::as_slice)).ok();
    let Some(parsed) = setup.reader(mapping).ok().and_then(parse) else {
        return lines.iter().zip(&trimmed).map(|(listed, trimmed)| Ok(unread(listed, trimmed))).collect();
    };
    let spell = |(listed, parsed): (&&mut Listed, Result<RecordKey, StoreError>)| match parsed {
        Ok(key) => Ok(spelled(listed, &key)),
        Err(StoreError::Key { message }) => Err(message),
        Err(error) => Err(error.to_string()),
    };
    lines.iter().zip(parsed).map(spell).collect()
}

/// What to write instead, where a record was not found: its key, if it was told by its reference.
pub(super) fn mend(record: &NamedRecord, setup: &Setup) -> String {
    let otherwise = "write the key as `plan --csv` does, in its columns `key`; a record that is not there cannot be left out of this plan";
    let [reference] = record.key.as_slice() else { return otherwise.to_owned() };
    let reader = setup.install.mapping(&record.series).and_then(|mapping| setup.reader(mapping).ok());
    let found = reader.and_then(|reader| reader.find_reference(&record.series, reference.trim()).ok());
    let named = |key: &RecordKey| format!("{},{}", record.series, key_text(key).join(","));
    match found.as_deref() {
        Some([only]) => format!("it is the reference of {}: write that", named(only)),
        Some([first, .., last]) => {
            format!(
                "it is the reference of several, {} to {}: write the lines of `plan --csv`",
                named(first),
                named(last)
            )
        }
        _ => otherwise.to_owned(),
    }
}

fn trimmed(key: &[String]) -> Vec<String> {
    key.iter().map(|column| column.trim().to_owned()).collect()
}

fn unread(listed: &Listed, trimmed: &[String]) -> Vec<String> {
    if listed.by_hand { trimmed.to_vec() } else { listed.record.key.clone() }
}

/// A line of `plan --csv` has the key as it is; blanks around it count unless it is a number.
fn spelled(listed: &Listed, key: &RecordKey) -> Vec<String> {
    let column = |(written, value): (&String, &KeyValue)| match value {
        KeyValue::Integer(_) if written.trim() != written => value_text(value),
        value if listed.by_hand => value_text(value),
        _ => written.clone(),
    };
    listed.record.key.iter().zip(key.columns()).map(column).collect()
}
