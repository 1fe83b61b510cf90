//! Two series of one table, told apart by their filters: what becomes of a row as a record of one of them is no secret
//! to who asks for it as one of the other.

use std::fs;

use super::house::House;
use crate::support::documented::assert_documented;

/// A house whose dossiers up to number 30 are of another series, `old`, of the same table. All that are due were
/// destroyed.
fn destroyed() -> House {
    let house = House::new();
    let calendar = fs::read_to_string(house.path("calendar.toml")).unwrap();
    let (head, rest) = calendar.split_once("[[series]]").unwrap();
    let old = rest.replace("dossier\"", "old\"").replace("R-1", "R-2");
    fs::write(house.path("calendar.toml"), format!("{head}[[series]]{rest}\n[[series]]{old}")).unwrap();
    let config = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    let (head, rest) = config.split_once("[series.dossier]").unwrap();
    let (series, limits) = rest.split_once("[limits]").unwrap();
    let section = |name: &str, filter: &str| {
        format!("[series.{name}]\nfilter = \"{filter}\"{}", series.replace("series.dossier", &format!("series.{name}")))
    };
    let both = section("dossier", "id > 30") + &section("old", "id <= 30");
    fs::write(house.path("retentiond.toml"), format!("{head}{both}[limits]{limits}")).unwrap();
    house.destroy_due();
    house
}

#[test]
fn a_destruction_is_not_denied_to_who_asks_for_the_row_as_a_record_of_the_other_series_of_its_table() {
    let house = destroyed();
    let asked = [
        ("dossier", "4", "DESTROYED", "old"),
        ("old", "4", "DESTROYED", "old"),
        ("old", "40", "DESTROYED", "dossier"),
        ("dossier", "40", "DESTROYED", "dossier"),
        ("dossier", "4000", "NOT-FOUND", "dossier"),
    ];
    for (series, key, answer, as_series) in asked {
        let arguments = ["audit", "lookup", series, key];
        let found = house.ask(&arguments);
        assert_eq!((&found["answer"], &found["series"]), (&answer.into(), &as_series.into()), "{found}");
        let told = house.run(&arguments).flat();
        assert_eq!(told.contains("another series of the same table"), series != as_series, "{told}");
        assert_documented("audit lookup", &found);
    }
    let explained = house.run(&["explain", "dossier", "4"]).flat();
    assert!(explained.contains("DESTROYED") && explained.contains("another series of the same table"), "{explained}");
    // Nor to who cites it, in a series or in all.
    for arguments in [&["dossier", "--reference", "canary-4"][..], &["--reference", "canary-4"]] {
        let found = house.ask(&[&["audit", "lookup"], arguments].concat());
        assert_eq!((&found["answer"], &found["series"]), (&"DESTROYED".into(), &"old".into()), "{found}");
    }
}

#[test]
fn a_destruction_is_not_denied_where_the_other_series_of_the_table_was_given_up_since() {
    let house = destroyed();
    let calendar = fs::read_to_string(house.path("calendar.toml")).unwrap();
    fs::write(house.path("calendar.toml"), calendar + "executed = \"elsewhere\"\n").unwrap();
    let config = fs::read_to_string(house.path("retentiond.toml")).unwrap();
    let (head, rest) = config.split_once("[series.old]").unwrap();
    let limits = rest.split_once("[limits]").unwrap().1;
    fs::write(house.path("retentiond.toml"), format!("{head}[limits]{limits}")).unwrap();
    let found = house.ask(&["audit", "lookup", "dossier", "4"]);
    assert_eq!((&found["answer"], &found["series"]), (&"DESTROYED".into(), &"old".into()), "{found}");
}
