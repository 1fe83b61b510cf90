//! Makes logs with code of its own, true ones and forged ones: it holds the key and obeys no rule.

mod bodies;
mod journal;

use std::fs;
use std::path::{Path, PathBuf};

use retentiond::audit::checkpoint::{Checkpoint, SignedCheckpoint};
use retentiond::audit::codec;
use retentiond::audit::leaf::*;
use retentiond::audit::merkle::{TreeHead, leaf_hash, root_of};
use retentiond::audit::note::{KeyKind, SigningKey, VerifierKey};
use retentiond::audit::verify::{Report, Trust, verify};
use retentiond::model::{BatchNumber, Digest, Instant, Origin};

pub use bodies::*;
pub use journal::*;

pub const ORIGIN: &str = "log.example/parle";

/// 2026-01-05T00:00:00Z: every record of [`intent`] has been due since 2025-03-16.
pub const NOW: i64 = 1_767_571_200;

/// Trigger day of the records of [`intent`]: 2024-03-15.
pub const CLOSED: i32 = 19_797;

/// The plan of [`intent`]: its day, and the beginning of [`digest`].
pub const PLAN: &str = "2026-01-04-30385c9b";

/// The run of [`intent`].
pub const RUN: &str = "2026-01-04-30385c9b-5";

/// When these logs are read: after their last entries.
pub fn now() -> Instant {
    Instant::from_timestamp(NOW + 1_000, 0).unwrap()
}

/// A log in memory, written out at will.
#[derive(Clone)]
pub struct Forge {
    pub origin: Origin,
    pub leaves: Vec<Vec<u8>>,
    pub seed: u8,
    /// What lies in its directory as the checkpoint that witnesses co-signed last.
    pub witnessed: Option<String>,
}

impl Forge {
    /// A log with nothing but its first entry.
    pub fn begin() -> Self {
        Self::of(ORIGIN, None)
    }

    /// The same of a log that goes on where another one could not.
    pub fn continuing(origin: &str, predecessor: Predecessor) -> Self {
        Self::of(origin, Some(predecessor))
    }

    fn of(origin: &str, predecessor: Option<Predecessor>) -> Self {
        let mut forge = Self { origin: origin.into(), leaves: Vec::new(), seed: 1, witnessed: None };
        let vkey = forge.key().verifier().to_string();
        let origin = forge.origin.clone();
        forge.add(Body::Genesis(Genesis { origin, tool: "test".into(), vkey, predecessor }));
        forge
    }

    /// A log that is ready for intents: calendar, mapping, fingerprint key and approval.
    pub fn ready() -> Self {
        let mut forge = Self::begin();
        forge.add(calendar("P1Y"));
        forge.add(mapping());
        forge.add(fpkey(1));
        forge.add(approval(PLAN));
        forge
    }

    /// A sound log of one run: two batches, the second of two intents, a hold that kept a record, the statement.
    pub fn sound() -> Self {
        let mut forge = Self::ready();
        let held = hold(HoldAction::Placed, "H-1", 7);
        forge.add(held);
        forge.batch(&[intent(0..3)], &["3D"]);
        forge.batch(&[intent(3..6), intent(6..9)], &["2D1c", "1D1h1D"]);
        forge.add(hold(HoldAction::Lifted, "H-1", 7));
        let counts = RunCounts { planned: 9, destroyed: 7, held: 1, drifted: 1, ..RunCounts::default() };
        forge.add(run(counts));
        forge
    }

    pub fn key(&self) -> SigningKey {
        SigningKey::from_seed(self.origin.as_str(), KeyKind::Log, &[self.seed; 32]).unwrap()
    }

    pub fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Appends an entry, one second after the one before.
    pub fn add(&mut self, body: Body) -> u64 {
        let at = NOW + self.leaves.len() as i64;
        self.add_at(at, body)
    }

    pub fn add_at(&mut self, at: i64, body: Body) -> u64 {
        self.leaves.push(codec::encode(&Leaf { at, body }).unwrap());
        self.size() - 1
    }

    /// Appends a batch of these intents and their outcomes.
    pub fn batch(&mut self, intents: &[Intent], results: &[&str]) -> u64 {
        let batch = BatchNumber(self.size());
        for intent in intents {
            self.add(Body::Intent(Intent { batch, of: intents.len() as u32, ..intent.clone() }));
        }
        for (place, results) in results.iter().enumerate() {
            self.add(Body::Outcome(outcome(batch, batch.0 + place as u64, results)));
        }
        batch.0
    }

