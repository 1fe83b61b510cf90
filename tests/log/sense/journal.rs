//! What no checkpoint covers yet: judged like the rest, and above all where it declares the key that `vkey` holds.

use std::fs;
use std::path::Path;

use retentiond::audit::codec;
use retentiond::audit::leaf::*;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::verify::{Trust, verify};

use crate::forge::*;
use crate::python::{python, said};

/// What both verifiers find wrong: the code of the first flaw, and words of it that both use.
type Found = (&'static str, &'static str);

/// A sound log in a directory, and the entry that declares the key of its `vkey`.
struct Rotating {
    home: tempfile::TempDir,
    size: u64,
    sigkey: Vec<u8>,
}

impl Rotating {
    fn new() -> Self {
        Self::to(ORIGIN)
    }

    /// The new key bears this name.
    fn to(name: &str) -> Self {
        let forge = Forge::sound();
        let home = forge.written();
        let vkey = SigningKey::from_seed(name, KeyKind::Log, &[9; 32]).unwrap().verifier().to_string();
        fs::write(home.path().join("vkey"), format!("{vkey}\n")).unwrap();
        let sigkey = Body::Sigkey(Sigkey { vkey, actor: "marie (1000)".into() });
        let sigkey = codec::encode(&Leaf { at: NOW + 100, body: sigkey }).unwrap();
        Self { home, size: forge.size(), sigkey }
    }

    fn dir(&self) -> &Path {
        self.home.path()
    }

    /// Its journal is one segment that begins at this index.
    fn journal(&self, first: u64, frames: &[(u8, Vec<u8>)]) {
        put_segment(self.dir(), &format!("{first:020}.seg"), &segment(first, frames));
    }

    /// Its journal is these entries behind the tree, each a group.
    fn entries(&self, entries: &[Vec<u8>]) {
        self.journal(self.size, &groups(self.size, entries));
    }

    fn check(&self, expected: Option<Found>, what: &str) {
        check(self.dir(), expected, what);
    }
}

/// Both verifiers, which must agree, in their words too.
fn check(dir: &Path, expected: Option<Found>, what: &str) {
    let report = verify(dir, &Trust::default());
    let first = report.findings.first();
    assert_eq!(first.map(|finding| finding.flaw.code()), expected.map(|(code, _)| code), "{what}: {first:?}");
    let words = expected.map_or("", |(_, words)| words);
    assert!(first.is_none_or(|finding| finding.to_string().contains(words)), "{what}: {first:?}");
    if python() {
        let said = said(dir, &[]);
        assert_eq!(said.0, report.verdict.to_string(), "{what}: {}", said.2);
        assert!(said.2.contains(words), "{what}: {}", said.2);
    }
}

fn heartbeat_at(at: i64) -> Vec<u8> {
    codec::encode(&Leaf { at, body: heartbeat() }).unwrap()
}

#[test]
fn a_key_that_the_journal_declares_is_the_one_of_vkey_where_the_journal_is_sound() {
    let sound = Rotating::new();
    sound.entries(&[sound.sigkey.clone(), heartbeat_at(NOW + 101)]);
    sound.check(None, "declared since");
    // A segment may begin with entries that are published.
    let behind = Rotating::new();
    let published = Forge::sound().leaves[3..].to_vec();
    behind.journal(3, &groups(3, &[published, vec![behind.sigkey.clone()]].concat()));
    behind.check(None, "with published entries before");
    let gone = Rotating::new();
    gone.check(Some(("vkey-file", "the file vkey is not the key that the log declares last")), "declared nowhere");
}

