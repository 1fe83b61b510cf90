//! How far the unlinking of a batch's files has come: a note beside its spool, so that after a crash an absent file is
//! known to be gone by the program's own doing, or by somebody else's. It begins with what the batch did, for files go
//! after the COMMIT alone: whatever became of its database since, the batch was committed.
//!
//! Only appended to while files go, one JSON value a line. A group is announced, durably, before any of its files is
//! touched; each file is noted right before its unlinking. These notes are not synced one by one: what a killed program
//! has written stays, and what a machine that stopped has lost is of the group announced last.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Spool, SpoolDir, SpoolError, SpooledFile};
use crate::disposition::clock::BootId;
use crate::disposition::execute::note::Done;
use crate::records::files::{FileId, Unlinking};

/// Device and inode: no two files of a batch share them. They hold no personal information.
type Named = (u64, u64);

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// Under which start of the machine these lines were written, where the kernel tells.
    Boot(Option<BootId>),
    /// The batch was committed and did this; that its records were gone was read back.
    Committed(Done),
    /// These files may be unlinked from now on; those announced before were all tried.
    Announced(Vec<Named>),
    /// This file is being unlinked.
    Begun(Named),
    /// It was not.
    Failed(Named),
    /// All that was announced was tried.
    Tried,
}

/// The trail of one spool, through every try: the first one, recovery, and later ones.
#[derive(Debug)]
pub(in super::super) struct Trail {
    path: PathBuf,
    dir: PathBuf,
    boot: Option<BootId>,
    /// Open from the first announcement on.
    file: Option<File>,
    told: Told,
}

/// What a trail tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    committed: Option<Done>,
    /// Files whose absence is the program's own doing.
    ours: BTreeSet<Named>,
}

impl SpoolDir {
    /// What earlier tries have noted of a spool's files, to be gone on with.
    pub fn trail(&self, spool: &Spool) -> Result<Trail, SpoolError> {
        let path = self.trail_path(spool);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read.map_err(|source| SpoolError { doing: "read", path: path.clone(), source })?,
        };
        let mut told = read(&text, self.boot);
        // Of files that are no longer waited for nobody asks.
        let waiting: BTreeSet<Named> = spool.files.iter().map(|file| named(&file.id)).collect();
        told.ours.retain(|file| waiting.contains(file));
        Ok(Trail { path, dir: self.path.clone(), boot: self.boot, file: None, told })
    }

    /// Tells other spools of what is gone by the program's own doing through this one: the file that an earlier batch
    /// had to leave may be one that a later batch unlinks, where its record was put back and destroyed again.
    pub fn tell_others(&self, spool: &Spool) -> Result<(), SpoolError> {
        // Most often nothing else waits: then nothing more is read.
        let others = if spool.files.is_empty() { Vec::new() } else { self.others(spool)? };
        if others.is_empty() {
            return Ok(());
        }
        let gone = self.trail(spool)?.told.ours;
        for other in &others {
            let mut trail = self.trail(other)?;
            let known = trail.told.ours.len();
            let waiting = other.files.iter().map(|file| named(&file.id));
            trail.told.ours.extend(waiting.filter(|file| gone.contains(file)));
            if trail.told.ours.len() > known {
                trail.begin(&Line::Tried).map_err(|source| trail.failed(source))?;
            }
        }
        Ok(())
    }

    pub(super) fn trail_path(&self, spool: &Spool) -> PathBuf {
        self.path(&spool.log, spool.batch).with_extension("trail")
    }
}

impl Trail {
    /// What the batch did, where its files were about to be unlinked.
    pub fn done(&self) -> Option<Done> {
        self.told.committed.clone()
    }

    /// What the batch did; durable with the first announcement.
    pub fn commit(&mut self, done: Done) {
        self.told.committed = Some(done);
    }

    /// Whether a file that is absent is so by the program's own doing.
    pub fn is_ours(&self, file: &SpooledFile) -> bool {
        self.told.ours.contains(&named(&file.id))
    }

    /// These files are about to be unlinked; durable on return, with all that was noted before.
    pub fn announce(&mut self, group: &[&SpooledFile]) -> Result<(), SpoolError> {
        let announced = Line::Announced(group.iter().map(|file| named(&file.id)).collect());
        match self.file {
            Some(_) => self.append(&announced).and_then(|file| file.sync_data()),
            None => self.begin(&announced),
        }
        .map_err(|source| self.failed(source))
    }

