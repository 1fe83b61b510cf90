//! Which records of a batch a correction speaks of: one letter a record, in the order of the batch's intents,
//! run-length encoded (`497g3b`).

/// The two letters of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Letters {
    /// Of a record that the correction speaks of.
    pub marked: char,
    /// Of any other.
    pub other: char,
}

/// Which destroyed records stand in their table again.
pub const BACK: Letters = Letters { marked: 'b', other: 'g' };

/// Of which records no file is tried any more. Such a list ends with its last marked record: the log of an earlier
/// batch may not be there to tell how many follow.
pub const ENDED: Letters = Letters { marked: 'e', other: 'o' };

/// Which records of a batch are marked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marks {
    /// How many records follow each other, and whether they are marked.
    runs: Vec<(u64, bool)>,
}

impl Letters {
    /// Writes which records are marked, in the order of the batch's intents.
    pub fn write(self, marked: &[bool]) -> String {
        let letter = |is_marked| if is_marked { self.marked } else { self.other };
        marked.chunk_by(|one, next| one == next).map(|run| format!("{}{}", run.len(), letter(run[0]))).collect()
    }

    /// Reads what [`Letters::write`] wrote; `None` for any other text.
    pub fn read(self, text: &str) -> Option<Marks> {
        let letters = [self.marked, self.other];
        let mut runs: Vec<(u64, bool)> = Vec::new();
        let mut records = 0_u64;
        for run in text.split_inclusive(letters) {
            let is_marked = run.ends_with(self.marked);
            let digits = run.strip_suffix(letters)?;
            let is_canonical = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
            let count: u64 = digits.parse().ok().filter(|_| is_canonical)?;
            records = records.checked_add(count)?;
            if runs.last().is_some_and(|(_, before)| *before == is_marked) {
                return None;
            }
            runs.push((count, is_marked));
        }
        (!runs.is_empty()).then_some(Marks { runs })
    }
}

impl Marks {
    /// How many records it tells of; no list that was read tells of more than a number holds.
    pub fn records(&self) -> u64 {
        self.runs.iter().map(|(count, _)| count).sum()
    }

    /// How many of them are marked.
    pub fn marked(&self) -> u64 {
        self.runs.iter().filter(|(_, is_marked)| *is_marked).map(|(count, _)| count).sum()
    }

    /// Whether the last record that it tells of is marked.
    pub fn ends_marked(&self) -> bool {
        self.runs.last().is_some_and(|(_, is_marked)| *is_marked)
    }

    /// Where marked records follow each other: the first place, and the one behind the last.
    pub(super) fn spans(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut end = 0_u64;
        let spans = self.runs.iter().map(move |(count, is_marked)| {
            let begin = end;
            end += count;
            is_marked.then_some((begin, end))
        });
        spans.flatten()
    }

    /// Tells of places that are asked for in rising order whether the record there is marked.
    pub(super) fn in_order(&self) -> impl FnMut(u64) -> bool {
        let mut runs = self.runs.iter();
        let (mut end, mut is_marked) = (0_u64, false);
        move |place| {
            while place >= end {
                let Some((count, marked)) = runs.next() else { return false };
                (end, is_marked) = (end + count, *marked);
            }
            is_marked
        }
    }

    /// Whether the record in this place is marked; `None` behind the last that it tells of.
    pub fn is_marked(&self, place: u64) -> Option<bool> {
        let mut end = 0_u64;
        self.runs.iter().find_map(|(count, is_marked)| {
            end += count;
            (place < end).then_some(*is_marked)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn who_is_marked_survives_its_text(marked in prop::collection::vec(any::<bool>(), 1..60)) {
            let marks = BACK.read(&BACK.write(&marked)).unwrap();
            let read: Vec<_> = (0..marked.len() as u64).map(|place| marks.is_marked(place).unwrap()).collect();
            prop_assert_eq!(&read, &marked);
            prop_assert_eq!(marks.records(), marked.len() as u64);
            prop_assert_eq!(marks.marked(), marked.iter().filter(|marked| **marked).count() as u64);
            prop_assert_eq!(marks.is_marked(marked.len() as u64), None);
            let of_spans: Vec<u64> = marks.spans().flat_map(|(begin, end)| begin..end).collect();
            let places: Vec<u64> = (0..marked.len() as u64).filter(|place| marked[*place as usize]).collect();
            prop_assert_eq!(of_spans, places);
        }
    }

    #[test]
    fn any_other_text_is_refused() {
        let too_many = "18446744073709551615b1g";
        for text in ["", "b", "0b", "01b", "1b1b", "1x", "1", "1b2", "+1b", "99999999999999999999b", too_many, "1g1B"] {
            assert_eq!(BACK.read(text), None, "{text}");
        }
    }
}
