//! SQL text from a mapping: the one place where identifiers are quoted and literals are written.
//!
//! In every statement the row at hand is called `this`; the row it is joined to (its record, or the part it is a part
//! of) is called `owner`. Column names are always qualified: SQLite would read an unknown bare `"name"` as a text.

use crate::records::mapping::{ColumnTest, Condition, Join, Literal, Mask};
use crate::records::masks;

/// The alias of the row at hand.
pub const THIS: &str = "this";

/// The alias of the row that `this` is joined to.
pub const OWNER: &str = "owner";

/// An identifier in double quotes.
pub fn name(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A column of an alias (`this."closed_at"`).
pub fn column(alias: &str, identifier: &str) -> String {
    format!("{alias}.{}", name(identifier))
}

/// A literal value. A text with a NUL byte is written as bytes: SQL text ends at the first NUL. NaN becomes NULL, which
/// like NaN equals nothing.
pub fn literal(value: &Literal) -> String {
    match value {
        Literal::Integer(number) => number.to_string(),
        Literal::Real(text) => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => format!("{number:?}"),
            Ok(number) if number == f64::INFINITY => "9e999".to_owned(),
            Ok(number) if number == f64::NEG_INFINITY => "-9e999".to_owned(),
            _ => "NULL".to_owned(),
        },
        Literal::Text(text) if text.contains('\0') => {
            let bytes: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("CAST(x'{bytes}' AS TEXT)")
        }
        Literal::Text(text) => format!("'{}'", text.replace('\'', "''")),
        Literal::Null => "NULL".to_owned(),
    }
}

/// A condition over `this`, in parentheses; NULL where SQL says so, therefore written with `IS TRUE` outside of a
/// WHERE.
pub fn condition(condition: &Condition) -> String {
    match condition {
        Condition::All(tests) => conjunction(tests.iter().map(test)),
        Condition::Expression(text) => expression(text),
    }
}

/// A join of `this` and `owner`, in parentheses.
pub fn join(join: &Join) -> String {
    match join {
        Join::Columns(pairs) => {
            conjunction(pairs.iter().map(|(this, owner)| format!("{} = {}", column(THIS, this), column(OWNER, owner))))
        }
        Join::Expression(text) => expression(text),
    }
}

/// What a mask makes of a value, given as SQL.
pub fn mask(value: &str, mask: &Mask) -> String {
    match mask {
        Mask::Null => "NULL".to_owned(),
        Mask::Constant(constant) => literal(constant),
        Mask::TruncateIp => format!("{}({value})", masks::TRUNCATE_IP),
        Mask::DateToYear => format!("{}({value})", masks::YEAR),
    }
}

/// A test of one column of `this`, in parentheses.
fn test(test: &ColumnTest) -> String {
    let column = column(THIS, &test.column);
    let values: Vec<String> = test.one_of.iter().filter(|value| **value != Literal::Null).map(literal).collect();
    let null = test.one_of.len() > values.len();
    match (values.as_slice(), null) {
        ([], _) => format!("({column} IS NULL)"),
        ([value], false) => format!("({column} = {value})"),
        (values, false) => format!("({column} IN ({}))", values.join(", ")),
        (values, true) => format!("({column} IN ({}) OR {column} IS NULL)", values.join(", ")),
    }
}

/// An expression of the configuration, in parentheses; the line break ends a comment that the expression may end in.
fn expression(text: &str) -> String {
    format!("({text}\n)")
}

/// All of these, in parentheses; an empty list holds.
fn conjunction(terms: impl Iterator<Item = String>) -> String {
    let terms: Vec<String> = terms.collect();
    if terms.is_empty() { "(1)".to_owned() } else { format!("({})", terms.join(" AND ")) }
}

