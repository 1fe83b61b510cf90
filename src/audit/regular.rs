//! Opening files that somebody else may have laid out. A log is evidence, and whoever hands it over may wish that its
//! reader hangs on a pipe, reads a device without end, or fills its memory.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::io::Errno;

use super::codec::MAX_LEAF;
use super::tiles::WIDTH;

/// Most bytes of a file with one key in text form.
pub const MAX_KEY: u64 = 4096;

/// Most bytes of a checkpoint, with its signatures.
pub const MAX_CHECKPOINT: u64 = super::note::MAX_NOTE as u64;

/// Bytes of a full tile of hashes.
pub const MAX_TILE: u64 = 32 * WIDTH;

/// Most bytes of a bundle of so many entries, each behind its length.
pub fn longest_bundle(width: u64) -> u64 {
    width * (2 + MAX_LEAF as u64)
}

/// Most bytes of a calendar's text: a calendar that is longer is not obeyed.
pub const MAX_BLOB: u64 = 1 << 20;

/// Most bytes of a segment of the journal.
pub const MAX_SEGMENT: u64 = 256 << 20;

/// Opens a regular file for reading, and looks at it. No link is followed, and nothing is waited for.
///
/// # Errors
/// No such file; a link, a directory, a pipe, a socket or a device ([`io::ErrorKind::InvalidInput`]).
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let careful = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = File::options().read(true).custom_flags(careful).open(path).map_err(of_another_kind)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(refused("it is not a regular file")) }
}

/// Reads a regular file of at most so many bytes.
///
/// # Errors
/// As [`open`]; a longer file ([`io::ErrorKind::FileTooLarge`]), of which nothing is read.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, metadata) = open(path)?;
    let mut bytes = Vec::new();
    if metadata.len() <= most {
        // It may grow meanwhile.
        file.take(most + 1).read_to_end(&mut bytes)?;
    }
    if metadata.len() > most || bytes.len() as u64 > most {
        let why = format!("it is longer than such a file can be ({most} bytes)");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    Ok(bytes)
}

/// The kernel's words for a link or a socket that may not be opened would send the reader after something else.
fn of_another_kind(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::LOOP) => refused("it is a symbolic link, which is not followed here; name the file itself"),
        Some(Errno::NXIO) => refused("it is not a regular file"),
        _ => error,
    }
}

fn refused(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    #[test]
    fn only_a_regular_file_is_read_and_none_that_is_longer_than_asked_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), b"four").unwrap();
        assert_eq!(read(&path("file"), 4).unwrap(), b"four");
        assert_eq!(read(&path("file"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&path("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        mkfifoat(CWD, path("pipe"), Mode::RUSR).unwrap();
        symlink(path("file"), path("link")).unwrap();
        symlink("/dev/zero", path("endless")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
        std::fs::create_dir(path("directory")).unwrap();
        for other in ["pipe", "link", "endless", "socket", "directory", "/dev/zero"] {
            assert_eq!(read(&path(other), 4).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{other}");
        }
        File::create(path("giant")).unwrap().set_len(50 << 30).unwrap();
        assert_eq!(read(&path("giant"), MAX_SEGMENT).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
