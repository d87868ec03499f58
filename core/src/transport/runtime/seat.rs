//! Where a caller sleeps until its outcome is there: exactly one wake.

use std::sync::Arc;
use std::time::Instant;

use super::RunFailure;
use crate::locks::{Condvar, Mutex};

pub(super) struct Seat<T> {
    outcome: Mutex<Option<Result<T, RunFailure>>>,
    ready: Condvar,
}

impl<T> Seat<T> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            outcome: Mutex::new(None),
            ready: Condvar::new(),
        })
    }

    /// `None` when the limit passed first.
    pub(super) fn wait(&self, limit: Instant) -> Option<Result<T, RunFailure>> {
        let mut outcome = self.outcome.lock();
        while outcome.is_none() {
            let late;
            (outcome, late) = self.ready.wait_until(outcome, limit);
            if late {
                break;
            }
        }
        outcome.take()
    }
}

/// Wakes the waiting caller in every case: a task dropped at shutdown delivers that.
pub(super) struct Delivery<T>(Arc<Seat<T>>);

impl<T> Delivery<T> {
    pub(super) fn new(seat: &Arc<Seat<T>>) -> Self {
        Self(Arc::clone(seat))
    }

    pub(super) fn deliver(&self, outcome: Result<T, RunFailure>) {
        self.0.outcome.lock().get_or_insert(outcome);
        self.0.ready.notify_one();
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        let mut outcome = self.0.outcome.lock();
        if outcome.is_none() {
            *outcome = Some(Err(RunFailure::ShutDown));
            self.0.ready.notify_one();
        }
    }
}
