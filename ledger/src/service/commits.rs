//! Whether a piece of work has committed anything yet. An error after that may come from a read, from
//! a lost connection or from the next write: whatever it says of itself, it can't say that nothing was
//! done. Every write goes by [`Shared::write`](super::shared::Shared::write), which notes it here, so
//! callers need not remember to.

use std::cell::Cell;

thread_local! {
    static COMMITS: Cell<u64> = const { Cell::new(0) };
}

/// Watches what this thread commits.
#[derive(Clone, Copy, Debug)]
pub struct Commits {
    at_first: u64,
}

impl Commits {
    /// Begins to watch.
    pub fn watched() -> Self {
        Self { at_first: COMMITS.get() }
    }

    /// Whether anything was committed, or may have been, since then.
    pub fn any(self) -> bool {
        COMMITS.get() != self.at_first
    }

    /// Notes that something was committed, or may have been.
    pub fn note() {
        COMMITS.set(COMMITS.get().wrapping_add(1));
    }
}
