//! The second verifier, docs/verify.py: written from the format's description alone, it must say what ours says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use retentiond::audit::leaf::{Body, Correction, HoldAction, Intent, Run, RunCounts, VerdictCounts};
use retentiond::audit::verify::{Trust, verify};

use chrono::Datelike;
use retentiond::disposition::declared::leaf_of_text;

use super::attacks::{UNSAID, with_text};
use super::forge::*;
use super::real::Real;
use super::sense::forgeries;

/// Whether Python and its module for signatures are on this machine; without them there is nothing to compare with.
pub fn python() -> bool {
    static IS_THERE: LazyLock<bool> = LazyLock::new(|| {
        let found = Command::new("python3")
            .args(["-c", "import cryptography, zoneinfo; zoneinfo.ZoneInfo('America/Toronto')"])
            .output();
        found.is_ok_and(|output| output.status.success())
    });
    if !*IS_THERE {
        eprintln!("python3 with `cryptography` is not installed: docs/verify.py was not run");
    }
    *IS_THERE
}

/// The last line that the script prints, its exit code, and all that it prints.
pub fn said(dir: &Path, arguments: &[&Path]) -> (String, Option<i32>, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
    let output = Command::new("python3").arg(script).arg(dir).args(arguments).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    (text.lines().last().unwrap_or_default().to_owned(), output.status.code(), text)
}

