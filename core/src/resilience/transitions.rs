//! The changes of a circuit breaker, kept in order until somebody fetches them.

use std::collections::VecDeque;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::breaker::Phase;
use crate::locks::Mutex;

/// More than a breaker does in an hour of flapping at its defaults.
const KEPT: usize = 1024;

/// One change.
#[derive(Clone, Debug)]
#[allow(
    dead_code,
    reason = "for the event stream of a manager, which is to come"
)]
pub(crate) struct Transition {
    pub(crate) at: SystemTime,
    pub(crate) from: Phase,
    pub(crate) to: Phase,
    pub(crate) reason: String,
    /// How long calls are refused now.
    pub(crate) retry_after: Option<Duration>,
}

type Wake = Box<dyn Fn() + Send + Sync>;

/// What happened and was not fetched yet.
#[derive(Default)]
pub(super) struct Transitions {
    queue: Mutex<Queue>,
    openings: AtomicU64,
    wake: OnceLock<Wake>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Transition>,
    dropped: u64,
}

impl Transitions {
    pub(super) fn note(&self, from: Phase, to: Phase, reason: &str, retry_after: Option<Duration>) {
        if (from, to) == (Phase::Closed, Phase::Open) {
            self.openings.fetch_add(1, Ordering::Relaxed);
        }
        let mut queue = self.queue.lock();
        if queue.waiting.len() == KEPT {
            queue.waiting.pop_front();
            queue.dropped += 1;
        }
        queue.waiting.push_back(Transition {
            at: SystemTime::now(),
            from,
            to,
            reason: reason.to_owned(),
            retry_after,
        });
    }

    /// Outside of all locks: whoever is woken may fetch at once.
    pub(super) fn wake(&self) {
        if let Some(wake) = self.wake.get() {
            wake();
        }
    }

    pub(super) fn on_change(&self, wake: Wake) {
        // A second listener would take the first one's changes.
        let _ = self.wake.set(wake);
    }

    pub(super) fn take(&self) -> (Vec<Transition>, u64) {
        let mut queue = self.queue.lock();
        let dropped = std::mem::take(&mut queue.dropped);
        (queue.waiting.drain(..).collect(), dropped)
    }

    /// From closed to open.
    pub(super) fn openings(&self) -> u64 {
        self.openings.load(Ordering::Relaxed)
    }
}
