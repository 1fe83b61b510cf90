//! What entries say, true in themselves.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use retentiond::audit::leaf::*;
use retentiond::model::{Actor, BatchNumber, CivilDate, Digest, SourceName};

use super::{CLOSED, NOW, PLAN, RUN};

/// The text of a calendar with one rule.
pub fn text(leaf: &CalendarLeaf) -> String {
    let rule = &leaf.rules[&"PC-1".into()];
    let until = leaf.effective_until.map(|until| format!(", until = {until}")).unwrap_or_default();
    let ways: Vec<_> =
        rule.ways.iter().map(|way| format!("trigger = \"{}\", keep = \"{}\"", way.trigger, way.keep)).collect();
    let ways = match &ways[..] {
        [way] => way.replace(", ", "\n"),
        ways => format!("until = {{ earliest = [{{ {} }}] }}", ways.join(" }, { ")),
    };
    let start = rule.year_end.as_ref().map(|end| format!("start = {{ year_end = \"{end}\" }}\n")).unwrap_or_default();
    format!(
        r#"[calendar]
number = "{}"
organization = "Office"
title = {{ en = "Test" }}
version = {}
approval = {{ authority = "BAnQ", date = 2024-03-20 }}
effective = {{ from = {}{until} }}
timezone = "{}"

[[series]]
name = "dossier"
triggers = {{ closure = {{ en = "Closure" }} }}

[[rule]]
number = "PC-1"
series = "dossier"
{ways}
{start}disposition = "{}"
basis = [{{ source = "Policy", text = "destroyed" }}]
"#,
        leaf.number, leaf.version, leaf.effective_from, leaf.zone, rule.disposition
    )
}

/// The leaf with the digest of its own text.
pub fn sealed(leaf: CalendarLeaf) -> CalendarLeaf {
    CalendarLeaf { digest: Digest::of(text(&leaf).as_bytes()), ..leaf }
}

pub fn digest() -> Digest {
    Digest::of(b"a mapping")
}

pub fn date(text: &str) -> CivilDate {
    text.parse().unwrap()
}

pub fn rule_on_dossiers(disposition: &str, ways: &[(&str, &str)]) -> RuleTerm {
    let ways = ways.iter().map(|(trigger, keep)| TermWay { trigger: (*trigger).into(), keep: (*keep).into() });
    RuleTerm { series: "dossier".into(), disposition: disposition.into(), ways: ways.collect(), year_end: None }
}

pub fn calendar(keep: &str) -> Body {
    let rule = rule_on_dossiers("destroy", &[("closure", keep)]);
    Body::Calendar(sealed(CalendarLeaf {
        number: "OPC-PC".into(),
        version: 2,
        digest: digest(),
        effective_from: date("2024-04-04"),
        effective_until: None,
        zone: "America/Toronto".into(),
        rules: BTreeMap::from([("PC-1".into(), rule)]),
        more: false,
    }))
}

/// The digest of the rules on dossiers, as `docs/log-format.md` describes it.
pub fn rules_digest(leaf: &CalendarLeaf) -> Digest {
    let rules: Vec<_> = leaf.rules.iter().filter(|(_, rule)| rule.series == "dossier".into()).collect();
    let mut bytes = Vec::new();
    let mut field = |field: &[u8]| bytes.extend([&(field.len() as u64).to_be_bytes(), field].concat());
    field(b"rule-set-v1");
    field(leaf.zone.as_bytes());
    field(b"dossier");
    field(&(rules.len() as u64).to_be_bytes());
    for (number, rule) in rules {
        let year_end = rule.year_end.as_deref().unwrap_or_default();
        for text in [number.as_str(), "record", "", "", &rule.disposition, year_end] {
            field(text.as_bytes());
        }
        field(&(rule.ways.len() as u64).to_be_bytes());
        for way in &rule.ways {
            field(way.trigger.as_bytes());
            field(way.keep.as_bytes());
        }
    }
    Digest::of(&bytes)
}

pub fn heartbeat() -> Body {
    Body::Heartbeat(Heartbeat { overdue: BTreeMap::new(), holds: 0 })
}

