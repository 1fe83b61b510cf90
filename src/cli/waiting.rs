//! What waits for whoever holds the state says so, once that takes long.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::session::note;
use crate::disposition::desk::Holder;

/// Nobody who asks is left in the dark for longer.
const AFTER: Duration = Duration::from_secs(2);

/// Does what may wait this long for whoever holds the state, and tells on standard error whom it waits for if it has
/// not ended after two seconds.
pub(super) fn telling<T>(state: &Path, most: Duration, work: impl FnOnce() -> T) -> T {
    let (working, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if ended.recv_timeout(AFTER) == Err(RecvTimeoutError::Timeout) {
                tell(state, most);
            }
        });
        let done = work();
        drop(working);
        done
    })
}

fn tell(state: &Path, most: Duration) {
    let holder = Holder::of(state);
    if !holder.is_own() {
        note(&format!("{holder} holds {}; this waits for it, for {} s at most", state.display(), most.as_secs()));
    }
}
