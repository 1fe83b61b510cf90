//! The Desk behind its mutex. The standard mutex lets a busy owner overtake those who wait; here they are served in the
//! order of their coming.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::{Desk, DeskError};
use crate::disposition::Installation;

/// A Desk that several threads use, one at a time and in turn.
#[derive(Clone)]
pub struct SharedDesk(Arc<Inner>);

struct Inner {
    desk: Mutex<Desk>,
    turns: Mutex<Turns>,
    next: Condvar,
    /// The installation in use, to be had without waiting for a turn.
    install: Mutex<Arc<Installation>>,
}

#[derive(Default)]
struct Turns {
    /// The next number to give out.
    given: u64,
    /// The number whose turn it is.
    served: u64,
}

/// The Desk, for as long as this lives.
pub struct DeskGuard<'d> {
    /// Declared, and so dropped, before the turn that passes on.
    desk: MutexGuard<'d, Desk>,
    _turn: Turn<'d>,
}

/// Passes the turn on when dropped, in whatever way.
struct Turn<'d>(&'d Inner);

impl SharedDesk {
    /// Shares a Desk.
    pub fn new(desk: Desk) -> Self {
        let install = Mutex::new(desk.install().clone());
        Self(Arc::new(Inner { desk: Mutex::new(desk), turns: Mutex::default(), next: Condvar::new(), install }))
    }

    /// Waits for its turn and takes the Desk.
    ///
    /// # Errors
    /// [`DeskError::Broken`] where a thread panicked while it had the Desk: what it left is not to be trusted.
    pub fn lock(&self) -> Result<DeskGuard<'_>, DeskError> {
        let turn = self.0.wait_for_turn();
        let desk = self.0.desk.lock().map_err(|_| DeskError::Broken)?;
        Ok(DeskGuard { desk, _turn: turn })
    }

    /// The installation in use.
    pub fn install(&self) -> Arc<Installation> {
        self.0.install.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes on with another installation: after a reload, between runs.
    ///
    /// # Errors
    /// [`DeskError::Broken`].
    pub fn replace_install(&self, install: Arc<Installation>) -> Result<(), DeskError> {
        self.lock()?.replace_install(install.clone());
        *self.0.install.lock().unwrap_or_else(PoisonError::into_inner) = install;
        Ok(())
    }
}

impl Inner {
    fn wait_for_turn(&self) -> Turn<'_> {
        // Two counters are never left half written, so a panic elsewhere does not spoil them.
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let own = turns.given;
        turns.given += 1;
        while turns.served != own {
            turns = self.next.wait(turns).unwrap_or_else(PoisonError::into_inner);
        }
        Turn(self)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.turns.lock().unwrap_or_else(PoisonError::into_inner).served += 1;
        self.0.next.notify_all();
    }
}

impl Deref for DeskGuard<'_> {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl DerefMut for DeskGuard<'_> {
    fn deref_mut(&mut self) -> &mut Desk {
        &mut self.desk
    }
}
