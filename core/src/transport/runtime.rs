//! The one worker thread behind a manager, and the way a caller's thread waits for it.
//!
//! The call is spawned and the caller is woken once. Callers see only [`Runtime::run`], so that a
//! calling thread may later drive the runtime itself without a change elsewhere.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;

use crate::error::{Error, Status};
use crate::locks::{Condvar, Mutex};

/// What the host's side must do for threads of ours, as this crate has no unsafe code.
#[derive(Clone, Copy, Debug)]
pub struct HostHooks {
    /// Runs first on every thread that the core starts: blocks signals, marks the thread as ours.
    pub thread_start: fn(),
}

/// A tokio runtime with one worker.
pub(crate) struct Runtime {
    runtime: Mutex<Option<tokio::runtime::Runtime>>,
    handle: tokio::runtime::Handle,
}

/// Why a call brought no outcome of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RunFailure {
    /// The worker did not finish the call in time, its own deadline notwithstanding.
    Starved,
    /// A defect of ours.
    Panicked,
    /// The runtime was shut down under the call.
    ShutDown,
}

impl Runtime {
    pub(crate) fn start(hooks: HostHooks) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(2)
            .thread_name("arkgrpc")
            // Given, so that the environment is not asked for it.
            .thread_stack_size(2 * 1024 * 1024)
            .on_thread_start(hooks.thread_start)
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| {
                Error::local(
                    Status::Unsupported,
                    format!("the worker thread cannot be started: {error}"),
                    "raise the limits of threads and file descriptors of this process",
                )
            })?;
        let handle = runtime.handle().clone();
        Ok(Self {
            runtime: Mutex::new(Some(runtime)),
            handle,
        })
    }

    /// Runs the future on the worker while the calling thread sleeps, until `limit` at the latest.
    pub(crate) fn run<F, T>(&self, limit: Instant, future: F) -> Result<T, RunFailure>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let seat = Arc::new(Seat {
            outcome: Mutex::new(None),
            ready: Condvar::new(),
        });
        let delivery = Delivery(Arc::clone(&seat));
        let task = self.handle.spawn(async move {
            let delivery = delivery;
            let outcome = AssertUnwindSafe(future).catch_unwind().await;
            delivery.deliver(outcome.map_err(|_| RunFailure::Panicked));
        });
        let outcome = seat.wait(limit);
        if outcome.is_none() {
            task.abort();
        }
        outcome.unwrap_or(Err(RunFailure::Starved))
    }

    /// Starts a task in the background, which is driven until it ends or the runtime is shut down.
    pub(crate) fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.handle.spawn(future)
    }

    /// Stops the worker and joins it, for at most `bound`.
    pub(crate) fn shut_down(&self, bound: Duration) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_timeout(bound);
        }
    }

    /// Keeps the runtime for ever: in a forked child its threads do not exist.
    pub(crate) fn forget(&self) {
        if let Some(mut slot) = self.runtime.try_lock() {
            std::mem::forget(slot.take());
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.get_mut().take() {
            runtime.shutdown_background();
        }
    }
}

/// Where a caller waits for its outcome.
struct Seat<T> {
    outcome: Mutex<Option<Result<T, RunFailure>>>,
    ready: Condvar,
}

impl<T> Seat<T> {
    fn wait(&self, limit: Instant) -> Option<Result<T, RunFailure>> {
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
struct Delivery<T>(Arc<Seat<T>>);

impl<T> Delivery<T> {
    fn deliver(&self, outcome: Result<T, RunFailure>) {
        self.0.outcome.lock().get_or_insert(outcome);
        self.0.ready.notify_one();
    }
}

impl<T> Drop for Delivery<T> {
    fn drop(&mut self) {
        self.deliver(Err(RunFailure::ShutDown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runtime() -> Runtime {
        Runtime::start(HostHooks {
            thread_start: || {},
        })
        .unwrap()
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn outcomes_panics_and_shutdown_reach_the_caller() {
        let runtime = runtime();
        assert_eq!(runtime.run(soon(), async { 7 }), Ok(7));
        let panicked = runtime.run(soon(), async {
            if runtime_is_ours() {
                panic!("planted")
            }
        });
        assert_eq!(panicked, Err(RunFailure::Panicked));
        runtime.shut_down(Duration::from_secs(5));
        assert_eq!(runtime.run(soon(), async { 7 }), Err(RunFailure::ShutDown));
    }

    fn runtime_is_ours() -> bool {
        std::thread::current().name() == Some("arkgrpc")
    }

    #[test]
    fn a_starved_worker_cannot_hold_the_caller() {
        let runtime = runtime();
        let start = Instant::now();
        let outcome = runtime.run(
            start + Duration::from_millis(100),
            std::future::pending::<()>(),
        );
        assert_eq!(outcome, Err(RunFailure::Starved));
        assert!(start.elapsed() < Duration::from_secs(2));
    }
}
