//! The connections of a run: one for each source, opened when its first record comes.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap};

use super::error::ExecuteError;
use crate::disposition::desk::SharedDesk;
use crate::disposition::{ApprovedPlan, Installation};
use crate::model::SourceName;
use crate::records::sqlite::Writer;

/// Writes to the sources of a plan.
pub(super) struct Writers<'a> {
    shared: &'a SharedDesk,
    plan: &'a ApprovedPlan,
    install: &'a Installation,
    open: HashMap<SourceName, Writer>,
    /// Sources in which triggers may copy what goes, in this run or in one before that it goes on with.
    pub copied_in: BTreeSet<SourceName>,
}

impl<'a> Writers<'a> {
    pub fn new(shared: &'a SharedDesk, plan: &'a ApprovedPlan, install: &'a Installation) -> Self {
        Self { shared, plan, install, open: HashMap::new(), copied_in: BTreeSet::new() }
    }

    /// The connection to a source of the plan.
    ///
    /// # Errors
    /// The source cannot be opened for writing.
    pub fn of(&mut self, name: &SourceName) -> Result<&mut Writer, ExecuteError> {
        match self.open.entry(name.clone()) {
            Entry::Occupied(open) => Ok(open.into_mut()),
            Entry::Vacant(place) => {
                let source = &self.install.sources[name];
                let origin = self.shared.lock()?.log().origin().clone();
                let mut writer = Writer::open(source, &self.install.series, &origin)?;
                let mut planned = self.plan.manifest().series.iter().filter(|planned| planned.source == *name);
                // Also what an interrupted run before this one took may have been copied. A series whose statements
                // cannot be compiled is claimed nothing of; its own batch says why.
                if planned.any(|planned| writer.may_copy(&planned.series).unwrap_or(true)) {
                    self.copied_in.insert(name.clone());
                }
                Ok(place.insert(writer))
            }
        }
    }
}
