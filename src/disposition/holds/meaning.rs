//! What the names of a hold meant when it was placed. A configuration or calendar that gives them another meaning, or
//! none, would end the hold without anybody's word: until it is placed anew or lifted, nothing is planned or destroyed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::HoldScope;
use crate::disposition::Installation;
use crate::model::{HoldId, Instant, RuleNumber, SeriesName, SourceName};
use crate::records::mapping::{Condition, Join, PartMapping, Relation, SeriesMapping, same_name, same_names};

/// Every series that a hold reaches by its names, and as what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meaning(BTreeMap<SeriesName, Meant>);

/// What of a series' mapping decides which records a hold keeps; the rest is left empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Meant {
    source: SourceName,
    table: String,
    /// Where the hold names keys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<String>,
    /// Where it names what people cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reference: Option<String>,
    /// Where it names the person whom the records are about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<Relation>,
    /// Where it keeps whatever the series counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    filter: Option<Condition>,
    /// Where the hold goes by an expression alone: the triggers that any mapping of the source named. What another one
    /// writes, the expression may read. Nothing of a hold that was placed before it was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    triggers: Option<BTreeSet<String>>,
    /// What rows of a table have (its name in lower case), beginning with the record's own: that stays with one that is
    /// held, and so does what it has in turn, by whichever series. Nothing of a hold that was placed before it was
    /// noted.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, Vec<Branch>>,
}

/// The rows of a part: how they are joined to the part that they are a part of, and that one to its own, up to the
/// record. Parts' names are no matter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Branch(Vec<Rows>);

/// The rows of one table that belong to a row of the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Rows {
    table: String,
    on: Join,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    condition: Option<Condition>,
}

/// A hold in force of which nobody can say any more which records it keeps.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "hold {hold} no longer means what it did when it was placed ({why}), so nobody knows which records it keeps: nothing is planned and nothing destroyed; place it anew (`retentiond hold place …`), then lift this one (`retentiond hold lift {hold}`), or take the change back"
)]
pub struct VoidHold {
    pub hold: HoldId,
    /// What has changed; names of the configuration alone.
    pub why: String,
}

impl Meaning {
    /// What the names of a scope mean by this installation, now.
    pub fn of(install: &Installation, scope: &HoldScope, now: Instant) -> Self {
        let meant = |mapping: &SeriesMapping| Some((mapping.series.clone(), Meant::of(install, mapping, scope, now)?));
        Self(install.series.iter().filter_map(meant).collect())
    }

    /// The first series in which these names mean something else to another, or nothing; what they mean to that one
    /// alone is no matter.
    pub fn unmatched(&self, other: &Self) -> Option<&SeriesName> {
        let differs = |(series, meant): &(&SeriesName, &Meant)| {
            other.0.get(*series).is_none_or(|theirs| meant.difference(theirs).is_some())
        };
        self.0.iter().find(differs).map(|(series, _)| series)
    }

    /// What of it is no more; what has come to it since ends nothing.
    fn lost(&self, now: &Self) -> Option<String> {
        self.0.iter().find_map(|(series, then)| match now.0.get(series) {
            None => Some(format!("it no longer reaches series {series}")),
            Some(now) => then.difference(now).map(|what| format!("{what} of series {series}")),
        })
    }
}

impl Meant {
    fn of(install: &Installation, mapping: &SeriesMapping, scope: &HoldScope, now: Instant) -> Option<Self> {
        let is_named = scope.series() == Some(&mapping.series);
        let bare = Self {
            source: mapping.source.clone(),
            table: mapping.table.clone(),
            key: Vec::new(),
            reference: None,
            subject: None,
            filter: None,
            triggers: None,
            parts: parts_beneath(install, mapping),
        };
        let key = || mapping.key.clone();
        match scope {
            HoldScope::Record { .. } => is_named.then(|| Self { key: key(), ..bare }),
            HoldScope::Reference { .. } => {
                is_named.then(|| Self { key: key(), reference: mapping.reference.clone(), ..bare })
            }
            HoldScope::Subject { series, .. } => {
                let subject = mapping.subject.clone().filter(|subject| subject.series == *series);
                let key = if is_named { key() } else { Vec::new() };
                (is_named || subject.is_some()).then_some(Self { key, subject, ..bare })
            }
            HoldScope::Series { .. } => is_named.then(|| Self { filter: mapping.filter.clone(), ..bare }),
            HoldScope::Where { keys, .. } if keys.is_empty() => {
                is_named.then(|| Self { triggers: Some(named_triggers(install, &mapping.source)), ..bare })
            }
            HoldScope::Where { .. } => is_named.then(|| Self { key: key(), ..bare }),
            HoldScope::Rule { rule } => {
                governs(install, mapping, rule, now).then(|| Self { filter: mapping.filter.clone(), ..bare })
            }
        }
    }

