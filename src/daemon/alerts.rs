//! What a person should know: raised once, told once, cleared when it is over.

use std::collections::BTreeMap;

use super::notify::Notifier;
use crate::disposition::control::Alert;
use crate::model::Instant;

/// Kinds of alerts, by their stable names. `docs/ops/alerts.md` says what to do about each.
pub mod kind {
    macro_rules! kinds {
        ($($name:ident = $code:literal),+ $(,)?) => {
            $(pub const $name: &str = $code;)+
            /// Every kind.
            pub const ALL: &[&str] = &[$($name),+];
        };
    }

    kinds! {
        PLAN_WAITING = "plan-waiting",
        OVERDUE = "overdue",
        RAIL_TRIPPED = "rail-tripped",
        SCAN_FAILED = "scan-failed",
        RUN_FAILED = "run-failed",
        RUN_PARTIAL = "run-partial",
        FILES_LEFT = "files-left",
        FILES_UNCLEAR = "files-unclear",
        RESTORED = "restored",
        UNANCHORED = "unanchored",
        CLOCK = "clock",
        CONFIGURATION = "configuration",
        LOG = "log",
        RECOVERY = "recovery",
        HOLDS_LOST = "holds-lost",
        NOTIFY = "notify",
    }
}

/// The alerts that stand.
#[derive(Debug, Default)]
pub struct Alerts {
    standing: BTreeMap<(&'static str, String), Alert>,
    /// Alerts are given to this command too.
    hook: Option<Vec<String>>,
    notifier: Option<Notifier>,
}

impl Alerts {
    /// No alerts yet; they will be given to commands by this notifier.
    pub fn new(notifier: Notifier) -> Self {
        Self { notifier: Some(notifier), ..Self::default() }
    }

    /// From now on, alerts are given to this command.
    pub fn give_to(&mut self, hook: Option<Vec<String>>) {
        if let Some(notifier) = self.notifier.as_ref().filter(|_| hook != self.hook) {
            notifier.forget_failure();
        }
        self.hook = hook;
    }

    /// Raises an alert where the command did not take the one that it was given last, and ends it once it takes one.
    pub fn look_at_hook(&mut self, now: Instant) {
        if self.hook.is_some() && self.notifier.as_ref().is_some_and(Notifier::fails) {
            let message = "the notify command did not take the last alert: it failed, took longer than 30 s, or could not be run, as the log of the service says; it is given again every ten minutes, six times in all. Until the command is mended, alerts are told here, in the log and in the metrics only";
            self.raise(kind::NOTIFY, "command", message.to_owned(), now);
        } else {
            self.clear(kind::NOTIFY, "command");
        }
    }

    /// Raises an alert. One that stands is not told again: only its words follow what they count. No personal
    /// information goes in.
    pub fn raise(&mut self, code: &'static str, about: &str, message: String, now: Instant) {
        let name = (code, about.to_owned());
        if let Some(standing) = self.standing.get_mut(&name) {
            standing.message = message;
            return;
        }
        tracing::warn!(alert = code, about, "{message}");
        let alert = Alert { code: code.to_owned(), about: about.to_owned(), message, since: now };
        // That it fails, a command need not be told.
        if code != kind::NOTIFY {
            self.tell(&alert);
        }
        self.standing.insert(name, alert);
    }

    fn tell(&self, alert: &Alert) {
        if let (Some(hook), Some(notifier)) = (&self.hook, &self.notifier) {
            notifier.notify(hook, alert);
        }
    }

    /// This one stood before a restart: it stands on, and is told only if it was not told then.
    pub fn restore(&mut self, alert: &Alert, is_untold: bool) {
        // One of a kind that another version knew is gone with it.
        if let Some(code) = kind::ALL.iter().find(|code| **code == alert.code) {
            if is_untold {
                self.tell(alert);
            }
            self.standing.insert((code, alert.about.clone()), alert.clone());
        }
    }

    /// Whether the command has yet to take an alert that stands.
    pub fn is_untold(&self, alert: &Alert) -> bool {
        self.notifier.as_ref().is_some_and(|notifier| notifier.has_yet_to_tell(alert))
    }

    /// What gives alerts to the command.
    pub fn notifier(&self) -> Option<Notifier> {
        self.notifier.clone()
    }

