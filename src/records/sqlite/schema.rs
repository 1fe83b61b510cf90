//! The digest of the definitions that a mapping relies on: equal while nothing that counts has changed.
//!
//! The schema counter would not do: VACUUM and CREATE INDEX move it.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::catalog::Catalog;
use crate::model::{Digest, DigestBuilder};
use crate::records::mapping::{ElementTable, SeriesMapping};

/// Digest of the definitions of these tables, of what is unique in them, and of the triggers on them; of any table or
/// view that a trigger or an expression reads besides, nothing.
pub fn digest(conn: &Connection, tables: &BTreeSet<String>) -> rusqlite::Result<Digest> {
    let mut digest = DigestBuilder::new("schema-v1");
    let mut statement = conn.prepare_cached(
        "SELECT type, lower(name), sql FROM sqlite_schema
         WHERE lower(tbl_name) = ?1 AND (type <> 'index' OR sql LIKE 'CREATE UNIQUE%') ORDER BY type, lower(name)",
    )?;
    for table in tables {
        let mut rows = statement.query([table])?;
        digest.field(table.as_bytes());
        while let Some(row) = rows.next()? {
            digest.field(row.get_ref(0)?.as_bytes()?).field(row.get_ref(1)?.as_bytes()?);
            // NULL for an index that a table's definition implies.
            let sql: Option<String> = row.get(2)?;
            for token in tokens(&sql.unwrap_or_default()) {
                digest.field(token.as_bytes());
            }
            digest.field(b"");
        }
    }
    Ok(digest.finish())
}

/// The tables, in lower case, on which a mapping depends: those it names, and those that refer to them with a foreign
/// key, which may cascade.
pub fn tables_touched(series: &SeriesMapping, blocking: &[&SeriesMapping], catalog: &Catalog) -> BTreeSet<String> {
    let mut named: BTreeSet<String> = BTreeSet::from([series.table.clone()]);
    named.extend(blocking.iter().map(|mapping| mapping.table.clone()));
    for element in series.events.values().flat_map(|event| &event.elements) {
        if let ElementTable::Child { table, .. } = &element.place {
            named.insert(table.clone());
        }
    }
    for part in &series.parts {
        named.insert(part.table.clone());
        named.extend(part.shared.iter().map(|reference| reference.table.clone()));
        let files = part.files.iter().flat_map(|files| &files.shared);
        named.extend(files.map(|(table, _)| table.clone()));
    }
    let referring: Vec<String> =
        named.iter().flat_map(|table| catalog.references_to(table)).map(|(table, _)| table.to_owned()).collect();
    named.into_iter().chain(referring).map(|table| table.to_ascii_lowercase()).collect()
}

/// A definition's words without comments and spaces: names and keywords in lower case and without quotes, texts as they
/// are.
pub(super) fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            '-' if rest.starts_with("--") => {
                rest = rest.split_once('\n').map_or("", |(_, after)| after);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest[2..].split_once("*/").map_or("", |(_, after)| after);
                continue;
            }
            '\'' | '"' | '`' | '[' => quoted_length(rest, if first == '[' { ']' } else { first }),
            _ if is_word(first) => rest.find(|letter| !is_word(letter)).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(match first {
            '"' | '`' | '[' => unquoted(token).to_ascii_lowercase(),
            '\'' => token.to_owned(),
            _ => token.to_ascii_lowercase(),
        });
        rest = after;
    }
    tokens
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

/// Bytes of the quoted text at the start, its quotes included; a doubled quote stands for itself.
fn quoted_length(text: &str, close: char) -> usize {
    let mut letters = text.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if letter == close && letters.next_if(|(_, next)| *next == close && close != ']').is_none() {
            return at + close.len_utf8();
        }
    }
    text.len()
}

fn unquoted(token: &str) -> String {
    let quote = &token[..1];
    let inner = token[1..].strip_suffix(if quote == "[" { "]" } else { quote }).unwrap_or(&token[1..]);
    inner.replace(&quote.repeat(2), quote)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest_of(sql: &str) -> Digest {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(sql).unwrap();
        digest(&conn, &BTreeSet::from(["note".to_owned()])).unwrap()
    }

    #[test]
    fn how_a_definition_is_written_does_not_count() {
        let one = digest_of("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT DEFAULT 'A  b')");
        let same = digest_of(
            "create table \"Note\"(\n  [ID] integer /* the key */ primary key, -- and\n `body` text default 'A  b' );
             CREATE INDEX other ON note (body); CREATE TABLE elsewhere (x); ANALYZE; VACUUM;",
        );
        assert_eq!(one, same);
    }

    #[test]
    fn what_a_definition_says_counts() {
        let base = "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT DEFAULT 'A b');";
        let changed = [
            "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT DEFAULT 'a b');".to_owned(),
            "CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT DEFAULT 'A b', more TEXT);".to_owned(),
            "CREATE TABLE note (id INTEGER PRIMARY KEY, body BLOB DEFAULT 'A b');".to_owned(),
            format!("{base} CREATE TRIGGER t AFTER DELETE ON note BEGIN SELECT 1; END;"),
            format!("{base} CREATE UNIQUE INDEX u ON note (body);"),
        ];
        for sql in changed {
            assert_ne!(digest_of(base), digest_of(&sql), "{sql}");
        }
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        assert_eq!(tokens("a\"b c\"'it''s'[d]]"), ["a", "b c", "'it''s'", "d", "]"]);
        assert_eq!(tokens("x--y\nz/*"), ["x", "z"]);
        assert_eq!(tokens("'open"), ["'open"]);
        assert_eq!(tokens("\"é\"\"b\""), ["é\"b"]);
    }
}
