//! Directories that are handed over as evidence and laid out to harm who reads them: pipes on which a reader hangs,
//! links to devices without end or out of the directory, files of fifty gigabytes.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use retentiond::audit::LogReader;
use retentiond::audit::leaf::{Body, CalendarLeaf, Sigkey};
use retentiond::audit::prove::prove;
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::audit::witness::{Request, read_witnessed};
use rustix::fs::{CWD, Mode, mkfifoat};

use super::attacks::files;
use super::forge::*;
use super::python::{python, said};
use super::real::Real;

/// What is laid at a path where nothing is, and how.
type Trap = (&'static str, fn(&Path));

/// What stands in the place of a file.
const TRAPS: [Trap; 5] = [
    ("a pipe", |path| mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap()),
    ("a link to a device", |path| symlink("/dev/zero", path).unwrap()),
    ("a link to the file itself, moved", |path| symlink(aside(path), path).unwrap()),
    ("a directory", |path| fs::create_dir(path).unwrap()),
    ("a giant", |path| File::create(path).unwrap().set_len(50 << 30).unwrap()),
];

fn aside(path: &Path) -> PathBuf {
    path.with_extension("aside")
}

/// Lays each trap in the place of a file, which lies beside it meanwhile.
fn trapped(path: &Path, look: impl Fn(&str)) {
    for (what, lay) in TRAPS {
        fs::rename(path, aside(path)).unwrap();
        lay(path);
        look(&format!("{what} at {}", path.display()));
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir(path).unwrap()
        } else {
            fs::remove_file(path).unwrap()
        }
        fs::rename(aside(path), path).unwrap();
    }
}

#[test]
fn a_trap_in_the_place_of_any_file_of_a_log_fails_it_at_once() {
    let mut truth = Forge::sound();
    while truth.size() < 257 {
        truth.add(heartbeat());
    }
    let dir = truth.written();
    let all = files(dir.path());
    assert_eq!(all.len(), 8, "two bundles, three tiles, calendar, checkpoint and vkey: {all:?}");
    let has_python = python();
    for file in all {
        trapped(&file, |what| {
            let report = verify(dir.path(), &Trust::default());
            assert_eq!(report.verdict, Verdict::Fail, "{what}");
            if has_python {
                let said = said(dir.path(), &[]);
                assert_eq!((said.0.as_str(), said.1), ("FAIL", Some(4)), "{what}: {}", said.2);
            }
        });
    }
    assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::OkUnanchored);
}

#[test]
fn a_trap_beside_the_partial_forms_of_a_log_fails_it_at_once() {
    let dir = Forge::sound().written();
    for stray in ["tile/0/000.p/1", "tile/entries/000.p/1"] {
        let stray = dir.path().join(stray);
        for (what, lay) in TRAPS {
            lay(&stray);
            assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::Fail, "{what} at {}", stray.display());
            if python() {
                let said = said(dir.path(), &[]);
                assert_eq!((said.0.as_str(), said.1), ("FAIL", Some(4)), "{what}: {}", said.2);
            }
            if what == "a directory" { fs::remove_dir(&stray).unwrap() } else { fs::remove_file(&stray).unwrap() }
        }
    }
}

#[test]
fn a_trap_among_what_a_reader_a_proof_or_a_witness_asks_for_is_an_error_at_once() {
    let mut real = Real::ready();
    (0..300).for_each(|record| real.destroy(record..record + 1));
    real.log.publish().unwrap();
    let dir = real.dir();
    trapped(&dir.join("checkpoint"), |what| {
        assert!(LogReader::open(&dir).is_err(), "{what}");
        assert!(prove(&dir, 3).is_err(), "{what}");
        assert!(Request::of_log(&dir, 0).is_err(), "{what}");
    });
    let tile = dir.join("tile/0/000");
    trapped(&tile, |what| assert!(prove(&dir, 3).is_err(), "{what}"));
    let journal = fs::read_dir(dir.join("journal")).unwrap().next().unwrap().unwrap().path();
    trapped(&journal, |what| {
        assert!(LogReader::open(&dir).is_err(), "{what}");
        assert_eq!(verify(&dir, &Trust::default()).verdict, Verdict::Fail, "{what}");
    });
    let witnessed = dir.join("witnessed");
    fs::copy(dir.join("checkpoint"), &witnessed).unwrap();
    trapped(&witnessed, |what| {
        assert!(read_witnessed(&dir).is_err(), "{what}");
        assert!(prove(&dir, 3).is_err(), "{what}");
    });
}

