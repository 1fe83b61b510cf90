//! Room on the disk that is set aside for the state: where others have filled the disk, the program still starts, and
//! what a person must be able to say (a hold, a pause) is still kept. Within the private database, where nobody else
//! can take it; beside it, for all else that a start may need.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::store::Store;
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

/// Pages of the private database that are kept free: thousands of holds, years of a nightly schedule.
const PAGES: u32 = 256;

/// Length of one in bytes, SQLite's own choice.
const PAGE: u32 = 4_096;

impl Store {
    /// Keeps pages of the database free, and its journal as long as they are. Both are written in place, so a neighbour
    /// who fills the disk, and takes at once what is given back, takes nothing from what is noted here. A file system
    /// that copies on writing needs room all the same: there, [`Room`] is what helps.
    pub(super) fn set_pages_aside(&self) -> Result<(), DeskError> {
        let mut journal = self.path().as_os_str().to_owned();
        journal.push("-journal");
        let journal = fs::metadata(journal).map_or(0, |found| found.len());
        let free: u32 = self.run(|connection| connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)))?;
        // Not at the first page that is used: what sets them aside writes them all.
        if u64::from(free).min(journal / u64::from(PAGE)) >= u64::from(PAGES / 2) {
            return Ok(());
        }
        self.run(|connection| {
            // What a full journal let nobody delete the last time.
            connection.execute("DELETE FROM room", [])?;
            connection.execute("INSERT INTO room VALUES(zeroblob(?1))", [PAGES * PAGE])?;
            // What is deleted is kept in the journal first: that lengthens it.
            connection.execute("DELETE FROM room", []).map(drop)
        })
    }
}

impl Desk {
    /// Sets room on the disk aside where that was given back or used, or never was.
    ///
    /// # Errors
    /// The disk is full, or fails.
    pub fn set_room_aside(&self) -> Result<(), DeskError> {
        let room = self.store.room();
        room.set_aside().map_err(|source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DeskError::NoRoom { path: room.path.clone() },
            _ => DeskError::File { doing: "set room aside at", path: room.path.clone(), source },
        })?;
        self.store.set_pages_aside().map_err(|error| match error {
            DeskError::Full { path } => DeskError::NoRoom { path },
            error => error,
        })
    }
}
