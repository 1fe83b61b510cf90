//! The statements of a connection, compiled once for each series, and the keys that they work on.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::around::Around;
use super::company::{Asking, Company, Dates};
use super::dispose_program::{Program, compile};
use super::open::Opened;
use super::permitted::Permitted;
use super::waiting::Waiting;
use super::{Queries, StoreError};
use crate::model::{RecordKey, SeriesName};
use crate::records::mapping::Change;

/// The programs of a connection, for as long as the schema stays as it is.
#[derive(Default)]
pub(super) struct Programs {
    schema_version: Option<i64>,
    compiled: HashMap<SeriesName, Compiled>,
    asking: HashMap<AskedOf, Option<Arc<Asking>>>,
    waiting: HashMap<SeriesName, Arc<Vec<Waiting>>>,
}

/// Of a series, of how its records change, and of another series, perhaps with dates; and an expression.
type AskedOf = (SeriesName, Change, SeriesName, Dates, Option<String>);

struct Compiled {
    program: Arc<Program>,
    around: Around,
    /// The keys in its temporary table, where they are known.
    loaded: Option<Vec<RecordKey>>,
}

impl Programs {
    /// Drops what was compiled for another schema.
    pub(super) fn keep_for(&mut self, schema_version: i64) {
        if self.schema_version != Some(schema_version) {
            self.forget();
            self.schema_version = Some(schema_version);
        }
    }

    pub(super) fn forget(&mut self) {
        self.compiled.clear();
        self.asking.clear();
        self.waiting.clear();
    }

    pub(super) fn of(
        &mut self,
        opened: &Opened,
        queries: &Queries,
        series: &SeriesName,
    ) -> Result<Arc<Program>, StoreError> {
        if let Some(Compiled { program, .. }) = self.compiled.get(series) {
            return Ok(Arc::clone(program));
        }
        let mapping = queries.mapping(series)?;
        let permitted = Permitted::read(opened, queries.mappings(), mapping)?;
        let program = Arc::new(compile(&opened.conn, mapping, &permitted, self.compiled.len())?);
        let around = Around::read(opened, queries, mapping, &permitted)?;
        self.compiled.insert(series.clone(), Compiled { program: Arc::clone(&program), around, loaded: None });
        Ok(program)
    }

    /// How the rows are asked that change with records.
    pub(super) fn asking(
        &mut self,
        opened: &Opened,
        queries: &Queries,
        company: Company<'_>,
        expression: Option<&str>,
    ) -> Result<Option<Arc<Asking>>, StoreError> {
        let Company { of, change, other, dates } = company;
        let asked_of = (of.clone(), change, other.clone(), dates, expression.map(str::to_owned));
        if let Some(known) = self.asking.get(&asked_of) {
            return Ok(known.clone());
        }
        let asking = Asking::new(opened, queries, company, expression)?.map(Arc::new);
        self.asking.insert(asked_of, asking.clone());
        Ok(asking)
    }

    /// How the records are asked for that keep rows which would go with those of a series.
    pub(super) fn waiting(
        &mut self,
        opened: &Opened,
        queries: &Queries,
        of: &SeriesName,
    ) -> Result<Arc<Vec<Waiting>>, StoreError> {
        if let Some(known) = self.waiting.get(of) {
            return Ok(Arc::clone(known));
        }
        let waiting = Arc::new(Waiting::all(opened, queries, of)?);
        self.waiting.insert(of.clone(), Arc::clone(&waiting));
        Ok(waiting)
    }

    /// See [`Around::is_looked_at`]; for a series whose program is compiled.
    pub(super) fn is_looked_around<'e>(
        &mut self,
        opened: &Opened,
        queries: &Queries,
        series: &SeriesName,
        expressions: impl Iterator<Item = (&'e SeriesName, &'e str)>,
    ) -> Result<bool, StoreError> {
        let compiled = self.compiled.get_mut(series);
        compiled.map_or(Ok(true), |compiled| compiled.around.is_looked_at(opened, queries, expressions))
    }

    /// Puts keys where the statements of a series' program find them, unless they are there: a chunk's are asked for
    /// before and after its COMMIT.
    pub(super) fn load(
        &mut self,
        conn: &Connection,
        series: &SeriesName,
        keys: &[RecordKey],
    ) -> Result<(), StoreError> {
        let Some(compiled) = self.compiled.get_mut(series) else { return Ok(()) };
        if compiled.loaded.as_deref() == Some(keys) {
            return Ok(());
        }
        compiled.loaded = None;
        compiled.program.load(conn, keys)?;
        compiled.loaded = Some(keys.to_vec());
        Ok(())
    }
}