    /// Notes how it goes with a file of the group.
    pub fn note(&mut self, file: &FileId, unlinking: Unlinking) -> io::Result<()> {
        let file = named(file);
        match unlinking {
            Unlinking::Begins => {
                self.append(&Line::Begun(file))?;
                self.told.ours.insert(file);
            }
            Unlinking::Failed => {
                self.append(&Line::Failed(file))?;
                self.told.ours.remove(&file);
            }
        }
        Ok(())
    }

    /// Every file of the group was tried.
    pub fn end_group(&mut self) -> Result<(), SpoolError> {
        self.append(&Line::Tried).map(drop).map_err(|source| self.failed(source))
    }

    /// What could not be written; nothing more is unlinked then.
    pub fn failed(&self, source: io::Error) -> SpoolError {
        SpoolError { doing: "write", path: self.path.clone(), source }
    }

    /// Begins a new try in the place of those before it, of which it goes on knowing what is gone.
    fn begin(&mut self, announced: &Line) -> io::Result<()> {
        let beside = self.path.with_extension("new");
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        self.file = Some(file);
        self.append(&Line::Boot(self.boot))?;
        if let Some(done) = self.told.committed.clone() {
            self.append(&Line::Committed(done))?;
        }
        for file in self.told.ours.clone() {
            self.append(&Line::Begun(file))?;
        }
        self.append(announced)?.sync_all()?;
        fs::rename(&beside, &self.path)?;
        File::open(&self.dir)?.sync_all()
    }

    fn append(&mut self, line: &Line) -> io::Result<&File> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.write_all(&text)?;
        Ok(file)
    }
}

fn named(id: &FileId) -> Named {
    (id.dev, id.ino)
}

/// Reads a trail under this start of the machine. Where it was written under another one, or nothing tells, notes of
/// the group announced last may be lost: that all of it is gone may be the program's doing.
fn read(text: &[u8], boot: Option<BootId>) -> Told {
    let (mut told, mut announced, mut is_same_boot) = (Told::default(), Vec::new(), false);
    // The last line may be torn, and what follows one that cannot be read was not synced.
    let whole = text.split_inclusive(|byte| *byte == b'\n').map_while(|line| serde_json::from_slice(line).ok());
    for line in whole {
        match line {
            Line::Boot(written) => is_same_boot = written.is_some() && written == boot,
            Line::Committed(done) => told.committed = Some(done),
            Line::Announced(group) => announced = group,
            Line::Begun(file) => drop(told.ours.insert(file)),
            Line::Failed(file) => drop(told.ours.remove(&file)),
            Line::Tried => announced.clear(),
        }
    }
    if !is_same_boot {
        told.ours.extend(announced);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"announced":[[1,10],[1,11]]}
{"begun":[1,10]}
{"begun":[1,11]}
{"failed":[1,11]}
{"announced":[[1,20],[1,21]]}
{"begun":[1,20]}
"#;

    fn read(boot: Option<&str>, rest: &str, now: Option<&str>) -> Vec<u64> {
        let [boot, now] = [boot, now].map(|name| name.map(|name| BootId::parse(&name.repeat(32)).unwrap()));
        let written = serde_json::to_string(&Line::Boot(boot)).unwrap();
        let text = format!("{written}\n{TEXT}{rest}");
        super::read(text.as_bytes(), now).ours.into_iter().map(|(_, inode)| inode).collect()
    }

    #[test]
    fn what_a_killed_program_had_begun_to_unlink_is_known_file_by_file() {
        assert_eq!(read(Some("1"), "", Some("1")), [10, 20]);
        assert_eq!(read(Some("1"), "{\"begun\":[1,2", Some("1")), [10, 20], "a torn line");
        assert_eq!(read(Some("1"), "\0\0\n{\"begun\":[1,21]}\n", Some("1")), [10, 20], "after a hole");
    }

    #[test]
    fn of_a_machine_that_stopped_the_group_announced_last_may_have_been_unlinked() {
        for (written, now) in [(Some("1"), Some("2")), (None, None), (Some("1"), None), (None, Some("1"))] {
            assert_eq!(read(written, "", now), [10, 20, 21], "{written:?} {now:?}");
            assert_eq!(read(written, "\"tried\"\n", now), [10, 20], "{written:?} {now:?}");
        }
    }
}
