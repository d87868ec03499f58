//! The bounded queue between a subscription, which must never stand still, and its reader, who may. A
//! stream of HTTP/2 that nobody reads fills the window of the whole connection and stops every other call
//! on it, so whatever does not fit here is counted, or asked for again later, but never waited for.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::error::Error;
use crate::locks::{Condvar, Mutex};

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry<T> {
    Item(T),
    /// So many items did not fit.
    Lag(u64),
    Reconnected(Reconnection),
}

/// The subscription was interrupted and stands again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reconnection {
    /// What had happened.
    pub(crate) reason: String,
    /// From the first failure to the first answer.
    pub(crate) outage: Duration,
}

/// What a look into the feed came to.
#[derive(Debug)]
pub(crate) enum Taken<T> {
    Entry(Entry<T>),
    /// Nothing came in time. If the daemon cannot be reached at the moment: for how long, and why.
    Nothing(Option<(Duration, String)>),
    /// Nothing will come any more.
    Ended(Error),
}

/// Filled by one task, emptied by any number of threads.
pub(crate) struct Feed<T> {
    state: Mutex<State<T>>,
    news: Condvar,
    room: Notify,
    capacity: usize,
}

struct State<T> {
    entries: VecDeque<Entry<T>>,
    /// What belongs behind the last entry and finds no room there.
    dropped: u64,
    reconnection: Option<Reconnection>,
    outage: Option<(Instant, String)>,
    ended: Option<Error>,
}

impl<T> Feed<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State {
                entries: VecDeque::new(),
                dropped: 0,
                reconnection: None,
                outage: None,
                ended: None,
            }),
            news: Condvar::new(),
            room: Notify::new(),
            capacity,
        }
    }

    /// Takes the item, or gives it back when there is no room.
    pub(crate) fn put(&self, item: T) -> Result<(), T> {
        let mut state = self.state.lock();
        state.settle_rest(self.capacity);
        if state.has_rest() || state.entries.len() >= self.capacity {
            return Err(item);
        }
        state.entries.push_back(Entry::Item(item));
        self.news.notify_one();
        Ok(())
    }

    /// Takes the item, or counts it as dropped.
    pub(crate) fn offer(&self, item: T) {
        if self.put(item).is_err() {
            self.state.lock().dropped += 1;
        }
    }

    /// Waits until half of the queue is free: one free place would mean a new subscription an item.
    pub(crate) async fn room(&self) {
        loop {
            let emptied = self.room.notified();
            if self.state.lock().entries.len() <= self.capacity / 2 {
                return;
            }
            emptied.await;
        }
    }

    /// Notes that the daemon cannot be reached; the first such note counts as the beginning.
    pub(crate) fn interrupted(&self, reason: String) {
        let mut state = self.state.lock();
        let since = state.outage.take().map_or_else(Instant::now, |(at, _)| at);
        state.outage = Some((since, reason));
    }

    /// Notes that the daemon answers again, and tells the reader if it did not before.
    pub(crate) fn answering(&self) {
        let mut state = self.state.lock();
        let Some((since, reason)) = state.outage.take() else {
            return;
        };
        let mut outage = since.elapsed();
        if let Some(earlier) = state.reconnection.take() {
            outage += earlier.outage;
        }
        state.reconnection = Some(Reconnection { reason, outage });
        state.settle_rest(self.capacity);
        self.news.notify_one();
    }

    /// Nothing will come any more; what is there can still be read.
    pub(crate) fn end(&self, error: Error) {
        self.state.lock().ended.get_or_insert(error);
        self.news.notify_all();
    }

    /// The same, and what is there is thrown away.
    pub(crate) fn abandon(&self, error: Error) {
        let mut state = self.state.lock();
        state.entries.clear();
        state.dropped = 0;
        state.reconnection = None;
        state.ended.get_or_insert(error);
        self.news.notify_all();
    }

    /// Waits for the next entry, until `limit` at the latest.
    pub(crate) fn take(&self, limit: Instant) -> Taken<T> {
        let mut state = self.state.lock();
        let mut late = false;
        loop {
            if let Some(entry) = state.next() {
                self.room.notify_one();
                return Taken::Entry(entry);
            }
            if let Some(error) = &state.ended {
                return Taken::Ended(error.clone());
            }
            if late {
                let outage = state.outage.as_ref();
                return Taken::Nothing(outage.map(|(since, why)| (since.elapsed(), why.clone())));
            }
            (state, late) = self.news.wait_until(state, limit);
        }
    }
}

impl<T> State<T> {
    fn has_rest(&self) -> bool {
        self.dropped > 0 || self.reconnection.is_some()
    }

    /// Moves what waits behind the queue into it, once there is room for that and one item more.
    fn settle_rest(&mut self, capacity: usize) {
        if !self.has_rest() || self.entries.len() + 3 > capacity {
            return;
        }
        while let Some(entry) = self.rest() {
            self.entries.push_back(entry);
        }
    }

    fn rest(&mut self) -> Option<Entry<T>> {
        if self.dropped > 0 {
            return Some(Entry::Lag(std::mem::take(&mut self.dropped)));
        }
        self.reconnection.take().map(Entry::Reconnected)
    }

    fn next(&mut self) -> Option<Entry<T>> {
        let first = self.entries.pop_front();
        first.or_else(|| self.rest())
    }
}

#[cfg(test)]
#[path = "feed_tests.rs"]
mod tests;
