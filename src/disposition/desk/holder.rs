//! Who holds the lock of a state directory, as the kernel tells.

use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::state::lock_path;

/// The process that holds a state directory, where the kernel lists its lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    process: Option<u32>,
    is_stopped: bool,
}

impl Holder {
    /// Who holds this state directory now.
    pub fn of(state: &Path) -> Self {
        let process = fs::metadata(lock_path(state)).ok().and_then(|lock| {
            let place = (rustix::fs::major(lock.dev()), rustix::fs::minor(lock.dev()), lock.ino());
            let locks = fs::read_to_string("/proc/locks").ok()?;
            locks.lines().find_map(|line| holder_in(line, place))
        });
        Self { process, is_stopped: process.is_some_and(is_stopped) }
    }

    /// Whether it is this process itself.
    pub fn is_own(&self) -> bool {
        self.process == Some(std::process::id())
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.process {
            None => f.write_str("another retentiond"),
            Some(process) if self.is_stopped => {
                write!(f, "process {process}, which was stopped (`kill -CONT {process}` lets it go on),")
            }
            Some(process) => write!(f, "process {process}"),
        }
    }
}

/// `1: FLOCK  ADVISORY  WRITE 4711 fe:00:5382314 0 EOF`; who waits for a lock has `->` behind the number.
fn holder_in(line: &str, (major, minor, inode): (u32, u32, u64)) -> Option<u32> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [_, "FLOCK", _, "WRITE", process, place, ..] = words.as_slice() else { return None };
    (*place == format!("{major:02x}:{minor:02x}:{inode}")).then(|| process.parse().ok()).flatten()
}

/// Whether a process is stopped, by a signal or a debugger: the state stands behind the name, which may hold anything.
fn is_stopped(process: u32) -> bool {
    let told = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let state = told.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| matches!(state, 'T' | 't'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_s_line_on_that_file_alone_names_the_holder() {
        let named = |line| holder_in(line, (0xfe, 0, 12));
        assert_eq!(named("1: FLOCK  ADVISORY  WRITE 4711 fe:00:12 0 EOF"), Some(4_711));
        assert_eq!(named("1: FLOCK  ADVISORY  WRITE 4711 fe:00:123 0 EOF"), None);
        assert_eq!(named("1: -> FLOCK  ADVISORY  WRITE 4711 fe:00:12 0 EOF"), None, "it waits");
        assert_eq!(named("1: POSIX  ADVISORY  WRITE 4711 fe:00:12 0 EOF"), None);
        assert_eq!(named(""), None);
    }
}
