use proptest::prelude::*;

use super::*;
use crate::model::Instant;
use crate::records::mapping::ElementTable;

fn decoder(encoding: Encoding, unset: &[Literal]) -> Decoder {
    let element = Element { column: "at".to_owned(), encoding, unset: unset.to_vec(), place: ElementTable::Record };
    Decoder::new(&element, Some("America/Toronto".parse().unwrap()))
}

fn text(encoding: Encoding, text: &str) -> Reading {
    decoder(encoding, &[]).read(ValueRef::Text(text.as_bytes()))
}

fn at(text: &str) -> Reading {
    Reading::Set(Moment::At(text.parse().unwrap()))
}

const FORMAT: Reading = Reading::Unreadable(Unreadable::Format);
const NAIVE: Reading = Reading::Unreadable(Unreadable::Naive);
const RANGE: Reading = Reading::Unreadable(Unreadable::Range);
const TYPE: Reading = Reading::Unreadable(Unreadable::Type);
const ALL: [Encoding; 7] = [
    Encoding::Rfc3339,
    Encoding::Date,
    Encoding::Utc,
    Encoding::Local,
    Encoding::Unix,
    Encoding::UnixMs,
    Encoding::Julian,
];

#[test]
fn rfc3339_takes_a_zone_and_only_with_a_zone_an_instant() {
    let cases = [
        ("2024-03-15T10:20:30Z", at("2024-03-15T10:20:30Z")),
        ("2024-03-15t10:20:30z", at("2024-03-15T10:20:30Z")),
        ("2024-03-15 10:20:30.123456789Z", at("2024-03-15T10:20:30.123456789Z")),
        ("2024-03-15T10:20:30.5Z", at("2024-03-15T10:20:30.500Z")),
        ("2024-03-15T10:20:30.1234567899Z", at("2024-03-15T10:20:30.123456789Z")),
        ("2024-03-15T10:20Z", at("2024-03-15T10:20:00Z")),
        ("2024-03-15T10:20:30-04:00", at("2024-03-15T14:20:30Z")),
        ("2024-03-15T10:20:30+0530", at("2024-03-15T04:50:30Z")),
        ("2024-03-15 10:20:30+00", at("2024-03-15T10:20:30Z")),
        ("2016-12-31T23:59:60Z", at("2017-01-01T00:00:00Z")),
        ("2024-03-15T10:20:30", NAIVE),
        ("2024-03-15 10:20", NAIVE),
        ("2024-03-15", NAIVE),
        ("", FORMAT),
        ("2024-02-30T00:00:00Z", FORMAT),
        ("2024-13-01T00:00:00Z", FORMAT),
        ("2024-03-15T24:00:00Z", FORMAT),
        ("2024-03-15T10:20:61Z", FORMAT),
        ("2024-03-15T10:20:30.Z", FORMAT),
        ("2024-03-15T10:20:30+24:00", FORMAT),
        ("2024-03-15T10:20:30 UTC", FORMAT),
        (" 2024-03-15T10:20:30Z", FORMAT),
        ("2024-03-15T10:20:30Z ", FORMAT),
        ("24-03-15T10:20:30Z", FORMAT),
        ("2024-3-15T10:20:30Z", FORMAT),
        ("20240315T102030Z", FORMAT),
        ("２０２４-03-15", FORMAT),
        ("15 mars 2024", FORMAT),
        ("now", FORMAT),
    ];
    for (value, reading) in cases {
        assert_eq!(text(Encoding::Rfc3339, value), reading, "{value:?}");
    }
}

#[test]
fn a_date_is_a_day_and_nothing_more() {
    let day = Reading::Set(Moment::On("2024-02-29".parse().unwrap()));
    assert_eq!(text(Encoding::Date, "2024-02-29"), day);
    for value in ["2023-02-29", "2024-02-29 00:00:00", "2024-02", "29/02/2024", "2024-02-29Z", "+2024-02-29"] {
        assert_eq!(text(Encoding::Date, value), FORMAT, "{value:?}");
    }
}

#[test]
fn a_naive_time_is_read_in_the_zone_that_was_announced() {
    assert_eq!(text(Encoding::Utc, "2024-07-01 12:00:00"), at("2024-07-01T12:00:00Z"));
    assert_eq!(text(Encoding::Local, "2024-07-01 12:00:00"), at("2024-07-01T16:00:00Z"));
    assert_eq!(text(Encoding::Local, "2024-01-01T12:00:00.250"), at("2024-01-01T17:00:00.250Z"));
    for value in ["2024-07-01 12:00:00Z", "2024-07-01T12:00:00-04:00", "2024-07-01", "2024-07-01 ", "2024-07-01 25:00"]
    {
        assert_eq!(text(Encoding::Utc, value), FORMAT, "{value:?}");
        assert_eq!(text(Encoding::Local, value), FORMAT, "{value:?}");
    }
}

#[test]
fn a_gap_is_no_time_and_a_fold_is_the_later_one() {
    assert_eq!(text(Encoding::Local, "2024-03-10 02:30:00"), Reading::Unreadable(Unreadable::Gap));
    assert_eq!(text(Encoding::Local, "2024-11-03 01:30:00"), at("2024-11-03T06:30:00Z"));
}

#[test]
fn a_local_time_without_a_zone_is_never_guessed() {
    let element =
        Element { column: "at".to_owned(), encoding: Encoding::Local, unset: vec![], place: ElementTable::Record };
    assert_eq!(Decoder::new(&element, None).read(ValueRef::Text(b"2024-07-01 12:00:00")), NAIVE);
}

