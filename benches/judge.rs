//! Reading and judging ten million records against the raw engine, in one run: `cargo bench --bench judge`.
//!
//! Raw reads the same column of the same rows and looks at each value. Ours is `retentiond plan` as its users run it:
//! schema proven, every verdict counted, what is due listed and digested: with one record in a thousand due, as every
//! night, and with one in ten, as on the first day. The probe is the daemon's own question whether a plan is worth
//! making: asked while nothing is due, where it must look hardest, and while something is. Prints a table, then JSON.
//!
//! `-- --accounts N` makes a smaller data set.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and clears its own directory")]

mod program;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use chrono::{Days, Utc};
use comfy_table::Table;
use retentiond::{config, daemon};
use rusqlite::{Connection, params};
use serde_json::json;

use program::Installation;

const ACCOUNTS: u64 = 10_000_000;

/// One account in a thousand was last used long enough ago; one in ten, before the first purge.
const DUE_EVERY: u64 = 1_000;
const DUE_EVERY_AT_FIRST: u64 = 10;

/// What the project promises of ten million rows, in seconds.
const LONGEST_PROBE: f64 = 0.005;
const LONGEST_PLAN: f64 = 3.0;

/// The probe is asked so often; the median counts.
const PROBES: usize = 101;

const CALENDAR: &str = r#"
[calendar]
number       = "BENCH"
organization = "A benchmark"
title        = { en = "Judge" }
version      = 1
effective    = { from = 2020-01-01 }
timezone     = "America/Toronto"

[[series]]
name        = "account"
description = { en = "Accounts" }
triggers    = { last_use = { en = "Last use" } }

[[rule]]
number      = "B-1"
title       = { en = "Accounts" }
series      = "account"
trigger     = "last_use"
keep        = "P24M"
disposition = "destroy"
basis       = [{ source = "The benchmark", text = "24 months after the last use" }]
"#;

fn main() -> Result<(), Box<dyn Error>> {
    let accounts = accounts(std::env::args().skip(1))?;
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("judge");
    fs::create_dir_all(&place)?;
    let mut table = Table::new();
    table.set_header(["what", "seconds", "CPU", "of raw", "promised", "memory"]);

    let idle = database(&place, accounts, None)?;
    let quiet = probe(&place, &idle, false)?;
    let busy = database(&place, accounts, Some(DUE_EVERY))?;
    let alarmed = probe(&place, &busy, true)?;
    for (name, seconds) in [("probe, nothing due", quiet), ("probe, some due", alarmed)] {
        table.add_row([name, &format!("{seconds:.5}"), "", "", &format!("{LONGEST_PROBE}"), ""]);
    }

    let raw = read_raw(&busy)?;
    table.add_row(["raw: every row's event", &format!("{raw:.2}"), "", "1.00", "", ""]);
    let first_day = database(&place, accounts, Some(DUE_EVERY_AT_FIRST))?;
    let mut plans = Vec::new();
    for (database, every) in [(&busy, DUE_EVERY), (&first_day, DUE_EVERY_AT_FIRST)] {
        let plan = installation(&place, database)?.ask(&["plan"])?;
        let rule = &plan.answer["rules"][0];
        let (due, not_yet) = (rule["due"].as_u64().ok_or("no count")?, rule["not_yet"].as_u64().ok_or("no count")?);
        if (due, not_yet) != (accounts / every, accounts - accounts / every) {
            return Err(format!("{due} due and {not_yet} not yet of {accounts}").into());
        }
        let (seconds, cpu) = (format!("{:.2}", plan.seconds), format!("{:.2}", plan.cpu));
        let (ratio, peak) = (plan.seconds / raw, format!("{} MiB", plan.peak_mib));
        let (name, promised) = (format!("plan, {due} due"), format!("{LONGEST_PLAN} s"));
        table.add_row([&name, &seconds, &cpu, &format!("{ratio:.2}"), &promised, &peak]);
        plans.push(
            json!({ "due": due, "seconds": plan.seconds, "cpu": plan.cpu, "ratio": ratio, "peak_mib": plan.peak_mib }),
        );
    }
    println!("{table}");
    let report = json!({ "accounts": accounts, "probe_quiet_seconds": quiet, "probe_alarmed_seconds": alarmed,
        "raw_seconds": raw, "plans": plans });
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(())
}

