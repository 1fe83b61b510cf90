//! What a case is made of: an organization, its calendar and mapping, its records, and what happens between plan and
//! execution.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

pub const ZONES: [&str; 6] =
    ["America/Toronto", "UTC", "Pacific/Kiritimati", "Pacific/Auckland", "America/St_Johns", "Europe/Lisbon"];

/// Periods of rules: as calendars write them.
pub const PERIODS: [&str; 9] = ["P1Y", "P24M", "P6M", "P1M", "P1Y6M", "P30D", "P2W", "PT100H", "immediate"];

/// Days before now: on both sides of the day on which one of the periods has elapsed.
const AGES: [u32; 24] =
    [0, 1, 4, 5, 13, 14, 15, 16, 29, 30, 31, 32, 182, 183, 184, 185, 365, 366, 367, 548, 549, 730, 731, 2_000];

#[derive(Clone, Debug)]
pub struct Case {
    pub zone: &'static str,
    /// Zone of naive local times in the source.
    pub source_zone: &'static str,
    pub key: Key,
    pub encoding: Encoding,
    pub closure: Closure,
    pub rules: Vec<RuleOf>,
    /// Whether drafts are no records of the series.
    pub has_filter: bool,
    /// Whether a record is blocked by the records beneath it.
    pub is_tree: bool,
    /// Whether a record is blocked by its tasks, which have a rule of their own.
    pub has_tasks: bool,
    pub journal_mode: &'static str,
    pub records: Vec<Record>,
    pub held: Vec<Index>,
    pub is_person_held: bool,
    pub changes: Vec<(Index, Change)>,
    /// The execution is killed after so many milliseconds, each time, before it may go through.
    pub kills: Vec<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Integer,
    Text,
    /// Of two columns, in a table WITHOUT ROWID.
    Composite,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Rfc3339,
    Date,
    Utc,
    Local,
    Unix,
    UnixMs,
}

/// How the mapping reads the closure of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closure {
    Column,
    WhereClosed,
    Latest,
    Earliest,
    All,
    LatestSession,
    EarliestSession,
    Deadline,
}

#[derive(Clone, Debug)]
pub struct RuleOf {
    pub keep: &'static str,
    /// Counts from the last time that somebody saw the record, instead of its closure.
    pub is_from_last_seen: bool,
    pub starts_at_year_end: bool,
    pub is_floor: bool,
}

#[derive(Clone, Debug)]
pub struct Record {
    pub closed: Value,
    pub other: Value,
    /// Minutes before now.
    pub seen: Option<u32>,
    pub is_closed: bool,
    pub is_draft: bool,
    pub person: i64,
    /// Beneath an earlier record.
    pub parent: Option<Index>,
    /// When, and whether by the web: others do not count.
    pub sessions: Vec<(Value, bool)>,
    /// For each message, the numbers of the files that it names.
    pub messages: Vec<Vec<u8>>,
    pub has_note: bool,
    pub has_alert: bool,
    pub tasks: Vec<Task>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    Open,
    /// Past the term of tasks, or not yet.
    Done {
        is_due: bool,
    },
}

/// A date, as an application might have left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Garbage,
    TooOld,
    Future,
    /// Minutes before now.
    Ago(u32),
}

/// What somebody does to a record once the plan is approved.
#[derive(Clone, Debug)]
pub enum Change {
    Close(Value),
    Draft(bool),
    Person(i64),
    Status(bool),
    Session(Value),
    Task,
}

pub fn case() -> impl Strategy<Value = Case> {
    let mapping = (select(&ZONES), select(&ZONES), key(), encoding(), closure(), any::<[bool; 3]>());
    let records = vec(record(), 0..25).prop_map(|others| [vec![ordinary()], others].concat());
    let kills = prop_oneof![3 => Just(Vec::new()), 1 => vec(0_u64..120, 1..4)];
    let events = (vec(any::<Index>(), 0..3), any::<bool>(), vec((any::<Index>(), change()), 0..8), kills);
    (mapping, rules(), select(&["WAL", "DELETE"]), records, events).prop_map(
        |(mapping, rules, mode, records, events)| {
            let (zone, source_zone, key, encoding, closure, [has_filter, is_tree, has_tasks]) = mapping;
            let (held, is_person_held, changes, kills) = events;
            let journal_mode = mode;
            Case {
                zone,
                source_zone,
                key,
                encoding,
                closure,
                rules,
                has_filter,
                is_tree,
                has_tasks,
                journal_mode,
                records,
                held,
                is_person_held,
                changes,
                kills,
            }
        },
    )
}

