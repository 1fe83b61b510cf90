//! Witnesses: somebody else's machine that saw a checkpoint, after checking that the log only grew (C2SP tlog-witness,
//! without HTTP).

use std::fmt;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::checkpoint::{CheckpointError, SignedCheckpoint, decimal, decode_hash, encode_hash};
use super::durable::{SECRET, SHARED, read, replace};
use super::error::{FileError, LogError};
use super::merkle::{OutsideTree, TreeHead, consistency_proof, empty_root, is_consistent};
use super::nodes::Nodes;
use super::note::{KeyKind, NoteError, Signature, SigningKey, VerifierKey};
use super::recover::checkpoint_path;
use super::regular::{self, MAX_CHECKPOINT, MAX_KEY};
use super::verify::{Flaw, ReadText, Report, Trust, Verdict, verify};
use crate::model::{Digest, Instant, Origin};

/// Why a witness does not co-sign, or a cosignature is not stored.
#[derive(Debug, thiserror::Error)]
pub enum WitnessError {
    #[error("the request is not of the form that C2SP tlog-witness asks for: {0}")]
    Malformed(&'static str),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("the checkpoint is of the log {origin}, but the key given is of {key}")]
    OtherLog { origin: Origin, key: String },
    #[error(
        "this witness last saw {seen} entries of the log, and the request speaks of {old}; make the request again from {seen}"
    )]
    Conflict { seen: u64, old: u64 },
    #[error(
        "the log of {size} entries does not continue what was seen of it ({seen} entries): it was rewritten, cut or forked since, and is not co-signed; keep both checkpoints, which together are the evidence, and ask the operator for the log that was seen"
    )]
    Inconsistent { seen: u64, size: u64 },
    #[error("{}", refusal(report, kept.as_ref()))]
    Refused { report: Box<Report>, kept: Option<Kept> },
    #[error("the cosignature is not of a checkpoint of this log")]
    NotOurs,
    #[error("the witness key in {} is malformed: {source}", path.display())]
    Key { path: PathBuf, source: NoteError },
    #[error("no random bytes for a key came from the kernel")]
    Random,
    #[error("the clock stands before 1970")]
    Clock,
    #[error(transparent)]
    Log(#[from] LogError),
}

impl From<FileError> for WitnessError {
    fn from(error: FileError) -> Self {
        Self::Log(error.into())
    }
}

impl From<OutsideTree> for WitnessError {
    fn from(_: OutsideTree) -> Self {
        Self::Malformed("its old size is beyond the checkpoint's")
    }
}

/// What a witness co-signed last of a log, and where it keeps that.
#[derive(Debug)]
pub struct Kept {
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
        Some(Kept { entries, path }) => format!(
            "{seen}. This witness had co-signed its first {entries} entries, and still keeps their checkpoint in {kept}; \
             keep a copy of the log as it stands now, which shows with that checkpoint what was changed. Let `audit verify DIR --vkey FILE --checkpoint {kept}` list \
             every finding, and ask the operator for the log that was co-signed",
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
        let path = dir.join("key");
        let key = match read(&path, MAX_KEY)? {
            Some(bytes) => {
                let text = zeroize::Zeroizing::new(bytes);
                let text = str::from_utf8(&text).unwrap_or_default();
                SigningKey::parse(text).map_err(|source| WitnessError::Key { path, source })?
            }
            None => {
                let mut seed = zeroize::Zeroizing::new([0; 32]);
                getrandom::fill(&mut *seed).map_err(|_| WitnessError::Random)?;
                let key = SigningKey::from_seed(name, KeyKind::Witness, &seed)?;
                replace("witness", &path, format!("{}\n", *key.secret_text()).as_bytes(), SECRET)?;
                key
            }
        };
        Ok(Self { dir: dir.to_owned(), key })
    }

    /// The verifier key to hand to whoever shall trust this witness.
    pub fn verifier(&self) -> VerifierKey {
        self.key.verifier()
    }

