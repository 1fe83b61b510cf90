//! What stands in the columns that are read as dates: a sample, decoded as a plan would.

use std::collections::BTreeMap;

use rusqlite::types::ValueRef;

use super::{Proof, place};
use crate::model::Zone;
use crate::records::facts::{Reading, Unreadable};
use crate::records::mapping::{Element, ElementTable, Encoding, SeriesMapping};
use crate::records::sqlite::Severity;
use crate::records::sqlite::decode::Decoder;
use crate::records::sqlite::dispose_member::identity;
use crate::records::sqlite::sql;

/// Rows read at either end of a table: the oldest and the newest, which programs write differently.
const SAMPLE: usize = 10_000;

#[derive(Default)]
struct Sample {
    /// Values that are set.
    values: u64,
    unreadable: BTreeMap<Unreadable, u64>,
    /// How many of the unreadable would be read by each other encoding.
    readable_as: Vec<(&'static str, u64)>,
}

/// What a value that cannot be read may be instead.
const OTHERS: [(&str, Encoding); 6] = [
    ("rfc3339", Encoding::Rfc3339),
    ("date", Encoding::Date),
    ("utc", Encoding::Utc),
    ("unix", Encoding::Unix),
    ("unix_ms", Encoding::UnixMs),
    ("julian", Encoding::Julian),
];

impl Proof<'_> {
    /// Values that the mapping's encoding cannot read.
    pub(super) fn values(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for (trigger, event) in &series.events {
            for element in &event.elements {
                let table = match &element.place {
                    ElementTable::Record => &series.table,
                    ElementTable::Child { table, .. } => table,
                };
                let sample = self.sample(table, element)?;
                self.judge(&format!("{}.event.{trigger}", place(series)), table, element, &sample);
            }
        }
        Ok(())
    }

    fn judge(&mut self, at: &str, table: &str, element: &Element, sample: &Sample) {
        let column = &element.column;
        let bad: u64 = sample.unreadable.values().sum();
        if bad == 0 {
            return;
        }
        let of = format!("of {} values of {table}.{column} looked at", sample.values);
        let naive = sample.unreadable.get(&Unreadable::Naive).copied().unwrap_or(0);
        if naive > 0 && element.encoding == Encoding::Rfc3339 {
            let likely = sample.likely();
            let mend = match likely {
                Some("date") => format!("{{ column = \"{column}\", as = \"date\" }}"),
                _ => format!(
                    "{{ column = \"{column}\", as = \"utc\" }} (or as = \"local\", if the application writes local time)"
                ),
            };
            // A few among many are bad records; many are a mapping that says too little.
            let gravity = if naive * 10 >= sample.values { Severity::Error } else { Severity::Warning };
            let message = format!("{naive} {of} name no zone; without `as` they are undated and never destroyed");
            self.find(gravity, "naive-values", at, message, mend);
            return;
        }
        let kinds: Vec<String> =
            sample.unreadable.iter().map(|(kind, count)| format!("{count} {}", words(*kind))).collect();
        let mend = match sample.likely() {
            Some(other) => format!("{{ column = \"{column}\", as = \"{other}\" }}, which reads them"),
            None => "correct these values, or list those that mean \"not set\" under `unset`".to_owned(),
        };
        let message =
            format!("{bad} {of} cannot be read ({}); their records are undated and never destroyed", kinds.join(", "));
        if bad == sample.values {
            self.error("unreadable-values", at, message, mend);
        } else {
            self.warning("unreadable-values", at, message, mend);
        }
    }

    fn sample(&self, table: &str, element: &Element) -> rusqlite::Result<Sample> {
        let decoder = Decoder::new(element, self.source.timezone);
        let other = |encoding| Decoder::new(&Element { encoding, ..element.clone() }, Some(Zone::UTC));
        let others: Vec<(&'static str, Decoder)> =
            OTHERS.iter().map(|(name, encoding)| (*name, other(*encoding))).collect();
        let mut sample =
            Sample { readable_as: OTHERS.iter().map(|(name, _)| (*name, 0)).collect(), ..Sample::default() };
        for statement in self.ends(table, &sql::column("this", &element.column)) {
            let mut statement = self.opened.conn.prepare(&statement)?;
            let mut rows = statement.query([])?;
            let mut seen = 0;
            while let Some(row) = rows.next()? {
                sample.take(&decoder, &others, row.get_ref(0)?);
                seen += 1;
            }
            // The first rows were all of them: the last ones would be the same again.
            if seen < SAMPLE {
                break;
            }
        }
        Ok(sample)
    }

    /// SELECTs of these columns of `this` from the first and from the last rows; the last by the rowid or the primary
    /// key.
    pub(super) fn ends(&self, table: &str, columns: &str) -> Vec<String> {
        let select = format!("SELECT {columns} FROM {} AS this", sql::name(table));
        let order: Vec<String> = self.identity(table).iter().map(|column| format!("{column} DESC")).collect();
        vec![format!("{select} LIMIT {SAMPLE}"), format!("{select} ORDER BY {} LIMIT {SAMPLE}", order.join(", "))]
    }

    /// What tells the rows of a table apart, as columns of `this`.
    pub(super) fn identity(&self, table: &str) -> Vec<String> {
        match identity(&self.opened.conn, table) {
            Ok(apart) => apart.iter().map(|column| column.of(sql::THIS)).collect(),
            // That nothing does was found before.
            Err(_) => vec!["this.rowid".to_owned()],
        }
    }
}

impl Sample {
    fn take(&mut self, decoder: &Decoder, others: &[(&'static str, Decoder)], value: ValueRef<'_>) {
        match decoder.read(value) {
            Reading::Unset => {}
            Reading::Set(_) => self.values += 1,
            Reading::Unreadable(kind) => {
                self.values += 1;
                *self.unreadable.entry(kind).or_default() += 1;
                for ((_, other), (_, count)) in others.iter().zip(&mut self.readable_as) {
                    *count += u64::from(matches!(other.read(value), Reading::Set(_)));
                }
            }
        }
    }

    /// The encoding that reads all that could not be read.
    fn likely(&self) -> Option<&'static str> {
        let bad: u64 = self.unreadable.values().sum();
        // Milliseconds read as seconds lie far beyond any year; seconds read as milliseconds, in 1970.
        self.readable_as.iter().find(|(_, count)| *count == bad).map(|(name, _)| *name)
    }
}

fn words(kind: Unreadable) -> &'static str {
    match kind {
        Unreadable::Format => "of another form",
        Unreadable::Naive => "without zone",
        Unreadable::Gap => "at a time that the clocks skipped",
        Unreadable::Range => "outside the years that a date can have",
        Unreadable::Type => "of another type",
        Unreadable::Expression => "of a record on which an expression fails",
    }
}
