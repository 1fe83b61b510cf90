//! What statements on a reading connection may do, asked by SQLite while it prepares them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

/// The tables that statements prepared since the last look read.
#[derive(Clone, Debug, Default)]
pub struct TablesRead(Arc<Mutex<BTreeSet<String>>>);

impl TablesRead {
    /// Their names in lower case; the next look begins anew.
    pub fn take(&self) -> BTreeSet<String> {
        // The set is whole after every statement below.
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn note(&self, table: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(table.to_ascii_lowercase());
    }
}

/// From now on the connection prepares nothing but reads.
pub fn only_reads(conn: &mut Connection) -> rusqlite::Result<TablesRead> {
    let read = TablesRead::default();
    let noted = read.clone();
    conn.authorizer(Some(move |context: AuthContext<'_>| judge(&context, &noted)))?;
    Ok(read)
}

fn judge(context: &AuthContext<'_>, noted: &TablesRead) -> Authorization {
    match context.action {
        AuthAction::Read { table_name, .. } => {
            noted.note(table_name);
            Authorization::Allow
        }
        AuthAction::Select | AuthAction::Recursive | AuthAction::Function { .. } | AuthAction::Transaction { .. } => {
            Authorization::Allow
        }
        AuthAction::Pragma { pragma_name, pragma_value } if may_ask(pragma_name, pragma_value) => Authorization::Allow,
        _ => Authorization::Deny,
    }
}

/// Pragmas that tell, and change nothing.
fn may_ask(pragma: &str, value: Option<&str>) -> bool {
    match pragma {
        "table_list" | "table_xinfo" | "foreign_key_list" | "index_list" | "index_xinfo" => true,
        "journal_mode" | "encoding" | "page_size" | "auto_vacuum" | "schema_version" | "data_version" => {
            value.is_none()
        }
        _ => false,
    }
}
