//! A rollback journal that a crash left behind. Whoever reads the database next rolls that crash back, which is for its
//! application to do.

use std::fs::{self, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// SQLite's reserved byte: a writer holds it from before its journal is there until after it is gone.
const RESERVED: u64 = 0x4000_0001;

/// A journal that stands between two transactions of a busy application is another one at the next look.
const LOOKS: u32 = 4;
const BETWEEN: Duration = Duration::from_millis(25);

/// Whether the database has a journal, and nobody who is writing. The database is not opened: closing it would drop our
/// locks on it.
///
/// Where the kernel does not list locks, no: the database is then read as any reader would.
pub(super) fn is_left_behind(database: &Path) -> bool {
    let mut first = None;
    for look in 0..LOOKS {
        if look > 0 {
            thread::sleep(BETWEEN);
        }
        let journal = journal(database);
        if journal.is_none() || is_writing(database) != Some(false) || first.is_some_and(|first| journal != Some(first))
        {
            return false;
        }
        first = journal;
    }
    true
}

/// Inode, size and time of a journal that would be rolled back.
fn journal(database: &Path) -> Option<(u64, u64, i64, i64)> {
    let mut path = database.as_os_str().to_owned();
    path.push("-journal");
    let path = PathBuf::from(path);
    let told = |file: Metadata| (file.ino(), file.len(), file.mtime(), file.mtime_nsec());
    let file = fs::metadata(&path).ok().filter(Metadata::is_file)?;
    // A journal whose first byte is zero has ended.
    let mut byte = [0];
    fs::File::open(&path).and_then(|mut journal| journal.read_exact(&mut byte)).ok()?;
    (byte != [0]).then(|| told(file))
}

/// Whether any process of this machine is writing; `None` where that cannot be told.
fn is_writing(database: &Path) -> Option<bool> {
    let file = fs::metadata(database).ok()?;
    let (major, minor) = (rustix::fs::major(file.dev()), rustix::fs::minor(file.dev()));
    let place = format!("{major:02x}:{minor:02x}:{}", file.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    Some(locks.lines().any(|line| is_reserved(line, &place)))
}

/// `1: POSIX  ADVISORY  WRITE 4711 fe:00:5382314 1073741825 1073741825`
fn is_reserved(line: &str, place: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    let Some(at) = words.iter().position(|word| *word == place) else { return false };
    let [Some(from), Some(to)] = [at + 1, at + 2].map(|at| words.get(at).copied()) else { return false };
    let reaches = to.parse().map_or(to == "EOF", |to: u64| to >= RESERVED);
    words[..at].contains(&"WRITE") && from.parse().is_ok_and(|from: u64| from <= RESERVED) && reaches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_on_the_reserved_byte_of_that_file_alone_is_a_writer() {
        let line = |kind: &str, place: &str, range: &str| format!("1: POSIX  ADVISORY  {kind} 4711 {place} {range}");
        let is = |line: String| is_reserved(&line, "fe:00:12");
        assert!(is(line("WRITE", "fe:00:12", "1073741825 1073741825")));
        assert!(is(line("WRITE", "fe:00:12", "1073741824 1073742335")));
        assert!(is(line("WRITE", "fe:00:12", "0 EOF")));
        assert!(!is(line("READ", "fe:00:12", "1073741826 1073742335")));
        assert!(!is(line("WRITE", "fe:00:12", "1073741826 1073742335")));
        assert!(!is(line("WRITE", "fe:00:123", "1073741825 1073741825")));
        assert!(!is("1: -> POSIX".to_owned()));
    }
}
