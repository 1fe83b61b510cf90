//! The operator as attacker, who holds the key and signs whatever they like; and damage, bit by bit.

use std::fs;
use std::path::{Path, PathBuf};

use retentiond::audit::leaf::*;
use retentiond::audit::note::{KeyKind, SigningKey};
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::disposition::declared::leaf_of_text;
use retentiond::model::Digest;

use super::forge::*;

/// What an auditor knows who kept the checkpoint of a sound log.
fn kept(truth: &Forge) -> Trust {
    trust(truth.key().verifier(), vec![truth.checkpoint(truth.size())])
}

fn flaws(forge: &Forge, trust: &Trust) -> Vec<&'static str> {
    let report = forge.verified(trust);
    assert_eq!(report.verdict == Verdict::Fail, !report.findings.is_empty());
    report.findings.iter().map(|finding| finding.flaw.code()).collect()
}

#[test]
fn the_truth_is_anchored_to_what_the_auditor_kept() {
    let truth = Forge::sound();
    let report = truth.verified(&kept(&truth));
    assert_eq!(report.verdict.to_string(), format!("OK-ANCHORED-TO-{}", truth.size()));
    assert!(report.key_was_given);
}

#[test]
fn a_log_that_grew_is_anchored_to_the_older_size_only() {
    let truth = Forge::sound();
    let mut grown = truth.clone();
    grown.add(Body::Heartbeat(Heartbeat { overdue: Default::default(), holds: 0 }));
    assert_eq!(grown.verified(&kept(&truth)).verdict, Verdict::OkAnchoredTo(truth.size()));
}

#[test]
fn every_entry_rewritten_and_signed_again_is_caught_by_the_older_checkpoint() {
    let truth = Forge::sound();
    for index in 0..truth.leaves.len() {
        let mut forged = truth.clone();
        forged.replace(index, |leaf| match &mut leaf.body {
            Body::Outcome(outcome) => outcome.bytes += 1,
            Body::Genesis(genesis) => genesis.tool.push('x'),
            _ => leaf.at += 1,
        });
        assert!(flaws(&forged, &kept(&truth)).contains(&"inconsistent"), "entry {index}");
    }
}

#[test]
fn a_log_cut_short_and_signed_again_is_caught() {
    let truth = Forge::sound();
    for size in 1..truth.leaves.len() {
        let mut forged = truth.clone();
        forged.leaves.truncate(size);
        assert!(flaws(&forged, &kept(&truth)).contains(&"shortened"), "size {size}");
    }
}

#[test]
fn a_fork_is_caught_from_either_side() {
    let mut left = Forge::ready();
    let mut right = left.clone();
    left.batch(&[intent(0..3)], &["3D"]);
    right.batch(&[intent(3..6)], &["3D"]);
    assert_eq!(flaws(&left, &kept(&right)), ["inconsistent"]);
    right.add(Body::Heartbeat(Heartbeat { overdue: Default::default(), holds: 0 }));
    assert_eq!(flaws(&right, &kept(&left)), ["inconsistent"]);
}

#[test]
fn an_exchanged_fingerprint_key_is_caught_with_or_without_an_older_checkpoint() {
    let truth = Forge::sound();
    let mut forged = truth.clone();
    forged.replace(3, |leaf| leaf.body = fpkey(2));
    assert_eq!(flaws(&forged, &kept(&truth)), ["inconsistent"]);
    let mut appended = truth.clone();
    appended.add(fpkey(2));
    assert_eq!(flaws(&appended, &Trust::default()), ["second-fingerprint-key"]);
}

#[test]
fn an_older_directory_put_back_is_caught() {
    let truth = Forge::sound();
    let mut grown = truth.clone();
    grown.add(Body::Heartbeat(Heartbeat { overdue: Default::default(), holds: 0 }));
    assert_eq!(flaws(&truth, &kept(&grown)), ["shortened"]);
}

#[test]
fn an_intent_recorded_early_is_caught_and_a_calendar_rewritten_to_excuse_it_too() {
    let mut honest = Forge::ready();
    let anchor = kept(&honest);
    let early = Intent { day: vec![20_400; 3], ..intent(0..3) };
    honest.batch(&[early], &["3D"]);
    assert_eq!(flaws(&honest, &anchor), ["too-early"]);
    honest.obey(calendar("P1D"));
    assert_eq!(flaws(&honest, &anchor), ["inconsistent"]);
}

