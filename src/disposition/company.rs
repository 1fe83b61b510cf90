//! What keeps a record for the sake of a row that would change with it: a row that is a record of another series too,
//! or a part of this record and a record itself, or has such parts; or a record that would lose a row with it.
//!
//! A hold keeps the row, in whichever series of its table it is counted, and the record with which it would go; and it
//! keeps all that a held record has, also what would go by a term of its own, or with another record. A row that its
//! series keeps for good or until a decision stays too, with all that it has, and so does one for which a floor has not
//! passed; one that two series count at once falls to neither. One that waits for records which refer to it, by the
//! `blocked_by` of its series, keeps the record until these are gone.

use std::collections::BTreeSet;

use super::holds::HoldIndex;
use super::judge::{BlockedBy, Governing, JudgedAt};
use super::plan::PlanError;
use super::{ApprovedPlan, Installation};
use crate::audit::Fingerprinter;
use crate::audit::leaf::Action;
use crate::calendar::Disposition;
use crate::model::{HoldId, Instant, RecordKey, RuleNumber, SeriesName};
use crate::records::mapping::{Change, SeriesMapping};
use crate::records::sqlite::{self, Companion, Companions, Dates, MOST_BLOCKERS, StoreError};

/// The series whose rows may change with the records of one series.
pub(super) struct Company<'a> {
    mapping: &'a SeriesMapping,
    others: Vec<Other<'a>>,
    spared: Option<Spared<'a>>,
    /// Rows go with records that wait for others themselves, by `blocked_by`.
    rows_wait: bool,
}

/// Records that an approval left out: each keeps, for its plan, the record with which its row would go.
struct Spared<'a> {
    plan: &'a ApprovedPlan,
    /// Names records as the plan does.
    names: Fingerprinter,
}

#[derive(Debug)]
struct Other<'a> {
    mapping: &'a SeriesMapping,
    /// Those that govern it, floors included.
    rules: Vec<&'a RuleNumber>,
    /// Its rules let none of its records go by themselves: for good, until a decision, or by floors alone.
    is_kept: bool,
    /// What governs it, where floors may keep a record that its other rules would let go.
    floors: Option<Governing<'a>>,
    /// Its records are rows of the same table.
    is_of_table: bool,
    /// Its records may have rows by the very part by which the record has them.
    may_have_the_same_part: bool,
}

/// What keeps one record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Keeping {
    pub holds: BTreeSet<HoldId>,
    /// What else does.
    pub blocked: Option<BlockedBy>,
    /// Records that refer to a row which would go with it, and keep that by a `blocked_by`; no more of them than
    /// [`MOST_BLOCKERS`].
    pub blockers: BTreeSet<(SeriesName, RecordKey)>,
}

impl Keeping {
    /// Whether some hold keeps it.
    pub fn is_held(&self) -> bool {
        !self.holds.is_empty()
    }

    /// Whether it may go once those are gone that refer to what would go with it.
    pub fn is_by_blockers_only(&self) -> bool {
        !self.is_held() && self.blocked.is_none()
    }

    /// What keeps it beside holds, as long as the records are there that refer to what would go with it.
    pub fn blocked_now(&self) -> Option<BlockedBy> {
        self.blocked.or_else(|| (!self.blockers.is_empty()).then_some(BlockedBy::Records))
    }

    fn refers(&mut self, series: &SeriesName, blocker: Option<RecordKey>) {
        match blocker {
            Some(key) if self.blockers.len() < MOST_BLOCKERS => _ = self.blockers.insert((series.clone(), key)),
            Some(_) => {}
            // What fails on a row may be what says that it is kept.
            None => self.blocked = Some(BlockedBy::Series),
        }
    }
}

/// What could not be asked of the rows of a series.
#[derive(Debug)]
pub(super) struct Unasked {
    /// The `--where` hold whose expression it was.
    pub hold: Option<HoldId>,
    pub series: SeriesName,
    pub source: Box<StoreError>,
}

