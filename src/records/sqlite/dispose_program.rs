//! From a mapping to the statements that dispose of its records.
//!
//! First the rows are put aside that could not be told any more when their turn comes. Then the deepest parts go, while
//! their owners can still be found; shared parts go last, when the references that go with the records are gone.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::StoreError;
use super::dispose_family::{Aside, Family, Root, listed, table, unusable};
use super::dispose_member::{Member, stored_columns};
use super::dispose_order::Group;
use super::masked;
use super::permitted::Permitted;
use super::sql::{THIS, column, mask, name};
use crate::records::mapping::{Mask, SeriesMapping};

/// The statements for one series.
pub(super) struct Program {
    /// Empties the temporary table of keys.
    pub(super) empty: String,
    /// Puts a key's place and columns there.
    pub(super) insert: String,
    pub(super) destroy: Vec<Step>,
    /// Rows that go together may refer to each other: whether the last reference went with them shows at the COMMIT
    /// only.
    pub(super) is_circular: bool,
    pub(super) anonymize: Vec<Step>,
    /// Selects the places of the keys whose records are there; a test of `this` may follow.
    pub(super) find: String,
    /// Count the rows of the one loaded record and their bytes, table by table.
    pub(super) weights: Vec<String>,
    /// Whether a trigger that the mapping names may copy what goes.
    pub(super) may_be_copied: bool,
}

/// One statement.
pub(super) struct Step {
    pub(super) table: String,
    pub(super) sql: String,
    /// Counts beforehand how many rows the statement must change, where a trigger could keep some from it without a
    /// word, or where an expression chooses them.
    pub(super) expect: Option<String>,
    pub(super) effect: Effect,
    /// Triggers that the mapping names may change rows of other tables besides.
    pub(super) lets_triggers_write: bool,
}

impl Step {
    pub(super) fn new(table: &str, sql: String, effect: Effect) -> Self {
        Self { table: table.to_owned(), sql, expect: None, effect, lets_triggers_write: false }
    }

    /// Fails where a row of the table is left that passes a test.
    pub(super) fn none_left(name: &str, test: &str) -> Self {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM {} AS this WHERE {test})", table(name));
        Self::new(name, sql, Effect::NoneLeft)
    }
}

/// What the rows that a statement changes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Temporary tables only.
    None,
    /// Exactly one row for each key.
    Records,
    /// Rows of parts.
    Parts,
    /// Rows that live on.
    Detached,
    /// Changes nothing: selects 1 where a row is left that had to go, or to be masked.
    NoneLeft,
}

/// Makes the statements for a series; its temporary tables are the connection's number `number`.
pub(super) fn compile(
    conn: &Connection,
    series: &SeriesMapping,
    permitted: &Permitted,
    number: usize,
) -> Result<Program, StoreError> {
    let family = Family::read(conn, series, number)?;
    let compiler = Compiler::new(conn, &family, permitted);
    compiler.make_temporary_tables()?;
    let keys = family.keys();
    let columns = listed((0..series.key.len()).map(|place| format!("k{place}")));
    let parameters = listed((0..series.key.len()).map(|place| format!("?{}", place + 2)));
    Ok(Program {
        empty: format!("DELETE FROM {keys}"),
        insert: format!("INSERT INTO {keys}(rowid, {columns}) VALUES (?1, {parameters})"),
        destroy: compiler.destroy()?,
        is_circular: !family.out_of_order(&compiler.groups).is_empty(),
        anonymize: compiler.anonymize()?,
        find: format!(
            "SELECT k.rowid FROM {keys} AS k CROSS JOIN {} AS this WHERE {}",
            table(&series.table),
            family.matches_key()
        ),
        weights: compiler.weights()?,
        may_be_copied: permitted.copies,
    })
}

pub(super) struct Compiler<'f, 'a> {
    pub(super) conn: &'f Connection,
    pub(super) family: &'f Family<'a>,
    pub(super) permitted: &'f Permitted,
    pub(super) groups: Vec<Group<'f, 'a>>,
    /// The parts whose rows are put aside before the first of all goes, beside the shared ones.
    pub(super) chosen: Vec<&'f Member<'a>>,
    /// Those whose rows are put aside before the first mask.
    chosen_to_be_masked: Vec<&'f Member<'a>>,
}

impl<'f, 'a> Compiler<'f, 'a> {
    fn new(conn: &'f Connection, family: &'f Family<'a>, permitted: &'f Permitted) -> Self {
        let groups = family.groups();
        let chosen = family.chosen_to_go(&groups, permitted);
        let chosen_to_be_masked = family.chosen_to_be_masked(permitted);
        Self { conn, family, permitted, groups, chosen, chosen_to_be_masked }
    }