fn accounts(arguments: impl Iterator<Item = String>) -> Result<u64, Box<dyn Error>> {
    // `cargo bench` itself adds `--bench`.
    let given: Vec<String> = arguments.filter(|argument| argument != "--bench").collect();
    match given.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(ACCOUNTS),
        ["--accounts", number] => Ok(number.parse()?),
        _ => Err("the only option of this benchmark is --accounts N".into()),
    }
}

/// A database of accounts, of which one in `due_every` is due; made where it is not there yet: the dates in it are
/// relative to today.
fn database(place: &Path, accounts: u64, due_every: Option<u64>) -> Result<PathBuf, Box<dyn Error>> {
    let today = Utc::now().date_naive();
    let kind = due_every.map_or_else(|| "idle".to_owned(), |every| format!("every-{every}"));
    let path = place.join(format!("{kind}-{accounts}-{today}.db"));
    if path.exists() {
        return Ok(path);
    }
    let unfinished = place.join("unfinished.db");
    if unfinished.exists() {
        fs::remove_file(&unfinished)?;
    }
    let mut conn = Connection::open(&unfinished)?;
    conn.execute_batch(
        "PRAGMA journal_mode = wal; PRAGMA synchronous = off;
         CREATE TABLE account(id INTEGER PRIMARY KEY, email TEXT NOT NULL, created_at TEXT NOT NULL, last_used_at TEXT);",
    )?;
    let txn = conn.transaction()?;
    {
        let mut insert = txn.prepare("INSERT INTO account VALUES (?1, ?2, ?3, ?4)")?;
        for id in 1..=accounts {
            let is_due = due_every.is_some_and(|every| id.is_multiple_of(every));
            // A multiplication by a prime spreads the dates over the rows.
            let days_ago = if is_due { 800 + id / 7 % 300 } else { id * 7_919 % 700 };
            let used = format!("{}T{:02}:15:00Z", today - Days::new(days_ago + 1), id % 24);
            insert.execute(params![id as i64, format!("a{id}@example.org"), "2015-06-01T12:00:00Z", used])?;
        }
    }
    txn.commit()?;
    conn.execute_batch("CREATE INDEX account_used ON account(last_used_at); PRAGMA wal_checkpoint(TRUNCATE)")?;
    conn.close().map_err(|(_, error)| error)?;
    fs::rename(&unfinished, &path)?;
    Ok(path)
}

fn installation(place: &Path, database: &Path) -> Result<Installation, Box<dyn Error>> {
    let mapping = format!(
        r#"
[source.bench]
sqlite   = "{}"
timezone = "UTC"

[series.account]
source         = "bench"
table          = "account"
key            = "id"
event.last_use = "last_used_at"
"#,
        database.display()
    );
    Installation::write(place, CALENDAR, &mapping)
}

/// The median time of the daemon's question, in seconds.
fn probe(place: &Path, database: &Path, expected: bool) -> Result<f64, Box<dyn Error>> {
    let loaded = config::load(&installation(place, database)?.config).map_err(|faults| format!("{faults:?}"))?;
    let install = daemon::installation(&loaded, None);
    let mut times = Vec::with_capacity(PROBES);
    for _ in 0..PROBES {
        let started = Instant::now();
        let answer = daemon::may_be_due(&install, None, Utc::now())?;
        times.push(started.elapsed().as_secs_f64());
        if answer != expected {
            return Err(format!("the probe says {answer} of {}", database.display()).into());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times[PROBES / 2])
}

/// What the raw engine takes to show the event of every row.
fn read_raw(database: &Path) -> Result<f64, Box<dyn Error>> {
    let conn = Connection::open(database)?;
    let mut best = f64::INFINITY;
    for _ in 0..2 {
        let started = Instant::now();
        let mut statement = conn.prepare("SELECT id, last_used_at FROM account")?;
        let mut rows = statement.query([])?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(1)?.as_str_or_null()?.map_or(0, str::len);
        }
        if bytes == 0 {
            return Err("nothing was read".into());
        }
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(best)
}
