//! The program as its users run it: an installation on disk, and the commands.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// A configuration, a calendar and a state directory, for one database.
pub struct Installation {
    config: PathBuf,
}

/// Whether the program pauses between chunks.
#[derive(Clone, Copy)]
pub enum Pace {
    Polite,
    Full,
}

/// What a run took.
pub struct Run {
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu: f64,
    pub peak_mib: u64,
    pub plan_seconds: f64,
    pub rows: u64,
}

const CALENDAR: &str = r#"
[calendar]
number       = "BENCH"
organization = "A benchmark"
title        = { en = "Purge" }
version      = 1
effective    = { from = 2020-01-01 }
timezone     = "UTC"

[[series]]
name        = "dossier"
description = { en = "Dossiers" }
triggers    = { closure = { en = "Closure" } }

[[rule]]
number      = "B-1"
title       = { en = "Dossiers" }
series      = "dossier"
trigger     = "closure"
keep        = "P1Y"
disposition = "destroy"
basis       = [{ source = "The benchmark", text = "one year after closure" }]
"#;

impl Installation {
    /// Writes an installation for a database, with a new state directory.
    pub fn make(place: &Path, database: &Path, lock_ms: u64, pace: Pace) -> Result<Self, Box<dyn Error>> {
        let state = place.join("state");
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        let pace = match pace {
            Pace::Polite => "polite",
            Pace::Full => "full",
        };
        fs::write(place.join("calendar.toml"), CALENDAR)?;
        let config = place.join("retentiond.toml");
        let text = format!(
            r#"
calendars = ["calendar.toml"]
language  = "en"
state     = "{}"

[limits]
max_share = 1.0
max_count = 100000000
lock_ms   = {lock_ms}
pace      = "{pace}"

[source.bench]
sqlite   = "{}"
timezone = "UTC"

[series.dossier]
source        = "bench"
table         = "dossier"
key           = "id"
reference     = "file_number"
event.closure = "closed_at"

[[series.dossier.part]]
table = "message"
on    = {{ dossier_id = "id" }}

[[series.dossier.part]]
table = "document"
on    = {{ dossier_id = "id" }}
"#,
            state.display(),
            database.display()
        );
        fs::write(&config, text)?;
        Ok(Self { config })
    }

    /// Plans, approves and applies.
    pub fn purge(&self) -> Result<Run, Box<dyn Error>> {
        let started = Instant::now();
        let plan = self.plan()?;
        let plan_seconds = started.elapsed().as_secs_f64();
        Ok(Run { plan_seconds, ..self.apply(&plan)? })
    }

    /// Makes a plan and approves it; its id.
    pub fn plan(&self) -> Result<String, Box<dyn Error>> {
        let made = self.ask(&["plan"])?.answer;
        let plan = made["plan"].as_str().ok_or("plan names no plan")?.to_owned();
        let rails: Vec<&str> = made["rails"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let rails = rails.join(",");
        let accept = if rails.is_empty() { Vec::new() } else { vec!["--accept", rails.as_str()] };
        self.ask(&[&["approve", &plan], accept.as_slice()].concat())?;
        Ok(plan)
    }

    /// Applies an approved plan.
    pub fn apply(&self, plan: &str) -> Result<Run, Box<dyn Error>> {
        let asked = self.ask(&["apply", plan])?;
        let rows = asked.answer["rows"].as_u64().ok_or("apply counts no rows")?;
        Ok(Run { seconds: asked.seconds, cpu: asked.cpu, peak_mib: asked.peak_mib, plan_seconds: 0.0, rows })
    }

    fn ask(&self, arguments: &[&str]) -> Result<Asked, Box<dyn Error>> {
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_retentiond"))
            .arg("--config")
            .arg(&self.config)
            .args(["--format", "json"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()?;
        let (mut peak_mib, mut cpu) = (0, 0.0);
        let seconds = loop {
            // The answers are small enough for the pipe.
            if let Some(status) = child.try_wait()? {
                if !status.success() {
                    return Err(format!("retentiond {} ended with {status}", arguments.join(" ")).into());
                }
                break started.elapsed().as_secs_f64();
            }
            peak_mib = peak_of(child.id()).unwrap_or(peak_mib);
            cpu = cpu_of(child.id()).unwrap_or(cpu);
            thread::sleep(Duration::from_millis(5));
        };
        let output = child.wait_with_output()?;
        Ok(Asked { answer: serde_json::from_slice(&output.stdout)?, seconds, cpu, peak_mib })
    }
}

struct Asked {
    answer: Value,
    seconds: f64,
    cpu: f64,
    peak_mib: u64,
}

/// The most memory that a process has had, in MiB.
fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kib| kib >> 10)
}

/// Processor time of a process, in seconds.
fn cpu_of(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Fields 14 and 15, in ticks of which Linux shows a hundred a second; the second field may hold spaces and ends with a parenthesis.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Some(fields.iter().sum::<u64>() as f64 / 100.0)
}
