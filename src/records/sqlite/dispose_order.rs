//! In which order the rows of a family go or change, and which of them must be chosen before the first does.
//!
//! A plan saw them all in place. Most parts are found just as well when their turn comes, by the unchanged keys of
//! their owners, and that is fastest. But not those whose owners have gone by then, and not those that are found by
//! what another turn changes; and an expression may look at anything.

use std::collections::BTreeSet;

use super::catalog::ForeignKey;
use super::dispose_family::{Family, Root, referrers_first};
use super::dispose_member::Member;
use super::permitted::Permitted;

/// What goes with records, or with the rows of a shared part that have lost their last reference.
pub(super) struct Group<'f, 'a> {
    pub root: Root<'f, 'a>,
    /// In their order. `None` is the root itself.
    pub turns: Vec<Root<'f, 'a>>,
}

/// What a turn does to rows of a table.
struct Change<'f> {
    table: &'f str,
    /// These change, in lower case; `None`: the rows go.
    columns: Option<BTreeSet<String>>,
    lets_triggers_write: bool,
}

/// Where it is looked while the rows of a part are searched for.
struct Look<'f> {
    table: &'f str,
    columns: Vec<&'f str>,
    /// For owners: where they are gone, nothing is found.
    is_for_owners: bool,
}

impl<'a> Family<'a> {
    /// All that goes with a record, or outlives it: the record with its parts, then each shared part with its own.
    pub(super) fn groups(&self) -> Vec<Group<'_, 'a>> {
        let (mut groups, mut waiting) = (Vec::new(), vec![None]);
        while let Some(root) = waiting.pop() {
            waiting.extend(self.shared_beneath(root).into_iter().rev().map(Some));
            groups.push(Group { root, turns: self.turns(root) });
        }
        groups
    }

