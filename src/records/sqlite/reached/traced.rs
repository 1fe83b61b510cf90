//! One walk for all records of a page, with every step of it.

use super::{FROM, KEYS, PLACE, REACHED, RECORD, Reached, STEP, Statements, THIS, TO, id, sql};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::{StoreError, web};

/// What the walk calls its own column: whether a row of it is a row that was reached, or a step to one.
const KIND: &str = RECORD;

impl Reached<'_> {
    /// The statements select the number of a record in its page, a kind, and by kind: [`web::RECORD`] the place and
    /// identity of the record's own row; [`web::STEP`] those of a row, and of one to which it leads; else those of a
    /// row that is asked, and these columns of it.
    ///
    /// Rows and steps take turns in the walk, so that each row is left, and each step gone, only once.
    pub(in crate::records::sqlite) fn traced(
        &self,
        other: &SeriesMapping,
        columns: &[String],
    ) -> Result<Statements, StoreError> {
        let nulls = |columns: usize| ", NULL".repeat(columns);
        let width = self.width();
        let (nowhere, no_columns) = (nulls(width + 1), nulls(columns.len()));
        let (here, there) = (self.listed(id), self.listed(id_there));
        let mut terms = vec![self.records("0, 0", &nowhere)];
        for way in self.ways() {
            let step = format!("1, {STEP}.{FROM}, {here}, {STEP}.{TO}");
            terms.push(format!("{} AND {REACHED}.{KIND} = 0", self.term(&way, &step)?));
        }
        terms.push(format!("SELECT 0, {REACHED}.{TO}, {there}{nowhere} FROM {REACHED} WHERE {REACHED}.{KIND} = 1"));
        let asked: Vec<usize> = (0..self.places.len()).filter(|at| self.places[*at].is_asked).collect();
        let selects = [
            self.records(&format!("{KEYS}.column1, {}, 0", web::RECORD), &format!("{nowhere}{no_columns}")),
            format!(
                "SELECT 0, {}, {REACHED}.{PLACE}, {here}, {REACHED}.{TO}, {there}{no_columns} FROM {REACHED} \
                 WHERE {REACHED}.{KIND} = 1",
                web::STEP
            ),
            format!(
                "SELECT 0, 2, {REACHED}.{PLACE}, {here}{nowhere}, {} FROM {REACHED} CROSS JOIN {} AS {THIS} \
                 WHERE {REACHED}.{KIND} = 0 AND {}",
                columns.join(", "),
                sql::name(&other.table),
                self.is_at(THIS, &asked)
            ),
        ];
        let named: Vec<String> = (0..width).map(id).chain([TO.to_owned()]).chain((0..width).map(id_there)).collect();
        // Walked once, although it is asked twice.
        Ok(self.walked(&named, &format!("MATERIALIZED ({})", terms.join(" UNION ")), &selects.join(" UNION ALL ")))
    }

    fn listed(&self, id: impl Fn(usize) -> String) -> String {
        (0..self.width()).map(|place| format!("{REACHED}.{}", id(place))).collect::<Vec<_>>().join(", ")
    }
}

/// What tells the row apart to which a step leads.
fn id_there(place: usize) -> String {
    format!("\"retentiond id {place} there\"")
}
