//! A `[[rule]]` table.

use std::collections::BTreeSet;

use super::{KnownSeries, clock, text};
use crate::calendar::{Basis, Disposition, Governs, Role, Rule};
use crate::model::{Table, Value, nearest};

const DISPOSITIONS: [(&str, Disposition); 6] = [
    ("destroy", Disposition::Destroy),
    ("anonymize", Disposition::Anonymize),
    ("deidentify", Disposition::Deidentify),
    ("transfer", Disposition::Transfer),
    ("select", Disposition::Select),
    ("permanent", Disposition::Permanent),
];

/// Reads one rule. `known` is `None` where the file has no series at all; `numbers` are those of the rules met so far.
pub(super) fn read<'d>(
    mut table: Table<'d>,
    known: Option<&KnownSeries<'d>>,
    numbers: &mut BTreeSet<&'d str>,
) -> Option<Rule> {
    let number = table.need("number", "number the rule, uniquely in this calendar (`number = \"PC-1\"`)");
    let number = number.and_then(|value| unique_number(&value, numbers));
    let title = table.get("title").map(text::words).unwrap_or_default();
    let series = table.need("series", "name the series that the rule governs");
    let (series, triggers) = series.map_or((None, None), |value| governed_series(&value, known));
    let governs = governs(&mut table);
    let unless = table.get("unless").map(|value| text::name(&value));
    let role = table.get("role").map(|value| value.one_of(&[("floor", Role::Floor), ("disposing", Role::Disposing)]));
    let disposition = disposition(&mut table, role);
    let clock = match disposition {
        Some(Some(Disposition::Permanent)) => clock::read_permanent(&mut table, triggers),
        _ => clock::read(&mut table, triggers),
    };
    let basis = table.get("basis").map(|value| basis(&value)).unwrap_or_default();
    let example = table.get("example").map(|value| value.flag());
    let executed_elsewhere = table.get("executed").map(|value| value.one_of(&[("elsewhere", true)]));
    table.finish();
    Some(Rule {
        number: number?.into(),
        title,
        series: series?.into(),
        governs: governs?,
        unless: unless.flatten().map(str::to_owned),
        role: role.unwrap_or(Some(Role::Disposing))?,
        clock: clock?,
        disposition: disposition?,
        basis,
        example: example.flatten().unwrap_or(false),
        executed_elsewhere: executed_elsewhere.flatten().unwrap_or(false),
    })
}

fn unique_number<'d>(value: &Value<'d>, numbers: &mut BTreeSet<&'d str>) -> Option<&'d str> {
    let number = text::name(value)?;
    if !numbers.insert(number) {
        let message = format!("two rules have the number `{number}`");
        value.fault("duplicate-rule", message, "give each rule a number of its own");
        return None;
    }
    Some(number)
}

/// The series that a rule names, and its triggers where they are known; a name that no series bears is a fault.
fn governed_series<'k, 'd>(
    value: &Value<'d>,
    known: Option<&'k KnownSeries<'d>>,
) -> (Option<&'d str>, Option<&'k BTreeSet<&'d str>>) {
    let (Some(name), Some(known)) = (text::name(value), known) else { return (None, None) };
    if let Some(triggers) = known.get(name) {
        return (Some(name), triggers.as_ref());
    }
    let names: Vec<&str> = known.keys().copied().collect();
    let mend = match nearest(name, &names) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("write a [[series]] with `name = \"{name}\"`, or name another"),
    };
    value.fault("unknown-series", format!("the calendar has no series `{name}`"), mend);
    (None, None)
}

fn governs(table: &mut Table<'_>) -> Option<Governs> {
    match (table.get("part"), table.get("group")) {
        (None, None) => Some(Governs::Record),
        (Some(part), None) => text::name(&part).map(|name| Governs::Part(name.into())),
        (None, Some(group)) => text::name(&group).map(|name| Governs::Group(name.to_owned())),
        (Some(_), Some(group)) => {
            group.fault("two-elements", "a rule governs a part or a column group, not both", "make two rules of it");
            None
        }
    }
}

/// `Some(None)` for a floor; `None` after a fault, in the role too.
fn disposition(table: &mut Table<'_>, role: Option<Option<Role>>) -> Option<Option<Disposition>> {
    let value = table.get("disposition");
    match (value, role.unwrap_or(Some(Role::Disposing))?) {
        (Some(value), Role::Disposing) => value.one_of(&DISPOSITIONS).map(Some),
        (None, Role::Floor) => Some(None),
        (Some(value), Role::Floor) => {
            let mend = "remove `disposition`, or remove `role = \"floor\"` from a rule that is to dispose";
            value.fault("floor-disposes", "a floor only postpones, and never disposes", mend);
            None
        }
        (None, Role::Disposing) => {
            let mend = "write `disposition = \"destroy\"` (or anonymize, deidentify, transfer, select, permanent), or `role = \"floor\"`";
            table.fault("missing-disposition", format!("`{}` does not say what happens at term", table.path()), mend);
            None
        }
    }
}

fn basis(value: &Value<'_>) -> Vec<Basis> {
    let items = value.items().unwrap_or_default();
    let tables = items.iter().filter_map(Value::table);
    tables.filter_map(one_basis).collect()
}

fn one_basis(mut table: Table<'_>) -> Option<Basis> {
    let source =
        table.need("source", "name the text that the rule comes from (`source = \"Politique de confidentialité\"`)");
    let quotation = table.get("text").map(|value| value.text());
    table.finish();
    Some(Basis { source: source?.text()?.to_owned(), text: quotation.flatten().map(str::to_owned) })
}
