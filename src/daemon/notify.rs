//! The command that alerts are given to, as JSON on its standard input.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use rustix::fs::{MemfdFlags, memfd_create};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::disposition::control::Alert;

/// A command that takes longer is ended: a hook that hangs must not pile up.
const PATIENCE: Duration = Duration::from_secs(30);

/// An alert that the command did not take is given to it again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(600);

/// But no more often than this.
const TRIES: u32 = 6;

/// Alerts that wait for the command at most; with more of them it is the command that is at fault.
const MOST_WAITING: usize = 64;

/// Gives alerts to a command, one after the other, in a thread of its own: it begins before the daemon is restricted,
/// and so the command can do what it must.
#[derive(Clone, Debug)]
pub struct Notifier {
    telling: SyncSender<Telling>,
    told: Arc<Mutex<Told>>,
}

/// A command, and the alert that it is to be given.
type Telling = (Vec<String>, Alert);

/// How telling goes.
#[derive(Debug, Default)]
struct Told {
    /// Whether the command did not take the alert that it was given last.
    fails: bool,
    /// The alerts that no command has taken yet, by code and what they are about, and whether one was given it.
    untaken: BTreeMap<(String, String), bool>,
}

impl Told {
    /// Notes a try. Only whoever tries on, or has not tried yet, still has something to tell.
    fn note(&mut self, alert: &Alert, is_taken: bool, tries_on: bool) {
        self.fails = !is_taken;
        if tries_on {
            self.untaken.insert(name(alert), true);
        } else {
            self.untaken.remove(&name(alert));
        }
    }
}

fn name(alert: &Alert) -> (String, String) {
    (alert.code.clone(), alert.about.clone())
}

