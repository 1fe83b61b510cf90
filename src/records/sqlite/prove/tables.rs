//! Series that share a table.

use super::{Proof, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::sql;

impl Proof<'_> {
    /// Each row is counted by one series at most. Each pair is looked at once.
    pub(super) fn shared_rows(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        let before = self.queries.mappings().iter().take_while(|other| other.series != series.series);
        for other in before.filter(|other| other.table.eq_ignore_ascii_case(&series.table)) {
            let filters = [&series.filter, &other.filter].into_iter().flatten().map(sql::condition);
            if self.has_none(&series.table, &filters.collect::<Vec<_>>().join(" AND "))? {
                continue;
            }
            let (own, other, table) = (&series.series, &other.series, &series.table);
            let message =
                format!("rows of {table} are records of both {other} and {own} now: no rule of either acts on them");
            let mend = "narrow one of the two filters, so that no row passes both";
            self.error("shared-row", format!("{}.filter", place(series)), message, mend);
        }
        Ok(())
    }
}
