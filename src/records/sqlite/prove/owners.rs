//! Whether each row of a part has one owner. A join on columns that several rows may have alike finds rows of other
//! records too, open and held ones among them.

use super::{Proof, create_index, list, owner_table, part_place};
use crate::records::mapping::{Join, OwnerGone, PartMapping, SeriesMapping};

impl Proof<'_> {
    /// Parts whose join identifies no owner, and that do not say that they are shared. What an expression compares, its
    /// author decided.
    pub(super) fn owners(&mut self, series: &SeriesMapping, is_destroyed: bool) {
        for part in &series.parts {
            if !part.shared.is_empty() {
                self.shared_lives_on(series, part);
                continue;
            }
            let goes_along = is_destroyed || !part.anonymize.is_empty();
            if let (true, Join::Columns(pairs), Some(owner)) = (goes_along, &part.on, owner_table(series, part)) {
                let columns: Vec<String> = pairs.iter().map(|(_, owner)| owner.clone()).collect();
                // A key that is not unique is told of as such.
                let is_by_key = part.of.is_none() && series.key.iter().all(|key| is_among(key, &columns));
                if !is_by_key && self.table(owner).is_some_and(|table| !table.is_unique(&columns)) {
                    self.of_many(series, part, owner, pairs);
                }
            }
        }
    }

    fn of_many(&mut self, series: &SeriesMapping, part: &PartMapping, owner: &str, pairs: &[(String, String)]) {
        let columns: Vec<&str> = pairs.iter().map(|(_, owner)| owner.as_str()).collect();
        let (table, alike) = (&part.table, list(columns.iter().copied()));
        let message = format!(
            "several rows of {owner} may have the same {alike}: rows of {table} would go, or be changed, with one record while another, open or held, has them too"
        );
        let mut mends = Vec::new();
        if part.of.is_none() && columns.iter().all(|column| is_among(column, &series.key)) {
            mends.push(format!("join every column of the key: {}", list(series.key.iter().map(String::as_str))));
        }
        mends.push(create_index(true, owner, &columns));
        // What lives on is no one's last, and no rule of one record may mask what others have too.
        if part.owner_gone == OwnerGone::Destroy && part.anonymize.is_empty() {
            let on: Vec<String> = pairs.iter().map(|(this, owner)| format!("{owner} = \"{this}\"")).collect();
            mends.push(format!(
                "shared = [{{ table = \"{owner}\", on = {{ {} }} }}]\n(in that part: each row then goes with the last that has it)",
                on.join(", ")
            ));
        }
        self.error("part-of-many", part_place(series, part), message, mends.join("\nor: "));
    }

    /// A shared part goes with its last reference; `owner_gone` that says otherwise would not be obeyed.
    fn shared_lives_on(&mut self, series: &SeriesMapping, part: &PartMapping) {
        if part.owner_gone != OwnerGone::Destroy {
            let message = format!(
                "rows of {} are `shared`, which destroys them with their last reference, and `owner_gone` lets them live on",
                part.table
            );
            let at = format!("{}.owner_gone", part_place(series, part));
            self.error("shared-lives-on", at, message, "take out `shared`, or `owner_gone`");
        }
    }
}

fn is_among(column: &str, columns: &[String]) -> bool {
    columns.iter().any(|other| other.eq_ignore_ascii_case(column))
}
