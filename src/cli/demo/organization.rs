//! The sample organization's accounts and dossiers: pure, the same for the same day, dated so that in any year a
//! sensible share has reached its term.

use chrono::{Months, NaiveTime, TimeDelta};

use super::chance::Chance;
use crate::model::{CivilDate, Instant};

/// Accounts made, cases included.
pub(super) const ACCOUNTS: u64 = 2_600;

/// The first accounts and dossiers are cases worth a look; chance makes the others.
const CASES: u64 = 7;

/// A person's account with the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) id: u64,
    pub(super) created_at: Instant,
    /// `None`: registered and never came back.
    pub(super) last_login_at: Option<Instant>,
}

/// A mediation between a person and a merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dossier {
    pub(super) id: u64,
    pub(super) account: u64,
    pub(super) opened_at: Instant,
    pub(super) closed: Closed,
}

/// What the application wrote in `closed_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// Still open: NULL.
    No,
    At(Instant),
    /// A text that is no date.
    Unreadable(&'static str),
}

/// Everything, in the order of ids.
pub(super) struct Organization {
    pub(super) accounts: Vec<Account>,
    pub(super) dossiers: Vec<Dossier>,
}

/// The records that the tour points at, by id.
pub(super) mod case {
    /// Closed fourteen months ago: goes.
    pub(in super::super) const DUE: u64 = 1;
    /// Closed twenty-six months ago, but held: stays.
    pub(in super::super) const HELD: u64 = 2;
    /// Its closing date cannot be read: stays.
    pub(in super::super) const UNREADABLE: u64 = 3;
    /// Its closing date is in the future: stays.
    pub(in super::super) const FUTURE: u64 = 4;
    /// Never closed: stays.
    pub(in super::super) const OPEN: u64 = 5;
    /// Closed one year ago to the day: the last day has not elapsed, stays until tomorrow.
    pub(in super::super) const LAST_DAY: u64 = 7;
    /// Unused for thirty months, but owns the open dossier: stays.
    pub(in super::super) const BLOCKED_ACCOUNT: u64 = 2;
}

/// The sample as it stands on this day.
pub(super) fn organization(today: CivilDate) -> Organization {
    let mut organization = Organization { accounts: Vec::new(), dossiers: Vec::new() };
    cases(today, &mut organization);
    for id in CASES + 1..=ACCOUNTS {
        account(id, today, &mut organization);
    }
    organization
}

/// Noon UTC is the same civil day from Vancouver to St. John's.
fn noon(date: CivilDate) -> Instant {
    date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(12)
}

fn months_ago(today: CivilDate, months: u32) -> Instant {
    noon(today.checked_sub_months(Months::new(months)).unwrap_or(today))
}

fn cases(today: CivilDate, organization: &mut Organization) {
    let ago = |months| months_ago(today, months);
    let accounts = [(1, 40, 0), (2, 44, 30), (3, 44, 30), (4, 44, 30), (5, 50, 12), (6, 30, 6), (CASES, 20, 2)];
    organization.accounts.extend(accounts.map(|(id, created, used)| Account {
        id,
        created_at: ago(created),
        last_login_at: Some(ago(used)),
    }));
    let dossiers = [
        (case::DUE, 1, 18, Closed::At(ago(14))),
        (case::HELD, 4, 32, Closed::At(ago(26))),
        (case::UNREADABLE, 1, 20, Closed::Unreadable("le 12 mars")),
        (case::FUTURE, 1, 16, Closed::At(noon(today + Months::new(120)))),
        (case::OPEN, case::BLOCKED_ACCOUNT, 31, Closed::No),
        (6, 3, 33, Closed::At(ago(29))),
        (case::LAST_DAY, 1, 15, Closed::At(ago(12))),
    ];
    organization.dossiers.extend(dossiers.map(|(id, account, opened, closed)| Dossier {
        id,
        account,
        opened_at: ago(opened),
        closed,
    }));
}

/// A chance account and its dossiers. The service grew: most accounts were used lately.
fn account(id: u64, today: CivilDate, organization: &mut Organization) {
    let mut chance = Chance::of("account", id);
    let at = |days: i64, chance: &mut Chance| {
        noon(today) - TimeDelta::days(days) - TimeDelta::seconds(chance.between(0, 36_000))
    };
    let used = (chance.fraction().powi(3) * 900.0) as i64 + 1;
    let created = used + 20 + chance.between(0, 300);
    let came_back = !chance.once_in(12);
    organization.accounts.push(Account {
        id,
        created_at: at(created, &mut chance),
        last_login_at: came_back.then(|| at(used, &mut chance)),
    });
    let dossiers = if came_back { *chance.one_of(&[&0, &1, &2, &2, &3, &3, &4]) } else { 1 };
    for _ in 0..dossiers {
        let next = organization.dossiers.len() as u64 + 1;
        // Opened while the account was in use, rather lately.
        let opened =
            if came_back { used + (chance.fraction().powi(2) * (created - used) as f64) as i64 } else { created };
        let closed = opened - chance.between(15, 160);
        let closed = if closed <= 0 || chance.once_in(25) { Closed::No } else { Closed::At(at(closed, &mut chance)) };
        let opened_at = at(opened, &mut chance);
        organization.dossiers.push(Dossier { id: next, account: id, opened_at, closed });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> CivilDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_sample_is_large_enough_and_the_same_twice() {
        let one = organization(day("2026-11-21"));
        let two = organization(day("2026-11-21"));
        assert!(one.accounts.len() >= 2_000 && one.dossiers.len() >= 5_000, "{} dossiers", one.dossiers.len());
        assert_eq!(one.accounts, two.accounts);
        assert_eq!(one.dossiers, two.dossiers);
    }

    #[test]
    fn in_any_year_a_sensible_share_is_due_and_nothing_but_the_case_closes_in_the_future() {
        for today in ["2026-11-21", "2028-02-29", "2035-12-31"].map(day) {
            let organization = organization(today);
            let closed_before = |months| {
                let limit = months_ago(today, months);
                organization
                    .dossiers
                    .iter()
                    .filter(|dossier| matches!(dossier.closed, Closed::At(at) if at < limit))
                    .count()
            };
            let share = closed_before(12) as f64 / organization.dossiers.len() as f64;
            assert!((0.10..0.35).contains(&share), "{share} of the dossiers are due on {today}");
            let future = |at: &Instant| *at > noon(today);
            assert_eq!(
                organization
                    .dossiers
                    .iter()
                    .filter(|d| matches!(&d.closed, Closed::At(at) if future(at)))
                    .map(|d| d.id)
                    .collect::<Vec<_>>(),
                [case::FUTURE]
            );
            assert!(organization.accounts.iter().all(|a| a.last_login_at.is_none_or(|at| at >= a.created_at)));
            assert!(organization.dossiers.iter().all(|d| !matches!(d.closed, Closed::At(at) if at <= d.opened_at)));
        }
    }
}