fn kept(home: &Path, name: &str, text: String) -> PathBuf {
    let path = home.join(name);
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn it_anchors_a_sound_log_of_the_real_writer() {
    if !python() {
        return;
    }
    let mut real = Real::ready();
    let names = (0..300).map(|round| {
        real.destroy(2 * round..2 * round + 2);
        real.log.publish().unwrap();
        real.log.size()
    });
    let size = names.last().unwrap();
    let home = tempfile::tempdir().unwrap();
    let vkey = kept(home.path(), "vkey", fs::read_to_string(real.dir().join("vkey")).unwrap());
    let checkpoint = kept(home.path(), "checkpoint", real.checkpoint().to_string());
    let said = said(&real.dir(), &["--vkey".as_ref(), &vkey, "--checkpoint".as_ref(), &checkpoint]);
    assert_eq!((said.0, said.1), (format!("OK-ANCHORED-TO-{size}"), Some(0)), "{}", said.2);
}

#[test]
fn it_passes_over_what_a_crash_left_half_written_as_ours_does() {
    if !python() {
        return;
    }
    let dir = Forge::sound().written();
    let size = Forge::sound().size();
    for left in ["tile/0/000", "tile/entries/000", "blobs/00", "checkpoint", "vkey", "witnessed"] {
        kept(dir.path(), &format!("{left}.tmp"), "half".to_owned());
    }
    for folder in ["tile/0/000.p", "tile/entries/000.p"] {
        for width in [size - 1, size, size + 1, 255] {
            kept(dir.path(), &format!("{folder}/{width}.tmp"), "half".to_owned());
        }
    }
    let said = said(dir.path(), &[]);
    assert_eq!((said.0.as_str(), said.1), ("OK-UNANCHORED", Some(0)), "{}", said.2);
    assert_eq!(verify(dir.path(), &Trust::default()).verdict.to_string(), said.0);
}

#[test]
fn it_reads_the_journal_and_says_that_nothing_binds_anybody_to_it() {
    if !python() {
        return;
    }
    let mut real = Real::ready();
    real.destroy(0..2);
    real.log.publish().unwrap();
    let published = real.log.size();
    real.destroy(2..4);
    let waiting = real.log.size() - published;
    let said = said(&real.dir(), &[]);
    let last: Vec<_> = said.2.lines().rev().take(3).collect();
    assert_eq!(last[0], "OK-UNANCHORED");
    assert!(last[1].starts_with(&format!("{waiting} entries in journal/ that no checkpoint covers yet")), "{}", said.2);
    assert_eq!(last[2], format!("{published} entries under the checkpoint were looked at"));
}

#[test]
fn it_finds_every_forgery_that_ours_finds_and_none_where_ours_finds_none() {
    if !python() {
        return;
    }
    let mut missed = Vec::new();
    for (place, (flaw, forgery)) in forgeries().into_iter().enumerate() {
        let mut forge = Forge::ready();
        forgery(&mut forge);
        let dir = forge.written();
        let said = said(dir.path(), &[]);
        if (said.0.as_str(), said.1) != ("FAIL", Some(4)) {
            missed.push(format!("{flaw} (number {place}): {}", said.2));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let mut pending = Forge::ready();
    pending.batch(&[intent(20..23), intent(23..24)], &["3r"]);
    let mut held = Forge::ready();
    held.add(hold(HoldAction::Placed, "H-1", 1));
    held.batch(&[intent(0..3)], &["1D1h1D"]);
    let mut back = Forge::ready();
    let batch = back.batch(&[intent(0..3)], &["3D"]);
    back.add(Body::Correction(Correction {
        batch: Some(retentiond::model::BatchNumber(batch)),
        records: 3,
        ..Correction::new("parle".into(), "resurrected")
    }));
    back.batch(&[intent(0..3)], &["3D"]);
    let mut resumed = Forge::ready();
    resumed.batch(&[intent(0..3)], &["2D1r"]);
    let second = format!("{PLAN}-7");
    resumed.batch(&[Intent { run: second.as_str().into(), ..intent(2..5) }], &["2D1f"]);
    let Body::Run(stated) = run(RunCounts { planned: 3, destroyed: 2, failed: 1, ..RunCounts::default() }) else {
        unreachable!()
    };
    let found = VerdictCounts { rows: 16, not_yet: 10, held: 1, due: 5, ..VerdictCounts::default() };
    resumed.add(Body::Run(Run { run: second.as_str().into(), verdicts: [("PC-1".into(), found)].into(), ..stated }));
    let mut gone = Forge::ready();
    gone.batch(&[intent(0..5)], &["3D1g1c"]);
    gone.add(run(RunCounts { planned: 5, destroyed: 3, drifted: 2, ..RunCounts::default() }));
    let mut same_calendar = Forge::ready();
    same_calendar.add(calendar("P1Y"));
    let mut empty_run = Forge::ready();
    empty_run.add(run(RunCounts::default()));
    for sound in [Forge::begin(), Forge::sound(), pending, held, back, resumed, gone, same_calendar, empty_run] {
        let dir = sound.written();
        let said = said(dir.path(), &[]);
        assert_eq!(said.0, verify(dir.path(), &Trust::default()).verdict.to_string(), "{}", said.2);
        assert_eq!(said.0, "OK-UNANCHORED");
    }
}

#[test]
fn a_file_of_the_auditor_s_that_holds_something_else_says_nothing_of_the_log_in_either() {
    let home = tempfile::tempdir().unwrap();
    let (log, none) = (home.path().join("log"), kept(home.path(), "none", "no checkpoint, no key".to_owned()));
    Forge::sound().write(&log);
    let absent = home.path().join("absent");
    for (option, file, code) in
        [("--checkpoint", &none, 2), ("--checkpoint", &absent, 1), ("--vkey", &none, 2), ("--vkey", &absent, 1)]
    {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
        let mut ours = Command::new(env!("CARGO_BIN_EXE_retentiond"));
        ours.args(["audit", "verify"]).arg(&log);
        let mut theirs = Command::new("python3");
        theirs.arg(script).arg(&log);
        let both = [Some(ours), python().then_some(theirs)];
        for mut command in both.into_iter().flatten() {
            let said = command.arg(option).arg(file).output().unwrap();
            let verdict = String::from_utf8_lossy(&said.stdout);
            assert_eq!((said.status.code(), &*verdict), (Some(code), ""), "{command:?}");
            assert!(String::from_utf8_lossy(&said.stderr).contains(file.to_str().unwrap()), "{command:?}");
        }
    }
}

#[test]
fn it_refuses_the_texts_that_ours_refuses() {
    if !python() {
        return;
    }
    let trust = Trust { read_text: Some(leaf_of_text), ..Trust::default() };
    let after = |line: &str, more: &str| (line.to_owned(), format!("{line}{more}\n"));
    let mut changes: Vec<(String, String)> = UNSAID.iter().map(|line| after("[[rule]]\n", line)).collect();
    let nested = format!("x = {}{}", "[".repeat(5_000), "]".repeat(5_000));
    changes.extend([
        after("[[rule]]\n", &nested),
        after("[[rule]]\n", "executed = \"here\""),
        after("[[rule]]\n", "example = 1"),
        after("[[rule]]\n", "active = \"P1Y\""),
        after("[[rule]]\n", "role = \"floor\""),
        after("[[rule]]\n", "until = { earliest = [{ trigger = \"closure\", keep = \"P1Y\" }] }"),
        after("[[rule]]\n", "start = { year_end = \"12-31\", month = 3 }"),
        after("[calendar]\n", "colour = \"blue\""),
        ("[calendar]\n".to_owned(), "colour = \"blue\"\n[calendar]\n".to_owned()),
        ("[calendar]\n".to_owned(), "\u{feff}[calendar]\n".to_owned()),
        ("version = 2".to_owned(), "version = 2.0".to_owned()),
        ("organization = \"Office\"\n".to_owned(), String::new()),
        ("from = 2024-04-04".to_owned(), "from = \"2024-04-04\"".to_owned()),
        ("from = 2024-04-04".to_owned(), "from = 2024-04-04, to = 2025-04-04".to_owned()),
    ]);
    for (from, to) in changes {
        let dir = tempfile::tempdir().unwrap();
        with_text(|text| text.replacen(&from, &to, 1).into_bytes(), dir.path());
        let ours = verify(dir.path(), &trust);
        let found: Vec<_> = ours.findings.iter().map(|finding| finding.flaw.code()).collect();
        let to = to.chars().take(60).collect::<String>();
        assert_eq!(found, ["text-differs"], "{to}");
        let said = said(dir.path(), &[]);
        assert_eq!((said.0.as_str(), said.1), ("FAIL", Some(4)), "{to}: {}", said.2);
        assert!(said.2.contains("text of its calendar"), "{to}: {}", said.2);
    }
    let dir = tempfile::tempdir().unwrap();
    with_text(|text| format!("# No other rule.\n{text}").into_bytes(), dir.path());
    assert_eq!(verify(dir.path(), &trust).verdict.to_string(), "OK-UNANCHORED");
    assert_eq!(said(dir.path(), &[]).0, "OK-UNANCHORED");
}

/// Texts that our reader of TOML 1.1 takes and one of TOML 1.0 does not, and texts that look so and neither takes, each
/// in a `[[series]]`.
const SPELLINGS: [(&str, bool); 16] = [
    ("description = {\n  fr = \"a\", # who knows\n  en = \"b\",\n}", true),
    ("description = { fr = \"}, {\", en = '''x'', }'''  , }", true),
    ("unit = \"\\e[0m \\x41\"", true),
    ("unit = \"\"\"a\\e\"\"\"\"\"", true),
    ("purposes = [\n\"a\",\n]", true),
    ("description = { fr =\n\"a\" }", true),
    ("description = { fr\n= \"a\" }", true),
    ("description = { fr = \"a\",, }", false),
    ("description = { , }", false),
    ("description = { fr\n.en = \"a\" }", false),
    ("description = { fr = \"a\nb\" }", false),
    ("description = { fr = 'a\nb' }", false),
    ("triggers = { closure.\nfr = \"a\" }", false),
    ("description = { fr = \"a\" en = \"b\" }", false),
    ("unit = \"\\x4\"", false),
    ("unit = \"\\u00a0\"", false),
];

/// Names, and whether a calendar can have one of that name: what counts as a letter is a table of the format's own.
const NAMES: [(&str, bool); 9] = [
    ("PC-1.a_b", true),
    ("d\u{e9}l\u{e9}gu\u{e9}", true),
    ("\u{1403}\u{14c4}\u{1483}", true),
    ("s\u{24b6}", false),
    ("se\u{301}", false),
    ("\u{d7}", false),
    ("\u{915}\u{94d}", false),
    ("\u{1e4d0}", false),
    ("\u{416}", false),
];

/// Reads calendars by the second verifier alone.
const DRIVER: &str = "import importlib.util, sys
spec = importlib.util.spec_from_file_location('verify', sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
for path in sys.argv[2:]:
    try:
        verify.read_text(open(path, 'rb').read())
        print('taken')
    except (verify.Malformed, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        print('refused')";

#[test]
fn it_takes_and_refuses_the_same_calendars() {
    if !python() {
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (home, mut files) = (tempfile::tempdir().unwrap(), Vec::new());
    for place in ["tests/calendars/valid", "tests/calendars/invalid", "tests/configs/calendars", "schedules"] {
        files.extend(fs::read_dir(root.join(place)).unwrap().map(|entry| entry.unwrap().path()));
    }
    let minimal = fs::read_to_string(root.join("tests/calendars/valid/minimal.toml")).unwrap();
    let of_zone = |zone: &str| minimal.replace("\"UTC\"", &format!("\"{zone}\""));
    let zones =
        ["right/UTC", "posix/UTC", "Factory", "localtime", "posixrules", "utc", "EST", "Etc/GMT+5"].map(of_zone);
    let others = [minimal.replacen("from = 2", "from = 0", 1), minimal.replacen("from = 2024", "from = 0000", 1)];
    for (place, text) in zones.into_iter().chain(others).enumerate() {
        files.push(kept(home.path(), &format!("other-{place}.toml"), text));
    }
    for (place, (spelling, is_right)) in SPELLINGS.into_iter().enumerate() {
        let text = minimal.replacen("[[series]]", &format!("[[series]]\n{spelling}"), 1);
        assert_eq!(retentiond::calendar::parse("t", text.as_bytes()).is_ok(), is_right, "{spelling}");
        files.push(kept(home.path(), &format!("spelling-{place}.toml"), text));
    }
    for (place, (name, is_right)) in NAMES.into_iter().enumerate() {
        let text = minimal.replacen("\"permit\"", &format!("\"{name}\""), 1);
        assert_eq!(retentiond::calendar::parse("t", text.as_bytes()).is_ok(), is_right, "{name}");
        files.push(kept(home.path(), &format!("name-{place}.toml"), text));
    }
    let script = root.join("docs/verify.py");
    let output = Command::new("python3").args(["-c", DRIVER]).arg(script).args(&files).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), files.len());
    let ours = |file: &Path| match retentiond::calendar::parse("t", &fs::read(file).unwrap()) {
        Ok(_) => "taken",
        Err(_) => "refused",
    };
    let apart: Vec<_> = files.iter().zip(said.lines()).filter(|(file, said)| ours(file) != *said).collect();
    assert!(apart.is_empty(), "{apart:#?}");
}

#[test]
fn a_journal_without_a_segment_and_notes_beyond_their_bounds_fail_in_both() {
    let dir = tempfile::tempdir().unwrap();
    let forge = Forge::sound();
    forge.write(dir.path());
    let both = |arguments: &[&Path]| {
        if python() {
            let said = said(dir.path(), arguments);
            assert_eq!((said.0.as_str(), said.1), ("FAIL", Some(4)), "{}", said.2);
        }
        verify(dir.path(), &Trust::default()).findings.iter().map(|finding| finding.flaw.code()).collect::<Vec<_>>()
    };
    fs::create_dir(dir.path().join("journal")).unwrap();
    fs::write(dir.path().join("journal/00000000000000000000.seg.tmp"), "half").unwrap();
    assert_eq!(both(&[]), ["damaged"]);
    fs::remove_dir_all(dir.path().join("journal")).unwrap();
    // Good in themselves: a signature a hundred times over and once more, and a name that fills a megabyte.
    let signed = forge.checkpoint(forge.size()).to_string();
    let line = signed.lines().last().unwrap().to_owned() + "\n";
    let stranger = format!("\u{2014} {} AAAAAAA=\n", "x".repeat(1_000_000));
    for more in [line.repeat(100), stranger] {
        fs::write(dir.path().join("checkpoint"), signed.clone() + &more).unwrap();
        assert_eq!(both(&[]).len(), 1, "{} bytes", more.len());
    }
    fs::write(dir.path().join("checkpoint"), signed.clone() + &line.repeat(99)).unwrap();
    assert_eq!(verify(dir.path(), &Trust::default()).verdict.to_string(), "OK-UNANCHORED");
    assert!(!python() || said(dir.path(), &[]).0 == "OK-UNANCHORED");
}

#[test]
fn it_reckons_the_same_due_dates_to_the_second() {
    if !python() {
        return;
    }
    for keep in ["P1Y", "P24M", "P1M1D", "P2W", "P30D", "immediate", "PT24H", "P1DT12H"] {
        for day in [19_782, 19_737] {
            let mut probe = Forge::ready();
            probe.obey(calendar(keep));
            let Body::Calendar(leaf) = calendar(keep) else { unreachable!() };
            let term = &leaf.rules[&"PC-1".into()];
            let zone = leaf.zone.parse().unwrap();
            let due = retentiond::audit::verify::Term::read(term, zone).unwrap().not_before(day).unwrap();
            // Only this one second divides a timely destruction from an early one.
            for (at, verdict) in [(due, "OK-UNANCHORED"), (due - 1, "FAIL")] {
                let mut forge = probe.clone();
                (0..forge.leaves.len()).for_each(|index| forge.replace(index, |leaf| leaf.at = at));
                forge.replace(1, |leaf| {
                    let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
                    calendar.effective_from = date("2000-01-01");
                    *calendar = sealed(calendar.clone());
                });
                let batch = retentiond::model::BatchNumber(forge.size());
                let today = retentiond::model::Instant::from_timestamp(at, 0).unwrap().date_naive();
                let (year, plan) = (today.year(), format!("{today}-30385c9b"));
                forge.replace(3, |leaf| {
                    let Body::Fpkey(key) = &mut leaf.body else { unreachable!() };
                    key.year = year;
                });
                forge.replace(4, |leaf| {
                    let Body::Approval(approval) = &mut leaf.body else { unreachable!() };
                    (approval.plan, approval.digest) = (plan.as_str().into(), digest());
                });
                let (plan, run) = (plan.as_str().into(), format!("{plan}-5").as_str().into());
                let late = Intent { plan, run, batch, year, day: vec![day; 3], ..intent(0..3) };
                forge.add_at(at, Body::Intent(late));
                let dir = forge.written();
                assert_eq!(verify(dir.path(), &Trust::default()).verdict.to_string(), verdict, "{keep} from {day}");
                assert_eq!(said(dir.path(), &[]).0, verdict, "{keep} from {day}");
            }
        }
    }
}

#[test]
fn it_fails_on_damage_of_every_file_instead_of_failing_itself() {
    if !python() {
        return;
    }
    let forge = Forge::sound();
    let home = tempfile::tempdir().unwrap();
    let vkey = kept(home.path(), "vkey", format!("{}\n", forge.key().verifier()));
    let dir = forge.written();
    for file in super::attacks::files(dir.path()) {
        let whole = fs::read(&file).unwrap();
        for place in (0..whole.len()).step_by(whole.len() / 5 + 1) {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            for bytes in [&flipped[..], &whole[..place]] {
                fs::write(&file, bytes).unwrap();
                let said = said(dir.path(), &["--vkey".as_ref(), &vkey]);
                assert_eq!((said.0.as_str(), said.1), ("FAIL", Some(4)), "{} at {place}: {}", file.display(), said.2);
            }
        }
        fs::write(&file, whole).unwrap();
    }
}

#[test]
fn a_calendar_s_text_laid_out_to_cost_it_an_hour_is_refused_at_once() {
    if !python() {
        return;
    }
    let begun = std::time::Instant::now();
    let (slashes, keys) = ("\"\\".repeat(400_000), format!("{}=1\n", ["a"; 20_000].join(".")));
    let (strings, blanks) = ("\"\"\"x\"\\".repeat(150_000), format!("[{}]\n", ["\"a\""; 20_000].join(" . ")));
    for end in [slashes, keys, strings, blanks] {
        let dir = tempfile::tempdir().unwrap();
        with_text(|text| format!("{text}\n{end}").into_bytes(), dir.path());
        let (verdict, code, text) = said(dir.path(), &[]);
        assert_eq!((&*verdict, code), ("FAIL", Some(4)), "{text}");
        assert!(text.contains("it is no calendar") || text.contains("Python 3.11"), "{text}");
        let trust = Trust { read_text: Some(leaf_of_text), ..Trust::default() };
        let ours = verify(dir.path(), &trust);
        assert_eq!(ours.findings.iter().map(|finding| finding.flaw.code()).collect::<Vec<_>>(), ["text-differs"]);
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
