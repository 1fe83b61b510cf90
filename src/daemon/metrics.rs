//! The daemon's figures in Prometheus text. Labels are rules, actions and series of the configuration: never a record.

use std::sync::atomic::{AtomicI64, AtomicU64};

use chrono::NaiveTime;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry};

use super::alerts::{Alerts, kind};
use super::board::Counts;
use super::standing::Anchor;
use crate::disposition::control::LeftFiles;
use crate::model::{Instant, RuleNumber};

/// The media type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Disposal {
    rule: String,
    action: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// Every figure.
pub struct Metrics {
    registry: Registry,
    destroyed: Family<Disposal, Counter>,
    runs: Family<Outcome, Counter>,
    overdue: Family<Of, Gauge>,
    overdue_since: Family<Of, Gauge>,
    run_duration: Gauge<f64, AtomicU64>,
    last_success: Gauge<i64, AtomicI64>,
    last_scan: Gauge<i64, AtomicI64>,
    started: Gauge<i64, AtomicI64>,
    holds: Gauge,
    files_left: Gauge,
    files_left_since: Gauge,
    unanchored: Gauge,
    anchored_at: Gauge,
    entries: Gauge,
    log_writable: Gauge,
    alerts: Family<OfKind, Gauge>,
}

impl Metrics {
    /// All figures at zero, but for the start and the log (it could be opened).
    pub fn new(started: Instant) -> Self {
        let mut registry = Registry::with_prefix("retentiond");
        let of = &mut registry;
        of.register("build", "Version", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        let metrics = Self {
            // The counters' names get `_total` from the encoder.
            destroyed: figure(of, "records_destroyed", "Records disposed of"),
            runs: figure(of, "runs", "Runs, by how they ended"),
            overdue: figure(of, "overdue_records", "Records past their term and not destroyed"),
            overdue_since: figure(of, "overdue_oldest_timestamp_seconds", "When the oldest overdue record fell due"),
            run_duration: figure(of, "run_duration_seconds", "Duration of the last run"),
            last_success: figure(of, "last_success_timestamp_seconds", "When a run last went through its plan"),
            last_scan: figure(of, "last_scan_timestamp_seconds", "When records were last scanned; 0 where never"),
            started: figure(of, "started_timestamp_seconds", "When the daemon started"),
            holds: figure(of, "holds_active", "Holds in force"),
            files_left: figure(of, "files_left", "Files that should be gone and could not be unlinked"),
            files_left_since: figure(
                of,
                "files_left_oldest_timestamp_seconds",
                "Since when the first file is left, or 0",
            ),
            unanchored: figure(of, "checkpoint_unanchored_entries", "Entries that no witnessed checkpoint covers"),
            anchored_at: figure(
                of,
                "checkpoint_anchored_timestamp_seconds",
                "When a witness last saw the log, or since when none did",
            ),
            entries: figure(of, "log_entries", "Entries of the destruction log"),
            log_writable: figure(
                of,
                "log_writable",
                "Whether what was last to be put on record could be (1) or not (0)",
            ),
            alerts: figure(of, "alerts_standing", "Alerts that stand, by their kind"),
            registry,
        };
        metrics.started.set(started.timestamp());
        metrics.log_is_writable(true);
        metrics
    }

    /// Counts records disposed of under a rule.
    pub fn disposed(&self, rule: &RuleNumber, action: &'static str, records: u64) {
        self.destroyed.get_or_create(&Disposal { rule: rule.to_string(), action }).inc_by(records);
    }

    /// Counts a run.
    pub fn run_ended(&self, outcome: &'static str, seconds: f64, now: Instant) {
        self.runs.get_or_create(&Outcome { outcome }).inc();
        self.run_duration.set(seconds);
        if outcome == "finished" {
            self.last_success.set(now.timestamp());
        }
    }

    /// Notes a scan.
    pub fn scanned(&self, now: Instant) {
        self.last_scan.set(now.timestamp());
    }

    /// A scan at a time to come was made under a clock that was wrong: it would hide for so long that there is none.
    pub fn forget_scan_to_come(&self, now: Instant) {
        self.last_scan.set(self.last_scan.get().min(now.timestamp()));
    }

    /// Notes what is past its term.
    pub fn overdue(&self, counts: &Counts) {
        self.overdue.clear();
        self.overdue_since.clear();
        for (rule, overdue) in &counts.overdue {
            let of = Of { rule: rule.to_string() };
            self.overdue.get_or_create(&of).set(gauge(overdue.records));
            if let Some(oldest) = overdue.oldest {
                self.overdue_since.get_or_create(&of).set(oldest.and_time(NaiveTime::MIN).and_utc().timestamp());
            }
        }
    }

    /// Notes where log and holds stand.
    pub fn stand(&self, entries: u64, anchor: &Anchor, holds: u64) {
        self.entries.set(gauge(entries));
        self.unanchored.set(gauge(entries.saturating_sub(anchor.size)));
        self.anchored_at.set(anchor.since.timestamp());
        self.holds.set(gauge(holds));
    }

    /// Notes what files are left that should be gone.
    pub fn left(&self, left: &[LeftFiles]) {
        self.files_left.set(gauge(left.iter().map(|left| left.files).sum()));
        let oldest = left.iter().map(|left| left.since).min();
        self.files_left_since.set(oldest.map_or(0, |since| since.timestamp()));
    }

    /// Notes whether what was last to be put on record could be.
    pub fn log_is_writable(&self, is_writable: bool) {
        self.log_writable.set(is_writable.into());
    }

    /// Notes how many alerts of each kind stand.
    pub fn alerts(&self, alerts: &Alerts) {
        for code in kind::ALL {
            self.alerts.get_or_create(&OfKind { code }).set(gauge(alerts.count(code) as u64));
        }
    }

    /// The text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a text does not fail.
        let _infallible = encode(&mut text, &self.registry);
        text
    }
}

