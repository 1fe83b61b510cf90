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
    pub config: PathBuf,
}

impl Installation {
    /// Writes an installation with a new state directory: its calendar, and of its configuration what follows the
    /// state.
    pub fn write(place: &Path, calendar: &str, rest: &str) -> Result<Self, Box<dyn Error>> {
        let state = place.join("state");
        if state.exists() {
            fs::remove_dir_all(&state)?;
        }
        fs::write(place.join("calendar.toml"), calendar)?;
        let config = place.join("retentiond.toml");
        let state = state.display();
        fs::write(&config, format!("calendars = [\"calendar.toml\"]\nlanguage = \"en\"\nstate = \"{state}\"\n{rest}"))?;
        Ok(Self { config })
    }

    /// Runs one command.
    pub fn ask(&self, arguments: &[&str]) -> Result<Asked, Box<dyn Error>> {
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

/// What a command answered, and what it took.
pub struct Asked {
    pub answer: Value,
    pub seconds: f64,
    /// Seconds of processor time.
    pub cpu: f64,
    pub peak_mib: u64,
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
    // Fields 14 and 15, in ticks of which Linux shows a hundred a second; the second field may hold spaces and ends
    // with a parenthesis.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Some(fields.iter().sum::<u64>() as f64 / 100.0)
}
