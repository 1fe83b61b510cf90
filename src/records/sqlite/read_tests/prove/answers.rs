//! Expressions are asked of rows before anybody relies on them.

use super::*;

const NOW_BY_A_TABLE: &str = "closed_at < (WITH word(said) AS (VALUES ('now')) SELECT date(said) FROM word)";

fn filtered(text: &str) -> Vec<SeriesMapping> {
    let mut all = good();
    all[0].filter = Some(expression(text));
    all
}

#[test]
fn an_expression_that_fails_on_a_row_is_told_at_its_place_whichever_it_is() {
    let of_number = || expression("json_extract(this.number, '$.kind') IS NULL");
    for (at, change) in [
        ("series.dossier.filter", (|all, test| all[0].filter = Some(test)) as fn(&mut Vec<SeriesMapping>, Condition)),
        ("series.dossier.condition.public", |all, test| {
            all[0].conditions.insert("public".to_owned(), test);
        }),
        ("series.dossier.event.closure", |all, test| {
            all[0].events.get_mut(&"closure".into()).unwrap().condition = Some(test);
        }),
    ] {
        let mut all = good();
        change(&mut all, of_number());
        let findings = prove(GOOD, &all);
        let told: Vec<_> =
            findings.iter().map(|finding| (finding.severity, finding.code, finding.place.as_str())).collect();
        assert_eq!(told, [(Severity::Warning, "expression-fails", at)], "{findings:#?}");
        assert!(findings[0].message.contains("malformed JSON") && findings[0].mend.contains("json_valid"));
    }
}

#[test]
fn an_expression_that_tells_the_time_by_a_detour_is_refused_also_where_there_is_no_row() {
    let view = "CREATE VIEW today AS SELECT date(word) AS day FROM (SELECT 'n' || 'ow' AS word);";
    for text in [NOW_BY_A_TABLE, "closed_at < (SELECT day FROM today)"] {
        for rows in ["", "DELETE FROM dossier;"] {
            let findings = prove(&format!("{GOOD} {view} {rows}"), &filtered(text));
            let [finding] = findings.as_slice() else { panic!("{findings:#?}") };
            assert_eq!((finding.severity, finding.code), (Severity::Error, "expression"), "{text}: {finding:?}");
            assert!(finding.message.contains("asks for the time"), "{finding:?}");
        }
    }
    assert_eq!(
        prove(GOOD, &filtered("closed_at < (WITH day(is_) AS (VALUES ('2020-01-01')) SELECT date(is_) FROM day)")),
        []
    );
}

#[test]
fn where_not_every_row_can_be_asked_in_time_it_is_told_how_many_were() {
    let rows = "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 2000) INSERT INTO dossier(id) SELECT i FROM n;";
    let slow = "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000 + this.id) SELECT count(*) FROM n) > 0";
    let told = |rows: &str, text: &str| {
        let findings = prove_in(&Database::with("delete", &format!("{GOOD} {rows}")), &filtered(text));
        findings.into_iter().find(|finding| finding.code == "expression-partly-asked")
    };
    let partly = told(rows, slow).unwrap();
    assert_eq!((partly.severity, partly.place.as_str()), (Severity::Note, "series.dossier.filter"));
    assert!(partly.message.contains(" rows of dossier only, for 100 ms"), "{partly:?}");
    assert_eq!(told(rows, "this.id > 0"), None, "all of them were asked");
}
