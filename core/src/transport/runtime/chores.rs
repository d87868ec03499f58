//! Work at certain times, beside the calls: the worker looks after it.

use std::time::{Duration, Instant};

/// Connections are looked after this often when nobody drives them: pings of the peer are answered,
/// and closed connections noticed. Daemons wait 20 s for the answer to a ping.
const LOOK_AFTER: Duration = Duration::from_secs(5);

/// What is done at certain times.
pub(crate) struct Chores {
    due: Box<dyn FnMut() -> Duration + Send>,
    next: Instant,
}

impl Chores {
    /// `due` is called now and then, does what is due, and says after which time it wants to be
    /// called again. It must return at once; what takes longer is spawned.
    pub(crate) fn new(due: impl FnMut() -> Duration + Send + 'static) -> Self {
        Self {
            due: Box::new(due),
            next: Instant::now(),
        }
    }

    /// Nothing but the connections.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self::new(|| LOOK_AFTER)
    }

    /// Does what is due; the time at which to come again.
    pub(super) fn attend(&mut self) -> Instant {
        let now = Instant::now();
        if now >= self.next {
            self.next = now + (self.due)();
        }
        self.next.min(now + LOOK_AFTER)
    }
}
