//! Witnesses: somebody else's machine that saw a checkpoint, after checking that the log only grew (C2SP tlog-witness,
//! without HTTP).

mod key;
mod request;
mod sight;
mod stored;

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use super::durable::{SHARED, create_dirs, read, replace};
use super::error::{FileError, LogError, entries};
use super::keys::KeyError;
use super::merkle::{OutsideTree, TreeHead, empty_root, is_consistent};
use super::note::{NoteError, Signature, SigningKey, VerifierKey};
use super::recover::checkpoint_path;
use super::regular::{self, MAX_CHECKPOINT, MAX_KEY};
use super::verify::{Flaw, ReadText, Report, Trust, Verdict, verify};
use crate::model::{Digest, Instant, Origin};
use key::{make_key, read_key};
pub use request::Request;
pub use sight::Sight;
pub use stored::{CheckpointFileError, Handed, add_cosignature, read_witnessed};
pub(super) use stored::{read_note, witnessed_names};

/// Why a witness does not co-sign, or a cosignature is not stored.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the request is not of the form that C2SP tlog-witness asks for: {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error(transparent)]
    Stored(CheckpointFileError),
    #[error("the checkpoint is of the log {origin}, but the key given is of {key}")]
    OtherLog { origin: Origin, key: String },
    #[error(
        "this witness last saw {} of the log, and the request speaks of {old}; make the request again from {seen}", entries(*seen)
    )]
    Conflict { seen: u64, old: u64 },
    #[error(
        "the log of {} does not continue what was seen of it ({}): it was rewritten, cut or forked since, and is not co-signed; keep both checkpoints, which together are the evidence, and ask the operator for the log that was seen",
        entries(*size), entries(*seen)
    )]
    Inconsistent { seen: u64, size: u64 },
    #[error("{}", refusal(report, kept.as_ref()))]
    Refused { report: Box<Report>, kept: Option<Kept> },
    #[error("the log was published anew while it was verified, so what stands there now is not co-signed; ask again")]
    Moved,
    #[error(
        "{} is not this witness's own account of what it saw last: {reason}; put the file back from a copy, or, where the key beside it is a new one, the key; this tells nothing of the log", path.display()
    )]
    State { path: PathBuf, reason: String },
    #[error(
        "the line is no cosignature, by the witness key given, of the checkpoint that stands now or of one that is stored here; where the witness co-signed an older one, hand over that co-signed checkpoint whole, and where its key is another, name that one"
    )]
    Unmatched,
    #[error("the cosignature is not of a checkpoint of this log")]
    NotOurs,
    #[error("the witness key in {} is malformed: {source}", path.display())]
    Key { path: PathBuf, source: NoteError },
    #[error(transparent)]
    Secret(KeyError),
    #[error(
        "{} holds the verifier key of something else, perhaps of a log; give the witness a directory of its own, or put back its `key`", path.display()
    )]
    Taken { path: PathBuf },
    #[error("no random bytes for a key came from the kernel")]
    Random,
    #[error(
        "the cosignature tells no time (its time is 0), so it says of no entry when it stood; ask the witness for one with the time"
    )]
    Untimed,
    #[error(
        "the cosignature was given at {time}, which is after this machine's clock, {now} (both in seconds since 1970); set the clock that is wrong, this one or the witness's, and ask for a new one if it was the witness's"
    )]
    NotYet { time: u64, now: i64 },
    #[error("the clock stands at the beginning of 1970 or before; set it")]
    Clock,
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<FileError> for WitnessError {
    fn from(error: FileError) -> Self {
        Self::Log(error.into())
    }
}

impl From<KeyError> for WitnessError {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::File(error) => error.into(),
            other => Self::Secret(other),
        }
    }
}

impl From<OutsideTree> for WitnessError {
    fn from(_: OutsideTree) -> Self {
        Self::Malformed("its old size is beyond the checkpoint's")
    }
}

/// How the names end of the files in which a witness keeps what it saw.
const STATE: &str = "checkpoint";

/// What a witness co-signed last of a log, and where it keeps that.
#[derive(Debug)]
pub struct Kept {
    pub log: Origin,
    pub entries: u64,
    pub path: PathBuf,
}

