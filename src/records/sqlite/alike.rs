//! How many records bear the keys that people write: all of them are kept by a hold on such a key, also where the
//! column tells apart what another would call equal.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rusqlite::Row;

use super::catalog::Catalog;
use super::open::Opened;
use super::select::FactsQuery;
use super::value::key_at;
use super::{StoreError, walk};
use crate::model::{KeyValue, RecordKey, alike};

/// For each of these keys, one text per column, the records that bear it or one [`alike`]; `None` where not all keys of
/// the table could be looked at `within` a time.
pub(super) fn count_alike(
    opened: &Opened,
    query: &FactsQuery,
    keys: &[&[String]],
    within: Duration,
) -> Result<Option<Vec<u64>>, StoreError> {
    let wanted: Vec<Vec<String>> = keys.iter().map(|key| key.iter().map(|text| alike(text)).collect()).collect();
    if is_rowid(opened, query)? {
        return wanted.iter().map(|key| at_once(opened, query, key)).collect::<Result<_, _>>().map(Some);
    }
    let (began, mut is_over) = (Instant::now(), false);
    let mut found: BTreeMap<&[String], u64> = wanted.iter().map(|key| (key.as_slice(), 0)).collect();
    let mut see = |row: &Row<'_>| {
        // What no key finds again is never destroyed.
        if let (key, true) = key_at(row, 0, query.key.len())? {
            let text: Vec<String> = key.columns().iter().map(|value| alike(&value.text())).collect();
            if let Some(records) = found.get_mut(text.as_slice()) {
                *records += 1;
            }
        }
        is_over = began.elapsed() >= within;
        Ok(if is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    };
    query.each_row(opened, &query.keys, walk::LONGEST_ROW, &mut see)?;
    Ok((!is_over).then(|| wanted.iter().map(|key| found.get(key.as_slice()).copied().unwrap_or_default()).collect()))
}

/// Whether the key is the table's rowid: an integer, of which there is one spelling.
fn is_rowid(opened: &Opened, query: &FactsQuery) -> Result<bool, StoreError> {
    let catalog = Catalog::read(&opened.conn).map_err(|error| StoreError::of(&opened.conn, error))?;
    let rowid = catalog.table(&query.table).and_then(|table| table.rowid_column());
    Ok(rowid.is_some_and(|rowid| matches!(&*query.key, [only] if only.eq_ignore_ascii_case(&rowid.name))))
}

fn at_once(opened: &Opened, query: &FactsQuery, key: &[String]) -> Result<u64, StoreError> {
    let [only] = key else { return Ok(0) };
    let Ok(number) = only.parse() else { return Ok(0) };
    let found = query.read(&opened.conn, &[RecordKey::new(vec![KeyValue::Integer(number)])])?;
    Ok(found.into_iter().flatten().count() as u64)
}