#[test]
fn a_journal_in_disorder_fails_in_both_verifiers_though_it_declares_the_key_of_vkey() {
    type Change = fn(&Rotating);
    let changes: [(Found, &str, Change); 14] = [
        (("time-runs-back", "before the entry that precedes it"), "dated backwards", |log| {
            log.entries(&[log.sigkey.clone(), heartbeat_at(NOW)]);
        }),
        (("gap", "are missing between the checkpoint and the journal"), "not reaching back to the tree", |log| {
            log.journal(log.size + 2, &groups(log.size + 2, std::slice::from_ref(&log.sigkey)));
        }),
        (("gap", "are missing between the checkpoint and the journal"), "beginning behind the tree", |log| {
            log.journal(log.size + 2, &[]);
        }),
        (("journal-behind", "before the 14 that the checkpoint covers"), "ending before the tree", |log| {
            log.journal(2, &[]);
        }),
        (("leaf", "entry 14: "), "with an entry that is none", |log| {
            log.entries(&[b"{}".to_vec(), log.sigkey.clone()]);
        }),
        (("damaged", "not named by 20 decimal digits"), "with a stray segment", |log| {
            log.entries(std::slice::from_ref(&log.sigkey));
            put_segment(log.dir(), "5.seg", b"");
        }),
        (("damaged", "not named by 20 decimal digits"), "with a segment of another name", |log| {
            log.entries(std::slice::from_ref(&log.sigkey));
            put_segment(log.dir(), "+0000000000000000014.seg", b"");
        }),
        (("damaged", "not the one that its name says"), "named otherwise", |log| {
            let first = log.size + 1;
            put_segment(log.dir(), &format!("{first:020}.seg"), &segment(log.size, &groups(log.size, &[])));
        }),
        (("damaged", "it was cut"), "empty", |log| {
            put_segment(log.dir(), &format!("{:020}.seg", log.size), b"");
        }),
        (("damaged", "entries are missing between two journal segments"), "with a gap", |log| {
            log.entries(std::slice::from_ref(&log.sigkey));
            log.journal(log.size + 2, &[]);
        }),
        (("torn-journal", "bytes that are no complete group of entries"), "with a group that is not whole", |log| {
            let torn = [(b'L', heartbeat_at(NOW + 101))];
            log.journal(log.size, &[&groups(log.size, std::slice::from_ref(&log.sigkey))[..], &torn].concat());
        }),
        (("torn-journal", "bytes that are no complete group of entries"), "with a mark that is too short", |log| {
            log.journal(log.size, &[(b'L', log.sigkey.clone()), (b'C', vec![log.size as u8 + 1])]);
        }),
        (("damaged", "before the last ends in a torn group"), "with a torn segment before the last", |log| {
            let torn = [(b'L', heartbeat_at(NOW + 101))];
            log.journal(log.size, &[&groups(log.size, std::slice::from_ref(&log.sigkey))[..], &torn].concat());
            log.journal(log.size + 1, &[]);
        }),
        (("unplaced", "entry 15: "), "with a correction of nothing", |log| {
            let correction = Body::Correction(Correction::new("parle".into(), "missing_fence"));
            let leaf = codec::encode(&Leaf { at: NOW + 101, body: correction }).unwrap();
            log.entries(&[log.sigkey.clone(), leaf]);
        }),
    ];
    for (found, what, change) in changes {
        let log = Rotating::new();
        change(&log);
        log.check(Some(found), what);
    }
    let other = Rotating::to("log.example/other");
    other.entries(std::slice::from_ref(&other.sigkey));
    let named = "it declares a signing key that is none of this log: it bears the name log.example/other";
    other.check(Some(("bad-signing-key", named)), "of another log's name");
}

#[test]
fn a_journal_that_repeats_a_published_entry_otherwise_fails_in_both_verifiers() {
    let mut forge = Forge::sound();
    while forge.size() < 300 {
        forge.add(heartbeat());
    }
    let home = forge.written();
    let repeat = |changed: Option<usize>| {
        let mut repeated = forge.leaves.clone();
        changed.into_iter().for_each(|index| repeated[index] = heartbeat_at(NOW + 1_000));
        let frames = groups(200, &[&repeated[200..], &[heartbeat_at(NOW + 300)]].concat());
        put_segment(home.path(), &format!("{:020}.seg", 200), &segment(200, &frames));
    };
    repeat(None);
    check(home.path(), None, "as it is published");
    // In the full bundle, and in the partial one.
    for (changed, words) in [
        (200, "entry 200: in the journal it is another than the one that the checkpoint covers"),
        (255, "entry 255: in the journal it is another than the one that the checkpoint covers"),
        (299, "entry 299: in the journal it is another than the one that the checkpoint covers"),
    ] {
        repeat(Some(changed));
        check(home.path(), Some(("journal-differs", words)), "repeated otherwise");
    }
}

/// A log that is published anew while the script reads it: what it read first is of two moments.
#[test]
fn the_script_reads_a_log_again_that_moved_on_while_it_was_read() {
    if !python() {
        return;
    }
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut forge = Forge::sound();
    forge.write(old.path());
    put_segment(old.path(), &format!("{:020}.seg", forge.size()), &segment(forge.size(), &[]));
    forge.add(heartbeat());
    forge.write(new.path());
    put_segment(new.path(), &format!("{:020}.seg", forge.size()), &segment(forge.size(), &[]));
    let driver = "
import runpy, shutil, sys
script, old, new = sys.argv[1:]
verifier = runpy.run_path(script)
names = verifier['read_journal'].__globals__
reads = names['read_journal']
def moves_on(*arguments):
    if names['read_journal'] is moves_on:
        names['read_journal'] = reads
        shutil.rmtree(old)
        shutil.copytree(new, old)
    return reads(*arguments)
names['read_journal'] = moves_on
sys.argv = [script, old]
sys.exit(names['main']())
";
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
    let mut python = std::process::Command::new("python3");
    let output = python.args(["-c", driver]).arg(script).arg(old.path()).arg(new.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text} {}", String::from_utf8_lossy(&output.stderr));
    assert!(text.ends_with("15 entries under the checkpoint were looked at\nOK-UNANCHORED\n"), "{text}");
}
