use super::*;
use crate::model::Instant;

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

/// Whether a probe finds something before each of two instants.
fn probe(database: &Database, mapping: &SeriesMapping, cutoffs: [&str; 2]) -> [bool; 2] {
    let mut reader = database.reader(std::slice::from_ref(mapping));
    cutoffs.map(|cutoff| reader.probe(&mapping.series, &TriggerName::from("closure"), instant(cutoff)).unwrap())
}

#[test]
fn a_probe_finds_the_first_record_past_the_cutoff_in_every_encoding() {
    let database = Database::with("wal", "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, z TEXT, d TEXT, n TEXT, u INT, m INT, j REAL);
        INSERT INTO dossier VALUES (1, '2024-03-15T20:00:00-04:00', '2024-03-16', '2024-03-16 00:00:00', 1710547200, 1710547200000, 2460385.5);
        INSERT INTO dossier VALUES (2, '1970-01-01T00:00:00Z', '0000-01-01', 'soon', 0, 0, 0.0), (3, NULL, NULL, NULL, NULL, NULL, NULL);");
    let encodings = [
        ("z", Encoding::Rfc3339),
        ("d", Encoding::Date),
        ("n", Encoding::Utc),
        ("u", Encoding::Unix),
        ("m", Encoding::UnixMs),
        ("j", Encoding::Julian),
    ];
    for (column, encoding) in encodings {
        let mut mapping = series("dossier");
        let element = Element { encoding, ..element(column) };
        mapping.events.insert(TriggerName::from("closure"), event(Pick::Latest, vec![element]));
        let late = if encoding == Encoding::Date { "2024-03-15T12:00:00Z" } else { "2024-03-16T00:00:01Z" };
        assert_eq!(probe(&database, &mapping, ["2024-03-15T09:00:00Z", late]), [false, true], "{column}");
    }
}

#[test]
fn a_probe_heeds_the_pick_the_filter_and_the_condition() {
    let database = Database::with(
        "delete",
        "
        CREATE TABLE dossier (id INTEGER PRIMARY KEY, a TEXT, b TEXT, status TEXT);
        INSERT INTO dossier VALUES (1, '2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z', 'closed');",
    );
    let cutoffs = ["2024-06-01T00:00:00Z", "2025-06-01T00:00:00Z"];
    let mut mapping = series("dossier");
    let with = |pick, change: &dyn Fn(&mut SeriesMapping)| {
        let mut mapping = mapping.clone();
        mapping.events.insert(TriggerName::from("closure"), event(pick, vec![element("a"), element("b")]));
        change(&mut mapping);
        probe(&database, &mapping, cutoffs)
    };
    assert_eq!(with(Pick::Latest, &|_| ()), [false, true]);
    assert_eq!(with(Pick::All, &|_| ()), [false, true]);
    assert_eq!(with(Pick::Earliest, &|_| ()), [true, true]);
    assert_eq!(with(Pick::Earliest, &|mapping| mapping.filter = Some(expression("status = 'open'"))), [false, false]);
    let closure = TriggerName::from("closure");
    let when_open = |mapping: &mut SeriesMapping| {
        mapping.events.get_mut(&closure).unwrap().condition = Some(expression("status = 'open'"));
    };
    assert_eq!(with(Pick::Latest, &when_open), [false, false]);
    database.app().execute_batch("UPDATE dossier SET a = NULL").unwrap();
    assert_eq!(with(Pick::Latest, &|_| ()), [false, true], "the second stands where the first is not set");
    assert_eq!(with(Pick::All, &|_| ()), [false, false]);
    database.app().execute_batch("UPDATE dossier SET a = '1970-01-01T00:00:00Z'").unwrap();
    assert_eq!(with(Pick::Latest, &|_| ()), [false, true]);
    database.app().execute_batch("UPDATE dossier SET a = 'soon', b = '2024-01-01T00:00:00Z'").unwrap();
    assert_eq!(with(Pick::Latest, &|_| ()), [false, false], "undated");
    mapping.events.clear();
    assert_eq!(probe(&database, &mapping, cutoffs), [true, true], "what it does not know it leaves to a scan");
}