impl From<Unasked> for PlanError {
    fn from(Unasked { hold, series, source }: Unasked) -> Self {
        match hold {
            Some(hold) => Self::of_hold(&hold, &series, *source),
            None => Self::Records { series, source: *source },
        }
    }
}

impl<'a> Company<'a> {
    /// Of a series, by the rules that govern the others now.
    ///
    /// # Errors
    /// As [`Installation::governing_now`].
    pub fn of(install: &'a Installation, mapping: &'a SeriesMapping, now: Instant) -> Result<Self, PlanError> {
        let mut others = Vec::new();
        for other in &install.series {
            let leads = [Change::Destroyed, Change::Masked].map(|change| mapping.reach(&install.series, other, change));
            let mut places = leads.iter().flat_map(|reach| &reach.places).peekable();
            if places.peek().is_none() {
                continue;
            }
            let governing = match install.governing_now(other, now) {
                // What a calendar keeps for good it keeps while it is not in force, too.
                Err(PlanError::NotInForce { .. }) => install.governing_by(other, |_| true)?,
                governing => governing?,
            };
            let rules = || governing.iter().flat_map(Governing::rules);
            let is_kept = rules().any(|rule| keeps(rule.disposition)) || governing.iter().any(keeps_by_floors_alone);
            others.push(Other {
                mapping: other,
                is_kept,
                rules: rules().map(|rule| &rule.number).collect(),
                floors: governing.filter(|governing| !is_kept && governing.has_floors()),
                is_of_table: other.series != mapping.series && other.table.eq_ignore_ascii_case(&mapping.table),
                may_have_the_same_part: places.any(|place| place.rows.are_owners_of_the_same_part()),
            });
        }
        let rows_wait = !mapping.waits(&install.series).is_empty();
        Ok(Self { mapping, others, spared: None, rows_wait })
    }

    /// The same under a plan, whose excepted records are kept. `names` gives them the names that they have there.
    #[must_use]
    pub fn sparing(self, plan: &'a ApprovedPlan, names: Fingerprinter) -> Self {
        Self { spared: plan.has_exceptions().then_some(Spared { plan, names }), ..self }
    }

    /// Whether anything may keep a record of the series for the sake of another row, so that rows must be asked.
    pub fn may_keep(&self, holds: &HoldIndex) -> bool {
        let may = |other: &Other<'_>| self.asks_rows_of(other, holds) || !other.expressions(holds).is_empty();
        self.rows_wait || self.others.iter().any(may)
    }

    /// The expressions of the `--where` holds that are asked of other rows than the records themselves, with the series
    /// of these rows.
    pub fn expressions<'h>(&'h self, holds: &'h HoldIndex) -> impl Iterator<Item = (&'h SeriesName, &'h str)> {
        let of = |other: &'h Other<'_>| {
            other.expressions(holds).iter().map(|(_, text)| (&other.mapping.series, text.as_str()))
        };
        self.others.iter().flat_map(of)
    }

    /// What keeps each of these records, all of which are to be disposed of so; `at`: when floors must have passed.
    ///
    /// # Errors
    /// [`Unasked`] where the rows cannot be read, or a `--where` hold cannot be asked.
    pub fn keeping(
        &self,
        holds: &HoldIndex,
        action: Action,
        at: JudgedAt,
        keys: &[RecordKey],
        rows: &mut impl Companions,
    ) -> Result<Vec<Keeping>, Unasked> {
        let mut keeping = vec![Keeping::default(); keys.len()];
        for other in &self.others {
            let (of, dates) = (&self.mapping.series, other.dates());
            let company = sqlite::Company { of, change: change(action), other: &other.mapping.series, dates };
            let unasked =
                |hold, source| Unasked { hold, series: other.mapping.series.clone(), source: Box::new(source) };
            if self.asks_rows_of(other, holds) {
                let keeps = |row: &Companion| self.spares(other, row) || other.keeps(holds, at, row);
                let mut see = |place: usize, row: Option<Companion>| match row {
                    Some(row) => {
                        other.see(holds, at, &row, &mut keeping[place]);
                        if self.spares(other, &row) {
                            keeping[place].blocked = Some(BlockedBy::Series);
                        }
                    }
                    // What fails on a row may be what says that it is kept.
                    None => keeping[place].blocked = Some(BlockedBy::Series),
                };
                rows.companions(company, keys, &keeps, &mut see).map_err(|source| unasked(None, source))?;
            }
            for (hold, expression) in other.expressions(holds) {
                let matches = rows.companions_match(company, expression, keys);
                let matches = matches.map_err(|source| unasked(Some(hold.clone()), source))?;
                let kept = keeping.iter_mut().zip(matches).filter(|(_, matches)| *matches);
                kept.for_each(|(keeping, _)| _ = keeping.holds.insert(hold.clone()));
            }
        }
        // A row that is masked, or changes its owner, stays for those that refer to it.
        if self.rows_wait && action == Action::Destroy {
            let mut see = |place: usize, series: &SeriesName, blocker| keeping[place].refers(series, blocker);
            let asked = rows.blockers_of_companions(&self.mapping.series, keys, &mut see);
            let of = &self.mapping.series;
            asked.map_err(|source| Unasked { hold: None, series: of.clone(), source: Box::new(source) })?;
        }
        Ok(keeping)
    }

    fn asks_rows_of(&self, other: &Other<'_>, holds: &HoldIndex) -> bool {
        self.spared.is_some() || other.rows_are_asked(holds)
    }

    fn spares(&self, other: &Other<'_>, row: &Companion) -> bool {
        let names_it =
            |spared: &Spared<'_>| spared.plan.excepts(&spared.names.record(&other.mapping.series, &row.facts.key));
        self.spared.as_ref().is_some_and(names_it)
    }
}

