//! A few values that must outlive the process, each under a name of its own: a pause, counts, what was believed of the
//! clock.

use rusqlite::{OptionalExtension, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Desk, DeskError};

impl Desk {
    /// What was memorized under this name.
    ///
    /// # Errors
    /// The private database.
    pub fn recall<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, DeskError> {
        let value: Option<String> = self.store.run(|connection| {
            connection.query_row("SELECT value FROM memo WHERE name = ?1", [name], |row| row.get(0)).optional()
        })?;
        value.map(|value| self.store.parse(&value)).transpose()
    }

    /// Memorizes what a person said to keep something from destruction, on a full disk too, as long as the room lasts
    /// that was set aside.
    ///
    /// # Errors
    /// The private database.
    pub fn insist<T: Serialize>(&self, name: &str, value: &T) -> Result<(), DeskError> {
        let value = self.store.text(value)?;
        let insert = "INSERT OR REPLACE INTO memo VALUES(?1, ?2)";
        self.store.insist(|connection| connection.execute(insert, params![name, value])).map(drop)
    }

    /// Memorizes a value under a name, durably and instead of an earlier one; `None` forgets it.
    ///
    /// # Errors
    /// The private database.
    pub fn memorize<T: Serialize>(&self, name: &str, value: Option<&T>) -> Result<(), DeskError> {
        let value = value.map(|value| self.store.text(value)).transpose()?;
        self.store.run(|connection| match &value {
            Some(value) => connection.execute("INSERT OR REPLACE INTO memo VALUES(?1, ?2)", params![name, value]),
            None => connection.execute("DELETE FROM memo WHERE name = ?1", [name]),
        })?;
        Ok(())
    }
}