/// A figure at zero, under its name in the text.
fn figure<F: Metric + Clone + Default>(registry: &mut Registry, name: &str, help: &str) -> F {
    let figure = F::default();
    registry.register(name, help, figure.clone());
    figure
}

/// Gauges are signed.
fn gauge(value: u64) -> i64 {
    value.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::disposition::control::Overdue;

    const NOW: &str = "2026-11-21T02:00:00Z";

    /// Figures of a daemon that has seen everything.
    fn busy() -> Metrics {
        let now: Instant = NOW.parse().unwrap();
        let metrics = Metrics::new(now - chrono::TimeDelta::days(1));
        metrics.disposed(&RuleNumber::from("PC-1"), "destroy", 3);
        metrics.disposed(&RuleNumber::from("PC-1"), "destroy", 4);
        let oldest = "2026-11-01".parse().ok();
        let overdue = [(RuleNumber::from("PC-2"), Overdue { records: 9, oldest })].into();
        metrics.scanned(now);
        metrics.overdue(&Counts { at: now, entries: 0, overdue });
        metrics.stand(10, &Anchor { size: 4, since: "2026-11-20T00:00:00Z".parse().unwrap() }, 2);
        metrics.alerts(&Alerts::default());
        metrics.run_ended("partial", 1.5, now);
        metrics
    }

    #[test]
    fn the_text_names_rules_and_figures() {
        let text = busy().text();
        for line in [
            "retentiond_records_destroyed_total{rule=\"PC-1\",action=\"destroy\"} 7",
            "retentiond_overdue_records{rule=\"PC-2\"} 9",
            "retentiond_overdue_oldest_timestamp_seconds{rule=\"PC-2\"} 1793491200",
            "retentiond_checkpoint_unanchored_entries 6",
            "retentiond_checkpoint_anchored_timestamp_seconds 1795132800",
            "retentiond_holds_active 2",
            "retentiond_last_success_timestamp_seconds 0",
            "retentiond_last_scan_timestamp_seconds 1795226400",
            "retentiond_run_duration_seconds 1.5",
            concat!("retentiond_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ] {
            assert!(text.lines().any(|own| own == line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_daemon_that_has_just_started_says_since_when_and_that_it_never_scanned() {
        let text = Metrics::new(NOW.parse().unwrap()).text();
        assert!(text.contains("retentiond_last_scan_timestamp_seconds 0\n"), "{text}");
        assert!(text.contains("retentiond_started_timestamp_seconds 1795226400\n"), "{text}");
    }

    #[test]
    fn a_scan_at_a_time_to_come_is_no_reason_to_miss_none_until_then() {
        let metrics = busy();
        let scanned = |now: &str| {
            metrics.forget_scan_to_come(now.parse().unwrap());
            metrics.last_scan.get()
        };
        assert_eq!(scanned("2026-11-21T02:00:01Z"), 1_795_226_400);
        assert_eq!(scanned("2025-11-21T02:00:00Z"), 1_795_226_400 - 365 * 86_400);
    }

    #[test]
    fn every_figure_that_the_alert_rules_name_is_exported() {
        let rules = include_str!("../../docs/ops/alerts.yml");
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let words = rules.lines().filter(|line| line.contains("expr:")).flat_map(|line| line.split(|l| !is_word(l)));
        let named: BTreeSet<&str> = words.filter(|word| word.starts_with("retentiond_")).collect();
        assert!(named.len() > 5, "{named:?}");
        let text = busy().text();
        let exported: BTreeSet<&str> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split(['{', ' ']).next())
            .collect();
        assert_eq!(named.difference(&exported).collect::<Vec<_>>(), Vec::<&&str>::new());
    }
}
