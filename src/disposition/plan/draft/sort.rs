//! The order of a list: that of the keys in their database.

use crate::model::{KeyValue, RecordKey};

/// Bytes that sort as the database sorts its primary key: integers, texts by their bytes, blobs.
pub(super) fn sort_bytes(key: &RecordKey) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(12);
    for value in key.columns() {
        match value {
            KeyValue::Integer(number) => {
                bytes.push(1);
                // The sign bit flipped, so that negative numbers come first.
                bytes.extend((*number as u64 ^ (1 << 63)).to_be_bytes());
            }
            KeyValue::Text(text) => push_terminated(&mut bytes, 2, text.as_bytes()),
            KeyValue::Blob(blob) => push_terminated(&mut bytes, 3, blob),
        }
    }
    bytes
}

/// A zero byte is followed by 0xff, and the end is two zero bytes: so a prefix sorts before what it begins.
fn push_terminated(bytes: &mut Vec<u8>, tag: u8, value: &[u8]) {
    bytes.push(tag);
    for byte in value {
        bytes.push(*byte);
        if *byte == 0 {
            bytes.push(0xff);
        }
    }
    bytes.extend([0, 0]);
}
