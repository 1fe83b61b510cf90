//! The note `witnessed` in a log's directory: what the log's key signed there, the log must still be.

use retentiond::audit::leaf::*;
use retentiond::audit::verify::{Trust, Verdict, verify};
use retentiond::model::Digest;

use super::Forgery;
use crate::forge::*;
use crate::python::{python, said};

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    vec![
        (
            "shortened",
            Box::new(|forge| {
                forge.witnessed = Some(forge.checkpoint(forge.size()).to_string());
                forge.leaves.pop();
            }),
        ),
        (
            "inconsistent",
            Box::new(|forge| {
                forge.add(heartbeat());
                let mut fork = forge.clone();
                fork.replace(4, |leaf| leaf.at -= 1);
                forge.witnessed = Some(fork.checkpoint(5).to_string());
            }),
        ),
        (
            "undeclared-key",
            Box::new(|forge| {
                let stranger = Forge { seed: 3, ..forge.clone() };
                forge.witnessed = Some(stranger.checkpoint(3).to_string());
            }),
        ),
        ("other-log", Box::new(|forge| forge.witnessed = Some(other_log().checkpoint(1).to_string()))),
        ("damaged", Box::new(|forge| forge.witnessed = Some("seen by us\n".to_owned()))),
    ]
}

fn other_log() -> Forge {
    let actor = "marie (1000)".into();
    let named =
        Predecessor { origin: ORIGIN.into(), size: 0, root: Digest::of(b""), partial: false, reason: digest(), actor };
    Forge::continuing("log.example/other", named)
}

#[test]
fn the_finding_names_the_file_in_which_the_log_is_contradicted() {
    let mut forge = Forge::sound();
    forge.witnessed = Some(forge.checkpoint(forge.size()).to_string());
    forge.leaves.pop();
    let report = forge.verified(&Trust::default());
    let told = report.findings[0].to_string();
    assert!(told.starts_with("the file `witnessed`: the older checkpoint speaks of"), "{told}");
}

#[test]
fn what_the_log_s_key_signed_of_its_beginning_is_no_flaw_and_anchors_nothing() {
    let mut forge = Forge::sound();
    for size in [1, 5, forge.size()] {
        forge.witnessed = Some(forge.checkpoint(size).to_string());
        let dir = forge.written();
        let report = verify(dir.path(), &Trust::default());
        assert_eq!(report.verdict, Verdict::OkUnanchored, "{size}: {:?}", report.findings);
        assert!(!python() || said(dir.path(), &[]).0 == "OK-UNANCHORED", "{size}");
    }
}