    /// The deepest first, unless foreign keys want it otherwise.
    fn turns<'f>(&'f self, root: Root<'f, 'a>) -> Vec<Root<'f, 'a>> {
        let beneath = self.beneath(root);
        let living: Vec<&Member<'a>> = beneath.iter().copied().filter(|member| !member.is_destroyed()).collect();
        let turns: Vec<Root<'f, 'a>> = beneath.into_iter().map(Some).chain([None]).collect();
        referrers_first(turns, |one, other| self.must_precede(root, &living, one, other))
    }

    /// The declared foreign keys, with their tables, by which rows may refer to others that go before them: where rows
    /// that go together refer to each other, no order is right.
    pub(super) fn out_of_order(&self, groups: &[Group<'_, 'a>]) -> Vec<(&str, &ForeignKey)> {
        let mut found = Vec::new();
        for Group { root, turns } in groups {
            let beneath = self.beneath(*root);
            let living: Vec<&Member<'a>> = beneath.into_iter().filter(|member| !member.is_destroyed()).collect();
            for (at, gone) in turns.iter().enumerate() {
                let later = turns[at + 1..].iter().map(|one| self.waiting_for(*root, &living, *one, *gone));
                found.extend(later.flatten());
            }
        }
        found
    }

    /// Whether rows that go in the turn of `other` may be referred to, by a declared foreign key, until the turn of
    /// `one`.
    fn must_precede(&self, root: Root<'_, 'a>, living: &[&Member<'a>], one: Root<'_, 'a>, other: Root<'_, 'a>) -> bool {
        !self.waiting_for(root, living, one, other).is_empty()
    }

    /// The declared foreign keys by which rows that go in the turn of `other` may be referred to until the turn of
    /// `one`. A reference that rows lose by outliving their owner does not wait for them to go.
    fn waiting_for<'f>(
        &'f self,
        root: Root<'_, 'a>,
        living: &[&Member<'a>],
        one: Root<'_, 'a>,
        other: Root<'_, 'a>,
    ) -> Vec<(&'f str, &'f ForeignKey)> {
        let (from, to) = (self.table_of(one.or(root)), self.table_of(other.or(root)));
        let same = |one: &str, other: &str| one.eq_ignore_ascii_case(other);
        let lets_go = |member: &Member<'a>, columns: &[(String, String)]| {
            let changed = member.changed();
            same(&member.part.table, from) && columns.iter().any(|(here, _)| changed.iter().any(|it| same(it, here)))
        };
        let is_destroyed = |turn: Root<'_, 'a>| turn.is_none_or(Member::is_destroyed);
        if !is_destroyed(other) {
            return Vec::new();
        }
        let waits = |columns: &[(String, String)]| match one.filter(|one| !one.is_destroyed()) {
            Some(member) => lets_go(member, columns),
            None => !same(from, to) && !living.iter().any(|member| lets_go(member, columns)),
        };
        let tables = self.catalog.tables.iter().filter(|(child, _)| same(child, from));
        let keys = tables.flat_map(|(child, table)| table.foreign_keys.iter().map(move |key| (child.as_str(), key)));
        keys.filter(|(_, key)| same(&key.parent, to) && waits(&key.columns)).collect()
    }

    /// The parts whose rows must be chosen before the first change of a disposal by destruction: none of the shared
    /// ones, which are put aside in any case.
    pub(super) fn chosen_to_go<'f>(&'f self, groups: &[Group<'f, 'a>], permitted: &Permitted) -> Vec<&'f Member<'a>> {
        let (mut before, mut chosen): (Vec<Change<'_>>, _) = (Vec::new(), Vec::new());
        for Group { root, turns } in groups {
            for turn in turns {
                chosen.extend(turn.filter(|member| self.is_disturbed(*root, member, &before)));
                let table = self.table_of(turn.or(*root));
                let living = turn.filter(|member| !member.is_destroyed());
                before.push(match living {
                    Some(member) => self.change(table, member.changed().into_iter(), permitted),
                    None => Change { table, columns: None, lets_triggers_write: permitted.on_destroying(table) },
                });
            }
        }
        chosen
    }

    /// The parts whose rows must be chosen before the first mask: those, too, that are found by what their own masks
    /// change, as each mask is read back.
    pub(super) fn chosen_to_be_masked(&self, permitted: &Permitted) -> Vec<&Member<'a>> {
        let mut before = Vec::new();
        let mut chosen = self.masked();
        chosen.retain(|member| {
            let masks = member.part.anonymize.keys().map(String::as_str);
            before.push(self.change(&member.part.table, masks, permitted));
            self.is_disturbed(None, member, &before)
        });
        chosen
    }

    /// The parts with masks, in their order.
    pub(super) fn masked(&self) -> Vec<&Member<'a>> {
        self.deepest_first().into_iter().filter(|member| !member.part.anonymize.is_empty()).collect()
    }

    /// Of these columns, and of those that are computed, perhaps from them.
    fn change<'f>(
        &'f self,
        table: &'f str,
        columns: impl Iterator<Item = &'f str>,
        permitted: &Permitted,
    ) -> Change<'f> {
        let all = self.catalog.table(table).map_or(&[][..], |table| table.columns.as_slice());
        let computed = all.iter().filter(|column| column.generated).map(|column| column.name.as_str());
        let columns = columns.chain(computed).map(str::to_ascii_lowercase).collect();
        Change { table, columns: Some(columns), lets_triggers_write: permitted.on_changing(table) }
    }

    /// Whether a part's rows might be others after these changes than before.
    fn is_disturbed(&self, root: Root<'_, 'a>, member: &Member<'a>, changes: &[Change<'_>]) -> bool {
        let mut looks = Vec::new();
        let mut next = Some(member);
        while let Some(found) = next.filter(|found| root.is_none_or(|root| root.place != found.place)) {
            if found.is_found_by_expression() {
                return true;
            }
            let columns = [found.joined_by(), found.tested_by()].concat();
            looks.push(Look { table: &found.part.table, columns, is_for_owners: found.place != member.place });
            if self.joined_keys(root, found).is_none() {
                let table = self.owner_table(found);
                looks.push(Look { table, columns: found.joined_to(), is_for_owners: true });
            }
            next = self.owner(found);
        }
        // Triggers change no column by which the mapping itself joins or masks rows.
        let is_open_to_triggers = looks.len() > 1 || !member.tested_by().is_empty();
        changes.iter().any(|change| {
            (change.lets_triggers_write && is_open_to_triggers) || looks.iter().any(|look| change.disturbs(look))
        })
    }
}

impl Change<'_> {
    fn disturbs(&self, look: &Look<'_>) -> bool {
        self.table.eq_ignore_ascii_case(look.table)
            && match &self.columns {
                None => look.is_for_owners,
                Some(columns) => look.columns.iter().any(|column| columns.contains(&column.to_ascii_lowercase())),
            }
    }
}
