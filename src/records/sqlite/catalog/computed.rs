//! From what computed columns are computed: read from the text of their table, as SQLite tells it nowhere else.

use std::collections::{BTreeMap, BTreeSet};

use crate::records::sqlite::schema::tokens;

/// The computed columns of a `CREATE TABLE`, each with the words of its expression, in lower case.
pub fn computed_columns(sql: &str) -> BTreeMap<String, BTreeSet<String>> {
    let words = tokens(sql);
    let body = words.iter().position(|word| word == "(").map_or(&[][..], |open| &words[open + 1..]);
    definitions(body).into_iter().filter_map(|words| Some((words.first()?.clone(), expression(words)?))).collect()
}

/// What stands between the outermost commas.
fn definitions(words: &[String]) -> Vec<&[String]> {
    let mut depth = 0_usize;
    let split = words.split(|word| {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && word == ","
    });
    split.collect()
}

/// The words of `[GENERATED ALWAYS] AS (…)`; `as` within other brackets belongs to a cast.
fn expression(definition: &[String]) -> Option<BTreeSet<String>> {
    let mut depth = 0_usize;
    let start = definition.windows(2).position(|pair| {
        let is_as = depth == 0 && pair[0] == "as" && pair[1] == "(";
        match pair[0].as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        is_as
    })?;
    Some(definition[start + 2..].iter().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_each_computed_column_are_found_and_of_no_other() {
        let found = computed_columns(
            "CREATE TABLE \"t(\" (id INTEGER PRIMARY KEY, \"A b\" TEXT DEFAULT (cast(1 as text)), y DECIMAL(10, 2),
             num TEXT GENERATED ALWAYS AS ([A b] || '-' || y) STORED UNIQUE, -- a comment, with a comma
             k AS (coalesce(NUM, ',')), CHECK (cast(y AS INT) > 1))",
        );
        assert_eq!(found.keys().map(String::as_str).collect::<Vec<_>>(), ["k", "num"]);
        assert!(found["num"].contains("a b") && found["num"].contains("y") && !found["num"].contains("k"));
        assert!(found["k"].contains("num"));
    }
}
