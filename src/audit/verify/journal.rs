//! Entries in the journal that no checkpoint covers yet: read and judged like the others, though nothing binds the
//! operator to them.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use super::findings::Findings;
use super::flaw::Flaw;
use super::ledger::Ledger;
use crate::audit::codec;
use crate::audit::error::LogError;
use crate::audit::journal::frame::Tail;
use crate::audit::journal::replay;
use crate::audit::published::Published;
use crate::audit::recover::journal_dir;

/// How often, and after what pause, a journal is read again that may only seem torn because its writer is at work: a
/// write takes microseconds.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(1);

/// Holds what the journal repeats of the `size` published entries against them, reads and judges what follows, and
/// tells how many those are; `None` where there is no journal.
pub(super) fn read(log: &Path, size: u64, ledger: &mut Ledger, findings: &mut Findings) -> Option<u64> {
    let dir = journal_dir(log);
    if !dir.is_dir() {
        return None;
    }
    match steady_size(&dir) {
        Ok((to, tail)) => {
            if tail == Tail::Torn {
                findings.add(None, Flaw::TornJournal);
            }
            if to < size {
                findings.add(None, Flaw::JournalBehind { size: to, signed: size });
            }
            let published = Published::new(log, size);
            let next = judge(&dir, size..to, published, ledger, findings).unwrap_or_else(|error| {
                findings.add(None, damaged(&error));
                size
            });
            Some(next - size)
        }
        Err(error) => {
            findings.add(None, damaged(&error));
            Some(0)
        }
    }
}

/// The log's size with its journal, and how the journal ends, read again while it seems torn.
fn steady_size(dir: &Path) -> Result<(u64, Tail), LogError> {
    let attempt = || replay(dir, &mut |_, _| Ok(())).map(|replayed| (replayed.size, replayed.tail));
    let mut result = attempt();
    for _ in 1..ATTEMPTS {
        match result {
            Ok((_, Tail::Torn)) | Err(LogError::File(_)) => {
                std::thread::sleep(PAUSE);
                result = attempt();
            }
            Ok((_, Tail::Clean | Tail::Unsynced)) | Err(_) => break,
        }
    }
    result
}

/// Reads the entries of this range, and compares those before it; returns the index after the last one read.
fn judge(
    dir: &Path,
    range: Range<u64>,
    mut published: Published,
    ledger: &mut Ledger,
    findings: &mut Findings,
) -> Result<u64, LogError> {
    let mut next = range.start;
    replay(dir, &mut |index, bytes| {
        // Segments go only once they are published, so they may begin with entries that were.
        if index < range.start {
            if !published.has(index, bytes)? {
                findings.at(index, Flaw::JournalDiffers);
            }
            return Ok(());
        }
        if index < next || index >= range.end {
            return Ok(());
        }
        note_gap(next, index, findings);
        next = index + 1;
        match codec::decode(bytes) {
            Ok(leaf) => ledger.read(index, &leaf, findings),
            Err(error) => findings.at(index, Flaw::Leaf(error)),
        }
        Ok(())
    })?;
    note_gap(next, range.end, findings);
    Ok(next)
}

/// Entries that the journal passes over, so that it does not follow the tree.
fn note_gap(next: u64, index: u64, findings: &mut Findings) {
    if index > next {
        findings.add(None, Flaw::Gap { from: next, to: index - 1 });
    }
}

fn damaged(error: &LogError) -> Flaw {
    Flaw::Damaged { file: "journal".to_owned(), reason: error.to_string() }
}
