//! The rows that hang on a record: proposed as its parts, or asked about.

use super::{Page, key, map, quoted};
use crate::config::init::guess::{Candidate, Guess, Part};
use crate::config::init::names;
use crate::config::init::schema::Link;

impl Page<'_> {
    pub(super) fn part(&mut self, candidate: &Candidate<'_>, part: &Part<'_>) {
        let Part { name, of, table_name, table, link } = part;
        self.line("");
        self.personal(table_name, table);
        self.line(&format!("[[series.{}.part]]", candidate.name));
        if name != table_name {
            self.line(&format!("name  = {}", quoted(name)));
        }
        self.line(&format!("table = {}", quoted(table_name)));
        if let Some(of) = of {
            self.line(&format!("of    = {}", quoted(of)));
        }
        if let Some((column, kind)) = &link.of_type {
            self.line(&format!("where = {{ {} = {} }}", key(column), quoted(kind)));
        }
        let mark = if link.declared { "" } else { "   # ? no foreign key says so" };
        self.line(&format!("on    = {}{mark}", map(&link.columns)));
        if names::is_person(&link.parent) {
            self.line("# ? they go with the person; if others need them: owner_gone = \"detach\", or { set = { … } }");
            self.open(format!("whether rows of \"{table_name}\" go with the \"{}\" they refer to", candidate.name));
        }
        let columns: Vec<String> = names::paths(table).into_iter().map(|column| quoted(&column.name)).collect();
        let columns = match columns.as_slice() {
            [] => return,
            [only] => format!("column = {only}"),
            several => format!("columns = [{}]", several.join(", ")),
        };
        self.line(&format!(
            "files = {{ {columns}, root = \"\" }}   # ? the directory beneath which they lie; remove the line if it names no files"
        ));
        self.open(format!("the directory of the files that \"{table_name}\" names"));
    }

    /// References to the record from rows that belong to something else: each needs an answer.
    pub(super) fn strays(&mut self, candidate: &Candidate<'_>, guess: &Guess<'_>) {
        let is_answered = |link: &Link| {
            candidate.parts.iter().any(|part| part.link == *link)
                || guess.blockers(candidate).iter().any(|(_, blocker)| *blocker == link)
                || guess.series_of(&link.child).is_some()
        };
        let strays: Vec<Link> = guess
            .links
            .iter()
            .filter(|link| link.parent == candidate.table_name && !is_answered(link))
            .cloned()
            .collect();
        for link in strays {
            let detach = if link.nullable {
                "owner_gone = \"detach\""
            } else {
                "owner_gone = { set = { … } }, or \"destroy\""
            };
            self.line("");
            self.line(&format!("# {} also refers to {}: say what becomes of its rows", link.child, link.parent));
            self.line(&format!("# [[series.{}.part]]", candidate.name));
            self.line(&format!("# name  = {}", quoted(&format!("{}_{}", link.child, link.columns[0].0))));
            self.line(&format!("# table = {}", quoted(&link.child)));
            self.line(&format!("# on    = {}", map(&link.columns)));
            self.line(&format!("# {detach}"));
            self.open(format!(
                "what becomes of rows of \"{}\" whose {} is a \"{}\" that goes",
                link.child, link.columns[0].0, candidate.name
            ));
        }
    }
}
