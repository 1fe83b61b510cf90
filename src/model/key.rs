//! Keys of records, and their canonical bytes.

use std::fmt;

/// One column of a key. Ordered as the database orders a primary key: integers, texts (by bytes), blobs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// Also a boolean, as 0 or 1.
    Integer(i64),
    Text(String),
    Blob(Vec<u8>),
}

/// So many columns of one key are looked for under another type, too: sixty-four keys at most.
const MOST_RETYPED: usize = 6;

/// The key of a record: one value per key column, in the mapping's order. Personal information: never logged in clear.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(Vec<KeyValue>);

/// Bytes that are not a canonical key.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("these bytes are not a canonical record key")]
pub struct KeyError;

impl KeyValue {
    /// As people write it; a blob as `x'…'`.
    pub fn text(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Blob(_) => RecordKey::new(vec![self.clone()]).to_string(),
        }
    }

    /// The same in a column of another type: an integer as the text that it is converted to, such a text as its
    /// integer. `None` for what no conversion changes.
    fn retyped(&self) -> Option<Self> {
        match self {
            Self::Integer(number) => Some(Self::Text(number.to_string())),
            Self::Text(text) => text.parse().ok().filter(|number: &i64| number.to_string() == *text).map(Self::Integer),
            Self::Blob(_) => None,
        }
    }
}

/// One spelling for all that some column would call equal: the same number, or a text that differs in the case of ASCII
/// letters or in spaces at its end only (SQLite's NOCASE and RTRIM).
pub fn alike(text: &str) -> String {
    text.parse::<i64>().map_or_else(|_| text.trim_end_matches(' ').to_ascii_lowercase(), |number| number.to_string())
}

impl RecordKey {
    /// A key of these columns.
    pub fn new(columns: Vec<KeyValue>) -> Self {
        Self(columns)
    }

    /// This key, and behind it all that the same record's may have been, or become, where columns were of other types:
    /// an application may move from integers to texts, or back. At most [`RecordKey::spellings_of`] its columns.
    pub fn spellings(&self) -> Vec<Self> {
        let mut spellings = vec![self.clone()];
        let retyped = self.0.iter().enumerate().filter_map(|(column, value)| Some((column, value.retyped()?)));
        for (column, value) in retyped.take(MOST_RETYPED) {
            let others: Vec<Self> = spellings.iter().map(|key| key.with(column, &value)).collect();
            spellings.extend(others);
        }
        spellings
    }

    /// The most spellings that a key of so many columns has.
    pub fn spellings_of(columns: usize) -> usize {
        1 << columns.min(MOST_RETYPED)
    }

    fn with(&self, column: usize, value: &KeyValue) -> Self {
        let mut key = self.clone();
        key.0[column].clone_from(value);
        key
    }

    /// The columns, in the mapping's order.
    pub fn columns(&self) -> &[KeyValue] {
        &self.0
    }

    /// The canonical bytes: the column count as u32 BE, then per column `i` + i64 BE, or `t` or `b` + length as u32 BE
    /// + bytes.
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(16);
        self.write_canonical(&mut bytes);
        bytes
    }

    /// Appends the canonical bytes.
    pub fn write_canonical(&self, out: &mut Vec<u8>) {
        out.extend((self.0.len() as u32).to_be_bytes());
        for value in &self.0 {
            match value {
                KeyValue::Integer(number) => {
                    out.push(b'i');
                    out.extend(number.to_be_bytes());
                }
                KeyValue::Text(text) => write_lengthed(out, b't', text.as_bytes()),
                KeyValue::Blob(blob) => write_lengthed(out, b'b', blob),
            }
        }
    }

    /// Reads canonical bytes back.
    ///
    /// # Errors
    /// Any byte missing, left over or out of form.
    pub fn from_canonical(mut bytes: &[u8]) -> Result<Self, KeyError> {
        let count = u32::from_be_bytes(take(&mut bytes)?);
        let mut columns = Vec::new();
        for _ in 0..count {
            let [tag] = take(&mut bytes)?;
            columns.push(match tag {
                b'i' => KeyValue::Integer(i64::from_be_bytes(take(&mut bytes)?)),
                b't' => {
                    let text = take_lengthed(&mut bytes)?.to_vec();
                    KeyValue::Text(String::from_utf8(text).map_err(|_| KeyError)?)
                }
                b'b' => KeyValue::Blob(take_lengthed(&mut bytes)?.to_vec()),
                _ => return Err(KeyError),
            });
        }
        if bytes.is_empty() { Ok(Self(columns)) } else { Err(KeyError) }
    }
}

fn write_lengthed(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend((bytes.len() as u32).to_be_bytes());
    out.extend(bytes);
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], KeyError> {
    let (head, tail) = bytes.split_first_chunk::<N>().ok_or(KeyError)?;
    *bytes = tail;
    Ok(*head)
}

fn take_lengthed<'a>(bytes: &mut &'a [u8]) -> Result<&'a [u8], KeyError> {
    let length = u32::from_be_bytes(take(bytes)?) as usize;
    let (head, tail) = bytes.split_at_checked(length).ok_or(KeyError)?;
    *bytes = tail;
    Ok(head)
}

/// For the answers an operator asked for by key (`explain`, `plan --csv`), never for logs.
impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, value) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(" ")?;
            }
            match value {
                KeyValue::Integer(number) => write!(f, "{number}")?,
                KeyValue::Text(text) => f.write_str(text)?,
                KeyValue::Blob(blob) => {
                    f.write_str("x'")?;
                    blob.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
                    f.write_str("'")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value() -> impl Strategy<Value = KeyValue> {
        prop_oneof![
            any::<i64>().prop_map(KeyValue::Integer),
            ".{0,12}".prop_map(KeyValue::Text),
            prop::collection::vec(any::<u8>(), 0..12).prop_map(KeyValue::Blob),
        ]
    }

    #[test]
    fn a_key_is_spelled_as_each_of_its_columns_may_have_been_typed() {
        let (integer, text) = (KeyValue::Integer, |text: &str| KeyValue::Text(text.to_owned()));
        let spelled = |columns: &[KeyValue]| {
            let spellings = RecordKey::new(columns.to_vec()).spellings();
            spellings.into_iter().map(|key| key.0).collect::<Vec<_>>()
        };
        assert_eq!(spelled(&[integer(-7)]), [[integer(-7)], [text("-7")]]);
        assert_eq!(spelled(&[text("-7")]), [[text("-7")], [integer(-7)]]);
        for unchanged in [text("007"), text("+7"), text("7 "), text(""), text("-0"), KeyValue::Blob(b"7".to_vec())] {
            assert_eq!(spelled(std::slice::from_ref(&unchanged)), [[unchanged]]);
        }
        let (year, file) = (integer(2020), text("12"));
        let all =
            [[year.clone(), file.clone()], [text("2020"), file], [year, integer(12)], [text("2020"), integer(12)]];
        assert_eq!(spelled(&all[0]), all);
        let most = spelled(&vec![integer(1); 40]).len();
        assert_eq!((most, RecordKey::spellings_of(40)), (64, 64), "bounded");
    }

    proptest! {
        #[test]
        fn a_key_survives_its_bytes(columns in prop::collection::vec(value(), 0..4)) {
            let key = RecordKey::new(columns);
            prop_assert_eq!(RecordKey::from_canonical(&key.canonical_bytes()), Ok(key));
        }

        #[test]
        fn garbage_is_refused_or_canonical(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(key) = RecordKey::from_canonical(&bytes) {
                prop_assert_eq!(key.canonical_bytes(), bytes);
            }
        }
    }
}
