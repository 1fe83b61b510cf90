//! The metrics' textfile, in a directory that may be another user's: whoever may write there could lay a link or a pipe
//! in its place, or a configuration could name a file that is none of ours.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::audit::regular;

/// What a text of metrics begins with.
const BEGINNING: &[u8] = b"# HELP ";

/// Writes the text where node_exporter finds it, whole or not at all: beside it, then in its place.
///
/// # Errors
/// A directory that cannot be written; what lies there already, and is no text of metrics.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    refuse_another(path)?;
    let beside = path.with_extension("prom.tmp");
    // Left by a daemon that was killed, or laid there: the name goes, whatever it leads to.
    remove_name(&beside)?;
    // New, so that no link is followed and no pipe is waited for.
    let mut file = File::options().write(true).create_new(true).mode(0o644).open(&beside)?;
    file.write_all(text.as_bytes())?;
    // By the file and not by its name, which may be another's by now. The umask took the readers' rights away.
    file.set_permissions(Permissions::from_mode(0o644))?;
    fs::rename(&beside, path)
}

/// Removes a text of metrics that is written no more: its readers would take its figures for those of today.
///
/// # Errors
/// As [`write`].
pub fn remove(path: &Path) -> io::Result<()> {
    refuse_another(path)?;
    remove_name(path)
}

/// Refuses a file that does not begin as a text of metrics does: it is somebody's, and replacing it would destroy it.
fn refuse_another(path: &Path) -> io::Result<()> {
    let mut beginning = Vec::new();
    match regular::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?.0.take(BEGINNING.len() as u64).read_to_end(&mut beginning)?,
    };
    if beginning.is_empty() || beginning == BEGINNING {
        return Ok(());
    }
    let why = "what lies there is no text of metrics; move it away, or name another file in `[metrics] textfile`";
    Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
}

fn remove_name(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, FileType, Mode, mknodat};
    use tempfile::TempDir;

    use super::*;

    const TEXT: &str = "# HELP retentiond_log_entries Entries of the log.\n";

    /// A directory with a file that somebody else's life depends on, and the name of a textfile.
    fn place() -> (TempDir, std::path::PathBuf, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let (precious, textfile) = (dir.path().join("app.db"), dir.path().join("r.prom"));
        fs::write(&precious, "SQLite format 3").unwrap();
        fs::set_permissions(&precious, Permissions::from_mode(0o600)).unwrap();
        (dir, precious, textfile)
    }

    fn is_untouched(precious: &Path) -> bool {
        let mode = fs::metadata(precious).unwrap().permissions().mode();
        fs::read(precious).unwrap() == b"SQLite format 3" && mode & 0o777 == 0o600
    }

    #[test]
    fn it_is_replaced_whole_and_readable_by_everybody() {
        let (dir, _, textfile) = place();
        write(&textfile, "# HELP of yesterday").unwrap();
        write(&textfile, TEXT).unwrap();
        assert_eq!(fs::read_to_string(&textfile).unwrap(), TEXT);
        assert_eq!(fs::metadata(&textfile).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside");
        remove(&textfile).unwrap();
        assert!(!textfile.exists());
        remove(&textfile).unwrap();
    }

    #[test]
    fn a_link_or_a_pipe_laid_beside_it_is_neither_followed_nor_waited_for() {
        let (dir, precious, textfile) = place();
        let beside = dir.path().join("r.prom.tmp");
        symlink(&precious, &beside).unwrap();
        write(&textfile, TEXT).unwrap();
        assert!(is_untouched(&precious));
        mknodat(CWD, &beside, FileType::Fifo, Mode::from_raw_mode(0o666), 0).unwrap();
        write(&textfile, TEXT).unwrap();
        assert_eq!(fs::read_to_string(&textfile).unwrap(), TEXT);
    }

    #[test]
    fn what_lies_in_its_place_and_is_no_text_of_metrics_stays_as_it_is() {
        let (_dir, precious, textfile) = place();
        assert!(write(&precious, TEXT).is_err());
        assert!(remove(&precious).is_err());
        assert!(is_untouched(&precious));
        symlink(&precious, &textfile).unwrap();
        assert!(write(&textfile, TEXT).is_err());
        assert!(is_untouched(&precious));
    }

    #[test]
    fn an_empty_file_is_taken_for_one_that_was_begun() {
        let (_dir, _, textfile) = place();
        fs::write(&textfile, "").unwrap();
        write(&textfile, TEXT).unwrap();
    }
}
