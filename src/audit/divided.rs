//! Entries that would be longer than an entry may be. A calendar and the statement of a run name every rule; where
//! these are many, they stand in several leaves that follow each other, alike but for the rules that each names.

use std::collections::BTreeMap;
use std::mem;

use serde::Serialize;

use super::codec::{LeafError, MAX_LEAF, encode, length};
use super::leaf::{Body, CalendarLeaf, Heartbeat, Leaf, Run};

impl Body {
    /// The bodies of the leaves that it takes, in order; nearly always itself alone.
    ///
    /// # Errors
    /// A text that no leaf can hold.
    pub(super) fn into_leaves(self) -> Result<Vec<Self>, LeafError> {
        let room = |bare: Self| -> Result<usize, LeafError> {
            Ok(MAX_LEAF.saturating_sub(encode(&Leaf { at: i64::MIN, body: bare })?.len()))
        };
        Ok(match self {
            Self::Run(mut run) => {
                let verdicts = mem::take(&mut run.verdicts);
                let of = |(verdicts, more)| Self::Run(Run { verdicts, more, ..run.clone() });
                divided(verdicts, room(of((BTreeMap::new(), true)))?)?.map(of).collect()
            }
            Self::Calendar(mut calendar) => {
                let rules = mem::take(&mut calendar.rules);
                let of = |(rules, more)| Self::Calendar(CalendarLeaf { rules, more, ..calendar.clone() });
                divided(rules, room(of((BTreeMap::new(), true)))?)?.map(of).collect()
            }
            // Each part says something by itself, of other rules.
            Self::Heartbeat(Heartbeat { overdue, holds }) => {
                let of = |overdue| Self::Heartbeat(Heartbeat { overdue, holds });
                divided(overdue, room(of(BTreeMap::new()))?)?.map(|(overdue, _)| of(overdue)).collect()
            }
            other => vec![other],
        })
    }

    /// Whether the next leaf goes on with it.
    pub(super) fn goes_on(&self) -> bool {
        match self {
            Self::Run(run) => run.more,
            Self::Calendar(calendar) => calendar.more,
            _ => false,
        }
    }
}

/// Parts of a map in its order, none of which takes more than `room` bytes, each with whether more follow.
fn divided<K: Serialize + Ord, V: Serialize>(
    map: BTreeMap<K, V>,
    room: usize,
) -> Result<impl Iterator<Item = (BTreeMap<K, V>, bool)>, LeafError> {
    let mut parts = vec![BTreeMap::new()];
    let mut taken = 0;
    for (key, value) in map {
        // A colon and a comma.
        let needed = length(&key)? + length(&value)? + 2;
        if taken > 0 && taken + needed > room {
            parts.push(BTreeMap::new());
            taken = 0;
        }
        taken += needed;
        if let Some(part) = parts.last_mut() {
            part.insert(key, value);
        }
    }
    let last = parts.len() - 1;
    Ok(parts.into_iter().enumerate().map(move |(place, part)| (part, place < last)))
}

/// Joins the parts of an entry as they are read.
#[derive(Debug, Default)]
pub(super) struct Joining {
    begun: Option<Leaf>,
}

/// What a leaf is among the parts of an entry.
#[derive(Debug)]
pub(super) enum Joined {
    /// An entry by itself, like nearly every leaf.
    Alone,
    /// More follows.
    GoesOn,
    /// The last part: the whole entry.
    Whole(Box<Leaf>),
    /// The leaf before goes on in this one, which is not the rest of it.
    Broken,
}

impl Joining {
    /// Takes up the next leaf.
    pub fn take(&mut self, leaf: &Leaf) -> Joined {
        let whole = match self.begun.take() {
            None if leaf.body.goes_on() => leaf.clone(),
            None => return Joined::Alone,
            Some(begun) => match joined(begun, leaf) {
                Some(whole) => whole,
                None => return Joined::Broken,
            },
        };
        if leaf.body.goes_on() {
            self.begun = Some(whole);
            return Joined::GoesOn;
        }
        Joined::Whole(Box::new(whole))
    }

    /// Whether the last leaf goes on in one that was not read, which ends it.
    pub fn end(&mut self) -> bool {
        self.begun.take().is_some()
    }
}

