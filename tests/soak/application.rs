//! The application that owns the database. It closes dossiers, opens them again, moves their dates, adds messages and
//! files; and it remembers what it committed, so that nothing can go without its knowledge.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{Months, NaiveDate, TimeDelta};
use rusqlite::{Connection, ErrorCode, TransactionBehavior, params};

use crate::dice::Dice;

/// What the application does in a night, at most.
const TRANSACTIONS: usize = 60;

/// An application that waits longer for a lock has an outage.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A dossier as the application committed it last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dossier {
    /// `None`: open.
    pub closed: Option<NaiveDate>,
    pub messages: u64,
    pub file: bool,
    /// The day on which it was found gone.
    pub gone: Option<NaiveDate>,
    /// A hold on it was acknowledged while it was there.
    pub held: bool,
}

impl Dossier {
    /// Whether it may be destroyed on this day: a year after its closure, that day not counted.
    pub fn is_due(&self, today: NaiveDate) -> bool {
        !self.held && self.closed.is_some_and(|closed| closed + Months::new(12) < today)
    }
}

pub struct Application {
    place: PathBuf,
    pub dossiers: BTreeMap<i64, Dossier>,
    /// Longest time that one of its transactions took, waiting included.
    pub longest: Duration,
    pub transactions: u64,
}

impl Application {
    pub fn new(place: PathBuf) -> Self {
        Self { place, dossiers: BTreeMap::new(), longest: Duration::ZERO, transactions: 0 }
    }

    fn open(&self) -> Connection {
        let connection = Connection::open(self.place.join("app.db")).unwrap();
        connection.busy_timeout(LONGEST_WAIT).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        connection
    }

    pub fn documents(&self) -> PathBuf {
        self.place.join("documents")
    }

    /// What the first plan is about.
    pub fn close_some_long_ago(&mut self) {
        let mut connection = self.open();
        for day in ["2025-01-15", "2025-02-15"] {
            self.close_new(&mut connection, day.parse().unwrap(), &mut Dice::new(1)).unwrap();
        }
    }

    /// Writes until told to stop. Every error but a lock given up within [`LONGEST_WAIT`] is a failure of the soak.
    pub fn write(mut self, today: NaiveDate, seed: u64, stop: &AtomicBool) -> Self {
        let (mut connection, mut dice) = (self.open(), Dice::new(seed));
        for _ in 0..TRANSACTIONS {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            // A year ago, a few days more or less: some are due at once, others in the nights to come.
            let day = today - TimeDelta::days(360 + dice.below(12) as i64);
            let began = Instant::now();
            let done = match dice.below(10) {
                0 => self.reopen(&mut connection, &mut dice),
                1 => self.close_again(&mut connection, day, &mut dice),
                2 => self.add_message(&mut connection, &mut dice),
                _ => self.close_new(&mut connection, day, &mut dice),
            };
            if let Err(error) = done {
                let how =
                    if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) { "an outage" } else { "an error" };
                panic!("the application saw {how} on {today}: {error}");
            }
            self.longest = self.longest.max(began.elapsed());
            self.transactions += 1;
            thread::sleep(Duration::from_millis(5));
        }
        self
    }

    fn close_new(&mut self, connection: &mut Connection, closed: NaiveDate, dice: &mut Dice) -> rusqlite::Result<()> {
        let (messages, file) = (dice.below(4), dice.below(4) == 0);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute("INSERT INTO dossier(closed_at) VALUES(?1)", [instant(closed)])?;
        let id = transaction.last_insert_rowid();
        for _ in 0..messages {
            transaction.execute("INSERT INTO message(dossier_id, body) VALUES(?1, 'x')", [id])?;
        }
        if file {
            // First the file, then the row that names it, as applications do.
            fs::write(self.documents().join(id.to_string()), "x").unwrap();
            transaction
                .execute("INSERT INTO document(dossier_id, path) VALUES(?1, ?2)", params![id, id.to_string()])?;
        }
        transaction.commit()?;
        self.dossiers.insert(id, Dossier { closed: Some(closed), messages, file, ..Dossier::default() });
        Ok(())
    }

    /// From the commit on it is open, and must stay.
    fn reopen(&mut self, connection: &mut Connection, dice: &mut Dice) -> rusqlite::Result<()> {
        let Some(id) = self.pick(dice) else { return Ok(()) };
        if connection.execute("UPDATE dossier SET closed_at = NULL WHERE id = ?1", [id])? == 1 {
            self.known(id).closed = None;
        }
        Ok(())
    }

    fn close_again(&mut self, connection: &mut Connection, day: NaiveDate, dice: &mut Dice) -> rusqlite::Result<()> {
        let Some(id) = self.pick(dice) else { return Ok(()) };
        if connection.execute("UPDATE dossier SET closed_at = ?2 WHERE id = ?1", params![id, instant(day)])? == 1 {
            self.known(id).closed = Some(day);
        }
        Ok(())
    }

    fn add_message(&mut self, connection: &mut Connection, dice: &mut Dice) -> rusqlite::Result<()> {
        let Some(id) = self.pick(dice) else { return Ok(()) };
        let sql = "INSERT INTO message(dossier_id, body) SELECT id, 'x' FROM dossier WHERE id = ?1";
        self.known(id).messages += connection.execute(sql, [id])? as u64;
        Ok(())
    }

    /// One of the newest: those are about to reach their term.
    fn pick(&self, dice: &mut Dice) -> Option<i64> {
        let newest: Vec<i64> = self.dossiers.keys().rev().take(100).copied().collect();
        (!newest.is_empty()).then(|| newest[dice.below(newest.len() as u64) as usize])
    }

    fn known(&mut self, id: i64) -> &mut Dossier {
        self.dossiers.get_mut(&id).unwrap()
    }

    /// A hold on it was acknowledged, and it was still there.
    pub fn was_held(&mut self, id: i64) {
        self.known(id).held = true;
    }

    /// Looks for every dossier, with nobody else at work: one that is not there any more must have been due on this
    /// very day, and nothing comes back.
    pub fn miss_nothing_undue(&mut self, today: NaiveDate) {
        let standing = self.standing();
        let unknown: Vec<&i64> = standing.iter().filter(|id| !self.dossiers.contains_key(id)).collect();
        assert!(unknown.is_empty(), "on {today} dossiers stand that nobody wrote: {unknown:?}");
        for (id, dossier) in &mut self.dossiers {
            match (standing.contains(id), dossier.gone) {
                (true, Some(gone)) => panic!("dossier {id}, gone on {gone}, is back on {today}"),
                (false, None) => {
                    assert!(
                        dossier.is_due(today),
                        "dossier {id} was destroyed by {today} and was not due: {dossier:?}"
                    );
                    dossier.gone = Some(today);
                }
                (true, None) | (false, Some(_)) => {}
            }
        }
    }

    /// Whether something due stands.
    pub fn has_due(&self, today: NaiveDate) -> bool {
        self.standing().iter().any(|id| self.dossiers[id].is_due(today))
    }

    fn standing(&self) -> BTreeSet<i64> {
        let connection = self.open();
        let mut query = connection.prepare("SELECT id FROM dossier").unwrap();
        let ids = query.query_map([], |row| row.get(0)).unwrap();
        ids.map(Result::unwrap).collect()
    }
}

/// Files in a directory.
pub fn files(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

/// Noon in Toronto: of the same civil day in the calendar's zone.
fn instant(day: NaiveDate) -> String {
    format!("{day}T17:00:00Z")
}
