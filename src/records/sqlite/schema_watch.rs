//! Whether the schema is still the one that a connection's work began with.
//!
//! The application may be upgraded while a run goes on: then a mapping that was proved is proved no more.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use super::catalog::Catalog;
use super::{Queries, StoreError, fence, schema};
use crate::model::{Digest, SeriesName};

/// What the schema was at first.
pub(super) struct SchemaWatch {
    /// Of each series of the source, the digest of the tables that its mapping touches.
    first: BTreeMap<SeriesName, Digest>,
    /// The schema counter at which all this was last found so, and for which series. Making our own table moves the
    /// counter too.
    version: i64,
    proved: BTreeSet<SeriesName>,
}

impl SchemaWatch {
    /// Looks at the schema as it is now.
    ///
    /// # Errors
    /// `FenceTable`; the database cannot be read.
    pub(super) fn begin(conn: &Connection, queries: &Queries) -> Result<Self, StoreError> {
        // The counter first: a change in between is then looked at once more.
        let version = version(conn)?;
        fence::check(conn)?;
        let first = digests(conn, queries, queries.mappings().iter().map(|mapping| &mapping.series))?;
        let proved = first.keys().cloned().collect();
        Ok(Self { first, version, proved })
    }

    /// Takes note of the counter in a transaction that has just begun; returns it.
    ///
    /// # Errors
    /// `FenceTable`; the database cannot be read.
    pub(super) fn turn(&mut self, conn: &Connection) -> Result<i64, StoreError> {
        let version = version(conn)?;
        if version != self.version {
            fence::check(conn)?;
            self.proved.clear();
            self.version = version;
        }
        Ok(version)
    }

    /// Inside a transaction: whether what a series touches is as it was at first.
    ///
    /// # Errors
    /// `SchemaChanged` where it is not; the database cannot be read.
    pub(super) fn check(
        &mut self,
        conn: &Connection,
        queries: &Queries,
        series: &SeriesName,
    ) -> Result<(), StoreError> {
        if self.proved.contains(series) {
            return Ok(());
        }
        if digests(conn, queries, [series].into_iter())?.get(series) != self.first.get(series) {
            let database = conn.path().unwrap_or_default().into();
            return Err(StoreError::SchemaChanged { database, series: series.clone() });
        }
        self.proved.insert(series.clone());
        Ok(())
    }
}

fn version(conn: &Connection) -> Result<i64, StoreError> {
    conn.pragma_query_value(Some("main"), "schema_version", |row| row.get(0)).map_err(|e| StoreError::of(conn, e))
}

/// Of those of the series that the source has.
fn digests<'s>(
    conn: &Connection,
    queries: &Queries,
    series: impl Iterator<Item = &'s SeriesName>,
) -> Result<BTreeMap<SeriesName, Digest>, StoreError> {
    let digests = || {
        let catalog = Catalog::read(conn)?;
        let mut digests = BTreeMap::new();
        for mapping in series.filter_map(|name| queries.mapping(name).ok()) {
            let blocking: Vec<_> =
                mapping.blocked_by.iter().filter_map(|relation| queries.mapping(&relation.series).ok()).collect();
            let tables = schema::tables_touched(mapping, &blocking, &catalog);
            digests.insert(mapping.series.clone(), schema::digest(conn, &tables)?);
        }
        Ok(digests)
    };
    digests().map_err(|e| StoreError::of(conn, e))
}