/// A person answers for a clock that lies behind the log.
pub fn clock_answered() -> Body {
    let (source, actor) = (SourceName::new(""), Some(Actor::new("marie (1000)")));
    Body::Correction(Correction { actor, ..Correction::new(source, "clock") })
}

pub fn mapping() -> Body {
    let (series, source, table) = ("dossier".into(), "parle".into(), "dossier".into());
    let (key, reference) = (vec!["id".into()], Some("number".into()));
    Body::Mapping(MappingLeaf { series, source, table, key, reference, digest: digest() })
}

pub fn fpkey(key: u8) -> Body {
    Body::Fpkey(Fpkey { source: "parle".into(), year: 2026, commitment: Digest::of(&[key]) })
}

pub fn approval(plan: &str) -> Body {
    let Body::Calendar(obeyed) = calendar("P1Y") else { unreachable!() };
    let governed = GovernedBy { rules: rules_digest(&obeyed), mapping: digest() };
    Body::Approval(Approval {
        plan: plan.into(),
        digest: digest(),
        actor: "marie (1000)".into(),
        only: Vec::new(),
        excepted: 0,
        accepted: vec!["rules".into()],
        governed: BTreeMap::from([("dossier".into(), governed)]),
    })
}

/// The fingerprint of the record of this number.
pub fn fingerprint(record: u64) -> [u8; 32] {
    *Digest::of(&record.to_be_bytes()).as_bytes()
}

pub fn intent(records: std::ops::Range<u64>) -> Intent {
    let n = (records.end - records.start) as u32;
    Intent {
        batch: BatchNumber(0),
        of: 1,
        run: RUN.into(),
        plan: PLAN.into(),
        source: "parle".into(),
        series: "dossier".into(),
        rule: "PC-1".into(),
        calendar: "OPC-PC".into(),
        version: 2,
        action: Action::Destroy,
        year: 2026,
        n,
        fp: URL_SAFE_NO_PAD.encode(records.flat_map(fingerprint).collect::<Vec<u8>>()),
        rfp: None,
        day: vec![CLOSED; n as usize],
    }
}

/// The outcome of a batch that committed: one row for each record that went, one file left for each that is incomplete.
pub fn outcome(batch: BatchNumber, intent: u64, results: &str) -> Outcome {
    let of = |letters: &str| decoded(results).filter(|(letter, _)| letters.contains(*letter)).map(|(_, n)| n).sum();
    let gone: u64 = of("DAi");
    Outcome {
        batch,
        intent,
        committed: true,
        recovered: false,
        results: results.into(),
        rows: if gone > 0 { BTreeMap::from([("dossier".into(), gone)]) } else { BTreeMap::new() },
        detached: 0,
        triggered: 0,
        files: BTreeMap::new(),
        bytes: 0,
        left: of("i"),
    }
}

/// Letters and how many of each.
fn decoded(results: &str) -> impl Iterator<Item = (char, u64)> {
    let runs = results.split_inclusive(|letter: char| letter.is_ascii_alphabetic());
    runs.map(|run| (run.chars().next_back().unwrap(), run[..run.len() - 1].parse().unwrap()))
}

pub fn hold(action: HoldAction, hold: &str, record: u64) -> Body {
    Body::Hold(HoldLeaf {
        hold: hold.into(),
        action,
        actor: "marie (1000)".into(),
        scope: "record".into(),
        source: Some("parle".into()),
        series: Some("dossier".into()),
        rule: None,
        year: Some(2026),
        fp: Some(URL_SAFE_NO_PAD.encode(fingerprint(record))),
        reason: digest(),
        review_by: None,
    })
}

/// The statement of a run that took up all that its plan found due.
pub fn run(counts: RunCounts) -> Body {
    let due = counts.planned;
    let verdicts = VerdictCounts { rows: due + 11, not_yet: 10, held: 1, due, ..VerdictCounts::default() };
    Body::Run(Run {
        run: RUN.into(),
        plan: PLAN.into(),
        started: NOW,
        actor: "marie (1000)".into(),
        finished: counts.deferred == 0,
        counts,
        rows: counts.destroyed + counts.anonymized + counts.incomplete,
        detached: 0,
        triggered: 0,
        files: 0,
        bytes: 0,
        verdicts: BTreeMap::from([("PC-1".into(), verdicts)]),
        more: false,
    })
}
