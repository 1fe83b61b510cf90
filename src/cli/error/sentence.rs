//! A room writes its errors as `what and where; what to do`: here the two are taken apart, and made sentences.

use std::error::Error;

use super::Failure;
use crate::cli::exit::Exit;

impl Failure {
    /// A room's error: its sentence and its causes are the message, what follows the semicolon is the mend.
    pub(in crate::cli) fn of_room(
        exit: Exit,
        code: &str,
        error: &dyn Error,
        place: impl Into<String>,
        otherwise: &str,
    ) -> Self {
        let (message, mend) = apart(&error.to_string(), otherwise);
        let mut message = message.trim_end_matches('.').to_owned();
        let mut cause = error.source();
        while let Some(error) = cause {
            message += &format!(": {error}");
            cause = error.source();
        }
        Self::new(exit, code, sentence(&message), place, mend)
    }
}

/// A room's sentence, taken apart: what happened, and what to do.
pub(super) fn apart(text: &str, otherwise: &str) -> (String, String) {
    match text.rsplit_once("; ") {
        Some((message, mend)) => (sentence(message), sentence(mend)),
        None => (sentence(text), otherwise.to_owned()),
    }
}

/// A text with a capital and a full stop. A name in front keeps its case.
pub(in crate::cli) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = text.split(' ').next().unwrap_or_default().trim_end_matches(['.', ':']);
    let starts_with_a_name =
        first.contains(['/', '`', '.', '_']) || !text.starts_with(|letter: char| letter.is_lowercase());
    let mut sentence: String = match letters.next() {
        Some(first) if !starts_with_a_name => first.to_uppercase().chain(letters).collect(),
        _ => text.to_owned(),
    };
    if !sentence.ends_with(['.', '!', '?']) {
        sentence.push('.');
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_a_capital_and_a_name_keeps_its_case() {
        assert_eq!(sentence("the log is full"), "The log is full.");
        assert_eq!(sentence("dossier.parent refers to dossier"), "dossier.parent refers to dossier.");
        assert_eq!(sentence("file_number names nothing"), "file_number names nothing.");
        assert_eq!(sentence("no."), "No.");
    }
}