impl Notifier {
    /// Starts the thread. It ends with the last of the notifiers.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn start() -> io::Result<Self> {
        Self::start_with(AGAIN_AFTER)
    }

    fn start_with(again_after: Duration) -> io::Result<Self> {
        let (telling, received) = sync_channel(MOST_WAITING);
        let told = Arc::<Mutex<Told>>::default();
        let noted = told.clone();
        thread::Builder::new().name("notify".to_owned()).spawn(move || tell(&received, again_after, &noted))?;
        Ok(Self { telling, told })
    }

    /// Whether the command did not take the alert that it was given last.
    pub fn fails(&self) -> bool {
        lock(&self.told).fails
    }

    /// Another command has failed at nothing yet.
    pub fn forget_failure(&self) {
        lock(&self.told).fails = false;
    }

    /// Gives an alert to the command, without waiting for it.
    pub fn notify(&self, command: &[String], alert: &Alert) {
        let mut told = lock(&self.told);
        match self.telling.try_send((command.to_vec(), alert.clone())) {
            Ok(()) => drop(told.untaken.insert(name(alert), false)),
            Err(_) => tracing::warn!(alert = alert.code, "the notify command is behind; this alert is not given to it"),
        }
    }

    /// Whether the command has yet to take an alert that it was, or is to be, given.
    pub fn has_yet_to_tell(&self, alert: &Alert) -> bool {
        lock(&self.told).untaken.contains_key(&name(alert))
    }

    /// Waits until the command was given each alert once, so long at most.
    pub fn settle(&self, patience: Duration) {
        let began = Monotonic::now();
        while lock(&self.told).untaken.values().any(|was_given| !was_given) && began.elapsed() < patience {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// No holder panics between two changes that belong together.
fn lock(told: &Mutex<Told>) -> MutexGuard<'_, Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives what comes in to its command, and again what that did not take: its mail server may be down for a while.
fn tell(received: &Receiver<Telling>, again_after: Duration, told: &Mutex<Told>) {
    // The oldest first: each is due so long after its last try, whatever comes in meanwhile.
    let mut failed: VecDeque<(Monotonic, Telling, u32)> = VecDeque::new();
    loop {
        let next = failed.front().map_or(again_after, |(due, ..)| due.saturating_duration_since(Monotonic::now()));
        let again = failed.pop_front_if(|(due, ..)| *due <= Monotonic::now());
        let (telling, tried) = match again {
            Some((_, telling, tried)) => (telling, tried),
            None => match received.recv_timeout(next) {
                Ok(telling) => (telling, 1),
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            },
        };
        let is_taken = is_taken(&telling);
        let tries_on = !is_taken && tried < TRIES && failed.len() < MOST_WAITING;
        lock(told).note(&telling.1, is_taken, tries_on);
        if tries_on {
            failed.push_back((Monotonic::now() + again_after, telling, tried + 1));
        }
    }
}

fn is_taken((command, alert): &Telling) -> bool {
    let given = give(command, alert, PATIENCE);
    match &given {
        Ok(true) => tracing::debug!(alert = alert.code, "the notify command took an alert"),
        Ok(false) => tracing::warn!(alert = alert.code, "the notify command failed or took too long"),
        Err(error) => tracing::warn!(alert = alert.code, %error, "the notify command could not be run"),
    }
    given.unwrap_or(false)
}

/// Whether the command took it.
fn give(command: &[String], alert: &Alert, patience: Duration) -> io::Result<bool> {
    let [program, arguments @ ..] = command else { return Ok(false) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(input(&serde_json::to_string(alert)?)?)
        // Whatever it begins ends with it.
        .process_group(0)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_remove("NOTIFY_SOCKET")
        .env_remove("CREDENTIALS_DIRECTORY")
        .spawn()?;
    wait(&mut child, patience)
}

/// A line as a command's standard input. In memory and not a pipe: a command may ignore its input, and a pipe that is
/// full would wait for it.
fn input(line: &str) -> io::Result<File> {
    let mut input = File::from(memfd_create("alert", MemfdFlags::CLOEXEC)?);
    writeln!(input, "{line}")?;
    input.rewind()?;
    Ok(input)
}

fn wait(child: &mut Child, patience: Duration) -> io::Result<bool> {
    let began = Monotonic::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if began.elapsed() > patience {
            kill_process_group(Pid::from_child(child), Signal::KILL)?;
            child.wait()?;
            return Ok(false);
        }
        thread::sleep(Duration::from_millis(50));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert() -> Alert {
        Alert {
            code: "plan-waiting".to_owned(),
            about: "2026-11-21-4f9a2c01".to_owned(),
            message: "plan 2026-11-21-4f9a2c01 waits for a decision".to_owned(),
            since: "2026-11-21T02:00:00Z".parse().unwrap(),
        }
    }

    #[test]
    fn the_command_gets_the_alert_as_json() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("alert.json");
        let command = ["sh".to_owned(), "-c".to_owned(), format!("cat > {}", file.display())];
        assert!(give(&command, &alert(), PATIENCE).unwrap());
        let told: Alert = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(told, alert());
    }

    #[test]
    fn a_command_that_fails_is_told_and_one_that_ignores_its_input_is_not_at_fault() {
        assert!(!give(&["false".to_owned()], &alert(), PATIENCE).unwrap());
        assert!(give(&["true".to_owned()], &alert(), PATIENCE).unwrap());
        assert!(give(&["/nonexistent/command".to_owned()], &alert(), PATIENCE).is_err());
    }

    #[test]
    fn a_command_that_hangs_is_ended_with_all_that_it_began_and_a_long_alert_does_not_wait_for_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("pid");
        let script = format!("sleep 120 & echo $! > {}; wait", file.display());
        let long = Alert { message: "x".repeat(1 << 20), ..alert() };
        let began = Monotonic::now();
        assert!(!give(&["sh".to_owned(), "-c".to_owned(), script], &long, Duration::from_secs(1)).unwrap());
        assert!(began.elapsed() < Duration::from_secs(60));
        let stat = format!("/proc/{}/stat", std::fs::read_to_string(file).unwrap().trim());
        // Gone, or a zombie that whoever adopted it has not reaped.
        let is_gone = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
        while !is_gone() {
            assert!(began.elapsed() < Duration::from_secs(60), "what it began lives on");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn an_alert_that_the_command_did_not_take_is_given_to_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let (tried, told) = (dir.path().join("tried"), dir.path().join("told"));
        let script = format!("test -e {0} && cat > {1} || {{ touch {0}; exit 1; }}", tried.display(), told.display());
        let notifier = Notifier::start_with(Duration::from_millis(50)).unwrap();
        notifier.notify(&["sh".to_owned(), "-c".to_owned(), script], &alert());
        let began = Monotonic::now();
        while !std::fs::read_to_string(&told).is_ok_and(|text| text.contains("plan-waiting")) {
            assert!(began.elapsed() < Duration::from_secs(30), "told once, and never again");
            thread::sleep(Duration::from_millis(20));
        }
        // It has ended a moment later.
        while notifier.fails() {
            assert!(began.elapsed() < Duration::from_secs(30), "it took the last one");
            thread::sleep(Duration::from_millis(20));
        }
    }

    #[test]
    fn an_alert_that_the_command_did_not_take_is_given_to_it_again_also_while_others_come_in() {
        let dir = tempfile::tempdir().unwrap();
        let (tried, told) = (dir.path().join("tried"), dir.path().join("told"));
        let script = format!("test -e {0} && cat > {1} || {{ touch {0}; exit 1; }}", tried.display(), told.display());
        let notifier = Notifier::start_with(Duration::from_millis(500)).unwrap();
        notifier.notify(&["sh".to_owned(), "-c".to_owned(), script], &alert());
        let began = Monotonic::now();
        while !told.exists() {
            assert!(began.elapsed() < Duration::from_secs(10), "others kept it from being told again");
            notifier.notify(&["true".to_owned()], &alert());
            thread::sleep(Duration::from_millis(100));
        }
    }
}
