//! Which records of a batch stand in their table again: one letter a record, run-length encoded (`497g3b`).

/// The letter of a record that is back, and of one that is not.
const BACK: char = 'b';
const GONE: char = 'g';

/// Writes which records are back, in the order of the batch's intents.
pub fn encode_presence(back: &[bool]) -> String {
    let letter = |is_back| if is_back { BACK } else { GONE };
    back.chunk_by(|one, next| one == next).map(|run| format!("{}{}", run.len(), letter(run[0]))).collect()
}

/// Which of a list of records are back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// How many records follow each other, and whether they are back.
    runs: Vec<(u64, bool)>,
}

impl Presence {
    /// Reads what [`encode_presence`] wrote; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        let mut runs: Vec<(u64, bool)> = Vec::new();
        for run in text.split_inclusive([BACK, GONE]) {
            let is_back = run.ends_with(BACK);
            let digits = run.strip_suffix([BACK, GONE])?;
            let is_canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            let count = digits.parse().ok().filter(|_| is_canonical)?;
            if runs.last().is_some_and(|(_, before)| *before == is_back) {
                return None;
            }
            runs.push((count, is_back));
        }
        (!runs.is_empty()).then_some(Self { runs })
    }

    /// How many records it tells of.
    pub fn records(&self) -> u64 {
        self.runs.iter().fold(0, |sum, (count, _)| sum.saturating_add(*count))
    }

    /// How many of them are back.
    pub fn back(&self) -> u64 {
        self.runs.iter().filter(|(_, is_back)| *is_back).fold(0, |sum, (count, _)| sum.saturating_add(*count))
    }

    /// Tells of places that are asked for in rising order whether the record there is back.
    pub(super) fn in_order(&self) -> impl FnMut(u64) -> bool {
        let mut runs = self.runs.iter();
        let (mut end, mut is_back) = (0_u64, false);
        move |place| {
            while place >= end {
                let Some((count, back)) = runs.next() else { return false };
                (end, is_back) = (end.saturating_add(*count), *back);
            }
            is_back
        }
    }

    /// Whether the record in this place is back.
    pub fn is_back(&self, place: u64) -> Option<bool> {
        let mut end = 0_u64;
        self.runs.iter().find_map(|(count, is_back)| {
            end = end.saturating_add(*count);
            (place < end).then_some(*is_back)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn who_is_back_survives_its_text(back in prop::collection::vec(any::<bool>(), 1..60)) {
            let presence = Presence::parse(&encode_presence(&back)).unwrap();
            let read: Vec<_> = (0..back.len() as u64).map(|place| presence.is_back(place).unwrap()).collect();
            prop_assert_eq!(&read, &back);
            prop_assert_eq!(presence.records(), back.len() as u64);
            prop_assert_eq!(presence.back(), back.iter().filter(|back| **back).count() as u64);
            prop_assert_eq!(presence.is_back(back.len() as u64), None);
        }
    }

    #[test]
    fn any_other_text_is_refused() {
        for text in ["", "b", "0b", "01b", "1b1b", "1x", "1", "1b2", "+1b", "99999999999999999999b", "1g1B"] {
            assert_eq!(Presence::parse(text), None, "{text}");
        }
    }
}