    /// A trigger that was not named then, where one is.
    fn new_trigger<'m>(&self, now: &'m Self) -> Option<&'m String> {
        let (then, now) = self.triggers.as_ref().zip(now.triggers.as_ref())?;
        now.iter().find(|trigger| !then.iter().any(|known| same_name(known, trigger)))
    }

    /// The first part that is no more, or otherwise, and the table whose rows had it.
    fn part_gone<'m>(&'m self, now: &Self) -> Option<(&'m str, &'m str)> {
        self.parts.iter().find_map(|(table, then)| {
            let now = now.parts.get(table).map_or(&[][..], Vec::as_slice);
            let gone = then.iter().find(|part| !now.iter().any(|other| part.is_same(other)))?;
            Some((table.as_str(), gone.table()))
        })
    }

    /// In words, what of it is not so by another; `None` where a database takes both for the same.
    fn difference(&self, now: &Self) -> Option<String> {
        if self.source != now.source {
            Some(format!("{} was the source, and is {} now", self.source, now.source))
        } else if !same_name(&self.table, &now.table) {
            Some(format!("{} was the table, and is {} now", self.table, now.table))
        } else if !same_names(&self.key, &now.key) {
            Some(format!("{} was the key, and is {} now", self.key.join(", "), now.key.join(", ")))
        } else if !same_names(&self.reference, &now.reference) {
            let [then, now] = [self, now].map(|meant| meant.reference.as_deref().unwrap_or("nothing"));
            Some(format!("{then} was the reference, and is {now} now"))
        } else if !same_both(&self.subject, &now.subject, Relation::is_same) {
            Some("another `subject` stands in the mapping".to_owned())
        } else if !same_both(&self.filter, &now.filter, Condition::is_same) {
            Some("another `filter` stands in the mapping".to_owned())
        } else if let Some(trigger) = self.new_trigger(now) {
            Some(format!("the trigger {trigger} is named now, and may change what the expression reads of the records"))
        } else {
            self.part_gone(now).map(|(table, part)| {
                format!("the part {part} of rows of {table} stands no more, or otherwise, in the mapping")
            })
        }
    }
}

fn named_triggers(install: &Installation, source: &SourceName) -> BTreeSet<String> {
    let of_source = install.series.iter().filter(|mapping| mapping.source == *source);
    of_source.flat_map(|mapping| mapping.database_triggers.iter().cloned()).collect()
}

/// What the rows of each table have to which a record leads by its parts, and by those that they have as records of
/// some series themselves.
fn parts_beneath(install: &Installation, of: &SeriesMapping) -> BTreeMap<String, Vec<Branch>> {
    let (mut parts, mut next) = (BTreeMap::new(), vec![of.table.to_ascii_lowercase()]);
    while let Some(table) = next.pop() {
        let here = install.series.iter().filter(|other| other.source == of.source && same_name(&other.table, &table));
        let along = here.flat_map(|other| other.parts.iter().map(move |part| (other, part)));
        let along: Vec<_> = along.filter(|(other, part)| other.takes_along(part)).collect();
        if let Entry::Vacant(place) = parts.entry(table) {
            next.extend(along.iter().map(|(_, part)| part.table.to_ascii_lowercase()));
            place.insert(along.into_iter().map(|(other, part)| Branch::of(other, part)).collect::<Vec<_>>());
        }
    }
    parts.retain(|_, branches| !branches.is_empty());
    parts
}

impl Branch {
    fn of(mapping: &SeriesMapping, part: &PartMapping) -> Self {
        let rows = |part: &PartMapping| Rows {
            table: part.table.clone(),
            on: part.on.clone(),
            condition: part.condition.clone(),
        };
        Self(mapping.chain_of(part).map(rows).collect())
    }

    fn table(&self) -> &str {
        self.0.first().map_or("", |rows| &rows.table)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().zip(&other.0).all(|(one, other)| one.is_same(other))
    }
}

impl Rows {
    fn is_same(&self, other: &Self) -> bool {
        same_name(&self.table, &other.table)
            && self.on.is_same(&other.on)
            && same_both(&self.condition, &other.condition, Condition::is_same)
    }
}

/// Whether both are there and the same, or neither is there.
fn same_both<T>(one: &Option<T>, other: &Option<T>, is_same: fn(&T, &T) -> bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => is_same(one, other),
        (None, None) => true,
        _ => false,
    }
}

/// Whether the calendar in force gives a series this rule to obey; where none is in force, any that has rules for it.
fn governs(install: &Installation, mapping: &SeriesMapping, rule: &RuleNumber, now: Instant) -> bool {
    let calendar = install.in_force_now(mapping, now).or_else(|| install.calendars_of(mapping).next());
    let mut rules = calendar.into_iter().flat_map(|calendar| calendar.rules_for(&mapping.series));
    rules.any(|known| known.number == *rule && known.is_obeyed())
}

/// Whether a hold still keeps what it was placed for. `then`: what its names meant; `None` of a hold that was placed
/// before that was noted, of which only can be said whether they name anything.
///
/// # Errors
/// It does not, or nobody can say.
pub(super) fn look(
    install: &Installation,
    hold: &HoldId,
    scope: &HoldScope,
    then: Option<&Meaning>,
    now: Instant,
) -> Result<(), VoidHold> {
    let lost = then.and_then(|then| then.lost(&Meaning::of(install, scope, now)));
    match lost.or_else(|| names_nothing(install, scope)) {
        None => Ok(()),
        Some(why) => Err(VoidHold { hold: hold.clone(), why }),
    }
}

/// Which of a scope's names nothing bears.
fn names_nothing(install: &Installation, scope: &HoldScope) -> Option<String> {
    if let HoldScope::Rule { rule } = scope {
        return install.knows_rule(rule).is_err().then(|| format!("no calendar has a rule {rule}"));
    }
    let series = scope.series()?;
    let Some(mapping) = install.mapping(series) else { return Some(format!("no series {series} is mapped")) };
    match scope {
        HoldScope::Record { key, .. } | HoldScope::Subject { key, .. } if key.len() != mapping.key.len() => Some(
            format!("the key of series {series} has {} columns, and the hold names {}", mapping.key.len(), key.len()),
        ),
        HoldScope::Reference { .. } if mapping.reference.is_none() => Some(format!("series {series} has no reference")),
        _ => None,
    }
}
