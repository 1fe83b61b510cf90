//! Why records stayed when they were last tried: kept privately, for `explain`. The log says only how many did.

use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Desk, DeskError};
use crate::disposition::request::NamedRecord;
use crate::model::{Digest, Instant, PlanId, RuleNumber, RunId};

/// Why a record of a plan is still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stayed {
    pub plan: PlanId,
    pub run: RunId,
    pub at: Instant,
    /// In a sentence, with its mend.
    pub reason: String,
}

impl Desk {
    /// Notes why records stayed, durably, all at once and instead of an earlier reason. Their keys are not kept: keyed
    /// digests find them again.
    ///
    /// # Errors
    /// The private database.
    pub fn note_stayed(&self, staying: &[(NamedRecord, RuleNumber, Stayed)]) -> Result<(), DeskError> {
        let rows = staying
            .iter()
            .map(|(record, rule, stayed)| Ok((self.name_of(record)?, rule, &stayed.plan, self.store.text(stayed)?)));
        let rows = rows.collect::<Result<Vec<_>, DeskError>>()?;
        self.store.run(|connection| {
            // One COMMIT for all: each waits for the disk.
            let transaction = connection.unchecked_transaction()?;
            let mut insert = transaction.prepare_cached("INSERT OR REPLACE INTO stayed VALUES(?1, ?2, ?3, ?4)")?;
            for (name, rule, plan, text) in &rows {
                insert.execute(params![name.as_bytes(), rule.as_str(), plan.as_str(), text])?;
            }
            drop(insert);
            transaction.commit()
        })
    }

    /// Why records stayed when they were last tried, in their order.
    ///
    /// # Errors
    /// The private database.
    pub fn stayed(&self, records: &[NamedRecord]) -> Result<Vec<Option<Stayed>>, DeskError> {
        // Of most plans nothing stayed: then no record need be named.
        if !self.store.run(|connection| connection.prepare_cached("SELECT 1 FROM stayed")?.exists([]))? {
            return Ok(vec![None; records.len()]);
        }
        records.iter().map(|record| self.stayed_one(record)).collect()
    }

    fn stayed_one(&self, record: &NamedRecord) -> Result<Option<Stayed>, DeskError> {
        let name = self.name_of(record)?;
        let text: Option<String> = self.store.run(|connection| {
            let mut select = connection.prepare_cached("SELECT stayed FROM stayed WHERE record = ?1")?;
            select.query_row([name.as_bytes()], |row| row.get(0)).optional()
        })?;
        text.map(|text| self.store.parse(&text)).transpose()
    }

    /// Forgets what earlier plans left of these rules: the plan that went through tried all that was due.
    ///
    /// # Errors
    /// The private database.
    pub fn forget_stayed<'r>(
        &self,
        rules: impl IntoIterator<Item = &'r RuleNumber>,
        plan: &PlanId,
    ) -> Result<(), DeskError> {
        let rules: Vec<&RuleNumber> = rules.into_iter().collect();
        self.store.run(|connection| {
            let mut delete = connection.prepare("DELETE FROM stayed WHERE rule = ?1 AND plan <> ?2")?;
            rules.iter().try_for_each(|rule| delete.execute([rule.as_str(), plan.as_str()]).map(drop))
        })
    }

    fn name_of(&self, record: &NamedRecord) -> Result<Digest, DeskError> {
        let key = self.store.text(&record.key)?;
        Ok(self.log.keyed_digest(&format!("stayed-v1 {} {key}", record.series)))
    }
}