impl Other<'_> {
    fn rows_are_asked(&self, holds: &HoldIndex) -> bool {
        self.is_of_table
            || self.is_kept
            || self.floors.is_some()
            || self.may_have_the_same_part
            || holds.concerns(self.mapping, self.rules.iter().copied())
    }

    /// Only floors ask for them: a row goes with its record before the other rules of its own series let it.
    fn dates(&self) -> Dates {
        if self.floors.is_some() { Dates::Asked } else { Dates::NotAsked }
    }

    fn expressions<'h>(&self, holds: &'h HoldIndex) -> &'h [(HoldId, String)] {
        holds.expressions(&self.mapping.series)
    }

    /// Whether a row keeps a record with which it changes.
    fn keeps(&self, holds: &HoldIndex, at: JudgedAt, row: &Companion) -> bool {
        let mut keeping = Keeping::default();
        self.see(holds, at, row, &mut keeping);
        keeping != Keeping::default()
    }

    fn see(&self, holds: &HoldIndex, at: JudgedAt, row: &Companion, keeping: &mut Keeping) {
        keeping.holds.extend(holds.of_row(self.mapping, &row.facts, self.rules.iter().copied()).cloned());
        if row.facts.in_scope && (row.is_own_row || (self.is_kept && row.is_lost)) {
            keeping.blocked = Some(BlockedBy::Series);
        } else if row.facts.in_scope && row.is_lost && self.floors_keep(row, at) {
            keeping.blocked.get_or_insert(BlockedBy::Floor);
        } else if row.has_the_same_part {
            keeping.blocked.get_or_insert(BlockedBy::SharedRow);
        }
    }

    fn floors_keep(&self, row: &Companion, at: JudgedAt) -> bool {
        self.floors.as_ref().is_some_and(|governing| governing.floors_keep(&row.facts.events, at))
    }
}

/// Whether a rule of this disposition keeps what it governs until a person decides, or for good.
fn keeps(disposition: Option<Disposition>) -> bool {
    matches!(disposition, Some(Disposition::Permanent | Disposition::Transfer | Disposition::Select))
}

fn keeps_by_floors_alone(governing: &Governing<'_>) -> bool {
    governing.rules().next().is_some() && !governing.disposes()
}

/// What an action does to rows.
fn change(action: Action) -> Change {
    match action {
        Action::Destroy => Change::Destroyed,
        Action::Anonymize => Change::Masked,
    }
}
