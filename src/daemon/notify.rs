//! The command that alerts are given to, as JSON on its standard input.

use std::io::{self, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant as Monotonic};

use crate::disposition::control::Alert;

/// A command that takes longer is ended: a hook that hangs must not pile up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Alerts that wait for the command at most; with more of them it is the command that is at fault.
const MOST_WAITING: usize = 64;

/// Gives alerts to a command, one after the other, in a thread of its own: it begins before the daemon is restricted,
/// and so the command can do what it must.
#[derive(Clone, Debug)]
pub struct Notifier(SyncSender<(Vec<String>, Alert)>);

impl Notifier {
    /// Starts the thread. It ends with the last of the notifiers.
    ///
    /// # Errors
    /// A thread that cannot be started.
    pub fn start() -> io::Result<Self> {
        let (give_to, received) = sync_channel::<(Vec<String>, Alert)>(MOST_WAITING);
        let body = move || {
            for (command, alert) in received {
                match give(&command, &alert) {
                    Ok(true) => tracing::debug!(alert = alert.code, "the notify command took an alert"),
                    Ok(false) => tracing::warn!(alert = alert.code, "the notify command failed or took too long"),
                    Err(error) => tracing::warn!(alert = alert.code, %error, "the notify command could not be run"),
                }
            }
        };
        thread::Builder::new().name("notify".to_owned()).spawn(body)?;
        Ok(Self(give_to))
    }

    /// Gives an alert to the command, without waiting for it.
    pub fn notify(&self, command: &[String], alert: &Alert) {
        if self.0.try_send((command.to_vec(), alert.clone())).is_err() {
            tracing::warn!(alert = alert.code, "the notify command is behind; this alert is not given to it");
        }
    }
}

/// Whether the command took it.
fn give(command: &[String], alert: &Alert) -> io::Result<bool> {
    let [program, arguments @ ..] = command else { return Ok(false) };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .env_remove("NOTIFY_SOCKET")
        .env_remove("CREDENTIALS_DIRECTORY")
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // An alert is shorter than a pipe's buffer, so this waits for nobody; a command may ignore its input.
        let _taken_or_not = writeln!(input, "{}", serde_json::to_string(alert)?);
    }
    wait(&mut child)
}

fn wait(child: &mut Child) -> io::Result<bool> {
    let began = Monotonic::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        if began.elapsed() > PATIENCE {
            child.kill()?;
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
        assert!(give(&command, &alert()).unwrap());
        let told: Alert = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(told, alert());
    }

    #[test]
    fn a_command_that_fails_is_told_and_one_that_ignores_its_input_is_not_at_fault() {
        assert!(!give(&["false".to_owned()], &alert()).unwrap());
        assert!(give(&["true".to_owned()], &alert()).unwrap());
        assert!(give(&["/nonexistent/command".to_owned()], &alert()).is_err());
    }
}
