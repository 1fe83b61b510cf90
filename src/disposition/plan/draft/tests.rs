use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use proptest::prelude::*;

use super::*;
use crate::disposition::plan::contents::read_in_ranges;
use crate::disposition::plan::{Body, Cursor};
use crate::model::KeyValue;
use crate::model::{CivilDate, Digest, Fingerprint, Instant};

/// Series and number of a record.
type Name = (usize, i64);

fn key(number: i64) -> RecordKey {
    RecordKey::new(vec![KeyValue::Integer(number)])
}

fn item((series, number): Name, action: Action) -> Item {
    let name = format!("{series}/{number}");
    Item {
        series,
        rule: series,
        key: key(number),
        action,
        trigger_day: CivilDate::from_ymd_opt(2020, 1, 2).unwrap(),
        due_from: Instant::from_timestamp(1_600_000_000 + number, 0).unwrap(),
        facts: Digest::of(name.as_bytes()),
        fingerprint: Fingerprint::from_bytes(*Digest::of(format!("fp {name}").as_bytes()).as_bytes()),
        reference: None,
        level: 0,
        is_back: false,
    }
}

struct Made {
    blocked: Vec<Blocked>,
    totals: Vec<RuleTotals>,
    body: Body,
    _dir: tempfile::TempDir,
}

/// Adds every item with its blockers, in the given order, and seals.
fn make(items: &[(Name, Action, Vec<Name>)], groups: &[usize], approved: Option<i64>) -> Made {
    let dir = tempfile::tempdir().unwrap();
    let draft = Draft::create(dir.path()).unwrap();
    for (name, action, blockers) in items {
        let keys: Vec<_> = blockers.iter().map(|(series, number)| (*series, key(*number))).collect();
        let edges = keys
            .iter()
            .map(|(series, blocker)| Edge { blocker_series: (*series < groups.len()).then_some(*series), blocker });
        draft.add(&item(*name, *action), edges).unwrap();
    }
    let blocked = draft.settle(groups, groups.len()).unwrap();
    let sealed = draft.seal(groups, &vec![approved; groups.len()]).unwrap();
    let target = dir.path().join("plan.body");
    let totals = sealed.totals.clone();
    sealed.keep(&target).unwrap();
    Made { blocked, totals, body: Body::open(&target).unwrap(), _dir: dir }
}

#[test]
fn a_record_that_two_logs_say_is_gone_is_counted_once() {
    let dir = tempfile::tempdir().unwrap();
    let draft = Draft::create(dir.path()).unwrap();
    for number in 0..4 {
        draft.add(&item((0, number), Action::Destroy), std::iter::empty()).unwrap();
    }
    let marked = |back: &[usize]| draft.mark_back(&Place::default(), 10, &|record| back.contains(&record)).unwrap();
    assert_eq!(marked(&[1, 2]), [0, 0]);
    assert_eq!(marked(&[1, 2, 3]), [0], "as an earlier log has it, too");
}

fn in_order(body: &Body) -> Vec<Name> {
    let mut names = Vec::new();
    body.visit(&mut |item| match item.key.columns() {
        [KeyValue::Integer(number)] => names.push((item.series, *number)),
        _ => unreachable!("these tests make integer keys"),
    })
    .unwrap();
    names
}

/// What is due, computed another way: take away what is blocked until nothing changes; circles first.
fn expected_due(items: &[(Name, Action, Vec<Name>)]) -> BTreeSet<Name> {
    let mut due: BTreeMap<Name, (Action, BTreeSet<Name>)> = items
        .iter()
        .map(|(name, action, blockers)| {
            (*name, (*action, blockers.iter().copied().filter(|blocker| blocker != name).collect()))
        })
        .collect();
    loop {
        let gone: BTreeSet<Name> =
            due.iter().filter(|(_, (action, _))| *action == Action::Destroy).map(|(name, _)| *name).collect();
        let stays: Vec<Name> = due
            .iter()
            .filter(|(name, (_, blockers))| blockers.iter().any(|b| !gone.contains(b)) || is_in_circle(**name, &due))
            .map(|(name, _)| *name)
            .collect();
        if stays.is_empty() {
            return due.into_keys().collect();
        }
        for name in stays {
            due.remove(&name);
        }
    }
}

fn is_in_circle(name: Name, due: &BTreeMap<Name, (Action, BTreeSet<Name>)>) -> bool {
    let mut seen = BTreeSet::new();
    let mut todo = vec![name];
    while let Some(next) = todo.pop() {
        for blocker in due.get(&next).into_iter().flat_map(|(_, blockers)| blockers) {
            if *blocker == name {
                return true;
            }
            if seen.insert(*blocker) {
                todo.push(*blocker);
            }
        }
    }
    false
}

