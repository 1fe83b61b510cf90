//! Who is heard at a time: so many connections in all, and half of them of any one user, so that nobody keeps others
//! out by holding connections open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Connections served at a time; who comes later is told so.
pub(super) const MOST_CONNECTIONS: usize = 64;

/// Of these, connections of one user: whoever waits for an execution holds two, and all who use sudo are one user.
const MOST_OF_ONE: usize = MOST_CONNECTIONS / 2;

/// How many connections each user has open.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    by_user: Mutex<BTreeMap<u32, usize>>,
}

/// One of the places for connections, given back in whatever way its thread ends.
#[derive(Debug)]
pub(super) struct Seat {
    crowd: Arc<Crowd>,
    user: u32,
}

impl Crowd {
    /// A place for a connection of this user; `None` where all that there are, or may be the user's, are taken.
    pub(super) fn seat(self: &Arc<Self>, user: u32) -> Option<Seat> {
        let mut by_user = self.by_user();
        let all: usize = by_user.values().sum();
        let own = by_user.entry(user).or_default();
        if all >= MOST_CONNECTIONS || *own >= MOST_OF_ONE {
            return None;
        }
        *own += 1;
        Some(Seat { crowd: self.clone(), user })
    }

    /// Whether every user may come again, and several times.
    pub(super) fn is_thin(&self) -> bool {
        let by_user = self.by_user();
        let most_of_one = by_user.values().copied().max().unwrap_or_default();
        by_user.values().sum::<usize>() < MOST_CONNECTIONS / 2 && most_of_one < MOST_OF_ONE / 2
    }

    /// Counting cannot be interrupted half-way: what a thread that panicked counted is right.
    fn by_user(&self) -> MutexGuard<'_, BTreeMap<u32, usize>> {
        self.by_user.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut by_user = self.crowd.by_user();
        if let Some(own) = by_user.get_mut(&self.user) {
            *own -= 1;
        }
        by_user.retain(|_, own| *own > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_the_places_of_others() {
        let crowd = Arc::new(Crowd::default());
        let ones: Vec<_> = (0..100).filter_map(|_| crowd.seat(1_000)).collect();
        assert_eq!(ones.len(), MOST_OF_ONE);
        assert!(!crowd.is_thin());
        let officer = crowd.seat(2_000);
        assert!(officer.is_some());
        drop(ones);
        assert!(crowd.seat(1_000).is_some());
    }

    #[test]
    fn there_is_an_end_to_all_of_them_and_places_come_back() {
        let crowd = Arc::new(Crowd::default());
        let all: Vec<_> = (0..100).filter_map(|user| crowd.seat(user)).collect();
        assert_eq!(all.len(), MOST_CONNECTIONS);
        drop(all);
        assert!(crowd.is_thin());
        assert!(crowd.by_user().is_empty());
    }
}