/// An entry so far with its next part; `None` where that is another entry's.
///
/// What both must say alike is compared without their rules: of these there may be many by now, and each part adds its
/// own alone.
fn joined(begun: Leaf, next: &Leaf) -> Option<Leaf> {
    let body = match (begun.body, &next.body) {
        (Body::Run(mut run), Body::Run(rest)) => {
            let verdicts = appended(mem::take(&mut run.verdicts), &rest.verdicts)?;
            run.more = rest.more;
            let is_rest = run == Run { verdicts: BTreeMap::new(), ..rest.clone() };
            is_rest.then_some(Body::Run(Run { verdicts, ..run }))?
        }
        (Body::Calendar(mut calendar), Body::Calendar(rest)) => {
            let rules = appended(mem::take(&mut calendar.rules), &rest.rules)?;
            calendar.more = rest.more;
            let is_rest = calendar == CalendarLeaf { rules: BTreeMap::new(), ..rest.clone() };
            is_rest.then_some(Body::Calendar(CalendarLeaf { rules, ..calendar }))?
        }
        _ => return None,
    };
    (begun.at == next.at).then_some(Leaf { at: begun.at, body })
}

/// A map with more behind it; `None` where either is empty, or what comes next does not come after it.
fn appended<K: Ord + Clone, V: Clone>(mut map: BTreeMap<K, V>, more: &BTreeMap<K, V>) -> Option<BTreeMap<K, V>> {
    let (last, first) = (map.last_key_value()?.0, more.first_key_value()?.0);
    if last >= first {
        return None;
    }
    map.extend(more.iter().map(|(key, value)| (key.clone(), value.clone())));
    Some(map)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::leaf::{Heartbeat, RunCounts, VerdictCounts};

    fn run(rules: u32) -> Body {
        Body::Run(Run {
            run: "2026-11-21-00000000-7".into(),
            plan: "2026-11-21-00000000".into(),
            started: 5,
            actor: "ann (0)".into(),
            finished: true,
            counts: RunCounts::default(),
            rows: 1,
            detached: 0,
            triggered: 0,
            files: 0,
            bytes: 0,
            verdicts: (0..rules)
                .map(|rule| {
                    (format!("é-{rule:05}").as_str().into(), VerdictCounts { rows: u64::MAX, ..Default::default() })
                })
                .collect(),
            more: false,
        })
    }

    #[test]
    fn an_entry_of_many_rules_survives_its_parts() {
        for rules in [0, 1, 400, 1_000, 5_000] {
            let whole = run(rules);
            let mut joining = Joining::default();
            let parts = whole.clone().into_leaves().unwrap();
            assert_eq!(parts.len() > 1, rules > 600, "{rules}");
            let last = parts.len() - 1;
            for (place, body) in parts.into_iter().enumerate() {
                let leaf = Leaf { at: i64::MIN, body };
                encode(&leaf).unwrap();
                match joining.take(&leaf) {
                    Joined::Alone => assert_eq!((last, leaf.body), (0, whole.clone())),
                    Joined::GoesOn => assert!(place < last),
                    Joined::Whole(joined) => assert_eq!((place, joined.body), (last, whole.clone())),
                    Joined::Broken => panic!("part {place} of {rules} rules"),
                }
            }
            assert!(!joining.end());
        }
    }

    #[test]
    fn a_sign_of_life_takes_as_many_leaves_as_its_rules_need() {
        for (rules, leaves) in [(0, 1), (1_500, 1), (9_000, 3)] {
            let overdue: BTreeMap<_, _> =
                (0..rules).map(|number| (format!("R-{number:08}").as_str().into(), 7)).collect();
            let parts = Body::Heartbeat(Heartbeat { overdue: overdue.clone(), holds: 2 }).into_leaves().unwrap();
            assert_eq!(parts.len(), leaves, "{rules} rules");
            let mut told = BTreeMap::new();
            for body in parts {
                encode(&Leaf { at: i64::MIN, body: body.clone() }).unwrap();
                let Body::Heartbeat(part) = body else { unreachable!() };
                assert_eq!(part.holds, 2);
                told.extend(part.overdue);
            }
            assert_eq!(told, overdue);
        }
    }

    #[test]
    fn what_is_not_the_rest_of_an_entry_is_not_joined() {
        let parts: Vec<_> = run(1_500).into_leaves().unwrap().into_iter().map(|body| Leaf { at: 7, body }).collect();
        let [first, second, ..] = &parts[..] else { panic!("{} parts", parts.len()) };
        let changed = |change: fn(&mut Run)| {
            let mut leaf = second.clone();
            let Body::Run(run) = &mut leaf.body else { unreachable!() };
            change(run);
            leaf
        };
        let heartbeat = Body::Heartbeat(Heartbeat { overdue: BTreeMap::new(), holds: 0 });
        for other in [
            first.clone(),
            Leaf { at: 8, ..second.clone() },
            Leaf { at: 7, body: heartbeat },
            changed(|run| run.rows = 2),
            changed(|run| run.verdicts.clear()),
        ] {
            let mut joining = Joining::default();
            assert!(matches!(joining.take(first), Joined::GoesOn));
            assert!(matches!(joining.take(&other), Joined::Broken), "{other:?}");
        }
    }
}
