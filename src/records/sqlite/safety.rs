//! Whether a database may be opened without locking its application out.
//!
//! SQLite creates `-wal`, `-shm` and `-journal` beside the database, owned by whoever opens it and with the database's
//! own mode. Files of ours that the application may not write lock it out, even after we exit. All is decided by
//! `stat`: the database is not opened, because closing any descriptor of it would drop the locks that this process
//! holds on it.
//!
//! Not seen here: access control lists, and groups known only to a directory service.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};

use super::StoreError;
use super::accounts::Accounts;

/// The real path of a database that may be opened.
///
/// # Errors
/// It is not there, is no file, is empty, or cannot be opened without risk to its application.
pub fn safe_path(database: &Path) -> Result<PathBuf, StoreError> {
    let unseen = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => StoreError::Missing { database: database.to_owned() },
        _ => StoreError::NoAccess { database: database.to_owned() },
    };
    // SQLite's files stand beside the real database, not beside a link to it.
    let real = fs::canonicalize(database).map_err(unseen)?;
    let file = fs::metadata(&real).map_err(unseen)?;
    if !file.is_file() {
        return Err(StoreError::NotAFile { database: real });
    }
    if file.len() == 0 {
        return Err(StoreError::NotADatabase { database: real });
    }
    if file.nlink() > 1 {
        return Err(StoreError::UnsafeToOpen {
            reason: format!(
                "it has {} names: SQLite keeps a journal beside each name, and programs that use different ones corrupt it",
                file.nlink()
            ),
            mend: "find the other names (`find DIR -samefile FILE`) and remove them, or make copies of them".to_owned(),
            database: real,
        });
    }
    let parent = real.parent().unwrap_or(Path::new("/"));
    let directory = fs::metadata(parent).map_err(unseen)?;
    let place = Ownership {
        owner: file.uid(),
        group: file.gid(),
        mode: file.mode(),
        directory_owner: directory.uid(),
        directory_group: directory.gid(),
        directory_mode: directory.mode(),
        directory_writable: is_writable(parent),
    };
    let us = User { uid: geteuid().as_raw(), gid: getegid().as_raw() };
    match danger(&place, us, &Accounts::of_this_machine()) {
        None => Ok(real),
        Some(Danger { reason, mend }) => Err(StoreError::UnsafeToOpen { database: real, reason, mend }),
    }
}

/// In doubt it is writable, which asks for more below.
fn is_writable(directory: &Path) -> bool {
    let denied = accessat(CWD, directory, Access::WRITE_OK, AtFlags::EACCESS);
    !matches!(denied, Err(Errno::ACCESS | Errno::PERM | Errno::ROFS))
}

/// Who owns a database and its directory, and who may do what.
struct Ownership {
    owner: u32,
    group: u32,
    mode: u32,
    directory_owner: u32,
    directory_group: u32,
    directory_mode: u32,
    /// By us.
    directory_writable: bool,
}

/// The user and group that files of ours would have.
#[derive(Clone, Copy)]
struct User {
    uid: u32,
    gid: u32,
}

#[derive(Debug, PartialEq, Eq)]
struct Danger {
    reason: String,
    mend: String,
}

const SETGID: u32 = 0o2000;
const STICKY: u32 = 0o1000;
const READ_AND_WRITE: u32 = 0o6;

