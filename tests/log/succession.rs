//! What a successor makes of a log that was changed without its key: nothing of the change is vouched for.

use std::fs;
use std::path::Path;

use retentiond::audit::adopt::{Adoption, adopt};
use retentiond::audit::lookup::{Answer, Asked, WantedBy, lookup_through};
use retentiond::audit::tiles::parse_bundle;
use retentiond::audit::verify::{Trust, verify};
use retentiond::audit::{DestructionLog, KeyPlaces};
use retentiond::model::{Instant, KeyValue, RecordKey};

use super::forge;
use super::python::{python, said};
use super::real::Real;

/// Writes the newest bundle anew with this text in the place of that.
fn tamper(dir: &Path, size: u64, from: &str, to: &str) {
    let path = dir.join(format!("tile/entries/000.p/{size}"));
    let bytes = fs::read(&path).unwrap();
    let mut changed = Vec::new();
    for entry in parse_bundle(&bytes).unwrap() {
        let text = str::from_utf8(entry).unwrap().replace(from, to);
        changed.extend((text.len() as u16).to_be_bytes());
        changed.extend(text.as_bytes());
    }
    assert_ne!(bytes, changed);
    fs::write(path, changed).unwrap();
}

#[test]
fn a_destruction_that_was_rewritten_without_the_key_is_not_denied_under_a_successor() {
    let mut real = Real::ready();
    real.destroy(0..2);
    real.log.publish().unwrap();
    real.destroy(2..4);
    real.log.publish().unwrap();
    let (size, dir, keys) = (real.log.size(), real.dir(), real.home.path().join("keys"));
    let Real { home: _home, log, .. } = real;
    drop(log);
    let ask = |record: i64| {
        let key = RecordKey::new(vec![KeyValue::Integer(record)]);
        let (source, series) = ("parle".into(), "dossier".into());
        let asked = Asked {
            source: &source,
            series: &series,
            by: WantedBy::Key,
            names: &|names| vec![names.record(&series, &key).into()],
            columns: vec!["id".to_owned()],
            keys: KeyPlaces::new(&keys),
        };
        lookup_through(&dir, &asked)
    };
    let settles = |letter| format!("\"intent\":{},\"kind\":\"outcome\",\"left\":0,\"results\":\"2{letter}\"", size - 2);
    tamper(&dir, size, &settles('D'), &settles('h'));
    assert!(ask(2).is_err_and(|error| error.is_verification_failure()));
    let now = Instant::from_timestamp(forge::NOW + 100, 0).unwrap();
    let reason = forge::digest();
    let adoption = Adoption { origin: "log.example/2".into(), reason, actor: "marie (1000)".into() };
    let adopted = adopt(&dir, &keys, adoption, now).unwrap();
    assert_eq!((adopted.predecessor.size, adopted.predecessor.partial), (size - 1, true));
    assert_eq!(ask(2).unwrap().answer, Answer::CannotTell, "announced; what became of it nobody signed");
    assert_eq!(ask(9).unwrap().answer, Answer::CannotTell, "not there, as far as can be told");
    assert_eq!(ask(1).unwrap().answer, Answer::Destroyed, "what is borne out counts on");
    let report = verify(&dir, &Trust::default());
    assert!(report.findings.is_empty(), "{:?}", report.findings);
    if python() {
        let said = said(&dir, &[]);
        assert!(said.0 == "OK-UNANCHORED" && said.2.contains("it had more"), "{}", said.2);
    }
    // Deleting what speaks of more does not make the rest whole: the successor itself says so.
    fs::remove_file(adopted.kept.unwrap().join("checkpoint")).unwrap();
    assert_eq!(ask(9).unwrap().answer, Answer::CannotTell);
    drop(adopted.log);
    drop(DestructionLog::open(&dir, &keys, now).unwrap());
}
