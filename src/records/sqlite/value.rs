//! Keys as the database holds them.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row, Statement};

use crate::model::{KeyValue, RecordKey};

impl ToSql for KeyValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(blob) => ValueRef::Blob(blob),
        }))
    }
}

/// A value as part of a key; `None` for NULL, a real or a text that is not UTF-8, by which no row can be found again
/// for sure.
pub fn key_value(value: ValueRef<'_>) -> Option<KeyValue> {
    match value {
        ValueRef::Integer(number) => Some(KeyValue::Integer(number)),
        ValueRef::Text(text) => str::from_utf8(text).ok().map(|text| KeyValue::Text(text.to_owned())),
        ValueRef::Blob(blob) => Some(KeyValue::Blob(blob.to_owned())),
        ValueRef::Null | ValueRef::Real(_) => None,
    }
}

/// The value of a reference, as people cite it; `None` for NULL. A number without fraction is the integer that people
/// write, another one its shortest text; bytes that read as a text are that text.
pub fn cited(value: ValueRef<'_>) -> Option<KeyValue> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(KeyValue::Integer(number)),
        ValueRef::Real(number) => {
            Some(whole(number).map_or_else(|| KeyValue::Text(number.to_string()), KeyValue::Integer))
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(match str::from_utf8(bytes) {
            Ok(text) => KeyValue::Text(text.to_owned()),
            Err(_) => KeyValue::Blob(bytes.to_owned()),
        }),
    }
}

/// The integer that a number is, where it is one.
fn whole(number: f64) -> Option<i64> {
    // Every whole number of this size has exactly one double; beyond, one double stands for several.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

/// The key in `count` columns from `first` on, and whether a row can be found by it. Where it cannot, it only stands
/// for the row.
pub fn key_at(row: &Row<'_>, first: usize, count: usize) -> rusqlite::Result<(RecordKey, bool)> {
    let mut columns = Vec::with_capacity(count);
    let mut usable = true;
    for place in first..first + count {
        let value = row.get_ref(place)?;
        columns.push(key_value(value).unwrap_or_else(|| {
            usable = false;
            stand_in(value)
        }));
    }
    Ok((RecordKey::new(columns), usable))
}

fn stand_in(value: ValueRef<'_>) -> KeyValue {
    match value {
        ValueRef::Real(number) => KeyValue::Text(number.to_string()),
        ValueRef::Text(bytes) => KeyValue::Blob(bytes.to_owned()),
        _ => KeyValue::Blob(Vec::new()),
    }
}

/// Whether `key_value` makes anything of it, without making it.
pub fn is_key_value(value: ValueRef<'_>) -> bool {
    match value {
        ValueRef::Integer(_) | ValueRef::Blob(_) => true,
        ValueRef::Text(text) => str::from_utf8(text).is_ok(),
        ValueRef::Null | ValueRef::Real(_) => false,
    }
}

/// Binds a key to the parameters from 1 on.
pub fn bind_key(statement: &mut Statement<'_>, key: &RecordKey) -> rusqlite::Result<()> {
    for (place, value) in key.columns().iter().enumerate() {
        statement.raw_bind_parameter(place + 1, value)?;
    }
    Ok(())
}
