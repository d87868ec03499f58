//! Who drives the runtime: nobody, one caller, or the worker.
//!
//! A lone caller drives itself. Once calls overlap the worker drives, and gives the helm back when
//! for a moment nothing was in flight, or when those that came did not overlap any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::chores::Chores;
use crate::locks::{Condvar, Mutex};

/// How long the worker goes on driving when nothing is in flight: the next calls of a busy host come
/// within this time.
const LINGER: Duration = Duration::from_millis(2);
/// What the peer sent so long ago at most was not seen yet when a caller drove a moment ago.
const FRESH_FOR: Duration = Duration::from_millis(20);
/// Turns of the runtime that one such look takes.
const TURNS: u32 = 8;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Driver {
    #[default]
    Nobody,
    Caller,
    Worker,
}

/// Shared by the runtime and by all that starts work without a caller.
#[derive(Default)]
pub(crate) struct Helm {
    state: Mutex<State>,
    /// The worker waits here for its turn.
    turn: Condvar,
    /// Whoever shuts down waits here until nobody drives any more.
    left: Condvar,
    /// Told to the driving worker when nothing is in flight.
    quiet: Notify,
}

#[derive(Default)]
struct State {
    driver: Driver,
    /// Callers that sleep.
    waiting: usize,
    /// The most that slept at once since the worker last looked.
    peak: usize,
    /// What goes on without a caller: dials, streams.
    going: usize,
    /// When a caller last drove.
    driven: Option<Instant>,
    stopping: bool,
    worker_left: bool,
}

impl State {
    fn is_busy(&self) -> bool {
        self.waiting + self.going > 0
    }
}

impl Helm {
    /// A caller takes the helm; `None` when it is taken or there is other work.
    pub(super) fn take(&self) -> Option<Lead<'_>> {
        let mut state = self.state.lock();
        if state.driver != Driver::Nobody || state.is_busy() || state.stopping {
            return None;
        }
        state.driver = Driver::Caller;
        let fresh = state
            .driven
            .is_some_and(|driven| driven.elapsed() < FRESH_FOR);
        drop(state);
        Some(Lead { helm: self, fresh })
    }

    /// A caller counts as waiting until it drops what it gets.
    pub(super) fn wait_in_line(&self) -> Waiting<'_> {
        let mut state = self.state.lock();
        state.waiting += 1;
        state.peak = state.peak.max(state.waiting);
        self.call_worker(&mut state);
        Waiting(self)
    }

    /// Something goes on without a caller until this is dropped.
    pub(crate) fn going(self: &Arc<Self>) -> Going {
        let mut state = self.state.lock();
        state.going += 1;
        self.call_worker(&mut state);
        Going(Arc::clone(self))
    }

    fn call_worker(&self, state: &mut State) {
        if state.driver == Driver::Nobody {
            state.driver = Driver::Worker;
            self.turn.notify_one();
        }
    }

    fn tell_if_quiet(&self, state: &State) {
        if !state.is_busy() && state.driver == Driver::Worker {
            self.quiet.notify_one();
        }
    }

    /// The worker sleeps until it has to drive; false when it has to end.
    pub(super) fn await_turn(&self, chores: &mut Chores) -> bool {
        loop {
            let due = chores.attend();
            let mut state = self.state.lock();
            let mut late = false;
            while !late {
                if state.stopping {
                    return false;
                }
                if state.driver == Driver::Worker {
                    return true;
                }
                (state, late) = self.turn.wait_until(state, due);
            }
            // Nobody drives: a look at the connections. A caller that drives does that anyway.
            self.call_worker(&mut state);
        }
    }

    /// Drives what is in flight, in the worker's turn, until there is nothing.
    pub(super) async fn drive_until_quiet(&self, chores: &mut Chores) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
        loop {
            while self.is_busy() {
                let due = chores.attend();
                // Time that passes is as good as news here: the loop looks at both.
                let _ = tokio::time::timeout_at(due.into(), self.quiet.notified()).await;
            }
            // Calls that do not overlap are better driven by their caller.
            if self.rests(1) {
                return;
            }
            tokio::time::sleep(LINGER).await;
            if self.rests(0) {
                return;
            }
        }
    }

    fn is_busy(&self) -> bool {
        let state = self.state.lock();
        state.is_busy() && !state.stopping
    }

    /// The worker gives the helm back unless something is in flight, or more than `most` callers have
    /// waited at once since it last looked.
    fn rests(&self, most: usize) -> bool {
        let mut state = self.state.lock();
        let rests = state.stopping || (!state.is_busy() && state.peak <= most);
        state.peak = state.waiting;
        if rests {
            state.driver = Driver::Nobody;
        }
        rests
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    /// Lets the worker end.
    pub(super) fn stop(&self) {
        self.state.lock().stopping = true;
        self.turn.notify_one();
        self.quiet.notify_one();
    }

    pub(super) fn worker_left(&self) {
        self.state.lock().worker_left = true;
        self.left.notify_all();
    }

    /// After [`Helm::stop`]: whether within the limit nobody drives any more.
    pub(super) fn wait_until_left(&self, limit: Instant) -> bool {
        let mut state = self.state.lock();
        while !state.worker_left || state.driver == Driver::Caller {
            let late;
            (state, late) = self.left.wait_until(state, limit);
            if late {
                return state.worker_left;
            }
        }
        true
    }
}

/// A caller at the helm.
pub(super) struct Lead<'a> {
    helm: &'a Helm,
    /// Whether somebody drove a moment ago, so that all that the peer sent was seen.
    pub(super) fresh: bool,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        let mut state = self.helm.state.lock();
        state.driver = Driver::Nobody;
        state.driven = Some(Instant::now());
        if state.is_busy() {
            self.helm.call_worker(&mut state);
        }
        if state.stopping {
            self.helm.left.notify_all();
        }
    }
}

/// A caller that sleeps.
pub(super) struct Waiting<'a>(&'a Helm);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.waiting -= 1;
        self.0.tell_if_quiet(&state);
    }
}

/// Something that goes on without a caller.
pub(crate) struct Going(Arc<Helm>);

impl Drop for Going {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.going -= 1;
        self.0.tell_if_quiet(&state);
    }
}
