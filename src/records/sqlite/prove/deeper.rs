//! Rows that hang from each other deeper than the parts of a mapping go: answers to answers.

use super::{Proof, owner_table, part_place};
use crate::records::mapping::{Join, PartMapping, SeriesMapping};
use crate::records::sqlite::dispose_member::{Apart, identity};
use crate::records::sqlite::part_rows::belongs;
use crate::records::sqlite::sql::{self, OWNER, THIS};

impl Proof<'_> {
    /// A part of a part of the same table takes one generation. Rows of the next would stay, and lead to no record,
    /// unless another part finds them or they are records themselves. As with other looks at rows, the first and the
    /// last of a table are asked.
    pub(super) fn deeper_rows(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for part in &series.parts {
            let Some(line) = Line::ending_at(series, part) else { continue };
            let is_of_records = |other: &SeriesMapping| is(&other.table, &part.table);
            if self.queries.mappings().iter().any(is_of_records) {
                continue;
            }
            // That nothing tells the rows apart was found before.
            let Ok(identity) = identity(&self.opened.conn, &part.table) else { continue };
            if self.has_deeper(&line, &identity)? {
                self.left_behind(series, part);
            }
        }
        Ok(())
    }

    fn has_deeper(&self, line: &Line<'_>, identity: &[Apart]) -> rusqlite::Result<bool> {
        let (name, columns) = (sql::name(&line.part.table), self.identity(&line.part.table).join(", "));
        let is_deeper = line.is_below(identity, line.generations + 1);
        let others = line.others().map(|other| line.hangs_by(identity, other, &line.is_at_the_top()));
        let others: String = others.map(|other| format!(" AND NOT {other}")).collect();
        for end in self.ends(&line.part.table, &columns) {
            let rows = format!("SELECT 1 FROM {name} AS {THIS} WHERE ({columns}) IN ({end}) AND {is_deeper}{others}");
            if self.opened.conn.query_row(&format!("SELECT EXISTS ({rows})"), [], |row| row.get(0))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn left_behind(&mut self, series: &SeriesMapping, part: &PartMapping) {
        let (table, name) = (&part.table, &part.name);
        let message = format!(
            "rows of {table} hang from rows of this part as these do from their own owners, and no part goes as deep: they would stay when their \
             record goes, and lead to none"
        );
        let on = match &part.on {
            Join::Columns(pairs) => {
                let pairs = pairs.iter().map(|(this, owner)| format!("{this} = \"{owner}\""));
                format!("{{ {} }}", pairs.collect::<Vec<_>>().join(", "))
            }
            Join::Expression(text) => format!("\"{text}\""),
        };
        let mend = format!(
            "[[series.{}.part]]\nname = \"{name}_deeper\"\ntable = \"{table}\"\nof = \"{name}\"\non = {on}\n(one such part for each \
             generation; better, let each row of {table} name its record, whatever it answers)",
            series.series
        );
        self.warning("deeper-rows", part_place(series, part), message, mend);
    }
}

/// Parts of one table of which each hangs from the one before by the same join.
struct Line<'m> {
    series: &'m SeriesMapping,
    /// The last.
    part: &'m PartMapping,
    generations: usize,
}

impl<'m> Line<'m> {
    /// The one that ends at this part, if one does.
    fn ending_at(series: &'m SeriesMapping, part: &'m PartMapping) -> Option<Self> {
        let goes_on = |next: &PartMapping| next.of.as_ref() == Some(&part.name) && is_next(next, part);
        if !hangs_from_its_table(series, part) || !series.takes_along(part) || series.parts.iter().any(goes_on) {
            return None;
        }
        let above = |part: &&'m PartMapping| series.parts.iter().find(|owner| part.of.as_ref() == Some(&owner.name));
        let line = std::iter::successors(Some(part), above).take(series.parts.len());
        let generations = line.take_while(|own| hangs_from_its_table(series, own) && is_next(own, part)).count();
        Some(Self { series, part, generations })
    }

    /// The parts of the table that hang from its rows by other joins.
    fn others(&self) -> impl Iterator<Item = &'m PartMapping> {
        let (series, part) = (self.series, self.part);
        series.parts.iter().filter(move |other| hangs_from_its_table(series, other) && !is_next(other, part))
    }

    /// That `this` is a row of a part of the table that hangs from another table.
    fn is_at_the_top(&self) -> String {
        let series = self.series;
        let tops = series.parts.iter().filter(|top| is(&top.table, &self.part.table));
        let tops = tops.filter(|top| !hangs_from_its_table(series, top)).filter_map(|top| {
            let owners = sql::name(owner_table(series, top)?);
            Some(format!("EXISTS (SELECT 1 FROM {owners} AS {OWNER} WHERE {})", belongs(top)))
        });
        format!("({})", tops.chain(["0".to_owned()]).collect::<Vec<_>>().join(" OR "))
    }

    /// That `this` hangs so many generations below such a row.
    fn is_below(&self, identity: &[Apart], generations: usize) -> String {
        (0..generations).fold(self.is_at_the_top(), |above, _| {
            format!("NOT {} AND {}", self.is_at_the_top(), self.hangs_by(identity, self.part, &above))
        })
    }

    /// That `this` hangs by a part from a row that passes a test (over `this`).
    fn hangs_by(&self, identity: &[Apart], part: &PartMapping, test: &str) -> String {
        let name = sql::name(&part.table);
        let is_it = identity.iter().map(|column| format!("{} = {}", column.of(THIS), column.of(OWNER)));
        format!(
            "EXISTS (SELECT 1 FROM {name} AS {OWNER} WHERE {} AND EXISTS (SELECT 1 FROM {name} AS {THIS} WHERE {} AND {test}))",
            belongs(part),
            is_it.collect::<Vec<_>>().join(" AND ")
        )
    }
}

fn hangs_from_its_table(series: &SeriesMapping, part: &PartMapping) -> bool {
    owner_table(series, part).is_some_and(|owner| is(owner, &part.table))
}

/// Whether two parts of one table find their rows alike.
fn is_next(one: &PartMapping, other: &PartMapping) -> bool {
    is(&one.table, &other.table) && one.on.is_same(&other.on)
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
