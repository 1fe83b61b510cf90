//! The installation that purges dossiers.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use crate::program::Installation;

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

/// Plans, approves and applies.
pub struct Purge(Installation);

impl Purge {
    /// Writes an installation for a database, with a new state directory.
    pub fn make(place: &Path, database: &Path, lock_ms: u64, pace: Pace) -> Result<Self, Box<dyn Error>> {
        let pace = match pace {
            Pace::Polite => "polite",
            Pace::Full => "full",
        };
        let text = format!(
            r#"
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
            database.display()
        );
        Ok(Self(Installation::write(place, CALENDAR, &text)?))
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
        let made = self.0.ask(&["plan"])?.answer;
        let plan = made["plan"].as_str().ok_or("plan names no plan")?.to_owned();
        let rails: Vec<&str> = made["rails"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let rails = rails.join(",");
        let accept = if rails.is_empty() { Vec::new() } else { vec!["--accept", rails.as_str()] };
        self.0.ask(&[&["approve", &plan], accept.as_slice()].concat())?;
        Ok(plan)
    }

    /// Applies an approved plan.
    pub fn apply(&self, plan: &str) -> Result<Run, Box<dyn Error>> {
        let asked = self.0.ask(&["apply", plan])?;
        let rows = asked.answer["rows"].as_u64().ok_or("apply counts no rows")?;
        Ok(Run { seconds: asked.seconds, cpu: asked.cpu, peak_mib: asked.peak_mib, plan_seconds: 0.0, rows })
    }
}
