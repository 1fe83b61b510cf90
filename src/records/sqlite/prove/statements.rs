//! Expressions of the configuration, and every statement built from them, prepared as they will be used.

use super::{Proof, owner_table, part_place, place};
use crate::records::mapping::{Condition, Join, Place, SeriesMapping};
use crate::records::sqlite::StoreError;
use crate::records::sqlite::sql;

/// An expression, and the tables that it may speak of.
struct Expression<'a> {
    at: String,
    text: &'a str,
    this: String,
    owner: Option<String>,
}

impl Proof<'_> {
    /// Every expression is one, and reads only.
    pub(super) fn expressions(&mut self, series: &SeriesMapping) {
        for expression in self.all_expressions(series) {
            let mend = "correct the expression; it may read `this`, `owner` in a join, and other tables in a subquery";
            if let Some(reason) = sql::not_one_expression(expression.text) {
                self.error("expression", expression.at, format!("this is not one SQL expression: {reason}"), mend);
                continue;
            }
            let owner =
                expression.owner.map(|owner| format!("{} AS owner CROSS JOIN ", sql::name(&owner))).unwrap_or_default();
            let condition = sql::condition(&Condition::Expression(expression.text.to_owned()));
            let select = format!("SELECT 1 FROM {owner}{} AS this WHERE {condition}", sql::name(&expression.this));
            if let Some(reason) = self.refused(&select) {
                self.error(
                    "expression",
                    expression.at,
                    format!("SQLite does not accept the expression: {reason}"),
                    mend,
                );
            }
        }
    }

    /// Every statement that reads facts and files.
    pub(super) fn statements(&mut self, series: &SeriesMapping) {
        let statements: Vec<String> = match self.queries.make(&series.series) {
            Ok(query) => query.statements().collect(),
            Err(error) => return self.error("statement", place(series), error.to_string(), "correct the mapping"),
        };
        for statement in statements {
            if let Some(reason) = self.refused(&statement) {
                let message = format!("SQLite does not accept a statement made from the mapping: {reason}");
                return self.error(
                    "statement",
                    place(series),
                    message,
                    "correct the columns, joins and expressions of the series",
                );
            }
        }
    }

    /// Why a statement cannot be prepared, or would write.
    fn refused(&self, sql: &str) -> Option<String> {
        match self.opened.conn.prepare(sql) {
            Ok(statement) => (!statement.readonly()).then(|| "it writes".to_owned()),
            Err(error) => Some(match StoreError::of(&self.opened.conn, error) {
                StoreError::Schema { message, .. } | StoreError::Sql { message, .. } => message,
                other => other.to_string(),
            }),
        }
    }

    fn all_expressions<'m>(&self, series: &'m SeriesMapping) -> Vec<Expression<'m>> {
        let mut found = Vec::new();
        let at = place(series);
        let table = &series.table;
        push_condition(&mut found, format!("{at}.filter"), table, series.filter.as_ref());
        for (name, condition) in &series.conditions {
            push_condition(&mut found, format!("{at}.condition.{name}"), table, Some(condition));
        }
        for (trigger, event) in &series.events {
            let at = format!("{at}.event.{trigger}");
            push_condition(&mut found, at.clone(), table, event.condition.as_ref());
            for element in &event.elements {
                if let Place::Child { table: child, on, condition, .. } = &element.place {
                    push_join(&mut found, at.clone(), child, table, on);
                    push_condition(&mut found, at.clone(), child, condition.as_ref());
                }
            }
        }
        let mapped = |relation: &crate::records::mapping::Relation| {
            self.queries.mapping(&relation.series).ok().map(|other| other.table.clone())
        };
        if let Some(relation) = &series.subject
            && let Some(other) = mapped(relation)
        {
            {
                push_join(&mut found, format!("{at}.subject"), table, &other, &relation.on);
            }
        }
        for relation in &series.blocked_by {
            if let Some(other) = mapped(relation) {
                push_join(&mut found, format!("{at}.blocked_by"), &other, table, &relation.on);
            }
        }
        for part in &series.parts {
            let at = part_place(series, part);
            push_condition(&mut found, at.clone(), &part.table, part.condition.as_ref());
            if let Some(owner) = owner_table(series, part) {
                push_join(&mut found, at.clone(), &part.table, owner, &part.on);
            }
            for reference in &part.shared {
                push_join(&mut found, at.clone(), &reference.table, &part.table, &reference.on);
                push_condition(&mut found, at.clone(), &reference.table, reference.condition.as_ref());
            }
        }
        // What is said of a table that is not there was found before.
        found.retain(|expression| {
            let known = |name: &str| self.table(name).is_some();
            known(&expression.this) && expression.owner.as_deref().is_none_or(known)
        });
        found
    }
}

fn push_condition<'m>(found: &mut Vec<Expression<'m>>, at: String, table: &str, condition: Option<&'m Condition>) {
    if let Some(Condition::Expression(text)) = condition {
        found.push(Expression { at, text, this: table.to_owned(), owner: None });
    }
}

fn push_join<'m>(found: &mut Vec<Expression<'m>>, at: String, this: &str, owner: &str, join: &'m Join) {
    if let Join::Expression(text) = join {
        found.push(Expression { at, text, this: this.to_owned(), owner: Some(owner.to_owned()) });
    }
}
