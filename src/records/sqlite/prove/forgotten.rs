//! Rows that go without the files that they name: of one table, one part says which column names files, and another
//! takes rows of it and does not.

use super::{Proof, part_place, place};
use crate::records::mapping::{Condition, FilesMapping, Join, PartMapping, SeriesMapping};

/// Rows of a table that some mapping finds: those of a part, or the records themselves.
struct Rows<'m> {
    series: &'m SeriesMapping,
    part: Option<&'m PartMapping>,
}

impl Proof<'_> {
    /// Of every table of which a part names the files, all rows that go with a record name theirs, too: others leave
    /// them for ever, as no row tells of them any more.
    pub(super) fn forgotten_files(&mut self, series: &SeriesMapping) {
        let queries = self.queries;
        let parts = series.parts.iter().filter(|part| series.takes_along(part)).map(Some);
        let going = std::iter::once(None).chain(parts).map(|part| Rows { series, part });
        for rows in going.filter(|rows| !rows.name_files()) {
            let parts = queries.mappings().iter().flat_map(|other| other.parts.iter().map(move |part| (other, part)));
            let mut naming =
                parts.filter_map(|(series, part)| Some((Rows { series, part: Some(part) }, part.files.as_ref()?)));
            if let Some((other, files)) = naming.find(|(other, _)| !rows.are_apart(other)) {
                let message = format!(
                    "rows of {} go by it without the files that they name ({} says that {} names files): these would stay for ever",
                    rows.table(),
                    other.place(),
                    files.columns.join("/")
                );
                let mend = format!("{}\nor tell their rows apart by a `where` of each", rows.naming(files));
                self.error("files-unmapped", rows.place(), message, mend);
            }
        }
    }
}

impl<'m> Rows<'m> {
    fn table(&self) -> &'m str {
        self.part.map_or(&self.series.table, |part| &part.table)
    }

    fn place(&self) -> String {
        self.part.map_or_else(|| place(self.series), |part| part_place(self.series, part))
    }

    /// Whether they name their files, or a part that finds the same rows does.
    fn name_files(&self) -> bool {
        let is_same = |other: &PartMapping| match self.part {
            Some(part) if is(&other.table, &part.table) => {
                (&other.of, &other.on) == (&part.of, &part.on)
                    || (other.of.as_ref() == Some(&part.name) && is_each_itself(&other.on))
            }
            Some(_) => false,
            None => is_the_record(self.series, other),
        };
        self.series.parts.iter().any(|other| other.files.is_some() && is_same(other))
    }

    /// Whether no row is among both.
    fn are_apart(&self, other: &Self) -> bool {
        let is_apart = |one: &Condition| other.conditions().any(|two| one.apart_by(two).next().is_some());
        !is(self.table(), other.table()) || self.conditions().any(is_apart)
    }

    /// What holds for each of them.
    fn conditions(&self) -> impl Iterator<Item = &'m Condition> {
        let is_record = self.part.is_none_or(|part| is_the_record(self.series, part));
        let filter = self.series.filter.as_ref().filter(|_| is_record);
        self.part.and_then(|part| part.condition.as_ref()).into_iter().chain(filter)
    }

    /// The line that names their files as others of the table do.
    fn naming(&self, files: &FilesMapping) -> String {
        let columns = match files.columns.as_slice() {
            [one] => format!("column = \"{one}\""),
            several => {
                format!("columns = [{}]", several.iter().map(|one| format!("\"{one}\"")).collect::<Vec<_>>().join(", "))
            }
        };
        let line = format!("files = {{ {columns}, root = \"{}\" }}", files.root.display());
        match self.part {
            Some(_) => line,
            None => {
                let on: Vec<String> = self.series.key.iter().map(|key| format!("{key} = \"{key}\"")).collect();
                let SeriesMapping { series, table, .. } = self.series;
                format!("[[series.{series}.part]]\ntable = \"{table}\"\non = {{ {} }}\n{line}", on.join(", "))
            }
        }
    }
}

/// Whether the one row of a part is the record itself, there for the files that it names.
fn is_the_record(series: &SeriesMapping, part: &PartMapping) -> bool {
    part.of.is_none() && is(&part.table, &series.table) && is_each_itself(&part.on)
}

fn is_each_itself(on: &Join) -> bool {
    matches!(on, Join::Columns(pairs) if pairs.iter().all(|(this, owner)| is(this, owner)))
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}