    /// It is over.
    pub fn clear(&mut self, code: &'static str, about: &str) {
        if self.standing.remove(&(code, about.to_owned())).is_some() {
            tracing::info!(alert = code, about, "the alert is over");
        }
    }

    /// Those of a kind that are not about one of `about` are over.
    pub fn keep_only(&mut self, code: &'static str, about: &[&str]) {
        let over: Vec<String> = self
            .standing
            .keys()
            .filter(|(kind, of)| *kind == code && !about.contains(&of.as_str()))
            .map(|(_, of)| of.clone())
            .collect();
        over.iter().for_each(|of| self.clear(code, of));
    }

    /// How many of a kind stand.
    pub fn count(&self, code: &str) -> usize {
        self.standing.keys().filter(|(kind, _)| *kind == code).count()
    }

    /// Those that stand.
    pub fn standing(&self) -> Vec<Alert> {
        self.standing.values().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_alert_whose_figures_change_is_told_once_says_the_latest_and_is_never_about_the_command_that_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("told");
        let mut alerts = Alerts::new(Notifier::start().unwrap());
        alerts.give_to(Some(["sh", "-c", &format!("cat >> {}", file.display())].map(str::to_owned).to_vec()));
        let at = |hour: u32| format!("2026-11-21T{hour:02}:00:00Z").parse().unwrap();
        alerts.raise(kind::UNANCHORED, "log", "the last 7 entries".to_owned(), at(1));
        alerts.raise(kind::UNANCHORED, "log", "the last 8 entries".to_owned(), at(2));
        // It is the command that failed, which would only fail again.
        alerts.raise(kind::NOTIFY, "command", "it failed".to_owned(), at(3));
        alerts.raise(kind::UNANCHORED, "last", "what is told last".to_owned(), at(3));
        let standing = alerts.standing();
        assert_eq!((standing[2].message.as_str(), standing[2].since), ("the last 8 entries", at(1)));
        let told = || std::fs::read_to_string(&file).unwrap_or_default();
        let began = std::time::Instant::now();
        while !told().contains("what is told last") {
            assert!(began.elapsed() < std::time::Duration::from_secs(30), "{}", told());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        assert_eq!(told().lines().count(), 2, "{}", told());
    }

    #[test]
    fn an_alert_stands_since_it_was_raised_until_it_is_over() {
        let at = |hour: u32| format!("2026-11-21T{hour:02}:00:00Z").parse().unwrap();
        let mut alerts = Alerts::default();
        alerts.raise(kind::RESTORED, "parle", "restored".to_owned(), at(1));
        alerts.raise(kind::RESTORED, "parle", "restored".to_owned(), at(2));
        alerts.raise(kind::RESTORED, "other", "restored".to_owned(), at(3));
        assert_eq!(alerts.standing().iter().map(|alert| alert.since).collect::<Vec<_>>(), [at(3), at(1)]);
        alerts.keep_only(kind::RESTORED, &["parle"]);
        assert_eq!(alerts.standing().len(), 1);
        alerts.clear(kind::RESTORED, "parle");
        assert_eq!(alerts.standing(), []);
    }

    #[test]
    fn every_kind_of_alert_is_explained_to_who_is_woken_and_told_by_prometheus_and_no_other_is() {
        let every: BTreeSet<&str> = kind::ALL.iter().copied().collect();
        let page = include_str!("../../docs/ops/alerts.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.collect::<BTreeSet<_>>(), every, "docs/ops/alerts.md");
        let rules = include_str!("../../docs/ops/alerts.yml");
        let told = rules.split("code=~\"").skip(1).filter_map(|rest| rest.split('"').next());
        let told: Vec<&str> = told.flat_map(|codes| codes.split('|')).collect();
        assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), every, "docs/ops/alerts.yml");
        assert_eq!(told.len(), every.len(), "each by one rule");
        let codes = include_str!("../../docs/ops/daemon.md").split("  Codes: ").nth(1).unwrap();
        let codes = codes.split("\n- ").next().unwrap().split('`').skip(1).step_by(2);
        let codes: BTreeSet<&str> = codes.filter(|code| !code.contains(['_', '.', ' '])).collect();
        assert_eq!(codes, every, "docs/ops/daemon.md");
    }
}
