//! A journal beside a forged log, laid out as the specification says.

use std::fs;
use std::path::Path;

/// Length of every segment made here.
const LENGTH: usize = 1 << 16;

/// A segment that begins at this index and whose frames are these, each a tag and its content.
pub fn segment(first: u64, frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = [b"rtdlogj1".as_slice(), &first.to_be_bytes(), &(LENGTH as u64).to_be_bytes()].concat();
    bytes.extend(crc32c::crc32c(&bytes).to_be_bytes());
    for (tag, content) in frames {
        let begin = bytes.len();
        bytes.push(*tag);
        bytes.extend((content.len() as u32).to_be_bytes());
        bytes.extend(content);
        bytes.extend(crc32c::crc32c(&bytes[begin..]).to_be_bytes());
    }
    bytes.resize(LENGTH, 0);
    bytes
}

/// The frames of these leaves, each a group of its own, in a segment that begins at this index.
pub fn groups(first: u64, leaves: &[Vec<u8>]) -> Vec<(u8, Vec<u8>)> {
    let group = |(size, leaf): (u64, &Vec<u8>)| {
        [(b'L', leaf.clone()), (b'C', size.to_be_bytes().to_vec()), (b'S', size.to_be_bytes().to_vec())]
    };
    (first + 1..).zip(leaves).flat_map(group).collect()
}

/// Puts a file into the journal of a log.
pub fn put_segment(log: &Path, name: &str, bytes: &[u8]) {
    fs::create_dir_all(log.join("journal")).unwrap();
    fs::write(log.join("journal").join(name), bytes).unwrap();
}