    /// The parts of which rows are put aside before the first goes, each with its root: owners before what is theirs.
    pub(super) fn put_aside(&self) -> impl Iterator<Item = (Root<'f, 'a>, &'f Member<'a>)> {
        let shared = self.groups.iter().filter_map(|group| group.root);
        shared.chain(self.chosen.iter().copied()).map(|member| (self.family.root_of(member), member))
    }

    fn make_temporary_tables(&self) -> Result<(), StoreError> {
        let going = self.put_aside().map(|(root, member)| (Aside::Going, root, member));
        let masked = self.chosen_to_be_masked.iter().map(|member| (Aside::Masked, None, *member));
        self.family.make_temporary_tables(self.conn, &going.chain(masked).collect::<Vec<_>>())
    }

    /// SQLite knows how long a value is from its row's header, and reads none of the pages that a long one fills.
    fn weights(&self) -> Result<Vec<String>, StoreError> {
        let weigh = |name: &str, rows: &str| {
            let columns = stored_columns(self.conn, name)?.into_iter();
            let bytes = columns.map(|stored| format!("total(octet_length({}))", column(THIS, &stored)));
            let bytes = bytes.collect::<Vec<_>>().join(" + ");
            Ok(format!("SELECT count(*), CAST({bytes} AS INTEGER) FROM {} AS this WHERE {rows}", table(name)))
        };
        let mut weights = vec![weigh(&self.family.series.table, &self.family.where_records())?];
        let shared = self.family.shared_beneath(None).into_iter();
        let shared = shared.flat_map(|member| self.family.beneath(Some(member)).into_iter().chain([member]));
        for member in self.family.beneath(None).into_iter().chain(shared) {
            let rows = self.family.beside_records(member, self.family.where_rows(None, member));
            weights.push(weigh(&member.part.table, &rows)?);
        }
        Ok(weights)
    }

    /// A statement that masks, detaches or re-points rows.
    pub(super) fn altering(&self, step: Step) -> Step {
        Step { lets_triggers_write: self.permitted.on_changing(&step.table), ..step }
    }

    fn anonymize(&self) -> Result<Vec<Step>, StoreError> {
        let mut steps = Vec::new();
        for member in &self.chosen_to_be_masked {
            let sql = self.family.put_aside(Aside::Masked, None, member);
            steps.extend(sql.map(|sql| Step::new(&member.part.table, sql, Effect::None)));
        }
        for member in self.family.masked() {
            let part = member.part;
            if self.family.series.shares(part) {
                let message = format!("part {}: rows that records share cannot be masked", part.name);
                return Err(unusable(self.conn, message));
            }
            let is_chosen = self.chosen_to_be_masked.iter().any(|chosen| chosen.place == member.place);
            let rows = match is_chosen {
                true => self.family.where_aside(Aside::Masked, member),
                false => self.family.where_rows(None, member),
            };
            let sql = update(&table(&part.table), &masking(&part.anonymize), &rows);
            steps.push(self.altering(changing(member, sql, &rows, Effect::Parts)));
            steps.push(unmasked(&part.table, &part.anonymize, &rows));
        }
        let series = self.family.series;
        if !series.anonymize.is_empty() {
            let (name, records) = (&series.table, self.family.where_records());
            let sql = update(&table(name), &masking(&series.anonymize), &records);
            steps.push(self.altering(Step::new(name, sql, Effect::Records)));
            steps.push(unmasked(name, &series.anonymize, &records));
        }
        Ok(steps)
    }
}

/// A statement that changes these rows of a part.
pub(super) fn changing(member: &Member<'_>, sql: String, rows: &str, effect: Effect) -> Step {
    let name = &member.part.table;
    let count = || format!("SELECT count(*) FROM {} AS this WHERE {rows}", table(name));
    let is_counted = member.has_triggers || member.is_found_by_expression();
    Step { expect: is_counted.then(count), ..Step::new(name, sql, effect) }
}

/// OR ABORT overrules what a constraint says it does on a conflict: to pass the row over, or to remove the other one,
/// uncounted.
pub(super) fn update(name: &str, assignments: &str, rows: &str) -> String {
    format!("UPDATE OR ABORT {name} AS this SET {assignments} WHERE {rows}")
}

fn masking(masks: &BTreeMap<String, Mask>) -> String {
    listed(masks.iter().map(|(column, mask)| masked(column, mask)))
}

/// Fails where a mask is not in place.
fn unmasked(name: &str, masks: &BTreeMap<String, Mask>, rows: &str) -> Step {
    Step::none_left(name, &format!("{rows} AND NOT {}", masked::masked(masks)))
}

fn masked(target: &str, how: &Mask) -> String {
    format!("{} = {}", name(target), mask(&column(THIS, target), how))
}
