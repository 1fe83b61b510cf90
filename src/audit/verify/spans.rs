//! A set of places, kept as spans: what follows each other takes no more memory than one.

use std::collections::BTreeMap;

/// Places; each span by its first place and the one behind its last. No two touch.
#[derive(Debug, Default)]
pub(super) struct Spans(BTreeMap<u64, u64>);

impl Spans {
    /// Adds the places of a span that is not empty; whether none of them was there.
    pub fn insert(&mut self, begin: u64, end: u64) -> bool {
        let (mut whole, mut is_new) = ((begin, end), true);
        // Spans that begin by its end, the last one first, as far as they reach its beginning.
        while let Some((&first, &behind)) = self.0.range(..=end).next_back().filter(|(_, behind)| **behind >= begin) {
            is_new &= behind == begin || first == end;
            whole = (whole.0.min(first), whole.1.max(behind));
            self.0.remove(&first);
        }
        self.0.insert(whole.0, whole.1);
        is_new
    }

    /// Takes the places of a span out; whether all of them were there. Where not all were, none goes.
    pub fn remove(&mut self, begin: u64, end: u64) -> bool {
        let around = self.0.range(..=begin).next_back().map(|(first, behind)| (*first, *behind));
        let Some((first, behind)) = around.filter(|(_, behind)| *behind >= end) else { return false };
        self.0.remove(&first);
        if first < begin {
            self.0.insert(first, begin);
        }
        if end < behind {
            self.0.insert(end, behind);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn spans_are_the_set_of_their_places(steps in prop::collection::vec((any::<bool>(), 0_u64..30, 1_u64..8), 1..40)) {
            let (mut spans, mut places) = (Spans::default(), BTreeSet::new());
            for (adds, begin, length) in steps {
                let those: BTreeSet<u64> = (begin..begin + length).collect();
                if adds {
                    prop_assert_eq!(spans.insert(begin, begin + length), places.is_disjoint(&those));
                    places.extend(those);
                } else {
                    let were_all = places.is_superset(&those);
                    prop_assert_eq!(spans.remove(begin, begin + length), were_all);
                    places.retain(|place| !were_all || !those.contains(place));
                }
                let told: BTreeSet<u64> = spans.0.iter().flat_map(|(begin, end)| *begin..*end).collect();
                prop_assert_eq!(&told, &places);
            }
        }
    }
}
