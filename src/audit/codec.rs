//! Leaves as bytes: ASCII JSON with sorted keys, integers only, no blanks; and back, strictly.

use serde_json::Value;

use super::leaf::Leaf;

/// Longest leaf in bytes: an entry bundle has 16 bits for a length, and this leaves room below them.
pub const MAX_LEAF: usize = 60_000;

/// Why a leaf cannot be written, or bytes are no leaf.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    #[error(
        "a {kind} entry of {bytes} bytes is longer than an entry may be ({MAX_LEAF} bytes); put long texts in blobs"
    )]
    TooLong { kind: &'static str, bytes: usize },
    #[error("an entry may hold no number but integers")]
    NotInteger,
    #[error("these bytes are no entry of the destruction log")]
    NotALeaf(#[source] serde_json::Error),
    #[error("an entry is not written in its one canonical form (sorted keys, no blanks, ASCII, known fields alone)")]
    NotCanonical,
    #[error("the results of an outcome are not a run-length list of letters such as 497D1h2c")]
    Results,
}

/// The canonical bytes of a leaf: what is stored and hashed.
///
/// # Errors
/// More than [`MAX_LEAF`] bytes.
pub fn encode(leaf: &Leaf) -> Result<Vec<u8>, LeafError> {
    let value = serde_json::to_value(leaf).map_err(LeafError::NotALeaf)?;
    let mut bytes = Vec::with_capacity(1024);
    write_value(&mut bytes, &value)?;
    if bytes.len() > MAX_LEAF {
        return Err(LeafError::TooLong { kind: leaf.body.kind(), bytes: bytes.len() });
    }
    Ok(bytes)
}

/// Reads a leaf that [`encode`] wrote.
///
/// # Errors
/// Any other bytes: unknown kinds or fields, keys out of order or twice, blanks, other escapes, too long.
pub fn decode(bytes: &[u8]) -> Result<Leaf, LeafError> {
    if bytes.len() > MAX_LEAF {
        return Err(LeafError::NotCanonical);
    }
    let leaf = parse(bytes)?;
    // What is written back the same has no unknown field, no second spelling and nothing twice.
    if encode(&leaf)? == bytes { Ok(leaf) } else { Err(LeafError::NotCanonical) }
}

/// Reads a leaf that [`encode`] wrote and that is trusted to be canonical, because it was hashed against a signed root
/// or comes from our own log.
///
/// # Errors
/// Bytes that are no leaf.
pub(super) fn parse(bytes: &[u8]) -> Result<Leaf, LeafError> {
    serde_json::from_slice(bytes).map_err(LeafError::NotALeaf)
}

/// How many bytes a value takes in a leaf.
///
/// # Errors
/// A number that is no integer.
pub(super) fn length(value: &impl serde::Serialize) -> Result<usize, LeafError> {
    let mut bytes = Vec::new();
    write_value(&mut bytes, &serde_json::to_value(value).map_err(LeafError::NotALeaf)?)?;
    Ok(bytes.len())
}

fn write_value(out: &mut Vec<u8>, value: &Value) -> Result<(), LeafError> {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Bool(true) => out.extend(b"true"),
        Value::Bool(false) => out.extend(b"false"),
        Value::Number(number) if number.is_f64() => return Err(LeafError::NotInteger),
        Value::Number(number) => out.extend(number.to_string().as_bytes()),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_value(out, item)?;
            }
            out.push(b']');
        }
        Value::Object(fields) => {
            // Sorted here too: a dependency that turns on serde_json's `preserve_order` must not change a byte.
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            out.push(b'{');
            for (place, (name, field)) in sorted.into_iter().enumerate() {
                if place > 0 {
                    out.push(b',');
                }
                write_text(out, name);
                out.push(b':');
                write_value(out, field)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
    if text.bytes().all(is_plain) {
        out.extend(text.as_bytes());
    } else {
        text.chars().for_each(|char| write_char(out, char));
    }
    out.push(b'"');
}

fn write_char(out: &mut Vec<u8>, char: char) {
    match char {
        '"' => out.extend(b"\\\""),
        '\\' => out.extend(b"\\\\"),
        '\n' => out.extend(b"\\n"),
        '\r' => out.extend(b"\\r"),
        '\t' => out.extend(b"\\t"),
        '\u{8}' => out.extend(b"\\b"),
        '\u{c}' => out.extend(b"\\f"),
        ' '..='~' => out.push(char as u8),
        _ => {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                out.extend(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::leaf::{Body, Heartbeat, Refused};
    use super::*;

    fn refused(reasons: Vec<String>) -> Leaf {
        Leaf { at: 5, body: Body::Refused(Refused { plan: None, actor: "ann (0)".into(), reasons }) }
    }

    #[test]
    fn a_leaf_has_one_form() {
        let leaf = refused(vec!["a\"\\\n\u{1}\u{7f}é😀/".to_owned()]);
        let bytes = encode(&leaf).unwrap();
        let written =
            r#"{"actor":"ann (0)","at":5,"kind":"refused","reasons":["a\"\\\n\u0001\u007f\u00e9\ud83d\ude00/"]}"#;
        assert_eq!(String::from_utf8(bytes.clone()).unwrap(), written);
        assert_eq!(decode(&bytes).unwrap(), leaf);
    }

    #[test]
    fn every_other_form_is_refused() {
        let written = r#"{"actor":"ann","at":5,"kind":"refused","reasons":["x"]}"#;
        decode(written.as_bytes()).unwrap();
        for (from, to) in [
            ("{", "{ "),
            ("5", "5.0"),
            ("5", "05"),
            ("5", "5e0"),
            ("\"at\":5,", "\"at\":5,\"at\":5,"),
            ("\"at\":5,", ""),
            ("\"x\"", "\"\\u0078\""),
            ("\"x\"", "\"é\""),
            ("\"x\"", "\"\\u00E9\""),
            ("\"x\"", "1"),
            ("refused", "unheard"),
            ("}", ",\"why\":1}"),
            ("\"reasons\"", "\"plan\":null,\"reasons\""),
            ("}", "}\n"),
            ("\"actor\":\"ann\",\"at\":5", "\"at\":5,\"actor\":\"ann\""),
        ] {
            let other = written.replacen(from, to, 1);
            assert!(decode(other.as_bytes()).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn leaves_survive_their_bytes(texts in prop::collection::vec(any::<String>(), 0..4), at: i64, n: u64) {
            let mut leaf = refused(texts.clone());
            leaf.at = at;
            prop_assert_eq!(decode(&encode(&leaf).unwrap()).unwrap(), leaf);
            let overdue = texts.iter().map(|text| (text.as_str().into(), n)).collect();
            let leaf = Leaf { at, body: Body::Heartbeat(Heartbeat { overdue, holds: n }) };
            prop_assert_eq!(decode(&encode(&leaf).unwrap()).unwrap(), leaf);
        }

        /// The stable twin of `fuzz/fuzz_targets/leaf.rs`.
        #[test]
        fn any_bytes_are_refused_or_canonical(bytes in "[{}\\[\\]\":,a-z0-9\\\\ ]{0,60}") {
            if let Ok(leaf) = decode(bytes.as_bytes()) {
                prop_assert_eq!(encode(&leaf).unwrap(), bytes.as_bytes());
            }
        }
    }
}
