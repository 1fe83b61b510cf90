//! Expressions of the mapping that fail on a row: one bad record among many is kept and told, and the others go.

use crate::support::{CALENDAR, CONFIG, Organization};

/// Forty dossiers of 2020, each with a message; something is wrong with the text of number 7.
fn organization(series: &str) -> Organization {
    let unlimited = "\n[limits]\nmax_share = 1.0\nmin_count = 100\n\n[source.app]";
    let organization = Organization::new(CALENDAR, &(CONFIG.replacen("\n[source.app]", unlimited, 1) + series));
    let schema = "
        CREATE TABLE dossier(id INTEGER PRIMARY KEY, closed_at TEXT, meta TEXT);
        CREATE INDEX dossier_closed ON dossier(closed_at);
        CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER, meta TEXT, path TEXT);
        CREATE INDEX message_dossier ON message(dossier_id);
        CREATE INDEX message_path ON message(path);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
        INSERT INTO dossier SELECT i, '2020-01-01T00:00:00Z', iif(i = 7, '{bad', '{\"kind\": 1}') FROM n;
        INSERT INTO message SELECT id, id, meta, id || '.txt' FROM dossier;";
    organization.database().execute_batch(schema).unwrap();
    organization
}

fn approved(organization: &Organization) -> String {
    let plan = organization.plan();
    organization.ask(&["approve", &plan, "--accept", "rules,backlog,mapping,empty"]);
    plan
}

#[test]
fn a_record_on_which_the_filter_fails_is_undated_and_the_others_go() {
    let organization = organization("filter = \"json_extract(this.meta, '$.kind') = 1\"\n");
    let answer = organization.ask(&["plan"]);
    let rule = &answer["rules"][0];
    assert_eq!((&rule["due"], &rule["undated"]), (&39.into(), &1.into()), "{answer}");
    assert_eq!(rule["undated_kinds"]["expression"], 1, "{answer}");
    let plan = approved(&organization);
    assert_eq!(organization.ask(&["apply", &plan])["destroyed"], 39);
    assert_eq!(organization.rows("dossier WHERE id = 7"), 1);
    let explained = organization.run(&["explain", "dossier", "7"]);
    assert!(explained.flat().contains("an expression of the mapping fails on the record"), "{explained:?}");
}

#[test]
fn a_record_that_the_filter_begins_to_fail_on_is_no_longer_as_listed() {
    let organization = organization("filter = \"json_extract(this.meta, '$.kind') = 1\"\n");
    let plan = approved(&organization);
    organization.database().execute("UPDATE dossier SET meta = '{worse' WHERE id = 8", []).unwrap();
    let (code, answer) = organization.json(&["apply", &plan]);
    assert_eq!((code, &answer["destroyed"], &answer["drifted"]), (0, &38.into(), &1.into()), "{answer}");
    assert_eq!(organization.rows("dossier"), 2);
}

#[test]
fn a_record_on_whose_part_the_mapping_fails_fails_alone_and_says_where() {
    let part = "[[series.dossier.part]]\ntable = \"message\"\non = { dossier_id = \"id\" }\nwhere = \"json_extract(this.meta, '$.kind') = 1\"\n";
    let files = format!("{part}files = {{ column = \"path\", root = \"files\" }}\n");
    for part in [part, &files] {
        let organization = organization(part);
        std::fs::create_dir(organization.path("files")).unwrap();
        (1..=40).for_each(|id| std::fs::write(organization.path(&format!("files/{id}.txt")), "x").unwrap());
        assert_eq!(organization.run(&["check"]).code, 0, "{part}");
        let plan = approved(&organization);
        let (code, answer) = organization.json(&["apply", &plan]);
        assert_eq!((code, &answer["failed"], &answer["destroyed"]), (5, &1.into(), &39.into()), "{answer}");
        assert_eq!((organization.rows("dossier"), organization.rows("message")), (1, 1));
        let explained = organization.run(&["explain", "dossier", "7"]).flat();
        assert!(explained.contains("the expression of series.dossier.part.message fails on a row"), "{explained}");
        organization.verify();
        organization.database().execute_batch("UPDATE message SET meta = '{\"kind\": 1}'").unwrap();
        let plan = approved(&organization);
        assert_eq!(organization.ask(&["apply", &plan])["destroyed"], 1, "once it is mended, it goes");
    }
}
