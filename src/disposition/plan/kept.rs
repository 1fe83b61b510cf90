//! What a plan leaves out for the sake of other rows that would change with a record.

use super::PlanError;
use super::make::Scan;
use super::scope::Tally;
use crate::audit::leaf::Action;
use crate::disposition::company::{Company, Keeping};
use crate::model::RecordKey;
use crate::records::sqlite::Reader;

/// Records that are asked about at once.
const PAGE: usize = 1_000;

impl Scan<'_> {
    /// Takes out what stays for the sake of another row that would change with it. What stays for those that refer to
    /// such a row is settled with what they refer to.
    pub fn keep_with_other_rows(&self, reader: &mut Reader, tallies: &mut [Tally]) -> Result<(), PlanError> {
        let at = self.series().judged_at(self.scope.request)?;
        let company = Company::of(self.install, self.series().mapping, at.now)?;
        if !company.may_keep(self.holds) {
            return Ok(());
        }
        let mut last = Vec::new();
        loop {
            let records;
            (records, last) = self.draft.records_after(self.place, &last, PAGE)?;
            if records.is_empty() {
                return Ok(());
            }
            for action in [Action::Destroy, Action::Anonymize] {
                let of_action = records.iter().filter(|record| record.action == action);
                let keys: Vec<RecordKey> = of_action.map(|record| record.key.clone()).collect();
                for (key, keeping) in keys.iter().zip(company.keeping(self.holds, action, at, &keys, reader)?) {
                    self.take_out_kept(key, &keeping, tallies)?;
                    let blockers = keeping.blockers.iter().map(|(series, key)| self.edge(Some(series), key));
                    self.draft.block(self.place, key, blockers)?;
                }
            }
        }
    }

    fn take_out_kept(&self, key: &RecordKey, keeping: &Keeping, tallies: &mut [Tally]) -> Result<(), PlanError> {
        if keeping.is_by_blockers_only() {
            return Ok(());
        }
        let Some(rule) = self.draft.take_out(self.place, key)? else { return Ok(()) };
        let tally = &mut tallies[rule];
        tally.counts.due -= 1;
        *if keeping.is_held() { &mut tally.counts.held } else { &mut tally.counts.blocked } += 1;
        keeping.holds.iter().for_each(|hold| *tally.held_by.entry(hold.clone()).or_default() += 1);
        Ok(())
    }
}