    /// The last checkpoint that this witness co-signed for a log.
    ///
    /// # Errors
    /// A state file that cannot be read or is damaged.
    pub fn last(&self, origin: &Origin) -> Result<Option<SignedCheckpoint>, WitnessError> {
        let bytes = read(&self.state_of(origin), MAX_CHECKPOINT)?;
        Ok(bytes.map(|bytes| SignedCheckpoint::parse(&bytes)).transpose()?)
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
    ) -> Result<Signature, WitnessError> {
        let _lock = self.lock()?;
        let origin = Origin::new(key.name());
        let seen = self.last(&origin)?;
        let report = verify(
            log,
            &Trust {
                key: Some(key.clone()),
                older: seen.iter().cloned().collect(),
                now: Some(now.timestamp()),
                read_text: Some(read_text),
                ..Trust::default()
            },
        );
        if report.verdict == Verdict::Fail {
            let kept = seen.map(|seen| Kept { entries: seen.claimed().tree.size, path: self.state_of(&origin) });
            return Err(WitnessError::Refused { report: Box::new(report), kept });
        }
        let checkpoint = current(log)?;
        // A writer may have published since: what is co-signed is what was verified.
        if Some(checkpoint.claimed().tree.root) != report.root {
            return Err(WitnessError::Conflict { seen: checkpoint.claimed().tree.size, old: report.size });
        }
        self.sign_and_keep(checkpoint, now)
    }

    /// Answers a request that came by mail or by hand: the log itself is not needed.
    ///
    /// # Errors
    /// Another log than the key's; a signature that does not verify; a request that does not start from what was seen,
    /// or whose proof does not hold.
    pub fn cosign(&self, request: &Request, key: &VerifierKey, now: Instant) -> Result<Signature, WitnessError> {
        let _lock = self.lock()?;
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
        self.sign_and_keep(request.checkpoint.clone(), now)
    }

    /// What was seen is kept before the cosignature leaves the house.
    fn sign_and_keep(&self, mut checkpoint: SignedCheckpoint, now: Instant) -> Result<Signature, WitnessError> {
        let now = u64::try_from(now.timestamp()).map_err(|_| WitnessError::Clock)?;
        let signature = self.key.sign(checkpoint.note().text(), now);
        checkpoint.add(signature.clone());
        let path = self.state_of(&checkpoint.claimed().origin);
        replace("witness", &path, checkpoint.to_string().as_bytes(), SHARED)?;
        Ok(signature)
    }

    /// To check and to keep is one step: two requests at once must not roll each other back.
    fn lock(&self) -> Result<File, WitnessError> {
        let path = self.dir.join("lock");
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(SHARED).open(&path);
        let file = file.map_err(FileError::new("open", &path))?;
        file.lock().map_err(FileError::new("lock", &path))?;
        Ok(file)
    }

    fn state_of(&self, origin: &Origin) -> PathBuf {
        self.dir.join(format!("{}.checkpoint", Digest::of(origin.as_str().as_bytes())))
    }
}

/// A request to co-sign: the body of tlog-witness's `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    old: u64,
    proof: Vec<Digest>,
    checkpoint: SignedCheckpoint,
}

impl Request {
    /// The request for the current checkpoint of the log in `dir`, for a witness that last saw `old` entries.
    ///
    /// # Errors
    /// `old` beyond the log; files that cannot be read.
    pub fn of_log(dir: &Path, old: u64) -> Result<Self, WitnessError> {
        let checkpoint = current(dir)?;
        let size = checkpoint.claimed().tree.size;
        let mut nodes = Nodes::new(dir, size);
        let proof = consistency_proof::<WitnessError>(old, size, |subtree| Ok(nodes.read(subtree)?))?;
        Ok(Self { old, proof, checkpoint })
    }

