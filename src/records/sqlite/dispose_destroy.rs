//! The statements that destroy records: with their parts, whose rows go, or live on without them.

use super::StoreError;
use super::dispose_family::{Aside, Root, listed, table, unusable};
use super::dispose_member::Member;
use super::dispose_order::Group;
use super::dispose_program::{Compiler, Effect, Step, changing, update};
use super::sql::{OWNER, THIS, column, condition, join, literal, name};
use crate::records::mapping::{Join, OwnerGone, PartMapping, SetValue};

impl<'a> Compiler<'_, 'a> {
    /// Everything that goes with a record, group by group.
    pub(super) fn destroy(&self) -> Result<Vec<Step>, StoreError> {
        let mut steps = Vec::new();
        for (root, member) in self.put_aside() {
            let sql = self.family.put_aside(Aside::Going, root, member);
            steps.extend(sql.map(|sql| Step::new(&member.part.table, sql, Effect::None)));
        }
        for Group { root, turns } in &self.groups {
            if let Some(member) = root {
                self.narrow(member, &mut steps);
            }
            for turn in turns {
                match turn {
                    Some(member) => self.part(*root, member, &mut steps)?,
                    None => self.root(*root, &mut steps),
                }
            }
        }
        Ok(steps)
    }

    /// The rows of `root` themselves. That none is left is read back: of the records always, of others where they have
    /// triggers.
    fn root(&self, root: Root<'_, 'a>, steps: &mut Vec<Step>) {
        let delete = |name: &str, rows: &str| format!("DELETE FROM {} AS this WHERE {rows}", table(name));
        match root {
            None => {
                let (name, rows) = (&self.family.series.table, self.family.where_records());
                self.destroying(Step::new(name, delete(name, &rows), Effect::Records), &rows, steps);
                steps.push(Step::none_left(name, &rows));
            }
            Some(member) => {
                let rows = self.family.where_aside(Aside::Going, member);
                let step = changing(member, delete(&member.part.table, &rows), &rows, Effect::Parts);
                self.destroying(step, &rows, steps);
                if member.has_triggers {
                    steps.push(Step::none_left(&member.part.table, &rows));
                }
            }
        }
    }

    fn part(&self, root: Root<'_, 'a>, member: &Member<'a>, steps: &mut Vec<Step>) -> Result<(), StoreError> {
        let part = member.part;
        let is_chosen = self.chosen.iter().any(|chosen| chosen.place == member.place);
        let rows = match is_chosen {
            true => self.family.where_aside(Aside::Going, member),
            false => self.family.where_rows(root, member),
        };
        let rows = self.family.beside_records(member, rows);
        let name = table(&part.table);
        let (sql, effect) = match &part.owner_gone {
            OwnerGone::Destroy => (format!("DELETE FROM {name} AS this WHERE {rows}"), Effect::Parts),
            OwnerGone::Detach => (update(&name, &self.detachments(part)?, &rows), Effect::Detached),
            OwnerGone::Set(values) => {
                let values = listed(values.iter().map(|(column, value)| assignment(column, value)));
                (update(&name, &values, &rows), Effect::Detached)
            }
        };
        let step = changing(member, sql, &rows, effect);
        match effect {
            Effect::Parts => self.destroying(step, &rows, steps),
            _ => steps.push(self.altering(step)),
        }
        if member.has_triggers {
            steps.extend(none_left(member, &rows));
        }
        Ok(())
    }

    /// A statement that destroys these rows. Where triggers may write besides, the sum of all changes no longer shows
    /// that a foreign key took rows along: so none may refer to those that go.
    fn destroying(&self, step: Step, rows: &str, steps: &mut Vec<Step>) {
        for (child, key) in self.permitted.cascades(&step.table) {
            let on =
                key.columns.iter().map(|(here, there)| format!("{} = {}", column(THIS, there), column("child", here)));
            let on = on.collect::<Vec<_>>().join(" AND ");
            let (parent, child) = (table(&step.table), table(child));
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM {parent} AS this CROSS JOIN {child} AS child WHERE {on} AND {rows})"
            );
            steps.push(Step::new(&step.table, sql, Effect::NoneLeft));
        }
        let lets_triggers_write = self.permitted.on_destroying(&step.table);
        steps.push(Step { lets_triggers_write, ..step });
    }

    fn detachments(&self, part: &PartMapping) -> Result<String, StoreError> {
        match &part.on {
            Join::Columns(pairs) => Ok(listed(pairs.iter().map(|(this, _)| format!("{} = NULL", name(this))))),
            Join::Expression(_) => Err(unusable(
                self.conn,
                format!("part {}: `owner_gone = \"detach\"` needs an `on` that names columns", part.name),
            )),
        }
    }

    /// Lets those go on living that something still refers to: another owner, or a row of the `shared` tables.
    fn narrow(&self, member: &Member<'a>, steps: &mut Vec<Step>) {
        let part = member.part;
        let candidates = self.family.aside(Aside::Going, member);
        let mut keep = |alias: &str, reference: String| {
            let (name, list, copied) = (table(&part.table), member.list(alias), member.copied());
            let referred = format!(
                "SELECT k.rowid FROM {candidates} AS k CROSS JOIN {name} AS {alias} \
                 WHERE ({list}) = ({copied}) AND EXISTS ({reference})"
            );
            let sql = format!("DELETE FROM {candidates} WHERE rowid IN ({referred})");
            steps.push(Step::new(&part.table, sql, Effect::None));
        };
        let owners = table(self.family.owner_table(member));
        keep(THIS, format!("SELECT 1 FROM {owners} AS owner WHERE {}", join(&part.on)));
        for reference in &part.shared {
            let also = reference.condition.as_ref().map_or("1".to_owned(), condition);
            let (name, on) = (table(&reference.table), join(&reference.on));
            keep(OWNER, format!("SELECT 1 FROM {name} AS this WHERE {on} AND {also}"));
        }
        let theirs = self.put_aside().filter(|(root, _)| root.is_some_and(|root| root.place == member.place));
        for (_, with) in theirs {
            steps.push(Step::new(&with.part.table, self.family.stay_with(member, with), Effect::None));
        }
    }
}

/// Fails where one of these rows of a part is left, or still has its owner. What is set need not be what joins the row
/// to its owner: such rows are counted before, and that must do.
fn none_left(member: &Member<'_>, rows: &str) -> Option<Step> {
    let name = &member.part.table;
    match member.part.owner_gone {
        OwnerGone::Destroy => Some(Step::none_left(name, rows)),
        OwnerGone::Detach => {
            let joined = member.joined_by().into_iter().map(|joined| format!("{} IS NOT NULL", column(THIS, joined)));
            Some(Step::none_left(name, &format!("{rows} AND ({})", joined.collect::<Vec<_>>().join(" OR "))))
        }
        OwnerGone::Set(_) => None,
    }
}

fn assignment(target: &str, value: &SetValue) -> String {
    let value = match value {
        SetValue::Literal(value) => literal(value),
        SetValue::Column(source) => column(THIS, source),
    };
    format!("{} = {value}", name(target))
}
