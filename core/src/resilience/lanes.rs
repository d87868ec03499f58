//! Places in flight: how many calls of one kind a service gets at once. Excess waits in line for a
//! bounded number of places; what comes after that is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Which places a call takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Plain reads.
    Read,
    /// Quick writes.
    Write,
    /// Calls that may stay open as long as a payment flies.
    Payment,
}

impl Lane {
    /// The word in JSON and in `methods.toml`.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Payment => "payment",
        }
    }
}

/// The places of one lane.
#[derive(Debug)]
pub(super) struct Places {
    lane: Lane,
    limit: u32,
    free: Arc<Semaphore>,
    longest_line: u32,
    waiting: AtomicU32,
    refused: AtomicU64,
}

/// A place in flight; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    _permit: OwnedSemaphorePermit,
}

/// What a call gets at the door of its lane.
#[derive(Debug)]
pub(crate) enum Entry {
    /// It may go at once.
    Place(Place),
    /// It has to wait.
    Line(Turn),
}

/// A place in the line; given up when dropped.
#[derive(Debug)]
pub(crate) struct Turn(Arc<Places>);

/// The state of a lane, as it is shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LaneSnapshot {
    pub(crate) in_flight: u32,
    pub(crate) limit: u32,
    pub(crate) waiting: u32,
    /// Calls that were turned away since the manager was made.
    pub(crate) refused: u64,
}

impl Places {
    pub(super) fn new(lane: Lane, limit: u32, longest_line: u32) -> Arc<Self> {
        Arc::new(Self {
            lane,
            limit,
            free: Arc::new(Semaphore::new(usize::try_from(limit).unwrap_or(usize::MAX))),
            longest_line,
            waiting: AtomicU32::new(0),
            refused: AtomicU64::new(0),
        })
    }

    /// A place, or one in the line; `None` when that is full too.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Entry> {
        if let Ok(permit) = Arc::clone(&self.free).try_acquire_owned() {
            return Some(Entry::Place(Place { _permit: permit }));
        }
        let joined = self
            .waiting
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |waiting| {
                (waiting < self.longest_line).then_some(waiting + 1)
            });
        if joined.is_err() {
            self.note_refused();
            return None;
        }
        Some(Entry::Line(Turn(Arc::clone(self))))
    }

    fn note_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit
    }

    pub(super) fn snapshot(&self) -> LaneSnapshot {
        let free = u32::try_from(self.free.available_permits()).unwrap_or(u32::MAX);
        LaneSnapshot {
            in_flight: self.limit.saturating_sub(free),
            limit: self.limit,
            waiting: self.waiting.load(Ordering::Acquire),
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

impl Turn {
    /// Waits for the place; first come, first served.
    pub(super) async fn wait(&self) -> Option<Place> {
        let permit = Arc::clone(&self.0.free).acquire_owned().await;
        permit.ok().map(|permit| Place { _permit: permit })
    }

    /// The call's time was up in the line.
    pub(super) fn note_refused(&self) {
        self.0.note_refused();
    }

    pub(super) fn lane(&self) -> Lane {
        self.0.lane
    }

    pub(super) fn limit(&self) -> u32 {
        self.0.limit
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(places: &Arc<Places>) -> Place {
        match places.enter() {
            Some(Entry::Place(place)) => place,
            other => panic!("no place: {other:?}"),
        }
    }

    fn turn(places: &Arc<Places>) -> Turn {
        match places.enter() {
            Some(Entry::Line(turn)) => turn,
            other => panic!("not in line: {other:?}"),
        }
    }

    #[tokio::test]
    async fn places_then_a_line_then_a_refusal() {
        let places = Places::new(Lane::Write, 2, 1);
        let first = place(&places);
        let _second = place(&places);
        let waiting = turn(&places);
        assert!(places.enter().is_none());
        let shown = places.snapshot();
        assert_eq!(
            (shown.in_flight, shown.waiting, shown.refused, shown.limit),
            (2, 1, 1, 2)
        );
        drop(first);
        let third = waiting.wait().await.unwrap();
        drop(waiting);
        assert_eq!(
            (places.snapshot().in_flight, places.snapshot().waiting),
            (2, 0)
        );
        drop(third);
        let _fourth = place(&places);
    }

    #[tokio::test]
    async fn who_came_first_goes_first_and_nobody_overtakes() {
        let places = Places::new(Lane::Read, 1, 10);
        let held = place(&places);
        let (first, second) = (turn(&places), turn(&places));
        let mut waiting = (Box::pin(first.wait()), Box::pin(second.wait()));
        assert!(futures_util::poll!(&mut waiting.0).is_pending());
        assert!(futures_util::poll!(&mut waiting.1).is_pending());
        drop(held);
        assert!(matches!(places.enter(), Some(Entry::Line(_))), "overtaking");
        assert!(futures_util::poll!(&mut waiting.1).is_pending());
        assert!(futures_util::poll!(&mut waiting.0).is_ready());
    }

    #[tokio::test]
    async fn a_wait_that_is_given_up_leaves_the_line() {
        let places = Places::new(Lane::Payment, 1, 1);
        let held = place(&places);
        drop(turn(&places));
        assert_eq!(places.snapshot().waiting, 0);
        drop(held);
        drop(place(&places));
    }
}
