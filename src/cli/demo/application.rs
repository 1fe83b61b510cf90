//! The sample application: its database and its documents, as an application would have left them.

use std::fs;
use std::path::Path;

use chrono::TimeDelta;
use rusqlite::{Connection, Transaction, params};

use super::chance::Chance;
use super::organization::{Account, Closed, Dossier, Organization};
use super::texts;
use crate::model::{Instant, in_utc};

/// Permits made: a series without a rule.
const PERMITS: usize = 40;

/// How much was made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Made {
    pub(super) accounts: u64,
    pub(super) dossiers: u64,
    pub(super) dependent_rows: u64,
    pub(super) files: u64,
}

/// Why the sample could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum MakeError {
    #[error("the sample database cannot be written: {0}")]
    Database(#[from] rusqlite::Error),
    #[error("a sample document cannot be written: {0}")]
    Document(#[from] std::io::Error),
}

/// Writes the database and the documents beneath `directory`, which exists; tells `progress` after each account and
/// dossier.
pub(super) fn make(
    directory: &Path,
    organization: &Organization,
    progress: &mut dyn FnMut(),
) -> Result<Made, MakeError> {
    let mut connection = Connection::open(directory.join("parle.db"))?;
    // A power cut while the sample is made costs only the sample.
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.execute_batch(include_str!("schema.sql"))?;
    let transaction = connection.transaction()?;
    let mut made = Made::default();
    for account in &organization.accounts {
        insert_account(&transaction, account)?;
        made.accounts += 1;
        progress();
    }
    for dossier in &organization.dossiers {
        insert_dossier(&transaction, dossier)?;
        dependents(&transaction, directory, dossier, &mut made)?;
        made.dossiers += 1;
        progress();
    }
    for account in organization.accounts.iter().take(PERMITS) {
        let row = params![texts::merchant(&mut Chance::of("permit", account.id)), text(account.created_at)];
        transaction.prepare_cached("INSERT INTO permit VALUES (NULL, ?, ?)")?.execute(row)?;
    }
    transaction.commit()?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(made)
}

/// What people cite: `PC-2025-00017`.
pub(super) fn file_number(dossier: &Dossier) -> String {
    format!("PC-{}-{:05}", dossier.opened_at.format("%Y"), dossier.id)
}

fn text(instant: Instant) -> String {
    in_utc(instant)
}

fn insert_account(transaction: &Transaction<'_>, account: &Account) -> Result<(), rusqlite::Error> {
    let mut chance = Chance::of("person", account.id);
    transaction.prepare_cached("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)")?.execute(params![
        account.id as i64,
        texts::name(&mut chance),
        format!("person{}@example.org", account.id),
        texts::phone(&mut chance),
        texts::address(&mut chance),
        text(account.created_at),
        account.last_login_at.map(text),
    ])?;
    Ok(())
}

fn insert_dossier(transaction: &Transaction<'_>, dossier: &Dossier) -> Result<(), rusqlite::Error> {
    let mut chance = Chance::of("dispute", dossier.id);
    let (status, closed_at) = match &dossier.closed {
        Closed::No => ("open", None),
        Closed::At(instant) => ("closed", Some(text(*instant))),
        Closed::Unreadable(written) => ("closed", Some((*written).to_owned())),
    };
    transaction.prepare_cached("INSERT INTO dossier VALUES (?, ?, ?, ?, ?, ?, ?, ?)")?.execute(params![
        dossier.id as i64,
        file_number(dossier),
        dossier.account as i64,
        texts::merchant(&mut chance),
        texts::subject(&mut chance),
        status,
        text(dossier.opened_at),
        closed_at,
    ])?;
    Ok(())
}

/// Messages, notes, consents, and documents with their files.
fn dependents(
    transaction: &Transaction<'_>,
    directory: &Path,
    dossier: &Dossier,
    made: &mut Made,
) -> Result<(), MakeError> {
    let mut chance = Chance::of("dependents", dossier.id);
    let id = dossier.id as i64;
    let later = |chance: &mut Chance| text(dossier.opened_at + TimeDelta::minutes(chance.between(1, 20_000)));
    for _ in 0..chance.between(1, 6) {
        let sender = chance.one_of(&["consumer", "merchant", "mediator"]);
        let row = params![id, sender, later(&mut chance), texts::text(&mut chance, 4)];
        insert(transaction, "INSERT INTO message VALUES (NULL, ?, ?, ?, ?)", row, made)?;
    }
    for _ in 0..chance.between(0, 3) {
        let row = params![id, texts::name(&mut chance), later(&mut chance), texts::text(&mut chance, 2)];
        insert(transaction, "INSERT INTO note VALUES (NULL, ?, ?, ?, ?)", row, made)?;
    }
    let row = params![id, "mediation", text(dossier.opened_at)];
    insert(transaction, "INSERT INTO consent VALUES (NULL, ?, ?, ?)", row, made)?;
    for number in 1..=chance.between(0, 3) {
        let path = format!("{}/{}-{number}.txt", dossier.opened_at.format("%Y/%m"), file_number(dossier));
        let title = chance.one_of(&["Invoice", "Contract", "Photograph", "Letter"]);
        insert(transaction, "INSERT INTO document VALUES (NULL, ?, ?, ?)", params![id, title, path], made)?;
        let content = format!("{title} (invented)\n\n{}\n", texts::text(&mut chance, 12));
        write(&directory.join("documents").join(path), &content)?;
        made.files += 1;
    }
    Ok(())
}

fn insert(
    transaction: &Transaction<'_>,
    statement: &str,
    row: &[&dyn rusqlite::ToSql],
    made: &mut Made,
) -> Result<(), rusqlite::Error> {
    transaction.prepare_cached(statement)?.execute(row)?;
    made.dependent_rows += 1;
    Ok(())
}

fn write(path: &Path, content: &str) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::write(path, content)
}
