//! A purge by the whole program against the raw engine, side by side on copies of the same file: `cargo bench --bench
//! purge`.
//!
//! Ours is `retentiond apply` as its users run it: facts read again, judged again, evidence durable before every
//! COMMIT, fence, absence read back. Raw is one transaction of three DELETEs. Both have the same page cache,
//! `synchronous=EXTRA` and `secure_delete=ON`, and both end when the database is closed and its WAL moved. Prints a
//! table, then JSON.
//!
//! `-- --dossiers N` makes a smaller data set, `-- --layout clustered` measures one layout, `-- --lock 50` one budget;
//! `-- --rounds 5` takes the quickest of five rounds instead of two.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock, and clears its own directory")]

mod dataset;
mod neighbour;
#[path = "../program/mod.rs"]
mod program;
mod purge;
mod raw;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::Table;
use serde_json::{Value, json};

use dataset::Layout;
use neighbour::Neighbour;
use purge::{Pace, Purge};

/// Longest transactions aimed at, in milliseconds, and the ratios to raw that the project promises: clustered,
/// scattered.
const PROMISES: [(u64, f64, f64); 3] = [(1_000, 1.05, 2.5), (200, 1.3, 4.0), (50, 1.8, 6.0)];

/// The application beside the default pace: how late its commits may be (99 of 100), and how much memory we may use.
const LATE_COMMITS: Duration = Duration::from_millis(100);
const MEMORY_MIB: u64 = 64;

/// What to measure.
struct Options {
    dossiers: u64,
    layouts: Vec<Layout>,
    locks: Vec<u64>,
    rounds: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::read(std::env::args().skip(1))?;
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("purge");
    fs::create_dir_all(&place)?;
    let mut table = Table::new();
    table.set_header(["layout", "lock", "pace", "seconds", "CPU", "of raw", "promised", "memory", "neighbour's p99"]);
    let mut results = Vec::new();
    for layout in &options.layouts {
        let result = measure(&place, *layout, &options, &mut table)?;
        results.push(result);
    }
    println!("{table}");
    println!("{}", serde_json::to_string_pretty(&json!({ "dossiers": options.dossiers, "results": results }))?);
    Ok(())
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let locks = PROMISES.map(|(lock, ..)| lock).into();
        let mut options = Self { dossiers: dataset::DOSSIERS, layouts: Layout::BOTH.into(), locks, rounds: 2 };
        while let Some(argument) = arguments.next() {
            // `cargo bench` itself adds `--bench`.
            if argument == "--bench" {
                continue;
            }
            let value = arguments.next().ok_or_else(|| format!("{argument} needs a value"))?;
            match argument.as_str() {
                "--dossiers" => options.dossiers = value.parse()?,
                "--layout" => options.layouts.retain(|layout| layout.name() == value),
                "--rounds" => options.rounds = value.parse()?,
                "--lock" => options.locks = vec![value.parse()?],
                _ => return Err(format!("{argument} is no option of this benchmark").into()),
            }
        }
        Ok(options)
    }
}

/// Raw and ours at each budget, round after round, then ours at the default pace beside an application that writes. Of
/// each the quickest round counts: what else a machine does slows some of them down, and the first warms the file
/// system's cache.
fn measure(place: &Path, layout: Layout, options: &Options, table: &mut Table) -> Result<Value, Box<dyn Error>> {
    let original = dataset::original(place, layout, options.dossiers)?;
    let copy = place.join("copy.db");
    let megabytes = fs::metadata(&original)?.len() >> 20;
    eprintln!("{}: {megabytes} MB", layout.name());

    let mut raw = Vec::new();
    let mut ours: Vec<Vec<purge::Run>> = options.locks.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.rounds {
        raw.push(raw::purge(fresh(&original, &copy)?)?);
        for (lock, runs) in options.locks.iter().zip(&mut ours) {
            runs.push(Purge::make(place, fresh(&original, &copy)?, *lock, Pace::Full)?.purge()?);
        }
    }
    let raw = quickest(raw, |run| run.seconds)?;
    table.add_row([layout.name(), "-", "raw", &format!("{:.2}", raw.seconds), &format!("{:.2}", raw.cpu), "1.00"]);
    let mut runs = Vec::new();
    for (lock, of_lock) in options.locks.iter().zip(ours) {
        let run = quickest(of_lock, |run| run.seconds)?;
        if run.rows != raw.rows {
            return Err(format!("raw deleted {} rows, ours {}", raw.rows, run.rows).into());
        }
        let ratio = run.seconds / raw.seconds;
        let promise = promise(*lock, layout);
        table.add_row([
            layout.name(),
            &format!("{lock} ms"),
            "full",
            &format!("{:.2}", run.seconds),
            &format!("{:.2}", run.cpu),
            &format!("{ratio:.2}"),
            &promise.map_or(String::new(), |promise| format!("{promise:.2}")),
            &format!("{} MiB of {MEMORY_MIB}", run.peak_mib),
        ]);
        runs.push(json!({ "lock_ms": lock, "pace": "full", "seconds": run.seconds, "cpu": run.cpu, "ratio": ratio,
            "promised": promise, "peak_mib": run.peak_mib, "plan_seconds": run.plan_seconds, "rows": run.rows }));
    }

    let neighbour = beside_an_application(place, fresh(&original, &copy)?)?;
    let p99 = neighbour.latency(0.99);
    table.add_row([layout.name(), "50 ms", "polite", "", "", "", "", "", &format!("{p99:.0?} of {LATE_COMMITS:?}")]);
    Ok(json!({ "layout": layout.name(), "megabytes": megabytes, "rows": raw.rows,
        "raw": { "seconds": raw.seconds, "cpu": raw.cpu }, "runs": runs,
        "neighbour": { "commits": neighbour.commits(), "p50_ms": millis(neighbour.latency(0.5)), "p99_ms": millis(p99),
            "longest_ms": millis(neighbour.latency(1.0)) } }))
}

fn promise(lock: u64, layout: Layout) -> Option<f64> {
    PROMISES.iter().find(|(of, ..)| *of == lock).map(|(_, clustered, scattered)| match layout {
        Layout::Clustered => *clustered,
        Layout::Scattered => *scattered,
    })
}

fn quickest<T>(runs: Vec<T>, seconds: impl Fn(&T) -> f64) -> Result<T, Box<dyn Error>> {
    let quickest = runs.into_iter().min_by(|one, other| seconds(one).total_cmp(&seconds(other)));
    quickest.ok_or_else(|| "`--rounds` must be at least 1".into())
}

fn beside_an_application(place: &Path, database: &Path) -> Result<Neighbour, Box<dyn Error>> {
    let installation = Purge::make(place, database, 50, Pace::Polite)?;
    let plan = installation.plan()?;
    let living = neighbour::start(database)?;
    installation.apply(&plan)?;
    living.stop()
}

/// A fresh copy, on the disk: what is still to be written of it must not be written during the measurement.
fn fresh<'c>(original: &Path, copy: &'c PathBuf) -> Result<&'c Path, Box<dyn Error>> {
    for suffix in ["-wal", "-shm"] {
        let mut file = copy.clone().into_os_string();
        file.push(suffix);
        if Path::new(&file).exists() {
            fs::remove_file(&file)?;
        }
    }
    fs::copy(original, copy)?;
    rustix::fs::sync();
    Ok(copy)
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
