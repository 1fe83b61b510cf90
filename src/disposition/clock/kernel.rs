//! What the kernel is asked about the time, in part without a wrapper.

use std::fs;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use chrono::TimeDelta;
use rustix::time::{ClockId, clock_gettime};

use super::guard::{BootId, Synchronization};
use crate::model::Instant;

/// systemd-timesyncd touches it whenever a server confirmed the clock. It tells also where the kernel may not be asked.
const TIMESYNC_MARK: &str = "/run/systemd/timesync/synchronized";

/// Made up anew at every boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// A server is asked at least every 2,048 s: an older confirmation is not of this clock, which somebody set since.
const CONFIRMED_WITHIN: TimeDelta = TimeDelta::hours(1);

/// Time since boot, suspension included.
pub fn since_boot() -> Duration {
    let boot = clock_gettime(ClockId::Boottime);
    // Time since boot is never negative, and nanoseconds are below a second.
    Duration::new(boot.tv_sec.unsigned_abs(), boot.tv_nsec.unsigned_abs() as u32)
}

/// What the kernel calls this boot; `None` where it may not be asked, as where a unit shows no more of /proc than its
/// processes.
pub fn boot_id() -> Option<BootId> {
    BootId::parse(&fs::read_to_string(BOOT_ID).ok()?)
}

/// Whether a time server confirmed the wall clock, which says `now`.
pub fn synchronization(now: Instant) -> Synchronization {
    if is_marked(Path::new(TIMESYNC_MARK), now) { Synchronization::Confirmed } else { ask_kernel() }
}

/// Whatever program disciplines the clock (chrony with `rtcsync`, ntpd, systemd-timesyncd) tells the kernel so; setting
/// the clock by hand takes it back.
fn ask_kernel() -> Synchronization {
    let mut time = MaybeUninit::<libc::timex>::zeroed();
    // SAFETY: `timex` is a C struct of integers, for which all zeroes is a value; `modes` is zero, so the call only
    // reads, and needs no privilege. It writes to the struct that it is given, which lives until after the call, and to
    // nothing else.
    let (state, time) = unsafe { (libc::adjtimex(time.as_mut_ptr()), time.assume_init()) };
    match state {
        // Not permitted, by a filter of system calls.
        -1 => Synchronization::Unknown,
        _ if time.status & libc::STA_UNSYNC == 0 => Synchronization::Confirmed,
        _ => Synchronization::Unconfirmed,
    }
}

fn is_marked(mark: &Path, now: Instant) -> bool {
    let touched = fs::metadata(mark).ok().and_then(|found| Instant::from_timestamp(found.mtime(), 0));
    touched.is_some_and(|touched| touched <= now && now - touched < CONFIRMED_WITHIN)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_time_server_s_mark_confirms_the_clock_it_was_set_under_and_no_other() {
        let mark = tempfile::NamedTempFile::new().unwrap();
        let touched = Instant::from_timestamp(fs::metadata(mark.path()).unwrap().mtime(), 0).unwrap();
        assert!(is_marked(mark.path(), touched + TimeDelta::minutes(30)));
        assert!(!is_marked(mark.path(), touched + TimeDelta::days(365)), "put forward since");
        assert!(!is_marked(mark.path(), touched - TimeDelta::days(1)), "put back since");
        assert!(!is_marked(Path::new("/nonexistent/mark"), touched));
    }

    #[test]
    fn the_kernel_names_this_boot_the_same_each_time() {
        assert_eq!(boot_id(), boot_id());
        assert_eq!(boot_id().is_some(), Path::new(BOOT_ID).exists());
    }

    /// Against another program that asks the kernel, where there is one.
    #[test]
    fn the_kernel_is_understood_as_others_understand_it() {
        let script = "import ctypes; t = ctypes.create_string_buffer(512); s = ctypes.CDLL(None).adjtimex(t); \
                      print('unknown' if s == -1 else int.from_bytes(t[40:44], 'little') & 0x40)";
        let Ok(python) = Command::new("python3").args(["-c", script]).output() else { return };
        let expected = match String::from_utf8_lossy(&python.stdout).trim() {
            "unknown" => Synchronization::Unknown,
            "0" => Synchronization::Confirmed,
            "64" => Synchronization::Unconfirmed,
            other => panic!("{other}"),
        };
        assert_eq!(ask_kernel(), expected);
    }
}
