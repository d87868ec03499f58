//! Panics of ours print nothing: the host's stderr is not ours. Their place is kept for the log.

use std::cell::Cell;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::host_protection::{inside_call, on_own_thread};

static INSTALLED: AtomicBool = AtomicBool::new(false);

thread_local! {
    static LAST_PLACE: Cell<Option<Place>> = const { Cell::new(None) };
}

/// Where a panic began. Holds its text by value: at that moment memory may be what is lacking.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    file: [u8; Place::WIDTH],
    length: usize,
    pub(crate) line: u32,
}

impl Place {
    const WIDTH: usize = 80;

    /// Keeps the end of a long path, which is the telling part.
    fn new(file: &str, line: u32) -> Self {
        let bytes = file.as_bytes();
        let tail = bytes
            .get(bytes.len().saturating_sub(Self::WIDTH)..)
            .unwrap_or(bytes);
        let mut place = Self {
            file: [0; Self::WIDTH],
            length: tail.len(),
            line,
        };
        for (to, from) in place.file.iter_mut().zip(tail) {
            *to = *from;
        }
        place
    }

    pub(crate) fn file(&self) -> &str {
        let bytes = self.file.get(..self.length).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or("a file whose name is not shown")
    }
}

/// Puts the silent hook in front of the hook of this artefact's own copy of the standard library.
/// Other Rust code of the process has its own copy, or its panics pass to the hook behind ours.
pub(crate) fn install() {
    // No Once: it would hold its lock across a fork. Two threads that come first together install
    // two hooks, of which either one is enough.
    if INSTALLED.load(Ordering::Acquire) {
        return;
    }
    let next = panic::take_hook();
    panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
        if inside_call() || on_own_thread() {
            let place = info
                .location()
                .map(|place| Place::new(place.file(), place.line()));
            LAST_PLACE.set(place);
        } else {
            next(info);
        }
    }));
    INSTALLED.store(true, Ordering::Release);
}

/// The place of the last panic on this thread, once.
pub(crate) fn take_place() -> Option<Place> {
    LAST_PLACE.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_paths_keep_their_end() {
        let path = format!("{}/src/guard.rs", "x".repeat(200));
        let place = Place::new(&path, 7);
        assert!(place.file().ends_with("/src/guard.rs"));
        assert_eq!(place.file().len(), Place::WIDTH);
        assert_eq!(Place::new("a.rs", 1).file(), "a.rs");
    }
}
