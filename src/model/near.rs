//! What somebody may have meant who wrote a name that is not known.

/// No more names than these are listed.
const MOST_NAMED: usize = 20;

/// The one of `known` that a misspelt word most likely meant, if any is near enough.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let closest = known.iter().map(|name| (strsim::damerau_levenshtein(word, name), *name)).min()?;
    (closest.0 <= 1 + word.chars().count() / 4).then_some(closest.1)
}

/// What to write instead of a name that is not known: the nearest, or all there are.
pub fn suggestion(word: &str, known: &[&str]) -> String {
    if let Some(near) = nearest(word, known) {
        return format!("did you mean {near}?");
    }
    let more = if known.len() > MOST_NAMED { ", …" } else { "" };
    match known {
        [] => "there is none".to_owned(),
        [only] => format!("there is {only}"),
        several => format!("there are {}{more}", several[..several.len().min(MOST_NAMED)].join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_its_neighbour_and_a_strange_one_does_not() {
        assert_eq!(nearest("colum", &["column", "key"]), Some("column"));
        assert_eq!(nearest("nunber", &["number", "title"]), Some("number"));
        assert_eq!(nearest("colour", &["column", "key"]), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn a_slip_is_answered_with_what_was_meant_and_anything_else_with_what_there_is() {
        assert_eq!(suggestion("PC1", &["PC-1", "XY-20"]), "did you mean PC-1?");
        assert_eq!(suggestion("closure", &["PC-1", "PC-2"]), "there are PC-1, PC-2");
        assert_eq!(suggestion("closure", &["PC-1"]), "there is PC-1");
        assert_eq!(suggestion("x", &[]), "there is none");
        let many: Vec<String> = (0..50).map(|number| format!("rule-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(suggestion("PC-1", &many).ends_with("rule-19, …"));
    }
}
