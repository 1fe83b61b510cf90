//! Two pieces of code reckon due dates, on purpose: here they are held against each other.

use std::path::Path;
use std::process::Command;

use chrono::{Datelike, TimeDelta};
use proptest::prelude::*;
use retentiond::audit::leaf::{RuleTerm, TermWay};
use retentiond::audit::verify::Term;
use retentiond::calendar::{Keep, StartAt};
use retentiond::model::{CivilDate, Moment, Zone};

use super::python::python;

fn days(date: CivilDate) -> i32 {
    date.num_days_from_ce() - 719_163
}

fn keep() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("immediate".to_owned()),
        (1_u32..120).prop_map(|n| format!("P{n}Y")),
        (1_u32..600).prop_map(|n| format!("P{n}M")),
        (1_u32..4_000).prop_map(|n| format!("P{n}D")),
        (1_u32..200).prop_map(|n| format!("P{n}W")),
        (1_u32..20, 1_u32..12, 1_u32..40).prop_map(|(y, m, d)| format!("P{y}Y{m}M{d}D")),
        (1_u32..10_000).prop_map(|n| format!("PT{n}H")),
        (1_u32..40, 0_u32..90, 1_u32..90).prop_map(|(d, m, s)| format!("P{d}DT{m}M{s}S")),
    ]
}

fn zone() -> impl Strategy<Value = Zone> {
    let names = vec!["America/Toronto", "America/Sao_Paulo", "Pacific/Apia", "America/Havana", "Asia/Beirut", "UTC"];
    prop::sample::select(names).prop_map(|name| name.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_auditor_s_date_is_the_planner_s(
        keep in keep(), zone in zone(), day in 0_i64..90_000, second in 0_i64..86_400, hour_is_known in any::<bool>(),
        year_end in prop::option::of(prop::sample::select(vec![(12_u32, 31_u32), (3, 31), (6, 30), (2, 28), (1, 1)])),
    ) {
        let date = CivilDate::from_ymd_opt(1950, 1, 1).unwrap() + TimeDelta::days(day);
        let moment = if hour_is_known {
            Moment::At(date.and_hms_opt(0, 0, 0).unwrap().and_utc() + TimeDelta::seconds(second))
        } else {
            Moment::On(date)
        };
        let start = year_end.map_or(StartAt::Trigger, |(month, day)| StartAt::YearEnd { month, day });
        let planned: Keep = keep.parse().unwrap();
        let due = planned.due(moment, start, zone).unwrap();

        let rule = RuleTerm {
            series: "s".into(),
            disposition: "destroy".into(),
            ways: vec![TermWay { trigger: "t".into(), keep: keep.clone() }],
            year_end: year_end.map(|(month, day)| format!("{month:02}-{day:02}")),
        };
        let audited = Term::read(&rule, zone).unwrap().not_before(days(due.trigger_day)).unwrap();

        prop_assert!(audited <= due.from.timestamp(), "the auditor would find fault with a timely destruction");
        // Civil periods and year ends depend on the day alone, so the auditor knows the very instant.
        if matches!(planned, Keep::Civil(_)) || year_end.is_some() {
            prop_assert_eq!(audited, due.from.timestamp());
        } else {
            // Otherwise the hour of the trigger is unknown, and no more than that.
            prop_assert!(due.from.timestamp() - audited <= 2 * 86_400 + 7_200);
        }
    }
}

/// Reckons by the second verifier alone: the first second of each day (of 1970) in each zone.
const FIRST_SECONDS: &str = "import importlib.util, sys, zoneinfo
spec = importlib.util.spec_from_file_location('verify', sys.argv[1])
verify = importlib.util.module_from_spec(spec)
spec.loader.exec_module(verify)
for place in sys.argv[2:]:
    name, day = place.split(' ')
    rule = {'ways': [{'trigger': 't', 'keep': 'immediate'}]}
    print(verify.not_before(rule, int(day), zoneinfo.ZoneInfo(name)))";

#[test]
fn the_first_days_that_a_calendar_has_begin_in_the_same_second_for_both_verifiers() {
    if !python() {
        return;
    }
    let first = days(CivilDate::from_ymd_opt(1, 1, 1).unwrap());
    // `immediate` from the year 1 is what an application means that writes its language's zero for "no date".
    let places: Vec<(&str, i32)> =
        ["UTC", "America/Toronto", "America/Scoresbysund", "Pacific/Kiritimati", "Asia/Tokyo"]
            .into_iter()
            .flat_map(|zone| [0, 1, 2, 3, 4, 364, 365, 366].map(|later| (zone, first + later)))
            .collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/verify.py");
    let arguments = places.iter().map(|(zone, day)| format!("{zone} {day}"));
    let output = Command::new("python3").args(["-c", FIRST_SECONDS]).arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let rule = RuleTerm {
        series: "s".into(),
        disposition: "destroy".into(),
        ways: vec![TermWay { trigger: "t".into(), keep: "immediate".into() }],
        year_end: None,
    };
    let ours = |(zone, day): &(&str, i32)| {
        Term::read(&rule, zone.parse().unwrap()).unwrap().not_before(*day).unwrap().to_string()
    };
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert_eq!(theirs.lines().map(str::to_owned).collect::<Vec<_>>(), places.iter().map(ours).collect::<Vec<_>>());
}
