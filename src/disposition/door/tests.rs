use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::*;
use crate::disposition::desk::tests::{ask, code, door, dossier, held as holds_in_force, place, placed};
use crate::disposition::holds::HoldScope;
use crate::disposition::request::{NamedRecord, RefusalKind};
use crate::disposition::sample::{Sample, all_due};

/// A state that somebody holds and serves.
struct Held {
    sample: Sample,
    _door: Door,
}

impl Held {
    fn new() -> Self {
        let sample = Sample::new();
        let door = door(&sample);
        assert!(door.here().is_some());
        Self { sample, _door: door }
    }

    fn raw(&self) -> Raw {
        let stream = UnixStream::connect(self.sample.state().join("control.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Raw(BufReader::new(stream))
    }
}

/// One who speaks without our client's manners.
struct Raw(BufReader<UnixStream>);

impl Raw {
    fn hear(&mut self) -> Option<Response> {
        let mut line = String::new();
        self.0.read_line(&mut line).ok().filter(|length| *length > 0)?;
        Some(serde_json::from_str(&line).unwrap())
    }

    fn say(&mut self, bytes: &[u8]) {
        // Who is refused may find the door shut before all is said.
        let _heard_or_not = self.0.get_mut().write_all(bytes);
    }
}

#[test]
fn a_request_has_the_same_effect_through_the_socket() {
    let held = Held::new();
    let mut there = door(&held.sample);
    assert!(there.here().is_none());
    let hold = placed(there.ask(place(dossier("7"))).map_err(|error| error.refusal()));
    assert_eq!(hold.actor, actor_of(rustix::process::getuid().as_raw()));
    let desk = held._door.here().unwrap().lock().unwrap();
    assert!(desk.holds().contains(&hold.id));
    drop(desk);
    assert_eq!(code(ask(&held.sample, place(HoldScope::Rule { rule: "PC-9".into() }))), "unknown-rule");
}

#[test]
fn a_plan_is_made_while_another_holds_the_state() {
    let held = Held::new();
    let request = all_due();
    let there = door(&held.sample).plan(&request).unwrap().file;
    let elsewhere = held.sample;
    drop(held._door);
    assert_eq!(there.digest, door(&elsewhere).plan(&request).unwrap().file.digest);
}

#[test]
fn the_socket_is_the_owner_s_and_the_group_s() {
    let held = Held::new();
    let socket = held.sample.state().join("control.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o660);
    let state = held.sample.state();
    drop(held._door);
    assert!(!state.join("control.sock").exists());
    drop(held.sample);
}

#[test]
fn garbage_is_refused_and_has_no_effect() {
    let held = Held::new();
    let garbage: [&[u8]; 6] = [
        b"\n",
        b"\0\xff\xfe\n",
        b"{\"request\":\"hold_lst\"}\n",
        b"{\"request\":\"hold_lift\",\"hold\":\"H-1\",\"reason\":\"x\",\"more\":1}\n",
        b"{\"request\":\"hold_place\",\"hold\":{\"by\":\"series\",\"series\":7},\"reason\":\"x\"}\n",
        &[b'['; 4_000],
    ];
    for line in garbage {
        let mut raw = held.raw();
        assert_eq!(raw.hear(), Some(Response::Ready));
        raw.say(line);
        raw.say(b"\n");
        let Some(Response::Refused(refusal)) = raw.hear() else { panic!("{line:?} was not refused") };
        assert_eq!((refusal.kind, refusal.code.as_str()), (RefusalKind::Usage, "not-a-request"));
        assert_eq!(raw.hear(), None, "the connection ends");
    }
    assert_eq!(holds_in_force(&held.sample), []);
}

#[test]
fn an_endless_line_is_cut_off_and_a_half_line_is_not_obeyed() {
    let held = Held::new();
    let mut endless = held.raw();
    endless.hear();
    for _ in 0..40 {
        endless.say(&[b'x'; 4_096]);
    }
    let heard = std::iter::from_fn(|| endless.hear()).collect::<Vec<_>>();
    assert!(heard.iter().all(|response| matches!(response, Response::Refused(_))), "{heard:?}");
    let mut half = held.raw();
    half.hear();
    let request = serde_json::to_vec(&place(dossier("7"))).unwrap();
    half.say(&request);
    drop(half);
    assert_eq!(holds_in_force(&held.sample), []);
}

#[test]
fn a_thousand_connections_starve_nobody() {
    let held = Held::new();
    let idle: Vec<_> =
        (0..1_000).filter_map(|_| UnixStream::connect(held.sample.state().join("control.sock")).ok()).collect();
    // The Desk itself is not in the way of its holder.
    held._door.here().unwrap().lock().unwrap();
    drop(idle);
    placed(ask(&held.sample, place(dossier("7"))));
}

#[test]
fn a_request_that_was_not_read_is_asked_again_of_the_next_holder() {
    let held = Held::new();
    let mut there = door(&held.sample);
    let Held { sample, _door } = held;
    drop(_door);
    placed(there.ask(place(dossier("7"))).map_err(|error| error.refusal()));
    assert!(there.here().is_some(), "the state was free, so it is here now");
    drop(there);
    assert_eq!(holds_in_force(&sample).len(), 1);
}

#[test]
fn a_state_with_a_long_path_is_served_too() {
    let mut sample = Sample::new();
    sample.change(|install| install.state = install.state.join("long".repeat(30)).join("er".repeat(60)));
    let _holder = door(&sample);
    placed(ask(&sample, place(dossier("7"))));
}

#[test]
fn records_with_long_keys_are_divided_over_requests_that_can_be_sent() {
    let held = Held::new();
    let mut there = door(&held.sample);
    let named = |key: Vec<String>| NamedRecord { series: "dossier".into(), key };
    let long: Vec<_> = (0..1_500).map(|n| named(vec![format!("{n:0>200}"), "\"é\n".repeat(20)])).collect();
    let mut said = 0;
    for records in NamedRecord::in_requests(&long) {
        said += records.len() as u64;
        let request = Request::Except { plan: "2026-11-21-0a1b2c3d".into(), records: records.to_vec() };
        assert_eq!(there.ask(request).unwrap(), Response::Excepted { records: said });
    }
    assert_eq!(said, 1_500);
    let short: Vec<_> = (0..2_500).map(|n| named(vec![n.to_string()])).collect();
    let sizes: Vec<usize> = NamedRecord::in_requests(&short).map(<[NamedRecord]>::len).collect();
    assert_eq!(sizes, [1_000, 1_000, 500]);
    assert_eq!(NamedRecord::in_requests(&short).flatten().collect::<Vec<_>>(), short.iter().collect::<Vec<_>>());
    assert_eq!(NamedRecord::in_requests(&[]).count(), 0);
}
