//! Compares the log, the database and the files, from their bytes. Shares no code with the program: it parses bundles,
//! computes fingerprints and reads tables itself.

pub mod check {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fs;
    use std::path::Path;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use hmac::{Hmac, KeyInit, Mac};
    use serde_json::Value;
    use sha2::Sha256;

    use crate::organization::{
        ACCOUNTS, ARCHIVED, DOSSIERS, DUE_ACCOUNTS, DUE_ARCHIVED, DUE_DOSSIERS, Organization, files_of,
    };

    /// Series and id of a record.
    type Record = (&'static str, i64);

    /// Right after a crash: whatever is gone from the database was announced in the journal or in a bundle.
    pub fn nothing_is_gone_without_an_intent(organization: &Organization, context: &str) {
        let leaves = leaves_of(organization);
        let names = names(organization);
        let announced: BTreeSet<Record> = intents(&leaves).flat_map(|(_, intent)| records_of(intent, &names)).collect();
        let missing: Vec<Record> = all(organization).filter(|record| !is_there(organization, *record)).collect();
        for record in missing {
            assert!(announced.contains(&record), "{context}: {record:?} is gone and the log never announced it");
        }
    }

    /// Whatever happened: a record is gone exactly where the log says so.
    pub fn gone_means_logged(organization: &Organization, context: &str) {
        let leaves = leaves_of(organization);
        let destroyed = destroyed(&leaves, &names(organization), context);
        for record in all(organization) {
            let is_there = is_there(organization, record);
            assert_eq!(!is_there, destroyed.contains(&record), "{context}: {record:?} there: {is_there}");
        }
    }

    /// After faults that one record alone may feel: it is gone exactly where the log says that its rows are, and
    /// nothing else is.
    pub fn gone_means_logged_and_due(organization: &Organization, context: &str) {
        let leaves = leaves_of(organization);
        let names = names(organization);
        let gone = with_letters(&leaves, &names, context, &['D', 'i']);
        for record in all(organization) {
            let is_there = is_there(organization, record);
            assert_eq!(!is_there, gone.contains(&record), "{context}: {record:?} there: {is_there}");
            assert!(is_there || is_due(record), "{context}: {record:?} was not due");
        }
        let database = organization.database();
        for table in ["message", "document"] {
            let rows = format!("SELECT DISTINCT dossier_id FROM {table}");
            let mut rows = database.prepare(&rows).unwrap();
            for owner in rows.query_map([], |row| row.get(0)).unwrap() {
                let owner = ("dossier", owner.unwrap());
                assert!(!gone.contains(&owner), "{context}: rows of {table} outlive {owner:?}");
            }
        }
        // A file goes with its last record, and never before.
        for dossier in (1..=DOSSIERS).filter(|dossier| !gone.contains(&("dossier", *dossier))) {
            for file in files_of(dossier) {
                let is_there = organization.path().join("documents").join(&file).exists();
                assert!(is_there, "{context}: file {file} is gone, and dossier {dossier} is not");
            }
        }
    }

    /// At the end: what the log says is destroyed is gone with its rows and files, and nothing else is.
    pub fn log_and_database_agree(organization: &Organization, context: &str) {
        let leaves = leaves_of(organization);
        let destroyed = destroyed(&leaves, &names(organization), context);
        for record in all(organization) {
            let (is_there, is_logged) = (is_there(organization, record), destroyed.contains(&record));
            assert_eq!(
                !is_there, is_logged,
                "{context}: {record:?} there: {is_there}, logged as destroyed: {is_logged}"
            );
            assert_eq!(is_there, !is_due(record), "{context}: {record:?} is not where it should be");
        }
        rows_and_files_agree(organization, context);
    }

    fn rows_and_files_agree(organization: &Organization, context: &str) {
        let database = organization.database();
        for table in ["message", "document"] {
            let orphans = format!("SELECT count(*) FROM {table} WHERE dossier_id NOT IN (SELECT id FROM dossier)");
            let orphans: i64 = database.query_row(&orphans, [], |row| row.get(0)).unwrap();
            assert_eq!(orphans, 0, "{context}: rows of {table} were left behind");
        }
        let kept: BTreeSet<String> = (DUE_DOSSIERS + 1..=DOSSIERS).flat_map(files_of).collect();
        for file in (1..=DOSSIERS).flat_map(files_of) {
            let is_there = organization.path().join("documents").join(&file).exists();
            assert_eq!(is_there, kept.contains(&file), "{context}: file {file} is not where it should be");
        }
        let spools = fs::read_dir(organization.state().join("private/spool")).map_or(0, |spools| spools.count());
        assert_eq!(spools, 0, "{context}: a spool with file names was left behind");
    }

    /// Records with a final outcome of destruction, of which no later entry says that they are back; every intent has
    /// exactly one outcome.
    fn destroyed(leaves: &[Value], names: &BTreeMap<[u8; 32], Record>, context: &str) -> BTreeSet<Record> {
        let mut destroyed = with_letters(leaves, names, context, &['D']);
        for correction in leaves.iter().filter(|leaf| leaf["kind"] == "correction" && leaf["back"].is_string()) {
            let of_batch = intents(leaves).filter(|(_, intent)| intent["batch"] == correction["batch"]);
            let records = of_batch.flat_map(|(_, intent)| records_of(intent, names));
            for (record, back) in records.zip(expand(correction["back"].as_str().unwrap())) {
                assert!(back != 'b' || destroyed.remove(&record), "{context}: {record:?} is back and never went");
            }
        }
        destroyed
    }

    /// Records with one of these final outcomes; every intent has exactly one outcome.
    fn with_letters(
        leaves: &[Value],
        names: &BTreeMap<[u8; 32], Record>,
        context: &str,
        letters: &[char],
    ) -> BTreeSet<Record> {
        let intents: BTreeMap<u64, &Value> = intents(leaves).collect();
        let mut resolved = BTreeSet::new();
        let mut destroyed = BTreeSet::new();
        for outcome in leaves.iter().filter(|leaf| leaf["kind"] == "outcome") {
            let index = outcome["intent"].as_u64().unwrap();
            assert!(resolved.insert(index), "{context}: intent {index} has two outcomes");
            let records = records_of(intents[&index], names);
            let results = expand(outcome["results"].as_str().unwrap());
            assert_eq!(records.len(), results.len(), "{context}: an outcome of intent {index} counts wrong");
            for (record, result) in records.into_iter().zip(results) {
                if letters.contains(&result) {
                    assert!(
                        outcome["committed"].as_bool().unwrap(),
                        "{context}: destroyed in a batch that did not commit"
                    );
                    assert!(destroyed.insert(record), "{context}: {record:?} was destroyed twice");
                }
            }
        }
        assert_eq!(resolved.len(), intents.len(), "{context}: an intent has no outcome");
        destroyed
    }

    fn intents(leaves: &[Value]) -> impl Iterator<Item = (u64, &Value)> {
        leaves.iter().enumerate().filter(|(_, leaf)| leaf["kind"] == "intent").map(|(index, leaf)| (index as u64, leaf))
    }

    fn records_of(intent: &Value, names: &BTreeMap<[u8; 32], Record>) -> Vec<Record> {
        let bytes = URL_SAFE_NO_PAD.decode(intent["fp"].as_str().unwrap()).unwrap();
        bytes.chunks_exact(32).map(|name| names[<&[u8; 32]>::try_from(name).unwrap()]).collect()
    }

    /// `"3D1h"` as letters.
    fn expand(results: &str) -> Vec<char> {
        let mut letters = Vec::new();
        let mut count = 0;
        for char in results.chars() {
            match char.to_digit(10) {
                Some(digit) => count = count * 10 + digit as usize,
                None => {
                    letters.extend(std::iter::repeat_n(char, count));
                    count = 0;
                }
            }
        }
        letters
    }

    fn all(organization: &Organization) -> impl Iterator<Item = Record> {
        let archived = |series: &&'static str| {
            let series = *series;
            (1..=ARCHIVED).map(move |id| (series, id))
        };
        let archived = organization.archives.iter().flat_map(archived);
        (1..=DOSSIERS).map(|id| ("dossier", id)).chain((1..=ACCOUNTS).map(|id| ("account", id))).chain(archived)
    }