#[test]
fn a_bundle_of_zeros_in_every_width_is_refused_before_it_is_read_as_millions_of_entries() {
    let dir = tempfile::tempdir().unwrap();
    let forge = Forge::sound();
    forge.write(dir.path());
    let beside = dir.path().join("tile/entries/000.p");
    let own = forge.size();
    for width in (1..256).filter(|width| *width != own) {
        File::create(beside.join(width.to_string())).unwrap().set_len(width * 60_002).unwrap();
    }
    let begun = Instant::now();
    let report = verify(dir.path(), &Trust::default());
    assert_eq!((report.verdict, report.findings.len() as u64 + report.more_findings), (Verdict::Fail, 254));
    if python() {
        let (verdict, code, text) = said(dir.path(), &[]);
        assert_eq!((&*verdict, code), ("FAIL", Some(4)), "{text}");
    }
    // Two gigabytes of zeros are read; as entries they would be a thousand million.
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
    // In the place of the one that is needed, and a byte longer than such a bundle can be.
    for length in [own * 60_002, own * 60_002 + 1] {
        File::create(beside.join(own.to_string())).unwrap().set_len(length).unwrap();
        assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::Fail);
        assert!(!python() || said(dir.path(), &[]).0 == "FAIL");
    }
}

/// A file that has fewer entries, or hashes, than its name says does not stand for the one that is needed.
#[test]
fn a_full_bundle_or_tile_that_is_not_full_fails_in_both() {
    for place in ["tile/entries/000", "tile/0/000"] {
        let forge = Forge::sound();
        let dir = forge.written();
        fs::rename(dir.path().join(format!("{place}.p/{}", forge.size())), dir.path().join(place)).unwrap();
        assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::Fail, "{place}");
        assert!(!python() || said(dir.path(), &[]).0 == "FAIL", "{place}");
    }
}

#[test]
fn a_note_with_a_control_character_of_any_kind_fails_in_both() {
    for control in ['\u{1}', '\u{7f}', '\u{80}', '\u{9f}'] {
        let forge = Forge::sound();
        let dir = forge.written();
        let note = format!("{}\u{2014} x{control}y AAAAAAA=\n", forge.checkpoint(forge.size()));
        fs::write(dir.path().join("checkpoint"), note).unwrap();
        assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::Fail, "{control:?}");
        assert!(!python() || said(dir.path(), &[]).0 == "FAIL", "{control:?}");
    }
}

/// A frame of the journal: tag, length, content, checksum.
fn frame(tag: u8, content: &[u8]) -> Vec<u8> {
    let frame = [&[tag][..], &(content.len() as u32).to_be_bytes(), content].concat();
    [&frame[..], &crc32c::crc32c(&frame).to_be_bytes()].concat()
}

/// A segment that begins with this index, of groups of leaves.
fn segment(first: u64, groups: &[&[&[u8]]], tail: &[u8]) -> Vec<u8> {
    let (mut frames, mut size) = (Vec::new(), first);
    for group in groups {
        frames.extend(group.iter().flat_map(|leaf| frame(b'L', leaf)));
        size += group.len() as u64;
        frames.extend([b'C', b'S'].into_iter().flat_map(|mark| frame(mark, &size.to_be_bytes())));
    }
    frames.extend(tail);
    let length = 28 + frames.len() as u64;
    let head = [b"rtdlogj1".as_slice(), &first.to_be_bytes(), &length.to_be_bytes()].concat();
    [&head[..], &crc32c::crc32c(&head).to_be_bytes(), &frames].concat()
}

