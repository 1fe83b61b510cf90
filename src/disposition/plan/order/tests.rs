use super::*;
use crate::records::mapping::{Element, Pick, sample};

fn series(name: &str, blocked_by: &[&str]) -> SeriesMapping {
    let blocked_by = blocked_by.iter().map(|series| sample::relation(series, "x", "id")).collect();
    SeriesMapping { blocked_by, ..sample::series("parle", name) }
}

fn reading(mut mapping: SeriesMapping, table: &str) -> SeriesMapping {
    let place =
        ElementTable::Child { table: table.to_owned(), on: sample::on("x", "id"), condition: None, pick: Pick::Latest };
    let element = Element { place, ..sample::element("used_at") };
    let event = EventMapping { elements: vec![element], ..sample::event(Pick::Latest, &[]) };
    mapping.events.insert("last_use".into(), event);
    mapping
}

fn with_part(mut mapping: SeriesMapping, table: &str) -> SeriesMapping {
    mapping.parts.push(sample::part(table, "x", "id"));
    mapping
}

fn ordered(series: &[SeriesMapping]) -> Vec<&str> {
    let found = order(&series.iter().collect::<Vec<_>>(), series);
    assert!(found.groups.is_sorted());
    found.series.iter().map(|place| series[*place].series.as_str()).collect()
}

#[test]
fn what_blocks_goes_before_what_it_blocks() {
    let all = [series("person", &["account"]), series("account", &["dossier"]), series("dossier", &[])];
    assert_eq!(ordered(&all), ["dossier", "account", "person"]);
}

#[test]
fn a_series_whose_event_reads_a_table_goes_before_the_series_that_destroys_its_rows() {
    let all = [series("session", &[]), reading(series("account", &[]), "session")];
    assert_eq!(ordered(&all), ["account", "session"]);
    let all = [with_part(series("visit", &[]), "session"), reading(series("account", &[]), "SESSION")];
    assert_eq!(ordered(&all), ["account", "visit"]);
}

#[test]
fn records_go_before_those_of_which_they_may_be_parts_unless_these_are_judged_by_them() {
    let all = [with_part(series("dossier", &[]), "NOTE"), series("note", &[])];
    assert_eq!(ordered(&all), ["note", "dossier"]);
    let all = [series("note", &[]), reading(with_part(series("dossier", &[]), "note"), "note")];
    assert_eq!(ordered(&all), ["dossier", "note"]);
}

#[test]
fn a_block_weighs_more_than_a_table_read() {
    let all = [reading(series("account", &["session"]), "session"), series("session", &[])];
    assert_eq!(ordered(&all), ["session", "account"]);
}

#[test]
fn series_that_block_each_other_share_a_group() {
    let all = [series("a", &["b"]), series("c", &["a"]), series("b", &["a"])];
    let found = order(&all.iter().collect::<Vec<_>>(), &all);
    assert_eq!(found, Order { series: vec![0, 2, 1], groups: vec![0, 0, 1] });
}

#[test]
fn a_tree_is_a_group_of_its_own() {
    let all = [series("unit", &["unit"]), series("note", &[])];
    assert_eq!(order(&all.iter().collect::<Vec<_>>(), &all).groups, [0, 1]);
}
