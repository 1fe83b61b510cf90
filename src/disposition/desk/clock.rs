//! What a person answered for when the clock lay behind the log.

use super::{Desk, DeskError};
use crate::audit::leaf::{Body, Correction};
use crate::disposition::chronicle::correction;
use crate::model::{Actor, Instant, SourceName};

/// Name of the memo that holds the time of the entry that a person answered for.
const CONFIRMED: &str = "clock-confirmed";

impl Desk {
    /// A named person answers for the clock although the log's last entry lies ahead of it; that is put on record.
    /// Holds until the clock has caught up, also after a restart.
    ///
    /// # Errors
    /// The log or the private database cannot be written.
    pub fn confirm_clock(&mut self, actor: &Actor, now: Instant) -> Result<(), DeskError> {
        self.memorize(CONFIRMED, self.log.last_time().as_ref())?;
        self.accept_confirmed_clock()?;
        let of_no_source = Correction::new(SourceName::new(""), correction::CLOCK);
        let confirmed = Correction { actor: Some(actor.clone()), ..of_no_source };
        self.record(Body::Correction(confirmed), now).map(drop)
    }

    /// The time of the entry that a person answered for last.
    ///
    /// # Errors
    /// The private database cannot be read.
    pub fn answered_for(&self) -> Result<Option<Instant>, DeskError> {
        self.recall(CONFIRMED)
    }

    /// Lets the log go on where a person answered for the clock.
    pub(super) fn accept_confirmed_clock(&mut self) -> Result<(), DeskError> {
        let confirmed = self.answered_for()?;
        if confirmed.is_some() && confirmed == self.log.last_time() {
            self.log.accept_last_time();
        }
        Ok(())
    }
}
