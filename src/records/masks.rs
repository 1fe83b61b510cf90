//! What anonymization puts in a value's place, as pure functions and as SQL functions.
//!
//! Each mask is idempotent: a masked value masks to itself, so that a masked record is known from its values alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::NaiveDate;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Value, ValueRef};

/// Name of the SQL function that truncates an IP address.
pub const TRUNCATE_IP: &str = "retentiond_truncate_ip";

/// Name of the SQL function that reduces a date to its year.
pub const YEAR: &str = "retentiond_year";

/// The network of an address: /24 of an IPv4 address (also one written as IPv6), /48 of an IPv6 address.
///
/// `None` for what is no bare address: one with a port, a zone or a prefix length could keep what the mask must remove.
pub fn truncate_ip(text: &str) -> Option<String> {
    let truncated = match text.trim().parse().ok()? {
        IpAddr::V4(address) => IpAddr::V4(network_24(address)),
        IpAddr::V6(address) => IpAddr::V6(match address.to_ipv4_mapped() {
            Some(mapped) => network_24(mapped).to_ipv6_mapped(),
            None => network_48(address),
        }),
    };
    Some(truncated.to_string())
}

fn network_24(address: Ipv4Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8))
}

fn network_48(address: Ipv6Addr) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80))
}

/// The year (`YYYY`) of a text that is a year already or begins with a date (`YYYY-MM-DD`, then nothing, a space or
/// `T`).
pub fn year(text: &str) -> Option<String> {
    let text = text.trim();
    let (year, rest) = text.split_at_checked(4)?;
    let is_year = year.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = rest.is_empty() || begins_with_date(text);
    (is_year && is_whole).then(|| year.to_owned())
}

fn begins_with_date(text: &str) -> bool {
    let Some((date, rest)) = text.split_at_checked(10) else { return false };
    let ends = rest.is_empty() || rest.starts_with([' ', 'T', 't']);
    ends && NaiveDate::parse_from_str(date, "%Y-%m-%d").is_ok()
}

/// Makes the masks known to a connection, for our statements only: a schema that calls one is refused by SQLite.
///
/// # Errors
/// SQLite is out of memory, or the connection is busy with a statement.
pub fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_scalar_function(TRUNCATE_IP, 1, flags, |context| Ok(masked_ip(context.get_raw(0))))?;
    connection.create_scalar_function(YEAR, 1, flags, |context| Ok(masked_year(context.get_raw(0))))
}

fn masked_ip(value: ValueRef<'_>) -> Value {
    value.as_str().ok().and_then(truncate_ip).map_or(Value::Null, Value::Text)
}

/// A column of numeric affinity holds the year as an integer: it stays one. Any other number (a unix time, a Julian
/// day) does not say which encoding it has, so it becomes NULL.
fn masked_year(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Integer(year) if (0..=9999).contains(&year) => Value::Integer(year),
        _ => value.as_str().ok().and_then(year).map_or(Value::Null, Value::Text),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_keeps_its_network_and_nothing_else() {
        for (given, masked) in [
            ("203.0.113.77", Some("203.0.113.0")),
            (" 203.0.113.77 ", Some("203.0.113.0")),
            ("2001:db8:aa:bb:cc:dd:ee:ff", Some("2001:db8:aa::")),
            ("::ffff:203.0.113.77", Some("::ffff:203.0.113.0")),
            ("203.0.113.77:8080", None),
            ("203.0.113.0/24", None),
            ("fe80::1%eth0", None),
            ("someone@example.org", None),
            ("", None),
        ] {
            assert_eq!(truncate_ip(given).as_deref(), masked, "{given}");
        }
    }

    #[test]
    fn a_date_keeps_its_year_and_nothing_else() {
        for (given, masked) in [
            ("1984-02-29", Some("1984")),
            ("1984-02-29 10:00:00", Some("1984")),
            ("1984-02-29T10:00:00Z", Some("1984")),
            ("1984", Some("1984")),
            ("1985-02-29", None),
            ("1984-02-29x", None),
            ("1984-02", None),
            ("19840229", None),
            ("born in 1984", None),
            ("é984", None),
            ("", None),
        ] {
            assert_eq!(year(given).as_deref(), masked, "{given}");
        }
    }

    proptest! {
        #[test]
        fn masks_are_idempotent(text in prop_oneof![
            any::<[u8; 4]>().prop_map(|bytes| Ipv4Addr::from(bytes).to_string()),
            any::<[u8; 16]>().prop_map(|bytes| Ipv6Addr::from(bytes).to_string()),
            any::<[u8; 4]>().prop_map(|bytes| Ipv4Addr::from(bytes).to_ipv6_mapped().to_string()),
            "[0-9]{4}(-[01][0-9]-[0-3][0-9]([ T].{0,9})?)?",
            ".{0,20}",
        ]) {
            for mask in [truncate_ip, year] {
                if let Some(once) = mask(&text) {
                    prop_assert_eq!(mask(&once), Some(once));
                }
            }
        }

        #[test]
        fn two_hosts_of_one_network_become_one(network in any::<[u8; 3]>(), a in any::<u8>(), b in any::<u8>()) {
            let host = |last| Ipv4Addr::new(network[0], network[1], network[2], last).to_string();
            prop_assert_eq!(truncate_ip(&host(a)), truncate_ip(&host(b)));
        }
    }

    #[test]
    fn sql_masks_a_column_of_any_affinity_and_knows_it_masked() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection
            .execute_batch(
                "CREATE TABLE t(ip TEXT, born DATETIME);
                 INSERT INTO t VALUES ('203.0.113.77', '1984-02-29'), (NULL, NULL), (x'00', 1700000000), (7, 3.5);
                 UPDATE t SET ip = retentiond_truncate_ip(ip), born = retentiond_year(born);",
            )
            .unwrap();
        let count = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM t WHERE ip = '203.0.113.0' AND born = 1984"), 1);
        assert_eq!(count("SELECT count(*) FROM t WHERE ip IS NULL AND born IS NULL"), 3);
        let masked = "SELECT count(*) FROM t WHERE ip IS retentiond_truncate_ip(ip) AND born IS retentiond_year(born)";
        assert_eq!(count(masked), 4);
    }

    #[test]
    fn a_schema_cannot_call_a_mask() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection
            .execute_batch("CREATE TABLE t(ip); CREATE VIEW v AS SELECT retentiond_truncate_ip(ip) FROM t")
            .unwrap();
        assert!(connection.prepare("SELECT * FROM v").is_err());
    }
}