/// What was seen, what was kept of it before, what that means, and what to do.
fn refusal(report: &Report, kept: Option<&Kept>) -> String {
    let finding = report.findings.first().map(ToString::to_string).unwrap_or_default();
    let more = match report.findings.len() as u64 + report.more_findings {
        ..=1 => String::new(),
        all => format!(" (and {} more findings)", all - 1),
    };
    let seen = format!("the log does not verify, so it is not co-signed: {}{more}", finding.trim_end_matches('.'));
    let is_of_key = |flaw: &Flaw| matches!(flaw, Flaw::NotSignedBy { .. } | Flaw::UndeclaredKey { .. });
    if report.findings.iter().all(|finding| is_of_key(&finding.flaw)) {
        return format!(
            "{seen}. All else in it agrees with what was seen; where the operator exchanged the key, have the new one handed over by \
             another way than the log and give it with `--vkey`, where not, somebody else signed this log: tell the operator"
        );
    }
    match kept {
        Some(Kept { log, entries: signed, path }) => format!(
            "{seen}. This witness had co-signed the first {entries} of {log}, and still keeps their checkpoint in {kept} \
             (an earlier log is looked for beside the one after it, as `DIR.1`); keep a copy of the log as it stands now, which shows with that checkpoint what was changed. Let `audit verify DIR --vkey FILE --checkpoint {kept}` list \
             every finding, and ask the operator for the log that was co-signed",
            entries = entries(*signed),
            kept = path.display()
        ),
        None => format!(
            "{seen}. This witness had co-signed nothing of it before, so it contradicts nothing that was seen; \
             send the operator what `audit verify DIR --vkey FILE` finds, and witness the log once it verifies"
        ),
    }
}

/// A witness: a key, and the last checkpoint seen of every log.
pub struct Witness {
    dir: PathBuf,
    key: SigningKey,
}

impl Witness {
    /// Opens the witness in this directory; makes it, with a key under this name, where there is none.
    ///
    /// # Errors
    /// A name that is no key name; a directory or key that cannot be read or made.
    pub fn open_or_create(dir: &Path, name: &str) -> Result<Self, WitnessError> {
        create_dirs(dir, 0o700)?;
        // Two that begin at once must not each make a key.
        let _lock = lock(dir)?;
        let key = match read_key(&dir.join("key"))? {
            Some(key) => key,
            // As in the directory of a log, which has one too.
            None if dir.join("vkey").exists() => return Err(WitnessError::Taken { path: dir.to_owned() }),
            None => make_key(&dir.join("key"), name)?,
        };
        let witness = Self { dir: dir.to_owned(), key };
        let vkey = format!("{}\n", witness.verifier());
        if read(&witness.vkey_path(), MAX_KEY)?.as_deref() != Some(vkey.as_bytes()) {
            replace("witness", &witness.vkey_path(), vkey.as_bytes(), SHARED)?;
        }
        Ok(witness)
    }

    /// The file with the verifier key, for whoever shall trust this witness.
    pub fn vkey_path(&self) -> PathBuf {
        self.dir.join("vkey")
    }

    /// The verifier key, as that file has it.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// The last checkpoint that this witness co-signed for a log.
    ///
    /// # Errors
    /// A state file that cannot be read; [`WitnessError::State`] for one that this witness did not write of this log.
    pub fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, WitnessError> {
        match self.read_state(&self.state_of(origin))? {
            Some(last) if last.claimed().origin != *origin => {
                let reason = format!("it is of the log {}", last.claimed().origin);
                Err(WitnessError::State { path: self.state_of(origin), reason })
            }
            last => Ok(last),
        }
    }

    fn read_state(&self, path: &Path) -> Result<Option<SignedCheckpoint>, WitnessError> {
        let Some(bytes) = read(path, MAX_CHECKPOINT)? else { return Ok(None) };
        let not_own = |reason| WitnessError::State { path: path.to_owned(), reason };
        let last = SignedCheckpoint::parse(&bytes).map_err(|error| not_own(error.to_string()))?;
        last.verify(&self.verifier()).map_err(|error| not_own(error.to_string()))?;
        Ok(Some(last))
    }