#[test]
fn vkey_is_a_key_that_the_journal_declares_since_only_where_it_is_the_last_of_whole_groups() {
    let key = |seed| Forge { seed, ..Forge::begin() }.key().verifier().to_string();
    let forge = Forge::sound();
    let size = forge.size();
    let leaf = |vkey| {
        let mut scratch = Forge::sound();
        scratch.add(Body::Sigkey(Sigkey { vkey, actor: "marie (1000)".into() }));
        scratch.leaves.pop().unwrap()
    };
    let (second, third) = (leaf(key(2)), leaf(key(3)));
    let last = forge.leaves.last().unwrap().as_slice();
    let torn = [frame(b'L', &third), vec![0; 16]].concat();
    let mut flipped = segment(size, &[&[&third]], &[]);
    // A bit of the checksum: what the frame says stays.
    flipped[28 + 5 + third.len()] ^= 1;
    let cases = [
        (segment(size, &[&[&third]], &[]), "OK-UNANCHORED"),
        (segment(size - 1, &[&[last], &[&second, &third]], &[]), "OK-UNANCHORED"),
        (segment(size, &[&[&third], &[&second]], &[]), "FAIL"),
        (segment(size, &[], &torn), "FAIL"),
        (flipped, "FAIL"),
        (segment(size - 1, &[&[&third]], &[]), "FAIL"),
    ];
    for (place, (segment, verdict)) in cases.into_iter().enumerate() {
        let dir = forge.written();
        fs::create_dir(dir.path().join("journal")).unwrap();
        let first = u64::from_be_bytes(segment[8..16].try_into().unwrap());
        fs::write(dir.path().join(format!("journal/{first:020}.seg")), segment).unwrap();
        fs::write(dir.path().join("vkey"), format!("{}\n", key(3))).unwrap();
        let report = verify(dir.path(), &Trust::default());
        assert_eq!(report.verdict.to_string(), verdict, "case {place}: {:?}", report.findings);
        if python() {
            let said = said(dir.path(), &[]);
            assert_eq!(said.0, verdict, "case {place}: {}", said.2);
        }
    }
}

/// What a command says within a gigabyte of memory, and its exit code.
fn within_a_gigabyte(command: &[&Path]) -> (String, Option<i32>) {
    let output =
        Command::new("sh").args(["-c", "ulimit -v 1000000; exec \"$0\" \"$@\""]).args(command).output().unwrap();
    (
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        output.status.code(),
    )
}

#[test]
fn a_calendar_of_thousands_of_rules_in_as_many_entries_is_read_in_little_time_and_memory() {
    const RULES: usize = 6_000;
    let mut forge = Forge::begin();
    let Body::Calendar(bare) = calendar("P1Y") else { unreachable!() };
    for number in 0..RULES {
        let rule = (format!("{number:05}").as_str().into(), rule_on_dossiers("destroy", &[("closure", "P1Y")]));
        let more = number + 1 < RULES;
        forge.add_at(NOW, Body::Calendar(CalendarLeaf { rules: [rule].into(), more, ..bare.clone() }));
    }
    let dir = forge.written();
    let begun = Instant::now();
    let ours = [env!("CARGO_BIN_EXE_retentiond"), "audit", "verify", "--format", "json"].map(Path::new);
    let (text, code) = within_a_gigabyte(&[&ours[..], &[dir.path()]].concat());
    // It is read to its end: what it lacks is the text alone.
    assert!(text.contains("blobs/") && !text.contains("broken-entry"), "{text}");
    assert_eq!(code, Some(4), "{text}");
    if python() {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
        let (text, code) = within_a_gigabyte(&["python3".as_ref(), &script, dir.path()]);
        assert!(text.contains("blobs/") && !text.contains("more of it follows"), "{text}");
        assert_eq!(code, Some(4), "{text}");
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
