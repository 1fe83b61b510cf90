//! Rows that hang from each other deeper than the mapping goes.

use super::*;

/// Messages of a dossier, of which each but the first hangs from the one before, five generations deep.
const THREAD: &str = "
    CREATE TABLE dossier (id INTEGER PRIMARY KEY, closed_at TEXT);
    CREATE TABLE message (id INTEGER PRIMARY KEY, dossier_id INT, parent_id INT, root_id INT, kind TEXT);
    CREATE INDEX dossier_closed ON dossier (closed_at);
    CREATE INDEX message_dossier ON message (dossier_id);
    CREATE INDEX message_parent ON message (parent_id);
    CREATE INDEX message_root ON message (root_id);
    INSERT INTO dossier VALUES (1, '2024-01-01T00:00:00Z');
    INSERT INTO message VALUES (10, 1, NULL, NULL, 'a'), (11, NULL, 10, 10, 'a'), (12, NULL, 11, 10, 'a'),
        (13, NULL, 12, 10, 'a'), (14, NULL, 13, 10, 'a');";

fn answers(name: &str, of: &str, on: &str) -> PartMapping {
    PartMapping { name: name.into(), of: Some(of.into()), ..part("message", on, "id") }
}

/// Places and mends of the warnings, where the dossier has these parts.
fn found(schema: &str, parts: Vec<PartMapping>) -> Vec<(String, String)> {
    let dossier = SeriesMapping { parts, ..series("dossier") };
    let findings = prove(schema, &[dossier]);
    assert!(findings.iter().all(|it| (it.severity, it.code) == (Severity::Warning, "deeper-rows")), "{findings:#?}");
    findings.into_iter().map(|finding| (finding.place, finding.mend)).collect()
}

fn generations(count: usize) -> Vec<PartMapping> {
    let mut parts = vec![part("message", "dossier_id", "id")];
    for generation in 0..count {
        let of = parts[generation].name.to_string();
        parts.push(answers(&format!("answer{generation}"), &of, "parent_id"));
    }
    parts
}

#[test]
fn rows_deeper_than_the_parts_go_are_told_with_the_part_that_takes_the_next_generation() {
    for count in 1..=4 {
        let found = found(THREAD, generations(count));
        let last = format!("answer{}", count - 1);
        let told: Vec<&str> = found.iter().map(|(place, _)| place.as_str()).collect();
        let expected = format!("series.dossier.part.{last}");
        assert_eq!(told, if count < 4 { vec![expected.as_str()] } else { vec![] }, "{count}");
        if let [(_, mend)] = found.as_slice() {
            assert!(mend.contains(&format!("of = \"{last}\"\non = {{ parent_id = \"id\" }}")), "{mend}");
        }
    }
}

#[test]
fn rows_that_another_part_finds_are_not_too_deep() {
    let named = format!("{THREAD} UPDATE message SET dossier_id = 1;");
    assert_eq!(found(&named, generations(1)), []);
    // However their join is spelled.
    let mut parts = generations(4);
    parts[4].on = columns(&[("PARENT_ID", "ID")]);
    assert_eq!(found(THREAD, parts), []);
    // By the root of their thread.
    let mut parts = generations(1);
    parts.push(answers("thread", "message", "root_id"));
    assert_eq!(found(THREAD, parts.clone()), []);
    let elsewhere = format!("{THREAD} UPDATE message SET root_id = 12 WHERE id > 12;");
    assert_eq!(found(&elsewhere, parts).len(), 1);
    // Messages of no dossier hang from none of its parts.
    assert_eq!(found(&format!("{THREAD} UPDATE message SET dossier_id = NULL;"), generations(1)), []);
}

#[test]
fn rows_that_are_records_themselves_or_of_another_kind_or_live_on_are_not_told_of() {
    let mut message = series("message");
    message.events.clear();
    let dossier = SeriesMapping { parts: generations(1), ..series("dossier") };
    assert_eq!(prove(THREAD, &[dossier, message]), []);
    let mut parts = generations(1);
    parts[1].condition = Some(expression("this.kind = 'b'"));
    assert_eq!(found(THREAD, parts), []);
    let mut parts = generations(1);
    parts[1].owner_gone = OwnerGone::Detach;
    assert_eq!(found(THREAD, parts), []);
}
