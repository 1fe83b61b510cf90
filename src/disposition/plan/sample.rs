//! Plans for tests, made without a database.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::body::Item;
use super::draft::Draft;
use super::{Manifest, PlanDirs, PlanFile, PlannedRule, PlannedSeries};
use crate::audit::leaf::{Action, GovernedBy, VerdictCounts};
use crate::model::{Digest, Fingerprint, Instant, KeyValue, PlanId, RecordKey};

/// When the sample plans are made.
pub fn made_at() -> Instant {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

/// A fingerprint of its own for each record of the sample.
pub fn fingerprint(number: i64) -> Fingerprint {
    Fingerprint::from_bytes(*Digest::of(&number.to_be_bytes()).as_bytes())
}

/// Keeps a plan of the dossiers `1..=items` under PC-1 and returns its id.
pub fn keep(state: &Path, items: i64, simulation: bool) -> PlanId {
    fs::create_dir_all(state.join("plans")).unwrap();
    fs::create_dir_all(state.join("private/plans")).unwrap();
    let dirs = PlanDirs::of(state);
    let draft = Draft::create(dirs.bodies()).unwrap();
    for number in 1..=items {
        draft.add(&item(number), std::iter::empty()).unwrap();
    }
    draft.settle(&[0], 1).unwrap();
    let sealed = draft.seal(&[0], &[None]).unwrap();
    let manifest = manifest(&sealed.totals[0], simulation);
    let digest = manifest.digest().unwrap();
    let plan = manifest.id(&digest);
    sealed.keep(&dirs.body_path(&plan)).unwrap();
    let (rails, along) = (Vec::new(), Vec::new());
    dirs.keep_manifest(&PlanFile {
        plan: plan.clone(),
        digest,
        made_at: made_at(),
        entries: 0,
        asked_for: true,
        unread: BTreeSet::new(),
        rails,
        along,
        manifest,
    })
    .unwrap();
    plan
}

fn item(number: i64) -> Item {
    Item {
        series: 0,
        rule: 0,
        key: RecordKey::new(vec![KeyValue::Integer(number)]),
        action: Action::Destroy,
        trigger_day: "2024-03-15".parse().unwrap(),
        due_from: "2025-03-16T04:00:00Z".parse().unwrap(),
        facts: Digest::of(format!("facts {number}").as_bytes()),
        fingerprint: fingerprint(number),
        reference: None,
        level: 0,
        is_back: false,
    }
}

fn manifest(total: &super::contents::RuleTotals, simulation: bool) -> Manifest {
    let due = total.items.count;
    Manifest {
        format: Manifest::FORMAT,
        as_of: "2026-11-21".parse().unwrap(),
        simulation,
        attempt: 0,
        only: None,
        fingerprint_year: 2026,
        calendars: Vec::new(),
        untold: BTreeSet::new(),
        series: vec![PlannedSeries {
            series: "dossier".into(),
            calendar: "OPC-PC".into(),
            source: "parle".into(),
            governed: GovernedBy { rules: Digest::of(b"rules"), mapping: Digest::of(b"mapping") },
            database: Digest::of(b"database"),
            schema: Digest::of(b"schema"),
            rows: due,
            may_be_empty: false,
        }],
        rules: vec![PlannedRule {
            rule: "PC-1".into(),
            calendar: "OPC-PC".into(),
            series: "dossier".into(),
            counts: VerdictCounts { rows: due, due, ..VerdictCounts::default() },
            undated: BTreeMap::new(),
            in_circle: 0,
            oldest_due: None,
            backlog: 0,
            back: 0,
            items: total.items,
        }],
    }
}
