//! Faults of the kernel on the real program: strace fails its system calls, or kills it as it enters them, one after
//! the other.
//!
//! `RETENTIOND_FAULTS=all` takes every call of each kind; without it, a few of each. Skipped, and said so, where strace
//! is not installed or may not trace.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::checker::check;
use super::organization::{JournalMode, NOW, Organization, Outcome};

/// System calls by which a run changes what is on disk.
const CALLS: &[&str] =
    &["openat", "write", "pwrite64", "fdatasync", "fsync", "rename", "unlink", "unlinkat", "fallocate", "ftruncate"];

/// How a call fails.
const WAYS: &[&str] = &["error=EIO", "error=ENOSPC", "signal=SIGKILL"];

/// How many calls of a kind are tried without `RETENTIOND_FAULTS=all`.
const SAMPLE: usize = 2;

fn strace(arguments: &[&str], organization: &Organization) -> Command {
    let mut command = Command::new("strace");
    command
        .current_dir(organization.path())
        .args(["-f", "-qq", "-o"])
        .args(arguments)
        .arg(env!("CARGO_BIN_EXE_retentiond"))
        .args(["--config", "retentiond.toml", "apply", organization.plan()])
        .env("RETENTIOND_NOW", NOW)
        .env_remove("FAILPOINTS")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The calls of an undisturbed run, in the order in which each of its threads made them: how many of each kind.
fn counted(organization: &Organization, trace: &Path) -> Option<Vec<(&'static str, usize)>> {
    organization.reset();
    let set = format!("trace={}", CALLS.join(","));
    let status = strace(&[trace.to_str().unwrap(), "-e", &set], organization).status();
    if !status.is_ok_and(|status| status.success()) {
        return None;
    }
    let text = fs::read_to_string(trace).unwrap();
    let calls = |call: &str| text.lines().filter(|line| line.split(' ').any(|word| word.starts_with(call))).count();
    Some(CALLS.iter().map(|call| (*call, calls(&format!("{call}(")))).collect())
}

#[expect(clippy::disallowed_methods, reason = "the person who runs the tests chooses how many")]
fn chosen(calls: usize) -> Vec<usize> {
    if std::env::var("RETENTIOND_FAULTS").as_deref() == Ok("all") {
        return (1..=calls).collect();
    }
    // Spread over the run: its beginning is the loader's and the log's opening.
    (1..=SAMPLE.min(calls)).map(|place| calls * place / SAMPLE.min(calls)).collect()
}

fn survive_the_kernel(mode: JournalMode) {
    let organization = Organization::approved(mode);
    let scratch = tempfile::tempdir().unwrap();
    let trace = scratch.path().join("trace");
    let Some(counts) = counted(&organization, &trace) else {
        eprintln!("strace is not installed, or may not trace: no system call was made to fail");
        return;
    };
    assert!(counts.iter().filter(|(_, calls)| *calls > 0).count() >= 6, "too few kinds of calls were seen: {counts:?}");
    let (mut runs, mut felt) = (0, 0);
    for (call, calls) in counts {
        for way in WAYS {
            for when in chosen(calls) {
                organization.reset();
                let fault = format!("inject={call}:{way}:when={when}");
                let context = format!("{fault} ({mode:?} mode)");
                let status = strace(&["/dev/null", "-e", &fault], &organization).status().unwrap();
                runs += 1;
                felt += u32::from(!status.success());
                if status.code().is_none() {
                    check::nothing_is_gone_without_an_intent(&organization, &context);
                }
                let second = organization.apply(None);
                // A record whose file could not be read failed, and is left to the next plan.
                let is_settled = second.is_settled() || second.outcome == Outcome::Exit(5);
                assert!(
                    is_settled,
                    "{context}: the second apply must finish the plan or say that it is done: {second:#?}"
                );
                organization.verify(&context);
                check::gone_means_logged_and_due(&organization, &context);
            }
        }
    }
    assert!(felt > 0, "no fault was felt, so nothing was tested");
    println!("{mode:?}: {runs} system calls failed or were the last, {felt} of them felt by the first run");
}

#[test]
fn failing_system_calls_are_survived_in_wal_mode() {
    survive_the_kernel(JournalMode::Wal);
}

#[test]
fn failing_system_calls_are_survived_in_delete_mode() {
    survive_the_kernel(JournalMode::Delete);
}
