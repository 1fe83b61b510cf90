//! The Desk as requests find it; what other tests need to ask it.

use std::ops::ControlFlow;

use rusqlite::Connection;

use super::*;
use crate::audit;
use crate::audit::leaf::HoldAction;
use crate::audit::{Entries, LogReader};
use crate::disposition::door::{Door, open_or_connect};
use crate::disposition::holds::HoldScope;
use crate::disposition::request::{Refusal, Request, Response};
use crate::disposition::sample::{Sample, now, watch};

mod holds;
mod memory;
mod pause;
mod review;
mod room;
mod state;

pub(in crate::disposition) fn door(sample: &Sample) -> Door {
    open_or_connect(sample.install.clone(), None, watch()).unwrap()
}

pub(in crate::disposition) fn ask(sample: &Sample, request: Request) -> Result<Response, Refusal> {
    door(sample).ask(request).map_err(|error| error.refusal())
}

/// The code of the refusal, or `ok`.
pub(in crate::disposition) fn code(answer: Result<Response, Refusal>) -> String {
    answer.map_or_else(|refusal| refusal.code, |_| "ok".to_owned())
}

pub(in crate::disposition) fn place(scope: HoldScope) -> Request {
    Request::HoldPlace {
        hold: scope,
        meaning: None,
        reason: "litigation".to_owned(),
        case: Some("500-17".to_owned()),
        review_by: None,
    }
}

pub(in crate::disposition) fn dossier(key: &str) -> HoldScope {
    HoldScope::Record { series: "dossier".into(), key: vec![key.to_owned()] }
}

pub(in crate::disposition) fn placed(answer: Result<Response, Refusal>) -> Hold {
    match answer.unwrap() {
        Response::HoldPlaced { hold, unrecorded: None } => hold,
        other => panic!("{other:?}"),
    }
}

pub(in crate::disposition) fn held(sample: &Sample) -> Vec<HoldId> {
    match ask(sample, Request::HoldList).unwrap() {
        Response::Holds { holds, .. } => holds.into_iter().map(|hold| hold.id).collect(),
        other => panic!("{other:?}"),
    }
}

pub(in crate::disposition) fn leaves(sample: &Sample) -> Vec<Body> {
    let mut leaves = Vec::new();
    let log = LogReader::open(&audit::dir_in(&sample.state())).unwrap();
    log.scan(0, &mut |_, leaf| {
        leaves.push(leaf.body);
        ControlFlow::Continue(())
    })
    .unwrap();
    leaves
}

pub(in crate::disposition) fn hold_leaves(sample: &Sample) -> Vec<(HoldId, HoldAction)> {
    let of = |leaf| match leaf {
        Body::Hold(leaf) => Some((leaf.hold, leaf.action)),
        _ => None,
    };
    leaves(sample).into_iter().filter_map(of).collect()
}
