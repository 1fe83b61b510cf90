//! The data set: 300,000 dossiers with random closure dates, 900,000 messages and 300,000 documents, six indexes, about
//! half a gigabyte. Deterministic.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};

/// How the rows of a dossier lie in their tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// Beside each other, as where each dossier is written in one go.
    Clustered,
    /// Anywhere, as where thousands of dossiers live at the same time.
    Scattered,
}

impl Layout {
    pub const BOTH: [Self; 2] = [Self::Clustered, Self::Scattered];

    pub fn name(self) -> &'static str {
        match self {
            Self::Clustered => "clustered",
            Self::Scattered => "scattered",
        }
    }
}

/// The full data set.
pub const DOSSIERS: u64 = 300_000;

/// Two of five dossiers were closed at least so many days ago.
const LONG_AGO: u64 = 380;

/// The day of the closure before which a dossier is due, under a rule of one year. No closure is near it.
pub fn cut() -> String {
    (chrono::Utc::now().date_naive() - chrono::Days::new(LONG_AGO - 5)).to_string()
}

/// The database in this layout, made where it is not there yet: the dates in it are relative to today.
pub fn original(place: &Path, layout: Layout, dossiers: u64) -> Result<PathBuf, Box<dyn Error>> {
    let path = place.join(format!("{}-{dossiers}-{}.db", layout.name(), chrono::Utc::now().date_naive()));
    if !path.exists() {
        let unfinished = place.join("unfinished.db");
        if unfinished.exists() {
            fs::remove_file(&unfinished)?;
        }
        make(&unfinished, layout, dossiers)?;
        fs::rename(&unfinished, &path)?;
    }
    Ok(path)
}

const SCHEMA: &str = "
    CREATE TABLE dossier(id INTEGER PRIMARY KEY, file_number TEXT NOT NULL, account_id INTEGER NOT NULL, closed_at TEXT, subject TEXT);
    CREATE TABLE message(id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL, sent_at TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE document(id INTEGER PRIMARY KEY, dossier_id INTEGER NOT NULL, title TEXT NOT NULL, path TEXT);";

const INDEXES: &str = "
    CREATE UNIQUE INDEX dossier_number ON dossier(file_number);
    CREATE INDEX dossier_account ON dossier(account_id);
    CREATE INDEX dossier_closed ON dossier(closed_at);
    CREATE INDEX message_dossier ON message(dossier_id);
    CREATE INDEX document_dossier ON document(dossier_id);
    CREATE INDEX message_sent ON message(sent_at);";

/// Makes the database in WAL mode.
fn make(path: &Path, layout: Layout, dossiers: u64) -> rusqlite::Result<()> {
    let mut conn = Connection::open(path)?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "off")?;
    conn.execute_batch(SCHEMA)?;
    let txn = conn.transaction()?;
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    let text: String = ('a'..='z').cycle().take(600).collect();
    {
        let mut dossier = txn.prepare("INSERT INTO dossier VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for id in 1..=dossiers {
            let number = format!("PC-{:07}", (id * 7_919) % 10_000_019);
            dossier.execute(params![
                id as i64,
                number,
                chance.below(dossiers) as i64,
                closure(&mut chance),
                &text[..60]
            ])?;
        }
        let mut message = txn.prepare("INSERT INTO message VALUES (?1, ?2, ?3, ?4)")?;
        for id in 1..=dossiers * 3 {
            let owner = owner(layout, id, 3, dossiers);
            let length = 250 + chance.below(300) as usize;
            message.execute(params![id as i64, owner as i64, sent(id, dossiers * 3), &text[..length]])?;
        }
        let mut document = txn.prepare("INSERT INTO document VALUES (?1, ?2, ?3, ?4)")?;
        for id in 1..=dossiers {
            let owner = owner(layout, id, 1, dossiers);
            document.execute(params![id as i64, owner as i64, &text[..80], format!("{:03}/{id}.pdf", id % 997)])?;
        }
    }
    txn.commit()?;
    conn.execute_batch(INDEXES)?;
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")
}

/// Two of five closed long enough ago to be due, two closed since, one open.
fn closure(chance: &mut Chance) -> Option<String> {
    let days_ago = match chance.below(5) {
        0 | 1 => LONG_AGO + chance.below(600),
        2 | 3 => chance.below(340) + 10,
        _ => return None,
    };
    let day = chrono::Utc::now().date_naive() - chrono::Days::new(days_ago);
    Some(format!("{day}T{:02}:00:00Z", chance.below(24)))
}

fn sent(id: u64, of: u64) -> String {
    let second = 1_600_000_000 + (id * 150_000_000 / of) as i64;
    chrono::DateTime::from_timestamp(second, 0)
        .map(|time| time.format("%Y-%m-%dT%H:%M:%SZ").to_string())
        .unwrap_or_default()
}

/// Scattered: multiplying by a number prime to `dossiers` visits every dossier equally often, in no order.
fn owner(layout: Layout, id: u64, each: u64, dossiers: u64) -> u64 {
    match layout {
        Layout::Clustered => (id - 1) / each + 1,
        Layout::Scattered => (id * 179_424_673) % dossiers + 1,
    }
}

/// A small generator (splitmix64): the same data on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}
