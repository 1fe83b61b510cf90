//! The `[calendar]` table.

use super::text;
use crate::calendar::{Calendar, CalendarApproval};
use crate::model::{CivilDate, Digest, Table, Value};

/// Reads `[calendar]` as a calendar that has no series and no rules yet.
pub(super) fn read(mut table: Table<'_>) -> Option<Calendar> {
    let number = table.need("number", "write the number by which its authority knows it (`number = \"OPC-PC\"`)");
    let number = number.and_then(|value| text::name(&value));
    let organization = table.need("organization", "name the organization whose calendar this is");
    let organization = organization.and_then(|value| value.text());
    let title = table.get("title").map(text::words);
    let version = table.need("version", "write `version = 1`, and one more for each change");
    let version = version.and_then(|value| version_number(&value));
    let replaces = table.get("replaces").map(|value| replaced_version(&value, version));
    let approval = table.get("approval").map(|value| approval(&value));
    let effective = table.need("effective", "say from which day it is in force (`effective = { from = 2024-04-04 }`)");
    let effective = effective.and_then(|value| effective_dates(&value));
    let timezone =
        table.need("timezone", "name the zone in which its days are counted (`timezone = \"America/Toronto\"`)");
    let timezone = timezone.and_then(|value| value.zone());
    table.finish();
    let (effective_from, effective_until) = effective?;
    Some(Calendar {
        number: number?.into(),
        organization: organization?.to_owned(),
        title: title.unwrap_or_default(),
        version: version?,
        replaces: replaces.flatten(),
        approval: approval.flatten(),
        effective_from,
        effective_until,
        replaced_on: None,
        timezone: timezone?,
        series: Vec::new(),
        rules: Vec::new(),
        text: String::new(),
        digest: Digest::of(b""),
    })
}

fn version_number(value: &Value<'_>) -> Option<u32> {
    let number = value.integer()?;
    let version = u32::try_from(number).ok().filter(|version| *version > 0);
    if version.is_none() {
        let message = format!("`{}` is {number}, and versions count from 1", value.path());
        value.fault("bad-version", message, "write 1 for the first version, 2 for the next");
    }
    version
}

fn replaced_version(value: &Value<'_>, version: Option<u32>) -> Option<u32> {
    let mut table = value.table()?;
    let replaced = table.need("version", "name the version that this one replaces (`replaces = { version = 1 }`)");
    table.finish();
    let replaced = replaced?;
    let number = version_number(&replaced)?;
    if let Some(version) = version.filter(|version| *version <= number) {
        let message = format!("version {version} cannot replace version {number}");
        replaced.fault("replaces-later", message, "raise `version`, or name an earlier one here");
    }
    Some(number)
}

fn approval(value: &Value<'_>) -> Option<CalendarApproval> {
    let mut table = value.table()?;
    let authority = table.need("authority", "name who approved it (`authority = \"BAnQ\"`)");
    let date = table.need("date", "write the day of approval (`date = 2024-03-20`)");
    table.finish();
    let (authority, date) = (authority.and_then(|value| value.text()), date.and_then(|value| value.date()));
    Some(CalendarApproval { authority: authority?.to_owned(), date: date? })
}

fn effective_dates(value: &Value<'_>) -> Option<(CivilDate, Option<CivilDate>)> {
    let mut table = value.table()?;
    let from = table.need("from", "write the first day on which it is in force (`from = 2024-04-04`)");
    let until = table.get("until").map(|value| value.date());
    let from = from.and_then(|value| value.date());
    if let (Some(from), Some(Some(until))) = (from, until)
        && until < from
    {
        let message = format!("the calendar ends on {until}, before it begins on {from}");
        table.fault("effective-reversed", message, "exchange the two dates, or mend the one that is wrong");
    }
    table.finish();
    Some((from?, until.flatten()))
}