fn graph() -> impl Strategy<Value = Vec<(Name, Action, Vec<Name>)>> {
    let name = || (0..3_usize, 0..12_i64);
    let action = prop_oneof![4 => Just(Action::Destroy), 1 => Just(Action::Anonymize)];
    // Place 3 is a series outside the plan.
    let blocker = prop_oneof![15 => name(), 1 => (Just(3_usize), 0..2_i64)];
    prop::collection::btree_map(name(), (action, prop::collection::vec(blocker, 0..3)), 0..24)
        .prop_map(|items| items.into_iter().map(|(name, (action, blockers))| (name, action, blockers)).collect())
}

proptest! {
    // Each case makes files.
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_blocked_only_by_what_goes_too_goes_after_it(items in graph()) {
        // All series in one group, as where each may block each.
        let made = make(&items, &[0, 0, 0], None);
        let order = in_order(&made.body);
        prop_assert_eq!(order.iter().copied().collect::<BTreeSet<_>>(), expected_due(&items));
        let place: BTreeMap<_, _> = order.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        for (name, _, blockers) in &items {
            for blocker in blockers.iter().filter(|blocker| *blocker != name) {
                if let Some(own) = place.get(name) {
                    prop_assert!(place[blocker] < *own, "{name:?} goes before {blocker:?}, which blocks it");
                }
            }
        }
        let kept: u64 = made.totals.iter().map(|total| total.items.count).sum();
        prop_assert_eq!(kept + made.blocked.iter().map(|blocked| blocked.all).sum::<u64>(), items.len() as u64);
    }

    #[test]
    fn a_list_is_the_same_whatever_the_order_of_scanning(items in graph(), turn in 0..24_usize) {
        let mut turned = items.clone();
        turned.rotate_left(turn.min(items.len()));
        turned.reverse();
        let (one, other) = (make(&items, &[0, 0, 1], Some(1_600_000_004)), make(&turned, &[0, 0, 1], Some(1_600_000_004)));
        let items = one.body.items(3).unwrap();
        prop_assert!(items.is_some());
        prop_assert_eq!(items, other.body.items(3).unwrap());
        prop_assert_eq!(in_order(&one.body), in_order(&other.body));
    }

    #[test]
    fn keys_sort_as_they_compare(one in any_key(), other in any_key()) {
        prop_assert_eq!(sort_bytes(&one).cmp(&sort_bytes(&other)), one.cmp(&other));
    }

    #[test]
    fn chunks_hold_every_item_once_in_order_and_never_mix_steps(items in graph(), limit in 1..5_usize) {
        let made = make(&items, &[0, 1, 1], None);
        let mut after: Option<Cursor> = None;
        let mut seen = Vec::new();
        while let Some((chunk, cursor)) = made.body.chunk(after.as_ref(), limit).unwrap() {
            prop_assert!(chunk.len() <= limit);
            prop_assert!(chunk.iter().all(|item| (item.series, item.level) == (chunk[0].series, chunk[0].level)));
            seen.extend(chunk);
            after = Some(cursor);
        }
        let mut all = Vec::new();
        made.body.visit(&mut |item| all.push(item)).unwrap();
        prop_assert_eq!(seen, all);
    }
}

fn any_key() -> impl Strategy<Value = RecordKey> {
    let value = prop_oneof![
        any::<i64>().prop_map(KeyValue::Integer),
        "[\0a-b]{0,4}".prop_map(KeyValue::Text),
        prop::collection::vec(prop_oneof![Just(0_u8), Just(1), Just(255)], 0..4).prop_map(KeyValue::Blob),
    ];
    prop::collection::vec(value, 2).prop_map(RecordKey::new)
}

#[test]
fn a_tree_goes_leaf_first() {
    // 1 is the root and refers to itself; 2 and 3 are its children; 4 is a child of 3. A child blocks its parent.
    let items = [
        ((0, 1), Action::Destroy, vec![(0, 1), (0, 2), (0, 3)]),
        ((0, 2), Action::Destroy, vec![]),
        ((0, 3), Action::Destroy, vec![(0, 4)]),
        ((0, 4), Action::Destroy, vec![]),
    ];
    assert_eq!(in_order(&make(&items, &[0], None).body), [(0, 2), (0, 4), (0, 3), (0, 1)]);
}

