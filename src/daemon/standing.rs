//! Where the log, the holds and the sources stand: for those who ask, for the alerts and for the metrics.

use std::cell::RefCell;
use std::time::{Duration, Instant as Monotonic};

use chrono::TimeDelta;

use super::alerts::kind;
use super::counts::Mark;
use super::runner::Runner;
use super::textfile;
use crate::audit;
use crate::audit::witness::read_witnessed;
use crate::disposition::control::LeftFiles;
use crate::disposition::desk::DeskError;
use crate::disposition::execute::{left_files, unclear_files};
use crate::model::{Instant, counted, in_utc};

/// A run shows its figures so often.
const FIGURES: Duration = Duration::from_secs(if cfg!(feature = "simulate") { 1 } else { 60 });

/// Entries wait so long at most for a checkpoint.
const PUBLISH: TimeDelta = TimeDelta::hours(1);

/// A time server may put the clock back so far.
const PUT_BACK: TimeDelta = TimeDelta::hours(1);

/// Name of the memo that is written to learn whether the private database can be.
pub(super) const WRITTEN: &str = "written";

/// How far witnesses have seen the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Entries that the last witnessed checkpoint covers.
    pub size: u64,
    /// Since when they are these.
    pub since: Instant,
}

impl Runner {
    /// Notes where the log, the holds and the sources stand; puts on record what could not be, and publishes what
    /// waits.
    pub(super) fn look_around(&mut self) {
        let now = self.watch.now();
        // One that somebody raises while this looks, this has not looked at.
        let stands = self.board.show().alerts.count(kind::LOG) > 0;
        let written = self.catch_up(stands, now);
        self.board.show().alerts.look_at_hook(now);
        let noted = self.brake.note_pause();
        match written.and(noted).and(self.look_at_standing(now)).and(self.publish_in_time(now)) {
            Ok(()) if stands => self.board.clear(kind::LOG, "log"),
            Ok(()) => {}
            Err(error) => self.trouble(&error, now),
        }
        self.show_figures();
    }

    /// Shows in the metrics what stands now. Where their textfile cannot be written, that is told once, not every
    /// minute.
    pub(super) fn show_figures(&self) {
        self.figures_at.set(Monotonic::now());
        let shown = self.board.show();
        self.metrics.log_is_writable(shown.alerts.count(kind::LOG) == 0);
        self.metrics.alerts(&shown.alerts);
        drop(shown);
        let Some(path) = &self.config.metrics.textfile else { return };
        let written = textfile::write(path, &self.metrics.text());
        if let (Err(error), false) = (&written, self.textfile_fails.get()) {
            tracing::warn!(path = %path.display(), %error, "the metrics' textfile cannot be written");
        }
        self.textfile_fails.set(written.is_err());
    }

    /// The same once a minute while a run goes on, which may be for hours, with what it disposed of since the mark.
    pub(super) fn show_figures_of_run(&self, mark: &RefCell<Mark>) {
        if self.figures_at.get().elapsed() < FIGURES {
            return;
        }
        let now = self.watch.now();
        if let Err(error) = self.count_disposed(mark).and(self.look_at_standing(now)) {
            self.trouble(&error, now);
        }
        self.show_figures();
    }

    fn publish_in_time(&mut self, now: Instant) -> Result<(), DeskError> {
        if self.published.is_none_or(|published| now - published >= PUBLISH || now < published) {
            self.publish()?;
            self.published = Some(now);
        }
        Ok(())
    }

    /// After a write that failed, for whoever it was: only another one tells that the log can be written again.
    fn catch_up(&self, stands: bool, now: Instant) -> Result<(), DeskError> {
        let mut desk = self.desk.lock()?;
        if stands {
            // The private database can be read on a full disk, too.
            desk.memorize(WRITTEN, Some(&now))?;
        }
        if !desk.owes_record() {
            return Ok(());
        }
        desk.catch_up(now)?;
        let alive = self.sign_of_life(&desk);
        desk.record(alive, now)?;
        tracing::info!("the destruction log can be written again");
        Ok(())
    }