    /// Verifies a whole log, or a copy of it, against what was seen before and against its calendars' texts, which
    /// `read_text` reads, and co-signs its checkpoint.
    ///
    /// # Errors
    /// [`WitnessError::Refused`] where the log does not verify; files that cannot be read or written.
    pub fn cosign_log(
        &self,
        log: &Path,
        key: &VerifierKey,
        read_text: ReadText,
        now: Instant,
    ) -> Result<Sight, WitnessError> {
        let _lock = lock(&self.dir)?;
        let origin = Origin::new(key.name());
        let mut trust = Trust {
            key: Some(key.clone()),
            older: self.last(&origin)?.into_iter().collect(),
            now: Some(now.timestamp()),
            read_text: Some(read_text),
            ..Trust::default()
        };
        let mut report = verify(log, &trust);
        // A successor must not hide entries of the logs before it that were seen.
        for earlier in &report.earlier {
            trust.older.extend(self.last(&earlier.log)?);
        }
        if report.verdict != Verdict::Fail && !report.earlier.is_empty() {
            report = verify(log, &trust);
        }
        if report.verdict == Verdict::Fail {
            let kept = trust.older.first().map(|seen| self.kept(seen.claimed()));
            return Err(WitnessError::Refused { report: Box::new(report), kept });
        }
        let checkpoint = current(log)?;
        // A writer may have published since, and an operator may exchange the file: what is co-signed is what was
        // verified.
        let verified = report.root.map(|root| Checkpoint::new(origin, TreeHead { size: report.size, root }));
        if Some(checkpoint.verify(key)?) != verified.as_ref() {
            return Err(WitnessError::Moved);
        }
        let others = self.perhaps_before(&report)?;
        let cosignature = self.sign_and_keep(checkpoint, key, now)?;
        Ok(Sight { cosignature, earlier: report.earlier, others })
    }

    /// Answers a request that came by mail or by hand: the log itself is not needed.
    ///
    /// # Errors
    /// Another log than the key's; a signature that does not verify; a request that does not start from what was seen,
    /// or whose proof does not hold.
    pub fn cosign(&self, request: &Request, key: &VerifierKey, now: Instant) -> Result<Signature, WitnessError> {
        let _lock = lock(&self.dir)?;
        let claimed = request.checkpoint.verify(key)?;
        if claimed.origin.as_str() != key.name() {
            return Err(WitnessError::OtherLog { origin: claimed.origin.clone(), key: key.name().to_owned() });
        }
        let seen = self.last(&claimed.origin)?.map(|seen| seen.claimed().tree);
        let seen = seen.unwrap_or(TreeHead { size: 0, root: empty_root() });
        if request.old != seen.size {
            return Err(WitnessError::Conflict { seen: seen.size, old: request.old });
        }
        if !is_consistent(&seen, &claimed.tree, &request.proof) {
            return Err(WitnessError::Inconsistent { seen: seen.size, size: claimed.tree.size });
        }
        self.sign_and_keep(request.checkpoint.clone(), key, now)
    }

    /// What was seen is kept before the cosignature leaves the house, and no line of anybody else with it: so many
    /// could stand there that the file could not be read again.
    fn sign_and_keep(
        &self,
        mut checkpoint: SignedCheckpoint,
        key: &VerifierKey,
        now: Instant,
    ) -> Result<Signature, WitnessError> {
        let now = u64::try_from(now.timestamp()).ok().filter(|now| *now > 0).ok_or(WitnessError::Clock)?;
        let signature = self.key.sign(checkpoint.note().text(), now);
        checkpoint.keep_signatures_of(&[key]);
        checkpoint.add(signature.clone());
        let path = self.state_of(&checkpoint.claimed().origin);
        replace("witness", &path, checkpoint.to_string().as_bytes(), SHARED)?;
        Ok(signature)
    }

    fn kept(&self, seen: &Checkpoint) -> Kept {
        Kept { log: seen.origin.clone(), entries: seen.tree.size, path: self.state_of(&seen.origin) }
    }

    fn state_of(&self, origin: &Origin) -> PathBuf {
        self.dir.join(format!("{}.{STATE}", Digest::of(origin.as_str().as_bytes())))
    }
}

/// To check and to keep is one step: two requests at once must not roll each other back.
fn lock(dir: &Path) -> Result<File, WitnessError> {
    let path = dir.join("lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(SHARED).open(&path);
    let file = file.map_err(FileError::new("open", &path))?;
    file.lock().map_err(FileError::new("lock", &path))?;
    Ok(file)
}

/// The current checkpoint of the log in `dir`; its signature is not checked.
fn current(dir: &Path) -> Result<SignedCheckpoint, WitnessError> {
    let path = checkpoint_path(dir);
    let bytes = regular::read(&path, MAX_CHECKPOINT).map_err(FileError::new("read", &path))?;
    Ok(SignedCheckpoint::parse(&bytes)?)
}
