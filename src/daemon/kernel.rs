//! What the C library is asked without a wrapper: to give memory back.

/// Gives free memory back to the system. Else what one run of a million records took stays resident until the next.
pub fn give_back_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: it takes a number and no pointer, frees nothing that is in use, and may be called by any thread at any
    // time (MT-Safe, malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
    }
}
