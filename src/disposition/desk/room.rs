//! Room on the disk that is set aside for the state: where others have filled the disk, the program still starts, and
//! what a person must be able to say (a hold, a pause) is still kept.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Desk, DeskError};
use crate::audit::allocate;

/// Length in bytes: the private database's journal, a bundle of entries and a segment's marks fit many times over.
const LENGTH: u64 = 4 << 20;

/// `STATE/private/room`: given back when the disk is full, and set aside again once it no longer is.
#[derive(Debug)]
pub(super) struct Room {
    path: PathBuf,
}

impl Room {
    pub fn of(state: &Path) -> Self {
        Self { path: state.join("private/room") }
    }

    /// Sets it aside, if it is not.
    pub fn set_aside(&self) -> io::Result<()> {
        if fs::symlink_metadata(&self.path).is_ok_and(|found| found.len() == LENGTH) {
            return Ok(());
        }
        let made = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&self.path);
        made.and_then(|file| allocate(&file, LENGTH)).inspect_err(|_| {
            // Half of it would only be in the way of what needs it.
            let _not_made = fs::remove_file(&self.path);
        })
    }

    /// Gives it back; says whether there was any.
    pub fn give_back(&self) -> bool {
        fs::remove_file(&self.path).is_ok()
    }
}

impl Desk {
    /// Sets room on the disk aside where that was given back, or never was.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn set_room_aside(&self) -> Result<(), DeskError> {
        let room = self.store.room();
        room.set_aside().map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DeskError::NoRoom { path: room.path.clone() },
            _ => DeskError::File { doing: "set room aside at", path: room.path.clone(), source },
        })
    }
}
