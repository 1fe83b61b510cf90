//! Tables, columns and keys: whether what the mapping names is there, and can be what the mapping makes of it.

use super::{Proof, create_index, list, part_place, place};
use crate::records::mapping::{
    Condition, ElementTable, Encoding, FilesMapping, Join, OwnerGone, PartMapping, SeriesMapping, SetValue,
};
use crate::records::sqlite::catalog::Affinity;
use crate::records::sqlite::dispose_member::identity;
use crate::records::sqlite::{StoreError, sql};

impl Proof<'_> {
    /// Every table and column that the mapping names.
    pub(super) fn names(&mut self, series: &SeriesMapping) {
        let at = place(series);
        if self.is_table(&at, &series.table) && self.tells_rows_apart(&at, &series.table) {
            let own = &series.table;
            self.have(&format!("{at}.key"), own, &series.key);
            self.have(&format!("{at}.reference"), own, &series.reference);
            self.have(&format!("{at}.anonymize"), own, series.anonymize.keys());
            for (group, columns) in &series.groups {
                let named = columns.iter().filter(|column| *column != "*");
                self.have(&format!("{at}.group.{group}"), own, named);
            }
            for (name, condition) in &series.conditions {
                self.condition(&format!("{at}.condition.{name}"), own, Some(condition));
            }
            self.condition(&format!("{at}.filter"), own, series.filter.as_ref());
        }
        self.events(series);
        self.relations(series);
        for part in &series.parts {
            self.part(series, part);
        }
    }

    fn events(&mut self, series: &SeriesMapping) {
        for (trigger, event) in &series.events {
            let at = format!("{}.event.{trigger}", place(series));
            self.condition(&at, &series.table, event.condition.as_ref());
            for element in &event.elements {
                match &element.place {
                    ElementTable::Record => self.have(&at, &series.table, [&element.column]),
                    ElementTable::Child { table, on, condition, .. } => {
                        if self.is_table(&at, table) {
                            self.have(&at, table, [&element.column]);
                            self.condition(&at, table, condition.as_ref());
                            self.join(&at, table, &series.table, on);
                        }
                    }
                }
                if element.encoding == Encoding::Local && self.source.timezone.is_none() {
                    self.error(
                        "no-timezone",
                        at.clone(),
                        format!("{} is read as local time, and the source names no zone", element.column),
                        format!("[source.{}] timezone = \"America/Toronto\"", self.source.name),
                    );
                }
            }
        }
    }

    /// A relation must stay in its source: there is no snapshot, and no transaction, over two.
    fn relations(&mut self, series: &SeriesMapping) {
        let blocking = series.blocked_by.iter().map(|relation| ("blocked_by", relation));
        for (word, relation) in series.subject.iter().map(|relation| ("subject", relation)).chain(blocking) {
            let at = format!("{}.{word}", place(series));
            let Ok(other) = self.queries.mapping(&relation.series) else {
                self.error(
                    "relation-elsewhere",
                    at,
                    format!(
                        "series {} is not mapped in source {}: nothing could be checked in one transaction",
                        relation.series, self.source.name
                    ),
                    format!("map {} in source {}, or remove this line", relation.series, self.source.name),
                );
                continue;
            };
            let (this, owner) = if word == "subject" { (series, other) } else { (other, series) };
            let (this, owner) = (this.table.clone(), owner.table.clone());
            self.join(&at, &this, &owner, &relation.on);
        }
    }

    fn part(&mut self, series: &SeriesMapping, part: &PartMapping) {
        let at = part_place(series, part);
        let Some(owner) = super::owner_table(series, part).map(str::to_owned) else {
            let of = part.of.as_ref().map(ToString::to_string).unwrap_or_default();
            let message = format!("it is a part of {of}, which is no part of series {}", series.series);
            return self.error(
                "part-of-none",
                at,
                message,
                format!("of = \"{}\"", list(series.parts.iter().map(|part| part.name.as_str()))),
            );
        };
        if !self.is_table(&at, &part.table) || !self.tells_rows_apart(&at, &part.table) {
            return;
        }
        self.join(&at, &part.table, &owner, &part.on);
        self.condition(&at, &part.table, part.condition.as_ref());
        self.have(&format!("{at}.anonymize"), &part.table, part.anonymize.keys());
        self.owner_gone(&at, part);
        for reference in &part.shared {
            let at = format!("{at}.shared");
            if self.is_table(&at, &reference.table) {
                self.join(&at, &reference.table, &part.table, &reference.on);
                self.condition(&at, &reference.table, reference.condition.as_ref());
            }
        }
        if let Some(files) = &part.files {
            self.files(&format!("{at}.files"), part, files);
        }
    }

    fn owner_gone(&mut self, at: &str, part: &PartMapping) {
        let at = format!("{at}.owner_gone");
        match (&part.owner_gone, &part.on) {
            (OwnerGone::Destroy, _) => {}
            (OwnerGone::Detach, Join::Expression(_)) => self.error(
                "detach-expression",
                at,
                "a join by expression has no columns that could become NULL".to_owned(),
                "owner_gone = { set = { COLUMN = VALUE } }",
            ),
            (OwnerGone::Detach, Join::Columns(pairs)) => {
                for (column, _) in pairs {
                    if self.table(&part.table).is_some_and(|table| table.is_never_null(column)) {
                        let message = format!("{column} of {} cannot become NULL", part.table);
                        self.error(
                            "detach-not-null",
                            at.clone(),
                            message,
                            format!("owner_gone = {{ set = {{ {column} = VALUE }} }}"),
                        );
                    }
                }
            }
            (OwnerGone::Set(columns), _) => {
                let copied = columns.iter().filter_map(|(_, value)| match value {
                    SetValue::Column(column) => Some(column),
                    SetValue::Literal(_) => None,
                });
                let named: Vec<&String> = columns.iter().map(|(column, _)| column).chain(copied).collect();
                self.have(&at, &part.table, named);
            }
        }
    }

    fn files(&mut self, at: &str, part: &PartMapping, files: &FilesMapping) {
        self.have(at, &part.table, &files.columns);
        for (table, columns) in &files.shared {
            if self.is_table(at, table) {
                self.have(at, table, columns);
            }
        }
    }

    /// Every root is there now. Where one is not, the records with files fail by themselves, and others may go.
    pub(super) fn roots(&mut self, series: &SeriesMapping) {
        for part in &series.parts {
            let Some(root) = part.files.as_ref().map(|files| &files.root).filter(|root| !root.is_dir()) else {
                continue;
            };
            let message = format!("there is no directory {} that this user can see", root.display());
            let mend = "create the directory, correct `root`, or give this user the right to read it";
            self.error("no-root", format!("{}.files", part_place(series, part)), message, mend);
        }
    }

    /// Whether a table can be mapped.
    fn is_table(&mut self, at: &str, name: &str) -> bool {
        let mend = || {
            format!(
                "name one of the tables {}",
                list(self.catalog.tables.iter().filter(|(_, table)| !table.is_shadow).map(|(name, _)| name.as_str()))
            )
        };
        let fault = match self.table(name) {
            Some(table) if table.is_virtual || table.is_shadow => Some((
                "virtual-table",
                format!("{name} is (or belongs to) a virtual table, whose rows cannot be destroyed safely"),
                mend(),
            )),
            Some(_) => None,
            None if self.catalog.views.iter().any(|view| view.eq_ignore_ascii_case(name)) => {
                Some(("view", format!("{name} is a view; rows stand in tables"), mend()))
            }
            None => Some(("unknown-table", format!("the database has no table {name}"), mend())),
        };
        let Some((code, message, mend)) = fault else { return true };
        self.error(code, at, message, mend);
        false
    }

    /// Whether something tells the rows of a table apart.
    fn tells_rows_apart(&mut self, at: &str, table: &str) -> bool {
        let Err(StoreError::Schema { message, .. }) = identity(&self.opened.conn, table) else { return true };
        let mend = format!(
            "rename one of these columns (ALTER TABLE {} RENAME COLUMN oid TO …;), or declare its primary key NOT NULL",
            sql::name(table)
        );
        self.error("hidden-rowid", at, message, mend);
        false
    }

    fn have<'c>(&mut self, at: &str, table: &str, columns: impl IntoIterator<Item = &'c String>) {
        for column in columns {
            let Some(found) = self.table(table) else { return };
            if found.column(column).is_none() {
                let mend = format!(
                    "name one of its columns {}",
                    list(found.columns.iter().map(|column| column.name.as_str()))
                );
                self.error("unknown-column", at, format!("table {table} has no column {column}"), mend);
            }
        }
    }

    fn condition(&mut self, at: &str, table: &str, condition: Option<&Condition>) {
        if let Some(Condition::All(tests)) = condition {
            self.have(at, table, tests.iter().map(|test| &test.column));
        }
    }

    fn join(&mut self, at: &str, this: &str, owner: &str, join: &Join) {
        if let Join::Columns(pairs) = join {
            self.have(at, this, pairs.iter().map(|(column, _)| column));
            self.have(at, owner, pairs.iter().map(|(_, column)| column));
        }
    }

    /// The key finds one row and no other.
    pub(super) fn keys(&mut self, series: &SeriesMapping) {
        let at = format!("{}.key", place(series));
        let Some(table) = self.table(&series.table).cloned() else { return };
        let columns: Vec<&str> = series.key.iter().map(String::as_str).collect();
        if !table.is_unique(&series.key) {
            let message = format!(
                "nothing keeps two rows of {} from having the same {}",
                series.table,
                list(columns.iter().copied())
            );
            self.error("key-not-unique", at.clone(), message, create_index(true, &series.table, &columns));
        }
        for name in &series.key {
            if table.column(name).is_some_and(|column| column.affinity() == Affinity::Real) {
                let message = format!("{name} of {} holds floats, which are no keys", series.table);
                self.error("key-real", at.clone(), message, "name another unique column");
            }
        }
    }

    /// Every row has a key, of its column's type.
    pub(super) fn odd_keys(&mut self, series: &SeriesMapping) -> rusqlite::Result<()> {
        for name in &series.key {
            let may_be_null = self.table(&series.table).is_some_and(|table| !table.is_never_null(name));
            if may_be_null && self.has_null(&series.table, name)? {
                let message =
                    format!("rows of {} have no {name}: they are counted as undated and never destroyed", series.table);
                let at = format!("{}.key", place(series));
                self.warning("key-null", at, message, "give them a key, or name another unique column");
            }
            let is_integer = self
                .table(&series.table)
                .and_then(|table| table.column(name))
                .is_some_and(|column| column.affinity() == Affinity::Integer);
            if is_integer && self.has_text(&series.table, name)? {
                let message = format!(
                    "rows of {} have a text for {name}, which is declared to hold integers: they are destroyed like others, and no command can name one of them by its key",
                    series.table
                );
                let at = format!("{}.key", place(series));
                self.warning(
                    "key-text",
                    at,
                    message,
                    "declare the column TEXT; until then, hold such records by `--reference`, `--where` or their series",
                );
            }
        }
        Ok(())
    }

    fn has_null(&self, table: &str, column: &str) -> rusqlite::Result<bool> {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {} IS NULL)", sql::name(table), sql::name(column));
        self.opened.conn.query_row(&sql, [], |row| row.get(0))
    }

    /// For a column of integers, where whatever is a number is stored as one: texts and blobs come after all numbers.
    fn has_text(&self, table: &str, column: &str) -> rusqlite::Result<bool> {
        let sql = format!("SELECT typeof(max({})) IN ('text', 'blob') FROM {}", sql::name(column), sql::name(table));
        self.opened.conn.query_row(&sql, [], |row| row.get(0))
    }
}
