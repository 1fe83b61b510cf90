//! Logs that were succeeded: what the first entry of the successor says of them binds them, for both verifiers and for
//! who looks a record up.

use std::fs;
use std::path::Path;

use retentiond::audit::checkpoint::SignedCheckpoint;
use retentiond::audit::earlier::EarlierState;
use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Report, Trust, Verdict, verify};
use retentiond::audit::witness::Witness;
use retentiond::disposition::declared::leaf_of_text;
use retentiond::model::{BatchNumber, Language};
use retentiond::report::Report as _;
use retentiond::report::verify::VerifyReport;

use super::forge::*;
use super::python::{python, said};

/// The log that continues another one.
fn successor(of: &Forge, size: u64, origin: &str) -> Forge {
    let named = of.checkpoint(size);
    let tree = named.claimed().tree;
    let predecessor = Predecessor {
        origin: of.origin.clone(),
        size,
        root: tree.root,
        partial: false,
        reason: digest(),
        actor: "marie (1000)".into(),
    };
    Forge::continuing(origin, predecessor)
}

/// Three logs, each of which continues the one before, in `audit.1`, `audit.2` and `audit`.
struct Three {
    home: tempfile::TempDir,
    logs: [Forge; 3],
}

impl Three {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut first = Forge::sound();
        while first.size() < 300 {
            first.add(heartbeat());
        }
        let mut second = successor(&first, first.size(), "log.example/2");
        second.add(heartbeat());
        let third = successor(&second, second.size(), "log.example/3");
        let three = Self { home, logs: [first, second, third] };
        for (log, name) in three.logs.iter().zip(["audit.1", "audit.2", "audit"]) {
            log.write(&three.path(name));
        }
        three
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.home.path().join(name)
    }

    fn verified(&self, trust: &Trust) -> Report {
        verify(&self.path("audit"), trust)
    }

    fn states(&self) -> Vec<EarlierState> {
        self.verified(&Trust::default()).earlier.iter().map(|log| log.state).collect()
    }

    /// What both verifiers find with these checkpoints; they must agree.
    fn found(&self, older: &[SignedCheckpoint]) -> Vec<&'static str> {
        let report = self.verified(&Trust { older: older.to_vec(), ..Trust::default() });
        if python() {
            let kept: Vec<_> = older
                .iter()
                .enumerate()
                .map(|(place, older)| {
                    let path = self.path(&format!("kept-{place}"));
                    fs::write(&path, older.to_string()).unwrap();
                    path
                })
                .collect();
            let arguments: Vec<&Path> =
                kept.iter().flat_map(|path| ["--checkpoint".as_ref(), path.as_path()]).collect();
            let said = said(&self.path("audit"), &arguments);
            assert_eq!(said.0, report.verdict.to_string(), "{:?} {}", report.findings, said.2);
            let is_shortened = report.findings.iter().any(|finding| finding.flaw.code() == "predecessor-shortened");
            assert_eq!(said.2.contains("which this one continues after"), is_shortened, "{}", said.2);
        }
        report.findings.iter().map(|finding| finding.flaw.code()).collect()
    }
}

