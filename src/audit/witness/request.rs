//! A request to co-sign, as it is sent to a witness that does not hold the log.

use std::fmt;
use std::path::Path;

use super::{WitnessError, current};
use crate::audit::checkpoint::{SignedCheckpoint, decimal, decode_hash, encode_hash};
use crate::audit::merkle::consistency_proof;
use crate::audit::nodes::Nodes;
use crate::model::Digest;

/// A request to co-sign: the body of tlog-witness's `add-checkpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub(super) old: u64,
    pub(super) proof: Vec<Digest>,
    pub(super) checkpoint: SignedCheckpoint,
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