#[test]
fn another_key_s_signature_is_caught_whatever_the_log_says_of_itself() {
    let truth = Forge::sound();
    let mut forged = Forge { seed: 2, ..truth.clone() };
    let vkey = forged.key().verifier().to_string();
    forged.replace(0, |leaf| {
        let Body::Genesis(genesis) = &mut leaf.body else { unreachable!() };
        genesis.vkey = vkey;
    });
    assert_eq!(flaws(&forged, &Trust::default()), [""; 0]);
    assert!(flaws(&forged, &trust(truth.key().verifier(), Vec::new())).contains(&"not-signed"));
}

#[test]
fn a_checkpoint_of_another_log_anchors_nothing() {
    let truth = Forge::sound();
    let text = truth.checkpoint(truth.size()).to_string().replace(ORIGIN, "other.example");
    let other = retentiond::audit::checkpoint::SignedCheckpoint::parse(text.as_bytes()).unwrap();
    assert_eq!(flaws(&truth, &trust(truth.key().verifier(), vec![other])), ["other-log"]);
}

#[test]
fn an_older_checkpoint_that_nobody_of_this_log_signed_anchors_nothing() {
    let truth = Forge::sound();
    let foreign = Forge { seed: 3, ..truth.clone() };
    assert_eq!(flaws(&truth, &trust(truth.key().verifier(), vec![foreign.checkpoint(4)])), ["undeclared-key"]);
}

#[test]
fn a_witness_anchors_and_convicts_entries_dated_after_it_saw_them() {
    let truth = Forge::sound();
    let witness = SigningKey::from_seed("witness.example", KeyKind::Witness, &[7; 32]).unwrap();
    let mut answered = truth.clone();
    answered.add(clock_answered());
    let last = (NOW + truth.size() as i64) as u64;
    let anchored = |log: &Forge| Verdict::OkAnchoredTo(log.size());
    for (log, seen, verdict) in [
        (&truth, last, anchored(&truth)),
        (&truth, last - 400, Verdict::Fail),
        (&answered, last - 400, anchored(&answered)),
    ] {
        let dir = log.written();
        let mut checkpoint = log.checkpoint(log.size());
        checkpoint.add(witness.sign(checkpoint.note().text(), seen));
        fs::write(dir.path().join("checkpoint"), checkpoint.to_string()).unwrap();
        let trust = Trust { witnesses: vec![witness.verifier()], ..Trust::default() };
        let report = verify(dir.path(), &trust);
        assert_eq!(report.verdict, verdict, "{:?}", report.findings);
        // Who does not know the witness is not reassured by it.
        assert_eq!(verify(dir.path(), &Trust::default()).verdict, Verdict::OkUnanchored);
    }
}

#[test]
fn an_entry_dated_after_the_auditor_s_now_is_found_once_and_five_minutes_are_forgiven() {
    let truth = Forge::sound();
    let last = NOW + truth.size() as i64 - 1;
    for (now, found) in [(last - 300, vec![]), (last - 301, vec!["after-now"]), (NOW - 400, vec!["after-now"])] {
        assert_eq!(flaws(&truth, &Trust { now: Some(now), ..Trust::default() }), found);
    }
}

#[test]
fn entries_dated_after_the_auditor_s_now_are_no_flaw_up_to_those_of_the_time_that_a_person_answered_for() {
    let mut log = Forge::sound();
    let trust = Trust { now: Some(NOW - 400), ..Trust::default() };
    log.add(clock_answered());
    assert_eq!(flaws(&log, &trust), [""; 0]);
    log.add(heartbeat());
    assert_eq!(flaws(&log, &trust), ["after-now"], "the clock went on, and nobody answered since");
    log.add(clock_answered());
    assert_eq!(flaws(&log, &trust), [""; 0]);
}