    fn is_due((series, id): Record) -> bool {
        id <= match series {
            "dossier" => DUE_DOSSIERS,
            "account" => DUE_ACCOUNTS,
            _ => DUE_ARCHIVED,
        }
    }

    fn is_there(organization: &Organization, (series, id): Record) -> bool {
        let sql = format!("SELECT count(*) FROM {series} WHERE id = ?1");
        organization.database().query_row(&sql, [id], |row| row.get::<_, i64>(0)).unwrap() == 1
    }

    /// The name of every record in the log, under the one key of source and year.
    fn names(organization: &Organization) -> BTreeMap<[u8; 32], Record> {
        let key = fs::read_to_string(organization.state().join("private/keys/fp-parle-2026.key")).unwrap();
        let key = hex(key.trim());
        all(organization)
            .map(|(series, id)| {
                let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
                mac.update(b"fp-v1\0");
                for text in ["parle", series] {
                    mac.update(&(text.len() as u32).to_be_bytes());
                    mac.update(text.as_bytes());
                }
                mac.update(&1_u32.to_be_bytes());
                mac.update(b"i");
                mac.update(&id.to_be_bytes());
                (mac.finalize().into_bytes().into(), (series, id))
            })
            .collect()
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    /// Every leaf of the log: of the bundles, then of the journal behind them.
    fn leaves_of(organization: &Organization) -> Vec<Value> {
        let audit = organization.state().join("audit");
        let mut leaves = bundle(&audit.join("tile/entries"));
        for (index, leaf) in journal(&audit.join("journal")) {
            if index == leaves.len() as u64 {
                leaves.push(leaf);
            }
        }
        leaves
    }

    /// The one bundle of a log of fewer than 256 leaves: the widest partial one.
    fn bundle(entries: &Path) -> Vec<Value> {
        let Ok(widths) = fs::read_dir(entries.join("000.p")) else { return Vec::new() };
        let widths = widths.filter_map(|entry| entry.unwrap().file_name().to_str().unwrap().parse::<u32>().ok());
        let Some(widest) = widths.max() else { return Vec::new() };
        let bytes = fs::read(entries.join("000.p").join(widest.to_string())).unwrap();
        let mut rest = bytes.as_slice();
        let mut leaves = Vec::new();
        while let Some((length, tail)) = rest.split_first_chunk::<2>() {
            let (leaf, tail) = tail.split_at(u16::from_be_bytes(*length).into());
            leaves.push(serde_json::from_slice(leaf).unwrap());
            rest = tail;
        }
        leaves
    }

    /// The leaves of the journal's segments, with their indexes, up to the first byte that is no frame
    /// (docs/log-format.md, section 7).
    fn journal(dir: &Path) -> Vec<(u64, Value)> {
        let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
        let mut segments: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        segments.retain(|path| path.extension().is_some_and(|extension| extension == "seg"));
        segments.sort();
        segments.iter().flat_map(|segment| crate::journal::leaves(&fs::read(segment).unwrap())).collect()
    }
}