/// Why a text of the configuration is not one expression, if it is not: only then may it stand inside a statement.
///
/// Whether it is an expression that SQLite accepts, one that only reads, and one that always answers the same,
/// preparing it tells.
pub fn not_one_expression(text: &str) -> Option<&'static str> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\'' | b'"' | b'`' | b'[' => match end_of_quoted(bytes, at) {
                Some(end) => at = end,
                None => return Some("it leaves a quote open"),
            },
            b'(' => depth += 1,
            b')' if depth == 0 => return Some("it closes a parenthesis that it did not open"),
            b')' => depth -= 1,
            b';' => return Some("it holds a semicolon"),
            b'\0' => return Some("it holds a NUL character"),
            b'?' | b':' | b'@' | b'$' => return Some("it holds a parameter; only values can stand in an expression"),
            b'-' if bytes.get(at + 1) == Some(&b'-') => return Some("it holds a comment"),
            b'/' if bytes.get(at + 1) == Some(&b'*') => return Some("it holds a comment"),
            _ => {}
        }
        at += 1;
    }
    if depth > 0 {
        Some("it leaves a parenthesis open")
    } else if text.trim().is_empty() {
        Some("it is empty")
    } else {
        None
    }
}

/// Place of the closing quote of what opens at `start`. A doubled quote reads as two quoted texts in a row, which is as
/// good.
fn end_of_quoted(bytes: &[u8], start: usize) -> Option<usize> {
    let close = if bytes[start] == b'[' { b']' } else { bytes[start] };
    bytes.iter().skip(start + 1).position(|&byte| byte == close).map(|length| start + 1 + length)
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use rusqlite::types::Value;

    use super::*;

    fn value_of(sql: &str) -> Value {
        Connection::open_in_memory().unwrap().query_row(&format!("SELECT {sql}"), [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn the_database_reads_a_literal_as_it_was_written() {
        for text in ["", "it's", "\"", "a\0b", "--", "é\n", "');DROP TABLE t;--"] {
            assert_eq!(value_of(&literal(&Literal::Text(text.to_owned()))), Value::Text(text.to_owned()));
        }
        for number in [0, -1, i64::MIN, i64::MAX] {
            assert_eq!(value_of(&literal(&Literal::Integer(number))), Value::Integer(number));
        }
        for (text, number) in
            [("1.5", 1.5), ("1e300", 1e300), ("-0.25", -0.25), ("3", 3.0), ("-inf", f64::NEG_INFINITY)]
        {
            assert_eq!(value_of(&literal(&Literal::Real(text.to_owned()))), Value::Real(number));
        }
        assert_eq!(value_of(&literal(&Literal::Real("nan".to_owned()))), Value::Null);
    }

    #[test]
    fn an_identifier_is_one_whatever_it_holds() {
        let conn = Connection::open_in_memory().unwrap();
        for identifier in ["order", "a b", "a\"b", "a]b", "a'b", "é", "select * from t; --"] {
            conn.execute_batch(&format!("CREATE TABLE {0} ({0} TEXT); DROP TABLE {0}", name(identifier))).unwrap();
        }
    }

    #[test]
    fn a_test_with_null_among_its_values_holds_for_null() {
        let conn = Connection::open_in_memory().unwrap();
        let count = |one_of: Vec<Literal>| -> i64 {
            let test = Condition::All(vec![ColumnTest { column: "a".to_owned(), one_of }]);
            let rows = "(SELECT 1 AS a UNION ALL SELECT 2 UNION ALL SELECT NULL) AS this";
            conn.query_row(&format!("SELECT count(*) FROM {rows} WHERE {}", condition(&test)), [], |row| row.get(0))
                .unwrap()
        };
        assert_eq!(count(vec![Literal::Integer(1)]), 1);
        assert_eq!(count(vec![Literal::Null]), 1);
        assert_eq!(count(vec![Literal::Integer(1), Literal::Integer(2)]), 2);
        assert_eq!(count(vec![Literal::Integer(1), Literal::Null]), 2);
    }

    #[test]
    fn what_could_break_out_of_its_parentheses_is_no_expression() {
        for text in ["a = 1", "a = ')'", "a IN (SELECT b FROM t)", "\"x;y\" = 'it''s'", "json(a) ->> '$.b'"] {
            assert_eq!(not_one_expression(text), None, "{text}");
        }
        for text in [
            "",
            "  ",
            "1) OR (1",
            "a; DROP TABLE t",
            "a -- b",
            "a /* b",
            "'open",
            "[open",
            "(a",
            "a = ?1",
            "a = :b",
            "a\0",
        ] {
            assert!(not_one_expression(text).is_some(), "{text}");
        }
    }
}
