//! Whether the log, the database and the application agree. Nothing here asks the program: the log is read from its
//! published bytes as docs/log-format.md describes them, and fingerprints are reckoned anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value as Json;
use sha2::Sha256;

use crate::application::{Application, files};
use crate::office::Office;

type Fingerprint = [u8; 32];

/// What a soak saw.
#[derive(Debug, Default)]
#[expect(dead_code, reason = "printed")]
pub struct Figures {
    pub transactions: u64,
    pub longest_transaction_ms: u128,
    pub written: usize,
    pub destroyed: u64,
    pub held_and_due: usize,
    pub entries: usize,
    pub batches: usize,
    pub recovered_batches: usize,
    pub aborted_batches: usize,
    pub drifted: u64,
    pub files: u64,
    pub largest_backlog: u64,
}

/// What the log says was destroyed: record to the civil day of its closure.
#[derive(Default)]
struct Told {
    destroyed: BTreeMap<i64, NaiveDate>,
    rows: BTreeMap<String, u64>,
    figures: Figures,
}

pub fn check(office: &Office, application: &Application, today: NaiveDate) -> Figures {
    let leaves = leaves(&office.path("state/audit"));
    let names = fingerprints(office, application);
    let told = read(&leaves, &names, application);

    // The log against what the application remembers: exactly those, each once, on the day it knows.
    let gone = application.dossiers.iter().filter(|(_, dossier)| dossier.gone.is_some());
    let gone: BTreeMap<i64, NaiveDate> = gone.map(|(id, dossier)| (*id, dossier.closed.unwrap())).collect();
    assert_eq!(told.destroyed, gone, "the log and the application disagree on what was destroyed, or on its date");
    let standing = application.dossiers.values().filter(|dossier| dossier.gone.is_none());
    assert!(standing.clone().all(|dossier| !dossier.is_due(today)), "something due remains");

    // Rows and files that went, as the log counts them, and those that stand.
    let of_gone = |count: fn(&crate::application::Dossier) -> u64| -> u64 {
        gone.keys().map(|id| count(&application.dossiers[id])).sum()
    };
    let rows = |table: &str| told.rows.get(table).copied().unwrap_or_default();
    assert_eq!(rows("dossier"), gone.len() as u64);
    assert_eq!(rows("message"), of_gone(|dossier| dossier.messages));
    assert_eq!(rows("document"), of_gone(|dossier| u64::from(dossier.file)));
    let kept = application.dossiers.iter().filter(|(_, dossier)| dossier.file && dossier.gone.is_none());
    assert_eq!(files(&application.documents()), kept.map(|(id, _)| id.to_string()).collect(), "files");
    database(office, standing.map(|dossier| dossier.messages).sum());
    verdicts(office, today);

    let held_and_due = application.dossiers.values().filter(|dossier| {
        dossier.held && crate::application::Dossier { held: false, ..(*dossier).clone() }.is_due(today)
    });
    Figures {
        transactions: application.transactions,
        longest_transaction_ms: application.longest.as_millis(),
        written: application.dossiers.len(),
        destroyed: gone.len() as u64,
        held_and_due: held_and_due.count(),
        entries: leaves.len(),
        ..told.figures
    }
}

/// The leaves below the checkpoint, from the published bundles.
fn leaves(audit: &Path) -> Vec<Json> {
    let checkpoint = fs::read_to_string(audit.join("checkpoint")).unwrap();
    let size: usize = checkpoint.lines().nth(1).unwrap().parse().unwrap();
    let mut leaves = Vec::new();
    while leaves.len() < size {
        let (bundle, width) = (leaves.len() / 256, (size - leaves.len()).min(256));
        assert!(bundle < 1000, "longer than this reader can name");
        let partial = if width < 256 { format!(".p/{width}") } else { String::new() };
        let bytes = fs::read(audit.join(format!("tile/entries/{bundle:03}{partial}"))).unwrap();
        let mut rest = bytes.as_slice();
        while let Some((length, after)) = rest.split_first_chunk::<2>() {
            let (leaf, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
            leaves.push(serde_json::from_slice(leaf).unwrap());
            rest = after;
        }
    }
    assert_eq!(leaves.len(), size);
    leaves
}

/// Every name that the log may have for a dossier: one for each year's key.
fn fingerprints(office: &Office, application: &Application) -> BTreeMap<(i32, Fingerprint), i64> {
    let mut names = BTreeMap::new();
    for year in 2026..=2028 {
        let Ok(key) = fs::read_to_string(office.path(&format!("state/private/keys/fp-app-{year}.key"))) else {
            continue;
        };
        let key: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&key[2 * at..2 * at + 2], 16).unwrap()).collect();
        names.extend(application.dossiers.keys().map(|id| ((year, fingerprint(&key, *id)), *id)));
    }
    names
}

/// `HMAC-SHA256(K, "fp-v1" ‖ 0x00 ‖ len ‖ source ‖ len ‖ series ‖ key)`.
fn fingerprint(key: &[u8], id: i64) -> Fingerprint {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(b"fp-v1\0\0\0\0\x03app\0\0\0\x07dossier\0\0\0\x01i");
    mac.update(&id.to_be_bytes());
    mac.finalize().into_bytes().into()
}

