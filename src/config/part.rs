//! `[[series.NAME.part]]`: dependent rows and files, and what becomes of them.

use std::path::Path;

use toml::de::DeValue;

use super::join::{condition, every, join, literal, masks, names};
use crate::model::{PartName, Table, Value};
use crate::records::mapping::{FilesMapping, Join, Missing, OwnerGone, PartMapping, Reference, SetValue};

/// Lowers one part. Relative roots are resolved against `base`.
pub(super) fn lower(value: &Value<'_>, base: &Path) -> Option<PartMapping> {
    let mut table = value.table()?;
    let rows = table.need("table", "name the table of the dependent rows: `table = \"message\"`");
    let rows = rows.and_then(|rows| rows.text());
    let name = table.get("name").map_or(rows, |name| name.text());
    let of = table.get("of").map_or(Some(None), |of| of.text().map(Some));
    let on_mend = "join it to its owner, column of the part = column of the owner: `on = { dossier_id = \"id\" }`";
    let on = table.need("on", on_mend).and_then(|on| join(&on));
    let condition = table.get("where").map_or(Some(None), |test| condition(&test).map(Some));
    let files = table.get("files").map_or(Some(None), |files| self::files(&files, base).map(Some));
    let owner_gone = table.get("owner_gone").map_or(Some(OwnerGone::Destroy), |word| owner_gone(&word, on.as_ref()));
    let shared = table.get("shared").map_or(Some(Vec::new()), |list| every(list.items()?.iter().map(reference)));
    let anonymize = table.get("anonymize").map_or(Some(Default::default()), |map| masks(&map));
    table.finish();
    Some(PartMapping {
        name: PartName::new(name?),
        table: rows?.to_owned(),
        of: of?.map(PartName::new),
        on: on?,
        condition: condition?,
        files: files?,
        owner_gone: owner_gone?,
        shared: shared?,
        anonymize: anonymize?,
    })
}

fn files(value: &Value<'_>, base: &Path) -> Option<FilesMapping> {
    let mut table = value.table()?;
    let columns = columns(&mut table);
    let root_mend = "name the directory beneath which every file must lie: `root = \"/srv/parle/documents\"`";
    let root = table.need("root", root_mend).and_then(|root| root.text());
    let shared = table.get("shared").map_or(Some(Vec::new()), |list| every(list.items()?.iter().map(naming_table)));
    let missing = [("fail", Missing::Fail), ("gone", Missing::Gone)];
    let missing = table.get("missing").map_or(Some(Missing::default()), |word| word.one_of(&missing));
    table.finish();
    Some(FilesMapping { columns: columns?, root: base.join(root?), shared: shared?, missing: missing? })
}

/// `{ table = "avatar", column = "path" }`: another table that names files beneath the same root.
fn naming_table(value: &Value<'_>) -> Option<(String, Vec<String>)> {
    let mut table = value.table()?;
    let name = table.need("table", "name the other table that names files").and_then(|name| name.text());
    let columns = columns(&mut table);
    table.finish();
    Some((name?.to_owned(), columns?))
}

/// `column = "path"` or `columns = ["disk_directory", "disk_filename"]`.
fn columns(table: &mut Table<'_>) -> Option<Vec<String>> {
    match (table.get("columns"), table.get("column")) {
        (Some(columns), None) => names(&columns),
        (None, Some(column)) => Some(vec![column.text()?.to_owned()]),
        (Some(columns), Some(_)) => {
            let message = format!("`{}` has both `column` and `columns`", table.path());
            columns.fault("column-and-columns", message, "keep the one that names the whole path");
            None
        }
        (None, None) => {
            let message = format!("`{}` does not say which column holds the path", table.path());
            table.fault("missing-key", message, "write `column = \"path\"`, or `columns = [\"directory\", \"name\"]`");
            None
        }
    }
}

/// `{ table = "link", on = { document_id = "id" } }`: rows elsewhere that also refer to the part.
fn reference(value: &Value<'_>) -> Option<Reference> {
    let mut table = value.table()?;
    let name = table.need("table", "name the table whose rows also refer to the part").and_then(|name| name.text());
    let on_mend = "join it to the part, column of that table = column of the part: `on = { document_id = \"id\" }`";
    let on = table.need("on", on_mend).and_then(|on| join(&on));
    let condition = table.get("where").map_or(Some(None), |test| condition(&test).map(Some));
    table.finish();
    Some(Reference { table: name?.to_owned(), on: on?, condition: condition? })
}

fn owner_gone(value: &Value<'_>, on: Option<&Join>) -> Option<OwnerGone> {
    if let DeValue::Table(_) = value.raw() {
        return set(value).map(OwnerGone::Set);
    }
    let word = value.one_of(&[("destroy", OwnerGone::Destroy), ("detach", OwnerGone::Detach)])?;
    if word == OwnerGone::Detach && matches!(on, Some(Join::Expression(_))) {
        let message = format!("`{}` cannot set the joining columns NULL: `on` is an expression", value.path());
        value.fault("detach-expression", message, "write which columns change: `owner_gone = { set = { … } }`");
        return None;
    }
    Some(word)
}

/// `{ set = { author_id = 2, root_id = { column = "id" }, parent_id = { null = true } } }`.
fn set(value: &Value<'_>) -> Option<Vec<(String, SetValue)>> {
    let mut table = value.table()?;
    let columns = table.need("set", "write `{ set = { author_id = 2 } }`, \"detach\" or \"destroy\"");
    table.finish();
    let columns = columns?;
    let entries = columns.table()?.entries();
    if entries.is_empty() {
        columns.fault("empty-map", format!("`{}` sets nothing", columns.path()), "write column and value");
        return None;
    }
    every(entries.into_iter().map(|(column, _, wanted)| Some((column.to_owned(), set_value(&wanted)?))))
}

fn set_value(value: &Value<'_>) -> Option<SetValue> {
    match value.raw() {
        DeValue::Table(entries) if entries.contains_key("column") => {
            let mut table = value.table()?;
            let column = table.get("column").and_then(|column| column.text());
            table.finish();
            Some(SetValue::Column(column?.to_owned()))
        }
        _ => literal(value).map(SetValue::Literal),
    }
}
