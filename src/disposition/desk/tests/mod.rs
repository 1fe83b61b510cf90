use std::ops::ControlFlow;

use rusqlite::Connection;

use super::*;
use crate::audit;
use crate::audit::leaf::HoldAction;
use crate::audit::{Entries, LogReader};
use crate::disposition::holds::HoldScope;
use crate::disposition::request::{Refusal, Request, Response};
use crate::disposition::sample::{Sample, now, watch};

mod holds;
mod memory;
mod pause;
mod review;
mod room;
mod socket;
mod state;

fn door(sample: &Sample) -> Door {
    open_or_connect(sample.install.clone(), None, watch()).unwrap()
}

fn ask(sample: &Sample, request: Request) -> Result<Response, Refusal> {
    door(sample).ask(request).map_err(|error| error.refusal())
}

/// The code of the refusal, or `ok`.
fn code(answer: Result<Response, Refusal>) -> String {
    answer.map_or_else(|refusal| refusal.code, |_| "ok".to_owned())
}

fn place(scope: HoldScope) -> Request {
    Request::HoldPlace {
        hold: scope,
        reason: "litigation".to_owned(),
        case: Some("500-17".to_owned()),
        review_by: None,
    }
}

fn dossier(key: &str) -> HoldScope {
    HoldScope::Record { series: "dossier".into(), key: vec![key.to_owned()] }
}

fn placed(answer: Result<Response, Refusal>) -> Hold {
    match answer.unwrap() {
        Response::HoldPlaced { hold, unrecorded: None } => hold,
        other => panic!("{other:?}"),
    }
}

fn held(sample: &Sample) -> Vec<HoldId> {
    match ask(sample, Request::HoldList).unwrap() {
        Response::Holds { holds, .. } => holds.into_iter().map(|hold| hold.id).collect(),
        other => panic!("{other:?}"),
    }
}

fn leaves(sample: &Sample) -> Vec<Body> {
    let mut leaves = Vec::new();
    let log = LogReader::open(&audit::dir_in(&sample.state())).unwrap();
    log.scan(0, &mut |_, leaf| {
        leaves.push(leaf.body);
        ControlFlow::Continue(())
    })
    .unwrap();
    leaves
}

fn hold_leaves(sample: &Sample) -> Vec<(HoldId, HoldAction)> {
    let of = |leaf| match leaf {
        Body::Hold(leaf) => Some((leaf.hold, leaf.action)),
        _ => None,
    };
    leaves(sample).into_iter().filter_map(of).collect()
}