    /// Reads a request.
    ///
    /// # Errors
    /// Bytes of another form.
    pub fn parse(bytes: &[u8]) -> Result<Self, WitnessError> {
        let malformed = WitnessError::Malformed;
        let text = str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
        let (head, note) = text.split_once("\n\n").ok_or(malformed("no empty line stands before the checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(decimal);
        let old = old.ok_or(malformed("its first line is not `old ` and a decimal number"))?;
        let proof = lines.map(decode_hash).collect::<Option<Vec<_>>>();
        let proof = proof.ok_or(malformed("a line of its proof is not the base64 of 32 bytes"))?;
        if proof.len() > 63 {
            return Err(malformed("its proof has more than 63 lines"));
        }
        Ok(Self { old, proof, checkpoint: SignedCheckpoint::parse(note.as_bytes())? })
    }
}

/// The request as it is sent.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{}", encode_hash(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

const WITNESSED: &str = "witnessed";

/// The newest co-signed checkpoint that is stored in the log's directory; its signatures are not checked.
///
/// # Errors
/// A file that cannot be read or holds no checkpoint.
pub fn read_witnessed(dir: &Path) -> Result<Option<SignedCheckpoint>, CheckpointFileError> {
    let bytes = read(&dir.join(WITNESSED), MAX_CHECKPOINT)?;
    Ok(bytes.map(|bytes| SignedCheckpoint::parse(&bytes)).transpose()?)
}

/// A stored checkpoint cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointFileError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
}

/// Stores a cosignature in the log's directory, in the note `witnessed`: the checkpoint moves on with the log, a
/// cosignature does not.
///
/// `received` is the line that the witness returned for the current checkpoint, or the whole co-signed checkpoint where
/// the log has moved on since. Returns the number of entries that the witness saw.
///
/// # Errors
/// A line that this witness did not sign for a checkpoint of this log; a checkpoint that is no beginning of this log.
pub fn add_cosignature(dir: &Path, received: &[u8], witness: &VerifierKey) -> Result<u64, WitnessError> {
    let current = current(dir)?;
    let stored = read_witnessed(dir).map_err(WitnessError::from)?;
    let mut cosigned = match SignedCheckpoint::parse(received) {
        Ok(whole) => whole,
        Err(_) => {
            let line: Signature = str::from_utf8(received).unwrap_or_default().parse()?;
            let candidates = [Some(&current), stored.as_ref()].into_iter().flatten();
            candidates
                .map(|checkpoint| {
                    let mut signed = checkpoint.clone();
                    signed.add(line.clone());
                    signed
                })
                .find(|signed| signed.note().verify(witness).is_ok())
                .ok_or(WitnessError::NotOurs)?
        }
    };
    cosigned.note().verify(witness)?;
    check_is_beginning(dir, &cosigned, &current)?;
    let size = cosigned.claimed().tree.size;
    match stored {
        Some(stored) if stored.claimed() == cosigned.claimed() => {
            stored.note().signatures().iter().for_each(|other| cosigned.add_unless_signed(other));
        }
        // An older sight adds nothing to a newer one.
        Some(stored) if stored.claimed().tree.size > size => return Ok(size),
        _ => (),
    }
    replace("witnessed", &dir.join(WITNESSED), cosigned.to_string().as_bytes(), SHARED)?;
    Ok(size)
}

/// The current checkpoint of the log in `dir`; its signature is not checked.
fn current(dir: &Path) -> Result<SignedCheckpoint, WitnessError> {
    let path = checkpoint_path(dir);
    let bytes = regular::read(&path, MAX_CHECKPOINT).map_err(FileError::new("read", &path))?;
    Ok(SignedCheckpoint::parse(&bytes)?)
}

fn check_is_beginning(dir: &Path, old: &SignedCheckpoint, new: &SignedCheckpoint) -> Result<(), WitnessError> {
    let (old, new) = (old.claimed(), new.claimed());
    if old.origin != new.origin || old.tree.size > new.tree.size {
        return Err(WitnessError::NotOurs);
    }
    let mut nodes = Nodes::new(dir, new.tree.size);
    let proof = consistency_proof::<WitnessError>(old.tree.size, new.tree.size, |subtree| Ok(nodes.read(subtree)?))?;
    if is_consistent(&old.tree, &new.tree, &proof) {
        Ok(())
    } else {
        Err(WitnessError::Inconsistent { seen: old.tree.size, size: new.tree.size })
    }
}

impl From<CheckpointFileError> for WitnessError {
    fn from(error: CheckpointFileError) -> Self {
        match error {
            CheckpointFileError::File(error) => error.into(),
            CheckpointFileError::Checkpoint(error) => error.into(),
        }
    }
}
