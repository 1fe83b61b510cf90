//! Joins that say otherwise than the foreign keys of the schema.

use super::Proof;
use super::joins::{Joined, joins};
use super::links::{self, mirrored};
use crate::records::mapping::{Join, SeriesMapping};
use crate::records::sqlite::catalog::ForeignKey;

impl Proof<'_> {
    /// Every join of columns against what the schema declares of these columns.
    pub(super) fn contradictions(&mut self, series: &SeriesMapping) {
        for joined in joins(self.queries, series) {
            if let Some(key) = self.contradicted(&joined).cloned() {
                self.contradiction(&joined, &key);
            } else if let Some(key) = self.elsewhere(&joined).cloned() {
                self.points_elsewhere(&joined, &key);
            }
        }
    }

    /// Whether a join says otherwise than this foreign key of `table`: that is finding enough.
    pub(super) fn is_contradicted(&self, series: &SeriesMapping, table: &str, key: &ForeignKey) -> bool {
        let is_of = |joined: &Joined<'_>| [joined.this, joined.owner].iter().any(|it| it.eq_ignore_ascii_case(table));
        let joins = joins(self.queries, series).into_iter();
        joins.filter(is_of).any(|joined| self.contradicted(&joined).is_some_and(|found| found == key))
    }

    /// The foreign key between the two tables, in either direction, that ties another column to one that is joined.
    fn contradicted(&self, joined: &Joined<'_>) -> Option<&ForeignKey> {
        let from_here = (self.keys_between(joined.this, joined.owner), joined.on);
        let from_there = (self.keys_between(joined.owner, joined.this), &mirrored(joined.on));
        let sides = [from_here, from_there];
        // Of two keys on one column a join can follow only one.
        if sides.iter().any(|(keys, on)| keys.iter().any(|key| links::joins(on, key))) {
            return None;
        }
        sides.iter().find_map(|(keys, on)| keys.iter().copied().find(|key| contradicts(on, key)))
    }

    fn contradiction(&mut self, joined: &Joined<'_>, key: &ForeignKey) {
        let Joined { at, this, owner, .. } = joined;
        let is_from_here = self.keys_between(this, owner).contains(&key);
        let child = if is_from_here { this } else { owner };
        let refers: Vec<String> = key
            .columns
            .iter()
            .map(|(here, there)| format!("{child}.{here} refers to {there} of {}", key.parent))
            .collect();
        let message = format!(
            "the schema says that {}, and `on` joins it to another column: rows of one record would be taken for another's",
            refers.join(" and ")
        );
        let pairs = key.columns.iter().map(|(here, there)| {
            if is_from_here { format!("{here} = \"{there}\"") } else { format!("{there} = \"{here}\"") }
        });
        let mend = format!("on = {{ {} }}", pairs.collect::<Vec<_>>().join(", "));
        self.error("foreign-key-contradicted", at.clone(), message, mend);
    }

    /// The foreign key by which a joined column refers to a third table, where the owner's column is what identifies
    /// the owner and refers to nothing itself.
    fn elsewhere(&self, joined: &Joined<'_>) -> Option<&ForeignKey> {
        let Joined { this, owner, on, .. } = joined;
        let Join::Columns(pairs) = on else { return None };
        pairs.iter().find_map(|(here, there)| {
            let theirs = self.table(owner)?;
            let refers = theirs.foreign_keys.iter().flat_map(|key| &key.columns);
            let is_own = !refers.into_iter().any(|(column, _)| column.eq_ignore_ascii_case(there))
                && theirs.is_unique(std::slice::from_ref(there));
            let mut keys = self.table(this)?.foreign_keys.iter().filter(|key| {
                key.columns.len() == 1 && key.columns.iter().any(|(column, _)| column.eq_ignore_ascii_case(here))
            });
            let first = keys.next()?;
            let is_elsewhere = |key: &ForeignKey| !key.parent.eq_ignore_ascii_case(owner);
            (is_own && is_elsewhere(first) && keys.all(is_elsewhere)).then_some(first)
        })
    }

    fn points_elsewhere(&mut self, joined: &Joined<'_>, key: &ForeignKey) {
        let Joined { at, this, owner, .. } = joined;
        let (here, there) = (&key.columns[0].0, &key.columns[0].1);
        let message = format!(
            "the schema says that {this}.{here} refers to {there} of {}, and `on` joins it to {owner}: rows of one record may be taken for another's",
            key.parent
        );
        let mend = format!(
            "join the column of {this} that refers to {owner}; leave it where both columns hold the same by design"
        );
        self.warning("foreign-key-elsewhere", at.clone(), message, mend);
    }

    /// The foreign keys by which `child` refers to `parent`.
    fn keys_between(&self, child: &str, parent: &str) -> Vec<&ForeignKey> {
        let all = self.table(child).into_iter().flat_map(|table| &table.foreign_keys);
        all.filter(|key| key.parent.eq_ignore_ascii_case(parent)).collect()
    }
}

/// Whether a join ties a column of the foreign key to another column than the key does.
fn contradicts(join: &Join, key: &ForeignKey) -> bool {
    let Join::Columns(pairs) = join else { return false };
    let is = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
    pairs.iter().any(|(this, owner)| key.columns.iter().any(|(here, there)| is(this, here) && !is(owner, there)))
}
