//! What changes with records, and what keeps it, is asked in turns with the application where a reader keeps it out.

use std::collections::{BTreeSet, HashSet};

use super::*;
use crate::records::mapping::Change;
use crate::records::sqlite::{Companion, Companions, Company, Dates};

const ACCOUNTS: i64 = 40;
const MESSAGES: i64 = 10_000;

fn accounts() -> Database {
    Database::with(
        "delete",
        &format!(
            "CREATE TABLE beside (x);
             CREATE TABLE account (id INTEGER PRIMARY KEY, closed_at TEXT);
             CREATE TABLE message (id INTEGER PRIMARY KEY, closed_at TEXT, account_id INTEGER, answers INTEGER);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ACCOUNTS})
             INSERT INTO account SELECT i, NULL FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ACCOUNTS} * {MESSAGES})
             INSERT INTO message SELECT i, NULL, i % {ACCOUNTS} + 1, NULL FROM n;
             UPDATE message SET answers = 41 WHERE id = 2;
             CREATE INDEX message_account ON message (account_id);
             CREATE INDEX message_answers ON message (answers);"
        ),
    )
}

/// Messages are parts of their accounts, and each waits for those that answer it.
fn mappings() -> [SeriesMapping; 2] {
    let account = SeriesMapping { parts: vec![part("message", "account_id", "id")], ..series("account") };
    let message = SeriesMapping { blocked_by: vec![relation("message", "answers", "id")], ..series("message") };
    [account, message]
}

#[test]
fn what_changes_with_many_records_and_what_keeps_it_is_asked_in_turns() {
    let (database, mappings) = (accounts(), mappings());
    let mut reader = database.reader(&mappings);
    let keys: Vec<RecordKey> = (1..=ACCOUNTS).map(key).collect();
    let (of, other) = (&mappings[0].series, &mappings[1].series);

    let mut found = vec![0; keys.len()];
    let waits = database.while_it_commits(|| {
        let company = Company { of, change: Change::Destroyed, other, dates: Dates::NotAsked };
        let mut seen = HashSet::new();
        let mut see = |place: usize, companion: Option<_>| {
            let companion: Companion = companion.unwrap();
            found[place] += i64::from(seen.insert((place, companion.facts.key)));
        };
        reader.companions(company, &keys, &|_| true, &mut see).unwrap();
    });
    assert_eq!(found, vec![MESSAGES; keys.len()]);
    assert!(waits.longest * 3 < waits.of, "{waits:?}");

    let mut kept = BTreeSet::new();
    let waits = database.while_it_commits(|| {
        let mut see = |place, _: &SeriesName, blocker: Option<RecordKey>| {
            kept.insert((place, blocker.unwrap()));
        };
        reader.blockers_of_companions(of, &keys, &mut see).unwrap();
    });
    // Message 2 is of the third account, message 41, which it answers, of the second.
    assert_eq!(Vec::from_iter(kept), [(1, key(2))]);
    assert!(waits.longest * 3 < waits.of, "{waits:?}");

    let mut matched = Vec::new();
    let waits = database.while_it_commits(|| {
        let company = Company { of, change: Change::Destroyed, other, dates: Dates::NotAsked };
        matched = reader.companions_match(company, "this.id = 41", &keys).unwrap();
    });
    assert_eq!(Vec::from_iter((0..keys.len()).filter(|place| matched[*place])), [1]);
    assert!(waits.longest * 3 < waits.of, "{waits:?}");
}
