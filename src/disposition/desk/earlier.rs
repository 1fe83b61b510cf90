//! The logs that this one continues, and what they say.

use crate::audit::earlier::{Kept, beside, earlier_logs};
use crate::audit::{self, Entries, LogError, LogReader};
use crate::disposition::chronicle::Chronicle;
use crate::model::Origin;

use super::{Desk, DeskError};

/// A log that this one continues, as far as its successor names it.
pub struct EarlierLog {
    pub log: LogReader,
    pub origin: Origin,
    pub chronicle: Chronicle,
}

impl Desk {
    /// The logs before this one, the last one first, as far as their entries stand beside it: read once, for they
    /// change no more.
    ///
    /// # Errors
    /// A log that cannot be read.
    pub fn earlier(&mut self) -> Result<&[EarlierLog], DeskError> {
        let earlier = match self.earlier.take() {
            Some(earlier) => earlier,
            None => self.read_earlier()?,
        };
        Ok(self.earlier.insert(earlier))
    }

    fn read_earlier(&self) -> Result<Vec<EarlierLog>, LogError> {
        let continued = self.log.continued()?;
        if continued.is_none() {
            return Ok(Vec::new());
        }
        let directories = beside(&audit::dir_in(&self.install.state));
        let mut found = Vec::new();
        for earlier in earlier_logs(continued.as_ref(), directories, &[]) {
            let Kept::Whole(pinned) = &earlier.kept else {
                tracing::warn!(
                    log = %earlier.named.origin,
                    "the log before this one is not beside it as it was: whether a database was restored since, it cannot tell"
                );
                continue;
            };
            let log = LogReader::succeeded(&pinned.dir, &earlier.named);
            let mut chronicle = Chronicle::default();
            chronicle.read(&log)?;
            found.push(EarlierLog { log, origin: earlier.named.origin, chronicle });
        }
        Ok(found)
    }
}
