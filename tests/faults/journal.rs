//! Reads a segment of the journal as docs/log-format.md, section 7, says.

use serde_json::Value;

/// The leaves of complete groups, with their indexes.
pub fn leaves(segment: &[u8]) -> Vec<(u64, Value)> {
    let Some((header, mut rest)) = segment.split_at_checked(28) else { return Vec::new() };
    assert_eq!(&header[..8], b"rtdlogj1");
    let mut next = u64::from_be_bytes(header[8..16].try_into().unwrap());
    let (mut complete, mut group) = (Vec::new(), Vec::new());
    while let Some((&tag, after)) = rest.split_first() {
        let Some((length, after)) = after.split_first_chunk::<4>() else { break };
        let Some((content, after)) = after.split_at_checked(u32::from_be_bytes(*length) as usize) else { break };
        let Some((crc, after)) = after.split_first_chunk::<4>() else { break };
        let frame = &rest[..5 + content.len()];
        if tag == 0 || crc32c::crc32c(frame) != u32::from_be_bytes(*crc) {
            break;
        }
        match tag {
            b'L' => {
                group.push((next, serde_json::from_slice(content).unwrap()));
                next += 1;
            }
            b'C' => complete.append(&mut group),
            _ => {}
        }
        rest = after;
    }
    complete
}
