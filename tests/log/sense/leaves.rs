//! Entries one by one: their form, their order, the first of them.

use std::collections::BTreeMap;

use retentiond::audit::leaf::*;

use super::{Forgery, fpkey_of};
use crate::forge::*;

/// Each change of one thing in a sound log, and the flaw that it makes.
pub fn forgeries() -> Vec<(&'static str, Forgery)> {
    let mut forgeries: Vec<(&'static str, Forgery)> = vec![
        (
            "time-runs-back",
            Box::new(|forge| {
                forge.add_at(NOW - 1, fpkey_of(2025));
            }),
        ),
        ("second-genesis", Box::new(|forge| forge.leaves.push(forge.leaves[0].clone()))),
        ("leaf", written(heartbeat(), "\"holds\":0", "\"holds\":-1")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"PC-1\":-1}")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"PC-1\":true}")),
        ("leaf", written(heartbeat(), "\"overdue\":{}", "\"overdue\":{\"\\ud800\":1}")),
        ("leaf", written(refused(), "\"x\"", "1")),
        ("leaf", written(refused(), "\"x\"", "[\"x\"]")),
        ("leaf", written(refused(), "\"x\"", "\"\\ud800\"")),
        ("leaf", written(approval(PLAN), ",\"rules\":\"", ",\"other\":1,\"rules\":\"")),
        ("leaf", written(approval(PLAN), "\"governed\":{", "\"governed\":{\"a\":1,")),
        ("leaf", written(approval(PLAN), "\"governed\":{", "\"governed\":{\"a\":{\"mapping\":\"\",\"rules\":\"\"},")),
        ("leaf", written(approval(PLAN), "[\"rules\"]", "[\"rules\",1]")),
        ("leaf", written(calendar("P1Y"), "\"PC-1\":{", "\"PC-1\":{\"a\":1,")),
        ("leaf", written(calendar("P1Y"), "\"ways\":[{", "\"ways\":[{\"a\":1,")),
        ("leaf", written(calendar("P1Y"), "\"ways\":[{", "\"ways\":[1,{")),
        ("leaf", written(hold(HoldAction::Placed, "H-1", 1), "\"scope\"", "\"review_by\":\"2026-02-30\",\"scope\"")),
        ("leaf", written(hold(HoldAction::Placed, "H-1", 1), "\"scope\"", "\"review_by\":\"banana\",\"scope\"")),
        ("leaf", with_first_day("true")),
        ("leaf", with_first_day("2147483648")),
        ("genesis", with_predecessor(&predecessor("5", "").replace("\"o\"", &format!("\"{ORIGIN}\"")))),
        ("genesis", with_predecessor(&predecessor("0", ""))),
        ("leaf", with_predecessor("1")),
        ("leaf", with_predecessor("{\"origin\":\"o\"}")),
        ("leaf", with_predecessor(&predecessor("5", ",\"zz\":1"))),
        ("leaf", with_predecessor(&predecessor("true", ""))),
        ("leaf", with_predecessor(&partial("false"))),
        ("leaf", with_predecessor(&partial("1"))),
        ("bad-actor", with_predecessor(&predecessor("5", "").replace("marie (1000)", "marie"))),
        ("leaf", Box::new(|forge| forge.leaves.push([b'['; 50_000].to_vec()))),
        ("leaf", Box::new(|forge| forge.leaves.push(b"{\"at\":1, \"kind\":\"heartbeat\"}".to_vec()))),
    ];
    let signed = |actor: &'static str| written(refused(), "marie (1000)", actor);
    let actors = ["", "marie", " (1000)", "marie (01)", "marie (4294967296)", "marie (1000) ", "uid", "uid +1"];
    forgeries.extend(actors.map(|actor| ("bad-actor", signed(actor))));
    forgeries.extend(answered_for().map(|body| ("bad-actor", written(body, "marie (1000)", "marie"))));
    forgeries
}