/// Goes through intents and outcomes. No record is destroyed twice, none on another date than another intent gave it.
fn read(leaves: &[Json], names: &BTreeMap<(i32, Fingerprint), i64>, application: &Application) -> Told {
    let mut told = Told::default();
    let mut settled = BTreeSet::new();
    for leaf in leaves {
        match leaf["kind"].as_str().unwrap() {
            "heartbeat" => {
                let overdue = leaf["overdue"]["R-1"].as_u64().unwrap_or_default();
                told.figures.largest_backlog = told.figures.largest_backlog.max(overdue);
            }
            "outcome" => {
                let intent = &leaves[leaf["intent"].as_u64().unwrap() as usize];
                assert!(settled.insert(leaf["intent"].as_u64()), "two outcomes of one intent: {leaf}");
                let destroyed = outcome(&mut told, leaf, intent, names);
                count_files(
                    &mut told,
                    leaf,
                    destroyed.iter().filter(|id| application.dossiers[id].file).count() as u64,
                );
            }
            _ => {}
        }
    }
    let intents = leaves.iter().filter(|leaf| leaf["kind"] == "intent").count();
    assert_eq!(settled.len(), intents, "an intent has no outcome");
    told
}

/// Notes what became of an intent's records; returns those that were destroyed.
fn outcome(told: &mut Told, leaf: &Json, intent: &Json, names: &BTreeMap<(i32, Fingerprint), i64>) -> Vec<i64> {
    assert_eq!((&intent["kind"], &intent["rule"]), (&Json::from("intent"), &Json::from("R-1")));
    let year = intent["year"].as_i64().unwrap() as i32;
    let bytes = URL_SAFE_NO_PAD.decode(intent["fp"].as_str().unwrap()).unwrap();
    let days = intent["day"].as_array().unwrap();
    let letters = letters(leaf["results"].as_str().unwrap());
    let mut destroyed = Vec::new();
    assert_eq!((bytes.len(), letters.len()), (32 * days.len(), days.len()), "{intent} {leaf}");
    for ((name, day), letter) in bytes.chunks_exact(32).zip(days).zip(letters) {
        let id = names.get(&(year, name.try_into().unwrap())).unwrap_or_else(|| panic!("a stranger in {intent}"));
        let day = NaiveDate::from_epoch_days(day.as_i64().unwrap() as i32).unwrap();
        match letter {
            'D' => {
                assert_eq!(told.destroyed.insert(*id, day), None, "dossier {id} was destroyed twice");
                destroyed.push(*id);
            }
            'c' | 'g' => told.figures.drifted += 1,
            'h' | 'r' => {}
            other => panic!("nothing here should end as {other}: {leaf}"),
        }
    }
    for (table, rows) in leaf["rows"].as_object().unwrap() {
        *told.rows.entry(table.clone()).or_default() += rows.as_u64().unwrap();
    }
    assert_eq!(leaf["left"], 0, "files were left: {leaf}");
    told.figures.batches += 1;
    told.figures.recovered_batches += usize::from(leaf["recovered"] == true);
    told.figures.aborted_batches += usize::from(leaf["committed"] == false);
    destroyed
}

/// Recovery counts the files that it unlinks itself, and does not claim those that were gone when it came.
fn count_files(told: &mut Told, leaf: &Json, expected: u64) {
    let files: u64 = leaf["files"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    let is_true = if leaf["recovered"] == true { files <= expected } else { files == expected };
    assert!(is_true, "{expected} files had to go: {leaf}");
    told.figures.files += files;
}

/// `3D1h` is `DDDh`.
fn letters(coded: &str) -> Vec<char> {
    let (mut letters, mut count) = (Vec::new(), 0);
    for sign in coded.chars() {
        match sign.to_digit(10) {
            Some(digit) => count = 10 * count + digit as usize,
            None => letters.extend(std::iter::repeat_n(sign, std::mem::take(&mut count))),
        }
    }
    letters
}

fn database(office: &Office, messages: u64) {
    let connection = office.database();
    let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM message"), messages as i64);
    assert_eq!(count("SELECT count(*) FROM message WHERE dossier_id NOT IN (SELECT id FROM dossier)"), 0);
    assert_eq!(count("SELECT count(*) FROM document WHERE dossier_id NOT IN (SELECT id FROM dossier)"), 0);
    let sound: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// Both verifiers accept the log.
fn verdicts(office: &Office, today: NaiveDate) {
    let verdict = office.ask(&["audit", "verify"]);
    assert_ne!(verdict["verdict"], "FAIL", "{verdict}");
    let is_there = Command::new("python3").args(["-c", "import cryptography"]).output();
    if !is_there.is_ok_and(|output| output.status.success()) {
        eprintln!("python3 with `cryptography` is not installed: docs/verify.py was not run");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
    let audit = office.path("state/audit");
    let now = (today + TimeDelta::days(1)).and_time(NaiveTime::MIN).and_utc().timestamp().to_string();
    let mut verifier = Command::new("python3");
    verifier.arg(script).arg(&audit).arg("--vkey").arg(audit.join("vkey")).args(["--now", &now]);
    let said = verifier.output().unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
}