fn key() -> impl Strategy<Value = Key> {
    select(&[Key::Integer, Key::Text, Key::Composite])
}

fn encoding() -> impl Strategy<Value = Encoding> {
    use Encoding::*;
    select(&[Rfc3339, Date, Utc, Local, Unix, UnixMs])
}

fn closure() -> impl Strategy<Value = Closure> {
    use Closure::*;
    select(&[Column, WhereClosed, Latest, Earliest, All, LatestSession, EarliestSession, Deadline])
}

/// One disposing rule, and sometimes another rule or a floor beside it.
fn rules() -> impl Strategy<Value = Vec<RuleOf>> {
    let rule = (select(&PERIODS), any::<bool>(), prop::bool::weighted(0.15), any::<bool>());
    vec(rule, 1..3).prop_map(|rules| {
        let lower = |(place, (keep, is_from_last_seen, at_year_end, is_floor)): (usize, (&'static str, _, bool, _))| {
            let is_first = place == 0;
            RuleOf {
                keep,
                is_from_last_seen: is_from_last_seen && !is_first,
                starts_at_year_end: at_year_end && keep.starts_with('P') && !keep.contains('T'),
                is_floor: is_floor && !is_first,
            }
        };
        rules.into_iter().enumerate().map(lower).collect()
    })
}

fn record() -> impl Strategy<Value = Record> {
    let dates = (value(), value(), prop::option::weighted(0.9, age()));
    let row =
        (prop::bool::weighted(0.7), prop::bool::weighted(0.15), 1_i64..6, prop::option::weighted(0.3, any::<Index>()));
    let task = prop_oneof![
        1 => Just(Task::Open),
        2 => Just(Task::Done { is_due: true }),
        1 => Just(Task::Done { is_due: false })
    ];
    let parts = (
        vec((value(), prop::bool::weighted(0.7)), 0..3),
        vec(vec(0_u8..12, 0..3), 0..3),
        any::<bool>(),
        any::<bool>(),
        prop_oneof![2 => Just(Vec::new()), 1 => vec(task, 1..3)],
    );
    (dates, row, parts).prop_map(|((closed, other, seen), (is_closed, is_draft, person, parent), parts)| {
        let (sessions, messages, has_note, has_alert, tasks) = parts;
        Record {
            closed,
            other,
            seen,
            is_closed,
            is_draft,
            person,
            parent,
            sessions,
            messages,
            has_note,
            has_alert,
            tasks,
        }
    })
}

/// The first record of each organization: `check` refuses a mapping under which no date at all can be read.
fn ordinary() -> Record {
    let yesterday = Value::Ago(1_440);
    Record {
        closed: yesterday,
        other: yesterday,
        seen: Some(1_440),
        is_closed: true,
        is_draft: false,
        person: 1,
        parent: None,
        sessions: vec![(yesterday, true)],
        messages: Vec::new(),
        has_note: false,
        has_alert: false,
        tasks: Vec::new(),
    }
}

fn age() -> impl Strategy<Value = u32> {
    (select(&AGES), 0_u32..1_800).prop_map(|(days, minutes)| days * 1_440 + minutes)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        2 => Just(Value::Null),
        1 => Just(Value::Garbage),
        1 => Just(Value::TooOld),
        1 => Just(Value::Future),
        14 => age().prop_map(Value::Ago),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        value().prop_map(Change::Close),
        any::<bool>().prop_map(Change::Draft),
        (1_i64..6).prop_map(Change::Person),
        any::<bool>().prop_map(Change::Status),
        value().prop_map(Change::Session),
        Just(Change::Task),
    ]
}
