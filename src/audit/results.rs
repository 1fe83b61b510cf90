//! The results of an outcome leaf: one letter a record, run-length encoded (`497D1h2c`).

use super::codec::LeafError;
use super::leaf::{Action, RecordOutcome};

impl RecordOutcome {
    /// All of them, in the order of the run statement, which counts what was gone with what had drifted.
    pub const ALL: [Self; 9] = [
        Self::Destroyed,
        Self::Anonymized,
        Self::Held,
        Self::Blocked,
        Self::Drifted,
        Self::Gone,
        Self::Deferred,
        Self::Incomplete,
        Self::Failed,
    ];

    /// Its letter in an outcome.
    pub const fn letter(self) -> char {
        match self {
            Self::Destroyed => 'D',
            Self::Anonymized => 'A',
            Self::Held => 'h',
            Self::Blocked => 'b',
            Self::Drifted => 'c',
            Self::Gone => 'g',
            Self::Deferred => 'r',
            Self::Incomplete => 'i',
            Self::Failed => 'f',
        }
    }

    /// In which way a record went that has this outcome; `None` where it stayed, or a file of it did.
    pub const fn disposed_by(self) -> Option<Action> {
        match self {
            Self::Destroyed => Some(Action::Destroy),
            Self::Anonymized => Some(Action::Anonymize),
            _ => None,
        }
    }

    /// What a letter means.
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.letter() == letter)
    }
}

/// Writes what became of each record, in the intent's order.
pub fn encode_results(results: &[RecordOutcome]) -> String {
    results.chunk_by(|one, next| one == next).map(|run| format!("{}{}", run.len(), run[0].letter())).collect()
}

/// Reads what became of each of an intent's `n` records.
///
/// # Errors
/// Any other text than [`encode_results`] writes for `n` records.
pub fn decode_results(text: &str, n: u32) -> Result<Vec<RecordOutcome>, LeafError> {
    let limit = n as usize;
    let mut results = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).ok_or(LeafError::Results)?;
        let count: usize = rest[..digits].parse().map_err(|_| LeafError::Results)?;
        let letter = rest[digits..].chars().next().ok_or(LeafError::Results)?;
        let outcome = RecordOutcome::of_letter(letter).ok_or(LeafError::Results)?;
        if count > limit - results.len() {
            return Err(LeafError::Results);
        }
        results.resize(results.len() + count, outcome);
        rest = &rest[digits + letter.len_utf8()..];
    }
    if results.len() == limit && encode_results(&results) == text { Ok(results) } else { Err(LeafError::Results) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn results_survive_their_text(places in prop::collection::vec(0_usize..RecordOutcome::ALL.len(), 0..40)) {
            let results: Vec<_> = places.into_iter().map(|place| RecordOutcome::ALL[place]).collect();
            let text = encode_results(&results);
            prop_assert_eq!(decode_results(&text, results.len() as u32).unwrap(), results);
        }

        #[test]
        fn any_other_text_is_refused(text in "[0-9DAhbé]{0,8}", n in 0_u32..20) {
            if let Ok(results) = decode_results(&text, n) {
                prop_assert_eq!(encode_results(&results), text);
                prop_assert_eq!(results.len(), n as usize);
            }
        }
    }

    #[test]
    fn second_spellings_and_wrong_counts_are_refused() {
        for (text, n) in
            [("1D1D", 2), ("02D", 2), ("0D", 0), ("2D", 3), ("99999999999999999999D", 1), ("D", 1), ("2", 2)]
        {
            assert!(decode_results(text, n).is_err(), "{text}");
        }
        assert_eq!(encode_results(&[RecordOutcome::Destroyed; 3]), "3D");
    }
}