#[test]
fn a_calendar_s_entry_is_held_against_its_text_where_the_auditor_can_read_it() {
    let trust = Trust { read_text: Some(leaf_of_text), ..Trust::default() };
    let truth = Forge::sound();
    assert_eq!(flaws(&truth, &trust), [""; 0]);
    let changes: [fn(&mut CalendarLeaf); 5] = [
        |leaf| leaf.version = 3,
        |leaf| leaf.zone = "Asia/Tokyo".into(),
        |leaf| leaf.effective_from = date("2020-01-01"),
        |leaf| leaf.rules.values_mut().for_each(|rule| rule.ways[0].keep = "P1D".into()),
        |leaf| drop(leaf.rules.insert("PC-9".into(), leaf.rules[&"PC-1".into()].clone())),
    ];
    for change in changes {
        let dir = tempfile::tempdir().unwrap();
        let mut forged = truth.clone();
        truth.write(dir.path());
        forged.replace(1, |leaf| {
            let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
            change(calendar);
        });
        forged.write(dir.path());
        let report = verify(dir.path(), &trust);
        let found: Vec<_> = report.findings.iter().map(|finding| finding.flaw.code()).collect();
        assert!(found.contains(&"text-differs"), "{found:?}");
    }
}

/// The text of a sound log's calendar, changed, with a leaf that names it and says the same as before.
pub fn with_text(change: impl Fn(String) -> Vec<u8>, dir: &Path) {
    let mut forge = Forge::sound();
    let Body::Calendar(leaf) = calendar("P1Y") else { unreachable!() };
    let bytes = change(text(&leaf));
    forge.replace(1, |leaf| {
        let Body::Calendar(calendar) = &mut leaf.body else { unreachable!() };
        calendar.digest = Digest::of(&bytes);
    });
    forge.write(dir);
    fs::write(dir.join("blobs").join(Digest::of(&bytes).to_string()), bytes).unwrap();
}

/// Lines that a text may not have whose leaf says nothing of them.
pub const UNSAID: [&str; 3] = ["part = \"exhibit\"", "group = \"payment\"", "unless = \"public\""];

#[test]
fn a_text_with_a_condition_that_its_entry_cannot_say_is_found() {
    let trust = Trust { read_text: Some(leaf_of_text), ..Trust::default() };
    for line in UNSAID {
        for (change, found) in [("", "text-differs"), ("example = true\n", "")] {
            let dir = tempfile::tempdir().unwrap();
            let second = "\n[[rule]]\nnumber = \"PC-2\"\nseries = \"dossier\"\nexample = true\ntrigger = \"closure\"\nkeep = \"P1Y\"\ndisposition = \"destroy\"\n";
            let changed = |text: String| match change {
                "" => text.replace("[[rule]]\n", &format!("[[rule]]\n{line}\n")).into_bytes(),
                _ => format!("{text}{second}{line}\n").into_bytes(),
            };
            with_text(changed, dir.path());
            let report = verify(dir.path(), &trust);
            let flaws: Vec<_> = report.findings.iter().map(|finding| finding.flaw.code()).collect();
            assert_eq!(flaws.first().copied().unwrap_or_default(), found, "{line}");
        }
    }
}

/// Every file below a directory.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn every_published_file_cut_or_flipped_at_every_byte_fails() {
    let mut truth = Forge::ready();
    truth.batch(&[intent(0..1)], &["1D"]);
    let trust = kept(&truth);
    let dir = truth.written();
    assert_eq!(verify(dir.path(), &trust).verdict, Verdict::OkAnchoredTo(truth.size()));
    let all = files(dir.path());
    assert_eq!(all.len(), 5, "bundle, tile, calendar, checkpoint and vkey: {all:?}");
    for file in all {
        let whole = fs::read(&file).unwrap();
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 1 << (place % 8);
            for (what, bytes) in [("flipped", &flipped[..]), ("cut", &whole[..place])] {
                fs::write(&file, bytes).unwrap();
                let verdict = verify(dir.path(), &trust).verdict;
                assert_eq!(verdict, Verdict::Fail, "{} {what} at {place}", file.display());
            }
        }
        fs::remove_file(&file).unwrap();
        assert_eq!(verify(dir.path(), &trust).verdict, Verdict::Fail, "{} removed", file.display());
        fs::write(&file, whole).unwrap();
    }
}