fn page(dir: &Path, report: &Report) -> String {
    VerifyReport { dir, report }.text(Language::English.words()).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn earlier_logs_that_lie_beside_are_held_against_what_their_successors_name() {
    let three = Three::new();
    assert_eq!(three.found(&[]), [""; 0]);
    assert_eq!(three.states(), [EarlierState::Whole, EarlierState::Whole]);
    let told = page(&three.path("audit"), &three.verified(&Trust::default()));
    assert!(told.contains("It continues log log.example/2 after 2 entries, which stand unchanged in"), "{told}");
    assert!(told.contains("after 300 entries, which stand unchanged in"), "{told}");
}

#[test]
fn an_earlier_log_that_was_moved_away_is_said_not_to_have_been_looked_at() {
    let three = Three::new();
    for name in ["audit.2", "audit.1"] {
        fs::rename(three.path(name), three.path(&format!("away-{name}"))).unwrap();
    }
    assert_eq!(three.found(&[]), [""; 0]);
    assert_eq!(three.states(), [EarlierState::Missing]);
    let told = page(&three.path("audit"), &three.verified(&Trust::default()));
    assert!(told.contains("continues log log.example/2 after 2 entries, which were not looked at"), "{told}");
    if python() {
        let said = said(&three.path("audit"), &[]).2;
        assert!(said.contains("continues log log.example/2 after 2 entries, which were not looked at"), "{said}");
    }
    // Whoever has them elsewhere names them.
    let away = ["away-audit.2", "away-audit.1"].map(|name| three.path(name));
    let report = three.verified(&Trust { earlier: away.to_vec(), ..Trust::default() });
    assert!(report.findings.is_empty() && report.earlier.len() == 2, "{report:?}");
    if python() {
        let named = ["--earlier".as_ref(), away[0].as_path(), "--earlier".as_ref(), away[1].as_path()];
        let said = said(&three.path("audit"), &named);
        assert!(said.0 == "OK-UNANCHORED" && said.2.matches("stand unchanged").count() == 2, "{}", said.2);
    }
}

#[test]
fn what_stands_in_the_place_of_an_earlier_log_and_is_not_that_log_fails() {
    type Change = (&'static str, fn(&Three));
    let changes: [Change; 7] = [
        ("moved under a number that is none", |three| {
            fs::rename(three.path("audit.2"), three.path("audit.99999999999999999999999")).unwrap();
        }),
        ("the last of two moved away", |three| fs::rename(three.path("audit.2"), three.path("away")).unwrap()),
        ("exchanged for another of that name", |three| {
            let mut other = successor(&three.logs[0], 300, "log.example/2");
            other.add_at(NOW + 77, heartbeat());
            rewritten(three, "audit.2", &other);
        }),
        ("named otherwise", |three| {
            let mut second = successor(&three.logs[0], 300, "log.example/2");
            second.replace(0, |leaf| {
                let Body::Genesis(genesis) = &mut leaf.body else { unreachable!() };
                genesis.predecessor.as_mut().unwrap().origin = "log.example/0".into();
            });
            rewritten(three, "audit.2", &second);
            rewritten(three, "audit", &successor(&second, 1, "log.example/3"));
        }),
        ("exchanged for one of another name", |three| rewritten(three, "audit.2", &Forge::sound())),
        ("cut", |three| {
            let mut cut = three.logs[0].clone();
            cut.leaves.truncate(299);
            rewritten(three, "audit.1", &cut);
        }),
        ("emptied", |three| fs::remove_dir_all(three.path("audit.1/tile")).unwrap()),
    ];
    for (what, change) in changes {
        let three = Three::new();
        change(&three);
        assert_eq!(three.found(&[]), ["other-predecessor"], "{what}");
    }
}

fn rewritten(three: &Three, name: &str, log: &Forge) {
    fs::remove_dir_all(three.path(name)).unwrap();
    log.write(&three.path(name));
}

#[test]
fn a_checkpoint_kept_of_an_earlier_log_is_held_against_it_and_convicts_who_did_away_with_it() {
    let three = Three::new();
    let first = &three.logs[0];
    let kept = first.checkpoint(250);
    assert_eq!(three.found(std::slice::from_ref(&kept)), [""; 0]);
    assert_eq!(three.verified(&Trust { older: vec![kept.clone()], ..Trust::default() }).verdict, Verdict::OkUnanchored);
    // One that the operator signed and then forgot: the log was cut before it was succeeded.
    let mut longer = first.clone();
    longer.add(heartbeat());
    assert_eq!(three.found(&[longer.checkpoint(301)]), ["predecessor-shortened"]);
    let mut rewritten = first.clone();
    rewritten.replace(20, |leaf| leaf.at += 1);
    assert_eq!(three.found(&[rewritten.checkpoint(250)]), ["predecessor-differs"]);
    assert_eq!(three.found(&[Forge { seed: 2, ..first.clone() }.checkpoint(250)]), ["undeclared-key"]);
    // Adopted, and the old directory deleted: evidence was done away with.
    fs::remove_dir_all(three.path("audit.1")).unwrap();
    assert_eq!(three.found(&[kept]), ["predecessor-absent"]);
    assert_eq!(three.found(&[]), [""; 0], "and without a checkpoint it is told");
}

/// The third log ends what a batch of this log had left.
fn ends_left_of(three: &mut Three, origin: &str) {
    three.logs[2].leaves.truncate(1);
    let earlier = EarlierBatch { origin: origin.into(), batch: BatchNumber(7) };
    three.logs[2].add(Body::Correction(Correction {
        earlier: Some(earlier),
        ended: Some("2o1e".to_owned()),
        records: 1,
        ..Correction::new("parle".into(), "completed")
    }));
    let third = three.logs[2].clone();
    rewritten(three, "audit", &third);
}

#[test]
fn a_log_speaks_of_batches_of_the_logs_before_it_and_of_no_others() {
    let mut three = Three::new();
    for before in [ORIGIN, "log.example/2"] {
        ends_left_of(&mut three, before);
        assert_eq!(three.found(&[]), [""; 0], "{before}");
    }
    for other in ["log.example/3", "log.example/4"] {
        ends_left_of(&mut three, other);
        assert_eq!(three.found(&[]), ["not-continued"], "{other}");
    }
    // Where the first of them is not here, it may have continued that log.
    fs::rename(three.path("audit.1"), three.path("away")).unwrap();
    assert_eq!(three.found(&[]), [""; 0]);
    ends_left_of(&mut three, "log.example/3");
    assert_eq!(three.found(&[]), ["not-continued"]);
}

#[test]
fn of_a_log_that_could_not_be_read_nothing_is_claimed() {
    let home = tempfile::tempdir().unwrap();
    let lost = successor(&Forge::sound(), 0, "log.example/2");
    lost.write(&home.path().join("audit"));
    fs::create_dir(home.path().join("audit.1")).unwrap();
    let report = verify(&home.path().join("audit"), &Trust::default());
    assert!(report.findings.is_empty() && report.earlier[0].state == EarlierState::Unread, "{report:?}");
    let part = successor(&Forge::sound(), 9, "log.example/2");
    part.write(&home.path().join("audit"));
    Forge::sound().write(&home.path().join("audit.1"));
    let report = verify(&home.path().join("audit"), &Trust::default());
    assert!(report.findings.is_empty() && report.earlier[0].state == EarlierState::Partial, "{report:?}");
}

#[test]
fn a_witness_does_not_co_sign_a_successor_that_names_less_than_it_saw_of_the_log_before() {
    for (named, is_co_signed) in [(300, true), (4, false)] {
        let (three, seen) = (Three::new(), tempfile::tempdir().unwrap());
        let witness = Witness::open_or_create(seen.path(), "auditor.example/w1").unwrap();
        let co_sign =
            |log: &Forge, name: &str| witness.cosign_log(&three.path(name), &log.key().verifier(), leaf_of_text, now());
        co_sign(&three.logs[0], "audit.1").unwrap();
        let mut other = successor(&three.logs[0], named, "log.example/2");
        other.add(heartbeat());
        fs::remove_dir_all(three.path("audit.2")).unwrap();
        fs::remove_dir_all(three.path("audit")).unwrap();
        other.write(&three.path("audit"));
        let answer = co_sign(&other, "audit");
        assert_eq!(answer.is_ok(), is_co_signed, "{named}: {answer:?}");
        if let Err(refused) = answer {
            let said = refused.to_string();
            assert!(said.contains("had co-signed the first 300 entries of") && said.contains("after 4"), "{said}");
        }
    }
}
