//! Directories that are handed over as evidence and laid out to harm who reads them: pipes on which a reader hangs,
//! links to devices without end or out of the directory, files of fifty gigabytes.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use retentiond::audit::LogReader;
use retentiond::audit::leaf::{Body, CalendarLeaf};
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
    let dir = tempfile::tempdir().unwrap();
    truth.write(dir.path());
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
    let dir = tempfile::tempdir().unwrap();
    Forge::sound().write(dir.path());
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
    let dir = tempfile::tempdir().unwrap();
    forge.write(dir.path());
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
