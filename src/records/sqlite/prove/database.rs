//! The database as a whole: its mode, its encoding, and what retentiond adds to it.

use rustix::process::geteuid;

use super::Proof;
use crate::records::sqlite::accounts::Accounts;
use crate::records::sqlite::fence::{self, FENCE_TABLE};
use crate::records::sqlite::walk::is_wal;

impl Proof<'_> {
    /// What holds for every series of the source.
    pub(super) fn database(&mut self) -> rusqlite::Result<()> {
        let at = format!("source.{}", self.source.name);
        let conn = &self.opened.conn;
        let encoding: String = conn.pragma_query_value(None, "encoding", |row| row.get(0))?;
        let wal = is_wal(conn)?;
        let fenced = conn.table_exists(Some("main"), FENCE_TABLE)?;
        if encoding != "UTF-8" {
            let message = format!(
                "its texts are {encoding}: they are converted one by one, and searching its bytes for what is left finds less"
            );
            self.warning(
                "encoding",
                at.clone(),
                message,
                "nothing, or rebuild the database in UTF-8 (PRAGMA encoding)",
            );
        }
        let user = Accounts::of_this_machine().user(geteuid().as_raw());
        let mode = if wal {
            "WAL mode: readers and the application do not disturb each other"
        } else {
            "rollback mode: retentiond reads in short turns, so that the application can commit"
        };
        self.note("journal", at.clone(), format!("it is opened as user {user}, in {mode}"), "nothing");
        if let Some((fault, mend)) = fence::fault(conn)? {
            let message = format!(
                "{FENCE_TABLE}, in which the database itself remembers the last batch, cannot be relied on: {fault}"
            );
            self.error("fence-table", at.clone(), message, mend);
        } else if !fenced {
            let message = format!(
                "the first `apply` adds one small table, {FENCE_TABLE}, in which the database itself remembers the last batch"
            );
            self.note("fence-table", at.clone(), message, "nothing; do not drop it while retentiond is in use");
        }
        let message = "our own commits are synced to the disk; whether the application runs with synchronous=OFF, which voids that after a power loss, cannot be seen from here".to_owned();
        self.note("synchronous", at, message, "look for `synchronous` in the application's settings");
        Ok(())
    }
}