#[test]
fn what_should_go_before_does_and_keeps_nothing_from_going() {
    let order = |wishes: &[(i64, i64)], blockers: Vec<Name>| {
        let dir = tempfile::tempdir().unwrap();
        let draft = Draft::create(dir.path()).unwrap();
        for number in 1..=4 {
            let own = if number == 4 { blockers.clone() } else { Vec::new() };
            let keys: Vec<_> = own.iter().map(|(series, number)| (*series, key(*number))).collect();
            let edges = keys.iter().map(|(series, blocker)| Edge { blocker_series: Some(*series), blocker });
            draft.add(&item((0, number), Action::Destroy), edges).unwrap();
        }
        for (first, other) in wishes {
            draft.put_before(0, &key(*first), &key(*other)).unwrap();
        }
        let blocked = draft.settle(&[0], 1).unwrap();
        let sealed = draft.seal(&[0], &[None]).unwrap();
        sealed.keep(&dir.path().join("plan.body")).unwrap();
        let order = in_order(&Body::open(&dir.path().join("plan.body")).unwrap());
        (order.into_iter().map(|(_, number)| number).collect::<Vec<_>>(), blocked[0].all)
    };
    assert_eq!(order(&[(2, 1), (3, 2), (4, 3)], vec![]), (vec![4, 3, 2, 1], 0), "the last one first");
    assert_eq!(order(&[(99, 1), (3, 3)], vec![]), (vec![1, 2, 3, 4], 0), "what is not listed, and itself");
    assert_eq!(order(&[(1, 2), (2, 1)], vec![]), (vec![1, 2, 3, 4], 0), "a circle gives way");
    assert_eq!(order(&[(4, 3)], vec![(0, 99)]), (vec![1, 2, 3], 1), "what is blocked is waited for by nobody");
    assert_eq!(order(&[(4, 3)], vec![(0, 3)]), (vec![1, 2, 3, 4], 0), "what blocks goes first");
}

#[test]
fn one_leaf_that_stays_keeps_the_branch_and_nothing_else() {
    let items = [
        ((0, 1), Action::Destroy, vec![(0, 2), (0, 3)]),
        ((0, 2), Action::Destroy, vec![]),
        ((0, 3), Action::Destroy, vec![(0, 99)]),
    ];
    let made = make(&items, &[0], None);
    assert_eq!(in_order(&made.body), [(0, 2)]);
    assert_eq!(made.blocked, [Blocked { all: 2, in_circle: 0 }]);
}

#[test]
fn an_anonymized_blocker_stays_and_so_blocks() {
    let items = [((0, 1), Action::Destroy, vec![(1, 1)]), ((1, 1), Action::Anonymize, vec![])];
    assert_eq!(in_order(&make(&items, &[1, 0], None).body), [(1, 1)]);
}

#[test]
fn a_chain_of_ten_thousand_is_put_in_order() {
    let items: Vec<_> = (0..10_000)
        .map(|number| ((0, number), Action::Destroy, if number == 0 { vec![] } else { vec![(0, number - 1)] }))
        .collect();
    let made = make(&items, &[0], None);
    assert_eq!(in_order(&made.body), (0..10_000).map(|number| (0, number)).collect::<Vec<_>>());
}

#[test]
fn what_was_due_before_the_approval_is_counted_as_backlog() {
    let items: Vec<_> = (0..10).map(|number| ((0, number), Action::Destroy, vec![])).collect();
    let total = &make(&items, &[0], Some(1_600_000_004)).totals[0];
    assert_eq!((total.backlog, total.oldest_due), (4, Some(1_600_000_000)));
    assert_eq!(make(&items, &[0], None).totals[0].backlog, 0);
}

#[test]
fn the_digest_is_of_the_sorted_fingerprints_with_action_and_due() {
    use sha2::Digest as _;
    let names: Vec<Name> = (0..200).map(|number| (0, number)).collect();
    let items: Vec<_> = names.iter().map(|name| (*name, Action::Destroy, vec![])).collect();
    let mut lines: Vec<Vec<u8>> = names
        .iter()
        .map(|name| {
            let item = item(*name, Action::Destroy);
            [&item.fingerprint.as_bytes()[..], b"D", &item.due_from.timestamp().to_be_bytes()].concat()
        })
        .collect();
    lines.sort();
    let expected = Digest::from_bytes(sha2::Sha256::digest(lines.concat()).into());
    let made = make(&items, &[0], None);
    assert_eq!(made.totals[0].items.digest, expected);
    // Whatever the number of files in which the items are sorted: here thirteen, of which nothing is left.
    let path = made._dir.path().join("plan.body");
    let contents = read_in_ranges(&Connection::open(&path).unwrap(), &path, &[None], 16).unwrap();
    assert_eq!(contents.rules, made.totals);
    assert_eq!(fs::read_dir(made._dir.path()).unwrap().count(), 1);
}

#[test]
fn a_list_is_its_owner_s_alone_and_leaves_no_draft() {
    use std::os::unix::fs::PermissionsExt;
    let made = make(&[((0, 1), Action::Destroy, vec![])], &[0], None);
    let names: Vec<_> = fs::read_dir(made._dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(names, ["plan.body"]);
    let mode = fs::metadata(made._dir.path().join("plan.body")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn a_draft_of_which_no_plan_came_is_erased() {
    let dir = tempfile::tempdir().unwrap();
    let draft = Draft::create(dir.path()).unwrap();
    let other = Draft::create(dir.path()).unwrap();
    draft.add(&item((0, 1), Action::Destroy), std::iter::empty()).unwrap();
    drop(draft.seal(&[0], &[None]).unwrap());
    drop(other);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}