    fn look_at_standing(&self, now: Instant) -> Result<(), DeskError> {
        let mut desk = self.desk.lock()?;
        desk.set_room_aside()?;
        let last = desk.log().last_time();
        let (entries, holds) = (desk.log().size(), desk.holds_in_force().len() as u64);
        let restored: Vec<String> = desk.chronicle()?.history().restored.iter().map(ToString::to_string).collect();
        let lost = desk.lost_holds().count();
        drop(desk);
        self.watch.log_is_at(last);
        let anchor = self.look_at_anchor(entries)?;
        let mut shown = self.board.show();
        let names: Vec<&str> = restored.iter().map(String::as_str).collect();
        shown.alerts.keep_only(kind::RESTORED, &names);
        for source in &restored {
            let message = format!(
                "the database of {source} no longer says what the log says: it, or rows of it, were restored from a copy; its records are destroyed again only by a plan approved with `--accept restored`"
            );
            shown.alerts.raise(kind::RESTORED, source, message, now);
        }
        match lost {
            0 => shown.alerts.clear(kind::HOLDS_LOST, "holds"),
            lost => {
                let holds = counted(lost as u64, "hold is", "holds are");
                let message = format!(
                    "{holds} in force of which the private database has lost what they keep; nothing is destroyed, see `retentiond hold list`"
                );
                shown.alerts.raise(kind::HOLDS_LOST, "holds", message, now);
            }
        }
        drop(shown);
        self.metrics.stand(entries, &anchor, holds);
        self.look_at_left(now)?;
        self.look_at_unclear(now)
    }

    /// An alert for each plan of which files are left that should be gone.
    fn look_at_left(&self, now: Instant) -> Result<(), DeskError> {
        let left = left_files(&self.config.state)?;
        self.metrics.left(&left);
        let mut shown = self.board.show();
        let plans: Vec<&str> = left.iter().map(|left| left.plan.as_str()).collect();
        shown.alerts.keep_only(kind::FILES_LEFT, &plans);
        for LeftFiles { plan, files, since } in &left {
            let what = counted(*files, "file that should be gone", "files that should be gone");
            let are = if *files == 1 { "is" } else { "are" };
            let message = format!(
                "{what} with plan {plan} {are} left since {}; `retentiond apply {plan}` tries again and says why",
                in_utc(*since)
            );
            shown.alerts.raise(kind::FILES_LEFT, plan.as_str(), message, now);
        }
        Ok(())
    }

    /// An alert for each list of files that was set aside, until a person removes the list.
    fn look_at_unclear(&self, now: Instant) -> Result<(), DeskError> {
        let lists = unclear_files(&self.config.state)?;
        // Named by its log and its batch.
        let names: Vec<&str> = lists.iter().filter_map(|list| list.file_stem()?.to_str()).collect();
        let mut shown = self.board.show();
        shown.alerts.keep_only(kind::FILES_UNCLEAR, &names);
        for name in names {
            let message = format!(
                "whether the records of some files went the log does not say: they are listed in `private/spool/{name}.unclear` of the state; look at each, remove it yourself or let it be, then remove the list"
            );
            shown.alerts.raise(kind::FILES_UNCLEAR, name, message, now);
        }
        Ok(())
    }

    /// How many entries a witness has seen; an alert where the rest waits for too long, by a clock that is believed.
    fn look_at_anchor(&self, entries: u64) -> Result<Anchor, DeskError> {
        let (now, doubt) = self.watch.look();
        let witnessed = read_witnessed(&audit::dir_in(&self.config.state));
        // An unreadable cosignature anchors nothing; `audit verify` says what is wrong with it.
        let size = witnessed.ok().flatten().map_or(0, |checkpoint| checkpoint.claimed().tree.size);
        let desk = self.desk.lock()?;
        let since = match desk.recall::<(u64, Instant)>("anchor")? {
            Some((_, since)) if doubt.is_some() => return Ok(Anchor { size, since }),
            // One further ahead of the clock was noted under a wrong one.
            Some((before, since)) if before == size && since - now <= PUT_BACK => since,
            _ => {
                desk.memorize("anchor", Some(&(size, now)))?;
                now
            }
        };
        drop(desk);
        if entries > size && now - since > self.config.alerts.unanchored {
            let message = format!(
                "no witness has seen the last {} of the log for {}; have one keep `retentiond audit checkpoint`",
                counted(entries - size, "entry", "entries"),
                counted((now - since).num_days().unsigned_abs(), "day", "days")
            );
            self.board.raise(kind::UNANCHORED, "log", message, now);
        } else {
            self.board.clear(kind::UNANCHORED, "log");
        }
        Ok(Anchor { size, since })
    }

    pub(super) fn publish(&self) -> Result<(), DeskError> {
        Ok(self.desk.lock()?.log().publish()?)
    }

    /// What the Desk could not do: destruction waits, the service goes on.
    pub(super) fn trouble(&self, error: &DeskError, now: Instant) {
        self.board.raise(kind::LOG, "log", error.refusal().message, now);
    }
}