#[test]
fn numbers_are_read_to_the_ends_of_the_years_and_no_further() {
    let read = |encoding, value| decoder(encoding, &[]).read(value);
    assert_eq!(read(Encoding::Unix, ValueRef::Integer(1_710_498_030)), at("2024-03-15T10:20:30Z"));
    assert_eq!(read(Encoding::Unix, ValueRef::Integer(-1)), at("1969-12-31T23:59:59Z"));
    assert_eq!(read(Encoding::UnixMs, ValueRef::Integer(1_710_498_030_123)), at("2024-03-15T10:20:30.123Z"));
    assert_eq!(read(Encoding::Julian, ValueRef::Real(2_440_587.5)), at("1970-01-01T00:00:00Z"));
    assert_eq!(read(Encoding::Julian, ValueRef::Integer(2_440_588)), at("1970-01-01T12:00:00Z"));
    assert_eq!(read(Encoding::Julian, ValueRef::Real(2_460_384.930_902_777_6)), at("2024-03-15T10:20:30Z"));
    for value in [i64::MIN, i64::MAX, 253_402_300_800] {
        assert_eq!(read(Encoding::Unix, ValueRef::Integer(value)), RANGE, "{value}");
    }
    assert_eq!(read(Encoding::UnixMs, ValueRef::Integer(i64::MIN)), RANGE);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1.0] {
        assert_eq!(read(Encoding::Julian, ValueRef::Real(value)), RANGE, "{value}");
    }
}

#[test]
fn a_type_that_the_encoding_does_not_use_is_no_date() {
    let read = |encoding, value| decoder(encoding, &[]).read(value);
    for encoding in [Encoding::Rfc3339, Encoding::Date, Encoding::Utc, Encoding::Local] {
        assert_eq!(read(encoding, ValueRef::Integer(2024)), TYPE);
        assert_eq!(read(encoding, ValueRef::Real(2024.0)), TYPE);
    }
    for encoding in [Encoding::Unix, Encoding::UnixMs] {
        assert_eq!(read(encoding, ValueRef::Real(1e9)), TYPE);
        assert_eq!(read(encoding, ValueRef::Text(b"1000000000")), TYPE);
    }
    assert_eq!(read(Encoding::Julian, ValueRef::Text(b"2440587.5")), TYPE);
    for encoding in ALL {
        assert_eq!(read(encoding, ValueRef::Blob(b"2024-03-15T10:20:30Z")), TYPE);
    }
}

#[test]
fn null_and_what_means_not_set_are_unset_in_every_encoding() {
    let unset = [
        Literal::Text("1970-01-01 00:00:00".to_owned()),
        Literal::Text(String::new()),
        Literal::Integer(0),
        Literal::Real("2440587.5".to_owned()),
    ];
    for encoding in ALL {
        let decoder = decoder(encoding, &unset);
        for value in [
            ValueRef::Null,
            ValueRef::Text(b"1970-01-01 00:00:00"),
            ValueRef::Text(b""),
            ValueRef::Integer(0),
            ValueRef::Real(0.0),
            ValueRef::Real(2_440_587.5),
        ] {
            assert_eq!(decoder.read(value), Reading::Unset);
        }
        assert_ne!(decoder.read(ValueRef::Text(b"1970-01-01 00:00:01")), Reading::Unset);
        assert_ne!(decoder.read(ValueRef::Integer(1)), Reading::Unset);
    }
}

fn any_value() -> impl Strategy<Value = rusqlite::types::Value> {
    use rusqlite::types::Value;
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        ".{0,40}".prop_map(Value::Text),
        "[0-9TZtz :.+-]{0,40}".prop_map(Value::Text),
        "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\\.[0-9]{0,12})?)?(Z|[+-][0-9:]{0,6})?"
            .prop_map(Value::Text),
        prop::collection::vec(any::<u8>(), 0..40).prop_map(Value::Blob),
    ]
}

proptest! {
    #[test]
    fn no_value_makes_it_panic(value in any_value(), unset in ".{0,20}") {
        for encoding in ALL {
            decoder(encoding, &[Literal::Text(unset.clone())]).read(ValueRef::from(&value));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        for encoding in ALL {
            decoder(encoding, &[]).read(ValueRef::Text(&bytes));
        }
    }

    #[test]
    fn rfc3339_agrees_with_an_independent_parser(
        value in "[0-9]{4}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][01][0-9]:[0-5][0-9])"
    ) {
        let expected = DateTime::parse_from_rfc3339(&value).ok().map(|instant| instant.to_utc());
        let found = match text(Encoding::Rfc3339, &value) {
            Reading::Set(Moment::At(instant)) => Some(instant),
            _ => None,
        };
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn every_instant_survives_each_encoding_that_can_hold_it(seconds in 0_i64..253_402_300_800, zone_hours in -23_i32..24) {
        let instant: Instant = DateTime::from_timestamp(seconds, 0).unwrap();
        let expected = Reading::Set(Moment::At(instant));
        let read = |encoding, value: ValueRef<'_>| decoder(encoding, &[]).read(value);
        prop_assert_eq!(read(Encoding::Unix, ValueRef::Integer(seconds)), expected);
        prop_assert_eq!(read(Encoding::UnixMs, ValueRef::Integer(seconds * 1000)), expected);
        prop_assert_eq!(read(Encoding::Julian, ValueRef::Real(seconds as f64 / 86_400.0 + 2_440_587.5)), expected);
        prop_assert_eq!(text(Encoding::Utc, &instant.format("%Y-%m-%d %H:%M:%S").to_string()), expected);
        let east = chrono::FixedOffset::east_opt(zone_hours * 3600).unwrap();
        let there = instant.with_timezone(&east);
        if (0..=9999).contains(&chrono::Datelike::year(&there)) {
            prop_assert_eq!(text(Encoding::Rfc3339, &there.to_rfc3339()), expected);
        }
    }
}