    /// Puts another calendar in the place of the first, and approves its rules instead: lies that agree with each
    /// other.
    pub fn obey(&mut self, calendar: Body) {
        let Body::Calendar(leaf) = &calendar else { unreachable!() };
        let rules = rules_digest(leaf);
        self.replace(1, |leaf| leaf.body = calendar);
        self.replace(4, |leaf| {
            let Body::Approval(approval) = &mut leaf.body else { unreachable!() };
            approval.governed.values_mut().for_each(|governed| governed.rules = rules);
        });
    }

    pub fn replace(&mut self, index: usize, change: impl FnOnce(&mut Leaf)) {
        let mut leaf = codec::decode(&self.leaves[index]).unwrap();
        change(&mut leaf);
        self.leaves[index] = codec::encode(&leaf).unwrap();
    }

    /// The checkpoint over the first `size` entries, signed.
    pub fn checkpoint(&self, size: u64) -> SignedCheckpoint {
        let hashes: Vec<Digest> = self.leaves[..size as usize].iter().map(|leaf| leaf_hash(leaf)).collect();
        let tree = TreeHead { size, root: root_of(&hashes) };
        Checkpoint::new(self.origin.clone(), tree).sign(&self.key()).unwrap()
    }

    /// Publishes the log as the specification lays it out.
    pub fn write(&self, dir: &Path) {
        let mut level: Vec<[u8; 32]> = self.leaves.iter().map(|leaf| *leaf_hash(leaf).as_bytes()).collect();
        for (index, chunk) in self.leaves.chunks(256).enumerate() {
            let bundle: Vec<u8> =
                chunk.iter().flat_map(|leaf| [&(leaf.len() as u16).to_be_bytes(), leaf.as_slice()].concat()).collect();
            put(&dir.join("tile/entries").join(path(index, chunk.len())), &bundle);
        }
        for number in 0.. {
            for (index, chunk) in level.chunks(256).enumerate() {
                put(&dir.join(format!("tile/{number}")).join(path(index, chunk.len())), &chunk.concat());
            }
            let full = level.chunks_exact(256);
            level = full
                .map(|tile| *root_of(&tile.iter().copied().map(Digest::from_bytes).collect::<Vec<_>>()).as_bytes())
                .collect();
            if level.is_empty() {
                break;
            }
        }
        for leaf in self.leaves.iter().filter_map(|leaf| codec::decode(leaf).ok()) {
            if let Body::Calendar(calendar) = leaf.body
                && calendar.rules.contains_key(&"PC-1".into())
            {
                let text = text(&calendar);
                put(&dir.join("blobs").join(Digest::of(text.as_bytes()).to_string()), text.as_bytes());
            }
        }
        put(&dir.join("checkpoint"), self.checkpoint(self.size()).to_string().as_bytes());
        if let Some(witnessed) = &self.witnessed {
            put(&dir.join("witnessed"), witnessed.as_bytes());
        }
        put(&dir.join("vkey"), format!("{}\n", self.key().verifier()).as_bytes());
    }

    /// Publishes the log somewhere and verifies it there.
    pub fn verified(&self, trust: &Trust) -> Report {
        let dir = self.written();
        verify(dir.path(), trust)
    }

    /// The log in a directory of its own.
    pub fn written(&self) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        self.write(dir.path());
        dir
    }

    /// The codes of what verification finds, without any trust.
    pub fn flaws(&self) -> Vec<&'static str> {
        let report = self.verified(&Trust::default());
        report.findings.iter().map(|finding| finding.flaw.code()).collect()
    }
}

/// Index and width as tlog-tiles writes them; 256,000 entries are more than any test here needs.
fn path(index: usize, width: usize) -> PathBuf {
    let full = if index < 1000 { format!("{index:03}") } else { format!("x{:03}/{:03}", index / 1000, index % 1000) };
    if width == 256 { full.into() } else { format!("{full}.p/{width}").into() }
}

fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Somebody else's key.
pub fn witness(kind: KeyKind) -> SigningKey {
    SigningKey::from_seed("auditor.example/w1", kind, &[7; 32]).unwrap()
}

/// What the auditor has who kept these checkpoints, and the operator's key.
pub fn trust(key: VerifierKey, older: Vec<SignedCheckpoint>) -> Trust {
    Trust { key: Some(key), older, ..Trust::default() }
}
