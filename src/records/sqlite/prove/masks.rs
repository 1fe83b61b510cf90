//! Masks that the schema would refuse in the middle of a run.

use std::collections::BTreeMap;

use super::scratch::Trial;
use super::{Proof, list, part_place, place};
use crate::records::mapping::{Condition, Literal, Mask, SeriesMapping};
use crate::records::sqlite::Severity;
use crate::records::sqlite::catalog::Table;

/// What is masked in the rows of one table.
struct Masking<'m> {
    at: String,
    table: &'m str,
    masks: &'m BTreeMap<String, Mask>,
    /// Of these rows only.
    condition: Option<&'m Condition>,
}

impl Proof<'_> {
    /// Every mask can be put in place: by what the schema says, then by trying it on a few rows in memory.
    pub(super) fn masks(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for part in series.parts.iter().filter(|part| !part.anonymize.is_empty() && series.shares(part)) {
            let message =
                format!("rows of {} are shared by records, so no rule of one of them can mask them", part.table);
            let mend = format!(
                "take `anonymize` out of the part, and map {} as a series of its own with a rule that masks it",
                part.table
            );
            self.error("mask-shared", format!("{}.anonymize", part_place(series, part)), message, mend);
        }
        let own = Masking {
            at: format!("{}.anonymize", place(series)),
            table: &series.table,
            masks: &series.anonymize,
            condition: series.filter.as_ref(),
        };
        let parts = series.parts.iter().map(|part| Masking {
            at: format!("{}.anonymize", part_place(series, part)),
            table: &part.table,
            masks: &part.anonymize,
            condition: part.condition.as_ref(),
        });
        for masking in std::iter::once(own).chain(parts).filter(|masking| !masking.masks.is_empty()) {
            let Some(table) = self.table(masking.table).cloned() else { continue };
            let before = self.errors();
            self.by_schema(&masking, &table);
            if self.errors() == before {
                self.by_trial(&masking, &table)?;
            }
        }
        Ok(())
    }

    fn by_schema(&mut self, masking: &Masking<'_>, table: &Table) {
        let Masking { at, table: name, masks, .. } = masking;
        for (column, mask) in *masks {
            let can_be_null =
                matches!(mask, Mask::Null | Mask::TruncateIp | Mask::DateToYear | Mask::Constant(Literal::Null));
            if can_be_null && table.is_never_null(column) {
                let message = format!("{column} of {name} cannot be NULL, which its mask may put there");
                self.error("mask-null", at.clone(), message, format!("{column} = {{ constant = \"…\" }}"));
            }
            if *mask != Mask::Null && table.is_unique(std::slice::from_ref(column)) {
                let message = format!("{column} of {name} is unique, and its mask gives several rows the same value");
                self.error("mask-unique", at.clone(), message, format!("{column} = \"null\", or leave it out"));
            }
            if table.column(column).is_some_and(|column| column.generated) {
                let message = format!("{column} of {name} is computed from other columns");
                self.error("mask-generated", at.clone(), message, "mask the columns that it is computed from");
            }
        }
    }

    fn by_trial(&mut self, masking: &Masking<'_>, table: &Table) -> rusqlite::Result<()> {
        let Masking { at, table: name, masks, condition } = masking;
        match self.try_masks(name, masks, *condition)? {
            Some(trial) if trial.tried > 0 => self.judge_trial(at, name, table, &trial),
            _ if self.has_check(name)? => {
                let message = format!(
                    "{name} has CHECK constraints, which a mask may break, and they could not be tried on any row; the record would fail, and be left as it is"
                );
                self.note("mask-check", at.clone(), message, "try `apply` on a copy");
            }
            _ => {}
        }
        Ok(())
    }

    fn judge_trial(&mut self, at: &str, name: &str, table: &Table, trial: &Trial) {
        let refused: u64 = trial.refused.values().sum();
        if refused > 0 {
            let reasons = list(trial.refused.keys().map(String::as_str));
            let message = format!(
                "of {} rows of {name} that were masked in a copy in memory, {refused} were refused ({reasons}): such records would fail, and be left as they are",
                trial.tried
            );
            let mend = if trial.is_unique_broken {
                "\"null\" for one of the columns that are unique together, or leave it out"
            } else {
                "a mask, or a constant, that the constraint accepts; or another constraint"
            };
            // A few among many may be bad rows; where all are refused, or two get in each other's way, the mask cannot
            // work.
            let cannot_work = refused == trial.tried || trial.is_unique_broken;
            let gravity = if cannot_work { Severity::Error } else { Severity::Warning };
            self.find(gravity, "mask-refused", at, message, mend);
        }
        if !trial.not_kept.is_empty() {
            let columns = list(trial.not_kept.iter().map(String::as_str));
            let message = format!(
                "{columns} of {name} makes something else of what its mask puts there, by its type: no record would ever count as masked"
            );
            self.error("mask-refused", at, message, "a constant of the column's own type, or \"null\"");
        }
        if trial.is_trigger_against {
            let triggers = list(table.triggers.iter().map(String::as_str));
            let message = format!(
                "a trigger of {name} ({triggers}) refuses its masks, or takes them away, in a copy in memory that has rows of this table only: the records may fail, and be left as they are"
            );
            self.warning("mask-trigger", at, message, "let the trigger pass masked rows, or try `apply` on a copy");
        }
    }

    fn has_check(&self, table: &str) -> rusqlite::Result<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND lower(name) = lower(?1) AND sql LIKE '%CHECK%(%')";
        self.opened.conn.query_row(sql, [table], |row| row.get(0))
    }
}
