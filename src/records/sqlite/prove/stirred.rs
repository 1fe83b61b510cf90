//! What triggers of the application change that an expression of the mapping asks, while records go.

use super::{Proof, place};
use crate::records::mapping::SeriesMapping;
use crate::records::sqlite::expression::{self, Expression};
use crate::records::sqlite::guard::{Change, Write};
use crate::records::sqlite::triggers::{Event, Writing};

impl Proof<'_> {
    /// Every expression of every series against what a trigger, which the mapping names, writes while rows of a table
    /// go or change: what a record is judged by may then be another thing than what a plan saw.
    pub(super) fn stirred(&mut self, series: &SeriesMapping, table: &str, event: Event<'_>, writing: &Writing) {
        let queries = self.queries;
        for other in queries.mappings() {
            for asked in expression::all(queries, other) {
                // By whom holds find a record is told at the time, as often as it is asked.
                if asked.at == format!("{}.subject", place(other)) {
                    continue;
                }
                let Ok(read) = self.opened.columns_read_by(&asked.select()) else { continue };
                let own = (other.series == series.series).then_some(series.table.as_str());
                let is_read = |write: &&Write| {
                    stirs(write, &asked, own, |column| {
                        read.iter().any(|(of, name)| *of == write.table && column.is_none_or(|column| column == name))
                    })
                };
                if let Some(write) = writing.all.iter().find(is_read) {
                    let (name, doing) = (&writing.trigger, event.doing());
                    let what = match &write.change {
                        Change::Update(column) => format!("changes {column} of {}", write.table),
                        Change::Insert => format!("puts rows into {}", write.table),
                        Change::Delete => format!("deletes rows of {}", write.table),
                    };
                    let message = format!(
                        "while {doing} rows of {table}, trigger {name} {what}, which this expression asks: as records of {} go, it may answer otherwise of others, and they are kept longer, or due too early",
                        series.series
                    );
                    let mend = format!("ask what trigger {name} leaves as it is, or let it leave that");
                    self.warning("trigger-answers", asked.at.clone(), message, mend);
                }
            }
        }
    }
}

/// Whether a write changes what is asked. New rows, and such as are gone, are asked nothing; of the record's own row,
/// `own`, nobody can say that it is not the one that goes.
fn stirs(write: &Write, asked: &Expression<'_>, own: Option<&str>, reads: impl Fn(Option<&String>) -> bool) -> bool {
    let is = |table: &str| table.eq_ignore_ascii_case(&write.table);
    match &write.change {
        Change::Update(column) => !own.is_some_and(is) && reads(Some(column)),
        Change::Insert | Change::Delete => !is(asked.this) && !asked.owner.is_some_and(is) && reads(None),
    }
}
