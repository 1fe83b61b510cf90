//! With which literals the words of an expression compare a column. What is compared how, only SQLite knows.

use crate::records::mapping::{ColumnTest, Condition, Literal};

/// What may stand between a column and literals.
const SIGNS: [&str; 8] = ["=", "<", ">", "!", "is", "not", "in", "("];

/// A column that is said to be, or not to be, one of these.
struct Compared {
    is_not: bool,
    with: Vec<Literal>,
}

/// Whether rows are asked for whose column is none of those of a test: it is compared with literals, none of which is
/// one of these, or is said to be none of these.
pub(super) fn asks_for_others(words: &[String], test: &ColumnTest) -> bool {
    let named = || words.iter().filter_map(|word| literal(word)).collect();
    comparisons(words, &test.column).any(|compared| match compared.is_not {
        true => test.one_of.iter().all(|one| compared.with.contains(one)),
        false => !test.one_of.contains(&Literal::Null) && are_apart(test, named()),
    })
}

/// Whether rows are asked for whose column is one of those of a test.
pub(super) fn asks_for_these(words: &[String], test: &ColumnTest) -> bool {
    comparisons(words, &test.column).any(|compared| !compared.is_not && !are_apart(test, compared.with))
}

fn comparisons<'w>(words: &'w [String], column: &'w str) -> impl Iterator<Item = Compared> + use<'w> {
    let places = words.iter().enumerate().filter(|(_, word)| word.eq_ignore_ascii_case(column));
    places.filter_map(|(at, _)| {
        let rest = &words[at + 1..];
        let signs = rest.iter().take_while(|word| SIGNS.contains(&word.as_str())).count();
        let (sign, rest) = rest.split_at(signs);
        let is_not = match sign.concat().as_str() {
            "=" | "==" | "is" | "in(" => false,
            "<>" | "!=" | "isnot" | "notin(" => true,
            _ => return None,
        };
        let is_list = sign.last().is_some_and(|sign| sign == "(");
        let listed =
            rest.iter().take_while(|word| literal(word).is_some() || *word == ",").filter_map(|word| literal(word));
        let with: Vec<Literal> = listed.take(if is_list { usize::MAX } else { 1 }).collect();
        (!with.is_empty()).then_some(Compared { is_not, with })
    })
}

fn are_apart(test: &ColumnTest, named: Vec<Literal>) -> bool {
    let named = Condition::All(vec![ColumnTest { column: test.column.clone(), one_of: named }]);
    named.apart_by(&Condition::All(vec![test.clone()])).next().is_some()
}

fn literal(word: &str) -> Option<Literal> {
    match word.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(text) => Some(Literal::Text(text.replace("''", "'"))),
        None => word.parse().ok().map(Literal::Integer),
    }
}
