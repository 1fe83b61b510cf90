//! Walking beneath a root: the kernel itself refuses symbolic links, `..` and other file systems (`openat2`).

use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::fs::{
    Access, AtFlags, CWD, FileType, Mode, OFlags, RawMode, ResolveFlags, Statx, StatxAttributes, StatxFlags,
    StatxTimestamp, accessat, fsync, openat, openat2, statx, unlinkat,
};
use rustix::io::Errno;

use super::identity::Identity;
use super::{ContentTimes, FileId, Refusal};

const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

/// A directory beneath a root, open.
pub(super) struct Directory {
    fd: OwnedFd,
    stat: Statx,
}

/// A file found in a directory, open by `O_PATH`: nothing of its content is touched.
pub(super) struct Found {
    name: String,
    fd: OwnedFd,
    stat: Statx,
}

impl Directory {
    /// The directory of a path beneath a root; `None` where it is not there.
    pub(super) fn of(root: &Path, path: &str) -> Result<Option<Self>, Refusal> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let root = openat(CWD, root, flags, Mode::empty()).map_err(|_| Refusal::Root)?;
        let fd = match path.rsplit_once('/') {
            None => root,
            Some((parent, _)) => match openat2(&root, parent, flags, Mode::empty(), BENEATH) {
                Ok(fd) => fd,
                Err(Errno::NOENT) => return Ok(None),
                Err(error) => return Err(refusal(error)),
            },
        };
        let stat = stat(&fd)?;
        Ok(Some(Self { fd, stat }))
    }

    /// The file that a path ends in; `None` where nothing stands there.
    pub(super) fn open(&self, path: &str) -> Result<Option<Found>, Refusal> {
        let name = name_of(path);
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd = match openat2(&self.fd, name, flags, Mode::empty(), BENEATH) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(error) => return Err(refusal(error)),
        };
        let stat = stat(&fd)?;
        Ok(Some(Found { name: name.to_owned(), fd, stat }))
    }

    /// Whether anything stands at the name that a path ends in.
    pub(super) fn has(&self, path: &str) -> Result<bool, Refusal> {
        match statx(&self.fd, name_of(path), AtFlags::SYMLINK_NOFOLLOW, StatxFlags::TYPE) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(refusal(error)),
        }
    }

    /// Asks beforehand what would make `unlink` or `sync` fail afterwards, when it is too late to leave the record
    /// alone.
    pub(super) fn must_allow_unlink(&self, file: &Found) -> Result<(), Refusal> {
        let access = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
        match accessat(&self.fd, ".", access, AtFlags::EACCESS) {
            Ok(()) => {}
            Err(Errno::ACCESS | Errno::ROFS | Errno::PERM) => return Err(Refusal::Unwritable),
            Err(error) => return Err(refusal(error)),
        }
        let user = rustix::process::geteuid().as_raw();
        let sticky = RawMode::from(self.stat.stx_mode) & Mode::SVTX.as_raw_mode() != 0;
        if sticky && user != 0 && user != file.stat.stx_uid && user != self.stat.stx_uid {
            return Err(Refusal::Unwritable);
        }
        let fixed = StatxAttributes::IMMUTABLE | StatxAttributes::APPEND;
        if (self.stat.stx_attributes | file.stat.stx_attributes).intersects(fixed) {
            return Err(Refusal::Immutable);
        }
        Ok(())
    }

    /// Unlinks by name, then asks the open file whether it was the one: between the look and the unlink a name may
    /// change hands.
    pub(super) fn unlink(&self, file: &Found) -> Result<(), Refusal> {
        match unlinkat(&self.fd, &file.name, AtFlags::empty()) {
            Ok(()) => {}
            Err(Errno::ACCESS | Errno::PERM | Errno::ROFS) => return Err(Refusal::Unwritable),
            Err(error) => return Err(refusal(error)),
        }
        if stat(&file.fd)?.stx_nlink == 0 { Ok(()) } else { Err(Refusal::Raced) }
    }

    /// Makes what was unlinked here durable.
    pub(super) fn sync(&self) -> Result<(), Refusal> {
        // An O_PATH descriptor cannot be synced: it is opened again for reading.
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = openat(&self.fd, ".", flags, Mode::empty()).map_err(refusal)?;
        fsync(fd).map_err(refusal)
    }
}

impl Found {
    pub(super) fn id(&self) -> FileId {
        let times = StatxFlags::MTIME | StatxFlags::BTIME;
        let time = |time: StatxTimestamp| (time.tv_sec, time.tv_nsec);
        let tells = StatxFlags::from_bits_retain(self.stat.stx_mask).contains(times);
        let content = ContentTimes { written: time(self.stat.stx_mtime), made: time(self.stat.stx_btime) };
        FileId {
            dev: rustix::fs::makedev(self.stat.stx_dev_major, self.stat.stx_dev_minor),
            ino: self.stat.stx_ino,
            size: self.stat.stx_size,
            ctime_sec: self.stat.stx_ctime.tv_sec,
            ctime_nsec: self.stat.stx_ctime.tv_nsec,
            content: tells.then_some(content),
        }
    }

    pub(super) fn identity(&self) -> Identity {
        let FileId { dev, ino, .. } = self.id();
        Identity { dev, ino }
    }

    /// A regular file with one name.
    pub(super) fn must_be_plain(&self) -> Result<(), Refusal> {
        match FileType::from_raw_mode(RawMode::from(self.stat.stx_mode)) {
            FileType::RegularFile if self.stat.stx_nlink == 1 => Ok(()),
            FileType::RegularFile => Err(Refusal::OtherNames),
            FileType::Symlink => Err(Refusal::Symlink),
            _ => Err(Refusal::NotRegular),
        }
    }
}

fn name_of(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn stat(fd: &OwnedFd) -> Result<Statx, Refusal> {
    statx(fd, "", AtFlags::EMPTY_PATH, StatxFlags::BASIC_STATS | StatxFlags::BTIME).map_err(refusal)
}

fn refusal(error: Errno) -> Refusal {
    match error {
        Errno::LOOP => Refusal::Symlink,
        // Plain paths cannot leave the root, so what is left of the kernel's reasons is a mount point.
        Errno::XDEV => Refusal::OtherFileSystem,
        Errno::NOTDIR => Refusal::NotRegular,
        Errno::NAMETOOLONG | Errno::INVAL => Refusal::Path,
        Errno::ACCESS => Refusal::Unwritable,
        // Of all calls made here, a filter of systemd's refuses this one so, because it cannot look at its arguments.
        Errno::NOSYS => Refusal::NoOpenat2,
        error => Refusal::System(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_without_openat2_is_told_with_its_mend() {
        let told = refusal(Errno::NOSYS).to_string();
        assert!(told.contains("openat2") && told.contains("RestrictSUIDSGID"), "{told}");
    }
}
