//! How words of the command line are read. What cannot be read is answered with the form it should have.

use crate::model::{CivilDate, RuleNumber};

/// A day: `2026-11-21`.
pub fn day(text: &str) -> Result<CivilDate, String> {
    let digits = text.split('-').map(str::len);
    if digits.ne([4, 2, 2]) {
        return Err("write the day as YYYY-MM-DD, such as 2026-11-21".to_owned());
    }
    text.parse().map_err(|_| "there is no such day: write an existing one as YYYY-MM-DD".to_owned())
}

/// A text that says something.
pub fn filled(text: &str) -> Result<String, String> {
    if text.trim().is_empty() { Err("it is empty: write what is meant".to_owned()) } else { Ok(text.to_owned()) }
}

/// One rule, where several cannot be named.
pub fn one_rule(text: &str) -> Result<RuleNumber, String> {
    if text.contains(',') {
        let mend = "a plan lists one rule, or all: leave --only away, and name the rules when approving";
        return Err(format!("{mend} (`approve PLAN --only {text}`)"));
    }
    filled(text).map(RuleNumber::new)
}

/// A whole number from 0 on.
pub fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "write a whole number, in digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_another_form_is_answered_with_the_form() {
        assert_eq!(day("2026-11-21"), Ok("2026-11-21".parse().unwrap()));
        for other in ["21/11/2026", "tomorrow", "2026-1-2", "20261121", ""] {
            assert!(day(other).unwrap_err().contains("YYYY-MM-DD, such as"), "{other}");
        }
        for none in ["2026-02-30", "2026-13-01", "abcd-ef-gh"] {
            assert!(day(none).unwrap_err().contains("no such day"), "{none}");
        }
    }
}