/// An entry of every other kind that somebody answers for.
fn answered_for() -> [Body; 7] {
    let Body::Approval(approved) = approval(PLAN) else { unreachable!() };
    let (plan, actor) = (approved.plan.clone(), approved.actor.clone());
    let vkey = Forge::begin().key().verifier().to_string();
    [
        Body::Approval(approved),
        Body::Rejection(Rejection { plan, digest: digest(), actor: actor.clone(), reason: digest() }),
        hold(HoldAction::Placed, "H-1", 1),
        run(RunCounts::default()),
        Body::Correction(Correction { actor: Some(actor.clone()), ..Correction::new("parle".into(), "lifted") }),
        Body::FpkeyDestroyed(FpkeyDestroyed { source: "parle".into(), year: 2026, actor: actor.clone() }),
        Body::Sigkey(Sigkey { vkey, actor }),
    ]
}

#[test]
fn an_actor_is_an_account_by_name_and_number_or_by_number_alone() {
    for actor in ["marie (0)", "a b (c) (7)", "uid 4294967295", "uid 5 (6)", "retentiond (999), automatic mode"] {
        let mut forge = Forge::ready();
        let actor = actor.into();
        forge.add(Body::Refused(Refused { plan: None, actor, reasons: vec!["x".into()] }));
        assert_eq!(forge.flaws(), [""; 0]);
    }
}

#[test]
fn a_log_that_succeeds_another_is_sound() {
    let mut forge = Forge::ready();
    with_predecessor(&predecessor("5", ""))(&mut forge);
    assert_eq!(forge.flaws(), [""; 0]);
    let mut forge = Forge::ready();
    with_predecessor(&partial("true"))(&mut forge);
    assert_eq!(forge.flaws(), [""; 0]);
}

/// An entry that has this in place of that.
fn written(body: Body, true_text: &'static str, forged: &'static str) -> Forgery {
    Box::new(move |forge| {
        forge.add(body.clone());
        let text = String::from_utf8(forge.leaves.pop().unwrap()).unwrap();
        assert!(text.contains(true_text), "{text}");
        forge.leaves.push(text.replacen(true_text, forged, 1).into_bytes());
    })
}

fn heartbeat() -> Body {
    Body::Heartbeat(Heartbeat { overdue: BTreeMap::new(), holds: 0 })
}

fn refused() -> Body {
    Body::Refused(Refused { plan: None, actor: "marie (1000)".into(), reasons: vec!["x".into()] })
}

/// A sound batch, but for how the day of its first record is written.
fn with_first_day(forged: &'static str) -> Forgery {
    Box::new(move |forge| {
        let index = forge.batch(&[intent(0..3)], &["3D"]) as usize;
        let text = String::from_utf8(forge.leaves[index].clone()).unwrap();
        let forged = text.replacen(&format!("\"day\":[{CLOSED},"), &format!("\"day\":[{forged},"), 1);
        assert_ne!(forged, text);
        forge.leaves[index] = forged.into_bytes();
    })
}

/// A first entry that names this as the log before.
fn with_predecessor(forged: &str) -> Forgery {
    let forged = format!("\"predecessor\":{forged},\"tool\"");
    Box::new(move |forge| {
        let text = String::from_utf8(forge.leaves[0].clone()).unwrap();
        forge.leaves[0] = text.replacen("\"tool\"", &forged, 1).into_bytes();
    })
}

/// A predecessor in canonical form, of this size, with this after its last field.
fn predecessor(size: &str, more: &str) -> String {
    let digest = digest();
    format!(r#"{{"actor":"marie (1000)","origin":"o","reason":"{digest}","root":"{digest}","size":{size}{more}}}"#)
}

/// A predecessor that says so whether it had more entries.
fn partial(said: &str) -> String {
    predecessor("5", "").replace("\"reason\"", &format!("\"partial\":{said},\"reason\""))
}
