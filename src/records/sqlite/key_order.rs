//! In which order rows are walked by their keys: that of an index over the key's columns, where there is one.

use rusqlite::Connection;

use super::catalog::indexes;
use super::sql::{self, THIS};

/// The end of a statement on all rows of a table (`this`) that begins with their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyOrder {
    /// ` WHERE` after a key, whose columns are the parameters.
    pub after: String,
    /// ` ORDER BY` the key.
    pub by: String,
}

impl KeyOrder {
    /// The order that the database can walk without putting all rows in order first: of a unique index over the columns
    /// of the key in another order, its own.
    pub fn of(conn: &Connection, table: &str, key: &[String]) -> rusqlite::Result<Self> {
        let declared = Self::declared(key);
        if key.len() < 2 {
            return Ok(declared);
        }
        let indexes = indexes(conn, table)?.into_iter().filter(|index| !index.partial);
        let orders: Vec<Self> =
            indexes.filter_map(|index| places(&index.columns, key)).map(|places| Self::new(key, &places)).collect();
        let first = || orders.first().cloned();
        Ok(if orders.contains(&declared) { declared } else { first().unwrap_or(declared) })
    }

    /// The order of the key as the mapping names its columns.
    pub fn declared(key: &[String]) -> Self {
        Self::new(key, &(0..key.len()).collect::<Vec<_>>())
    }

    /// `places`: of the key's columns, those to compare first first.
    fn new(key: &[String], places: &[usize]) -> Self {
        let each =
            |text: &dyn Fn(usize) -> String| places.iter().map(|place| text(*place)).collect::<Vec<_>>().join(", ");
        let columns = each(&|place| sql::column(THIS, &key[place]));
        let parameters = each(&|place| format!("?{}", place + 1));
        Self { after: format!(" WHERE ({columns}) > ({parameters})"), by: format!(" ORDER BY {columns}") }
    }
}

/// Where in the key each of the first columns of an index stands; `None` where they are not the key's columns.
fn places(index: &[Option<String>], key: &[String]) -> Option<Vec<usize>> {
    let place = |column: &Option<String>| {
        let column = column.as_ref()?;
        key.iter().position(|name| name.eq_ignore_ascii_case(column))
    };
    // No index has a column twice.
    index.get(..key.len())?.iter().map(place).collect()
}
