use super::*;
use crate::model::{Digest, PlanId};
use crate::report::words::{EN, FR};

fn approval(only: &[&str], excepted: u64, accepted: &[&str]) -> Body {
    Body::Approval(Approval {
        plan: PlanId::new("2026-11-21-0a1b2c3d".to_owned()),
        digest: Digest::of(b"plan"),
        actor: "marie (1001)".into(),
        only: only.iter().copied().map(RuleNumber::from).collect(),
        excepted,
        accepted: accepted.iter().map(|rail| (*rail).to_owned()).collect(),
        governed: [].into(),
    })
}

#[test]
fn an_approval_in_part_does_not_read_like_one_of_the_whole() {
    let whole = describe(&approval(&[], 0, &[]), &EN);
    assert_eq!(whole, "plan 2026-11-21-0a1b2c3d by marie (1001)");
    let part = approval(&["PC-2", "PC-3"], 1_200, &["share"]);
    assert_eq!(
        describe(&part, &EN),
        format!("{whole}; only PC-2, PC-3; 1,200 records left out; rails accepted: share")
    );
    assert!(describe(&approval(&[], 1, &[]), &EN).ends_with("; 1 record left out"));
    assert!(describe(&part, &FR).contains("; seulement PC-2, PC-3; 1\u{a0}200 enregistrements exclus; garde-fous"));
}
