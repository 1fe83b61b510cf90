//! Which records of a plan a log says are gone since the plan was made: another plan listed them too. What stands under
//! their names now was put back, and nobody let it go again.

use std::collections::BTreeMap;

use super::back::{key_places, may_be_of};
use super::body::days;
use super::sought::{AT_ONCE, Beginning, Sought, beginning};
use super::{Item, Plan, PlanError, PlannedSeries};
use crate::audit::{self, Fingerprinter, LogReader, Naming, namings, namings_since};
use crate::disposition::Installation;
use crate::model::Fingerprint;

/// The records of a plan that went since it was made. Grows with them alone, by eight bytes each.
#[derive(Debug, Default)]
pub struct GoneSince(Vec<Beginning>);

impl GoneSince {
    /// Whether this record of the plan is one of them.
    pub fn contains(&self, record: &Fingerprint) -> bool {
        self.0.binary_search(&beginning(record)).is_ok()
    }
}

/// Looks in the log, from where it ended when the plan was made.
///
/// # Errors
/// The log, a key or the list cannot be read.
pub fn gone_since(install: &Installation, plan: &Plan) -> Result<GoneSince, PlanError> {
    let log = LogReader::open(&audit::dir_in(&install.state))?;
    let (from, manifest) = (plan.file().entries, plan.manifest());
    let own = |series: &PlannedSeries| Naming {
        source: series.source.clone(),
        series: series.series.clone(),
        year: manifest.fingerprint_year,
    };
    let may_be = |naming: &Naming, series: &PlannedSeries| {
        naming.series == series.series && may_be_of(install, naming, &series.source)
    };
    let mut settled = namings_since(&log, from)?;
    settled.retain(|naming| manifest.series.iter().any(|series| may_be(naming, series)));
    if settled.is_empty() {
        return Ok(GoneSince::default());
    }
    let owns: Vec<Naming> = manifest.series.iter().map(own).collect();
    // The list has their names by its own keys.
    let mut others = BTreeMap::new();
    if settled.iter().any(|naming| !owns.contains(naming)) {
        others = namings(&log, &key_places(install))?.by_key;
        others.retain(|naming, _| settled.contains(naming) && !owns.contains(naming));
    }
    let by_other_keys = |series: &PlannedSeries| -> Vec<(&Naming, &Fingerprinter)> {
        others.iter().filter(|(naming, _)| may_be(naming, series)).collect()
    };
    let others = manifest.series.iter().map(by_other_keys).collect();
    Looking { log: &log, from, owns, others, page: Page::default(), gone: Vec::new() }.through(plan)
}

/// A list that is held against the end of a log.
struct Looking<'l> {
    log: &'l LogReader,
    from: u64,
    /// Per series, under which name the list has its records.
    owns: Vec<Naming>,
    /// Per series, the other names that the log may have for its records.
    others: Vec<Vec<(&'l Naming, &'l Fingerprinter)>>,
    page: Page,
    gone: Vec<Beginning>,
}

/// Records that are looked for in one reading.
#[derive(Default)]
struct Page {
    names: Vec<Beginning>,
    sought: Sought,
}

impl Looking<'_> {
    fn through(mut self, plan: &Plan) -> Result<GoneSince, PlanError> {
        let mut outcome = Ok(());
        plan.body().visit(&mut |item| {
            if outcome.is_ok() {
                self.add(&item);
                if self.page.sought.is_full(AT_ONCE) {
                    outcome = self.find();
                }
            }
        })?;
        outcome.and_then(|()| self.find())?;
        self.gone.sort_unstable();
        Ok(GoneSince(self.gone))
    }

    fn add(&mut self, item: &Item) {
        let Page { names, sought } = &mut self.page;
        let day = days(item.trigger_day);
        names.push(beginning(&item.fingerprint));
        sought.next_record();
        if let (Some(own), Some(others)) = (self.owns.get(item.series), self.others.get(item.series)) {
            sought.add(own, &item.fingerprint, day);
            sought.add_all(others, &item.key, day);
        }
    }

    fn find(&mut self) -> Result<(), PlanError> {
        let Page { names, sought } = std::mem::take(&mut self.page);
        let is_gone = sought.find(self.log, self.from)?;
        self.gone.extend(names.iter().zip(is_gone).filter(|(_, is_gone)| *is_gone).map(|(name, _)| *name));
        Ok(())
    }
}