/// Why opening could lock the application out, if it could.
fn danger(place: &Ownership, us: User, accounts: &Accounts) -> Option<Danger> {
    // As root, SQLite gives the files it creates to the database's owner and group. Where we can create none, none can
    // harm.
    if us.uid == 0 || !place.directory_writable {
        return None;
    }
    let group_of_new = if place.directory_mode & SETGID != 0 { place.directory_group } else { us.gid };
    let owner = accounts.user(place.owner);
    let group = accounts.group(place.group);
    let (group_may, others_may) = (place.mode >> 3 & 0o7, place.mode & 0o7);
    if group_may & !others_may != 0 && group_of_new != place.group {
        return Some(Danger {
            reason: format!(
                "members of group {group} may use it, and could not use the files that SQLite would create beside it for group {}",
                accounts.group(group_of_new)
            ),
            mend: format!("make its directory setgid of group {group} (chgrp {group} DIRECTORY; chmod g+s DIRECTORY)"),
        });
    }
    if us.uid == place.owner {
        return None;
    }
    let run_as_owner = format!("run retentiond as user {owner}");
    if place.directory_mode & STICKY != 0 && place.directory_owner != place.owner {
        return Some(Danger {
            reason: format!(
                "in its sticky directory, user {owner} could not remove the files that SQLite would create beside it"
            ),
            mend: format!("{run_as_owner}, or move it to a directory without the sticky bit"),
        });
    }
    let owner_may = if accounts.is_member(place.owner, group_of_new) { group_may } else { others_may };
    if owner_may & READ_AND_WRITE == READ_AND_WRITE {
        return None;
    }
    Some(Danger {
        reason: format!(
            "it belongs to user {owner}, who could not use the files that SQLite would create beside it as user {}",
            accounts.user(us.uid)
        ),
        mend: format!(
            "{run_as_owner}, or make its directory setgid of a group that both users are in and give that group the right to \
             read and write the database"
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: u32 = 1001;
    const US: User = User { uid: 990, gid: 990 };
    const SHARED: u32 = 2000;

    fn accounts() -> Accounts {
        Accounts::parse(
            "parle:x:1001:1001::/:/bin/sh\nother:x:1002:1002::/:/bin/sh\n",
            "parle:x:1001:\nshared:x:2000:other,parle\n",
        )
    }

    /// Owned by the application, in a directory of its own.
    fn place(mode: u32, group: u32, directory_mode: u32, directory_group: u32) -> Ownership {
        let directory_writable = true;
        Ownership { owner: APP, group, mode, directory_owner: APP, directory_group, directory_mode, directory_writable }
    }

    fn is_safe(place: &Ownership, us: User) -> bool {
        danger(place, us, &accounts()).is_none()
    }

    #[test]
    fn another_user_s_database_is_refused_with_the_mend() {
        let Danger { reason, mend } = danger(&place(0o644, APP, 0o777, APP), US, &accounts()).unwrap();
        assert!(reason.contains("user parle"), "{reason}");
        assert!(mend.contains("run retentiond as user parle"), "{mend}");
    }

    #[test]
    fn the_owner_and_root_may_open_it() {
        assert!(is_safe(&place(0o600, APP, 0o700, APP), User { uid: APP, gid: APP }));
        assert!(is_safe(&place(0o600, APP, 0o700, APP), User { uid: 0, gid: 0 }));
    }

    #[test]
    fn the_owner_with_another_group_would_lock_the_database_s_group_out() {
        let owner_elsewhere = User { uid: APP, gid: 3000 };
        assert!(is_safe(&place(0o644, SHARED, 0o755, APP), owner_elsewhere));
        assert!(!is_safe(&place(0o660, SHARED, 0o770, SHARED), owner_elsewhere));
        assert!(is_safe(&place(0o660, SHARED, 0o2770, SHARED), owner_elsewhere));
    }

    #[test]
    fn a_setgid_directory_of_a_group_with_both_users_keeps_the_files_usable() {
        assert!(is_safe(&place(0o660, SHARED, 0o2770, SHARED), US));
        assert!(!is_safe(&place(0o660, SHARED, 0o0770, SHARED), US));
        assert!(!is_safe(&place(0o640, SHARED, 0o2770, SHARED), US));
        // The application is no member of the group that was made for us.
        assert!(!is_safe(&place(0o660, US.gid, 0o2770, US.gid), US));
    }

    #[test]
    fn a_directory_in_which_we_can_create_nothing_is_safe() {
        let mut theirs = place(0o644, APP, 0o755, APP);
        theirs.directory_writable = false;
        assert!(is_safe(&theirs, US));
    }

    #[test]
    fn a_file_that_everyone_may_write_is_safe_except_in_a_sticky_directory() {
        assert!(is_safe(&place(0o666, APP, 0o777, APP), US));
        let mut sticky = place(0o666, APP, 0o1777, 0);
        sticky.directory_owner = 0;
        assert!(!is_safe(&sticky, US));
    }
}
