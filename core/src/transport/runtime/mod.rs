//! The runtime behind a manager, and how a blocking caller gets its outcome from it.
//!
//! One single-threaded runtime that is driven by one thread at a time. A caller that finds it at rest
//! may drive it itself ([`Runtime::run_here`]): its call then costs no change of threads. A caller that
//! finds it driven hands its call over and is woken once. A worker thread takes over when calls
//! overlap, drives what goes on without a caller, and looks after idle connections.

mod chores;
mod core;
mod helm;
mod seat;
mod spawner;
mod submissions;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::abortable;

pub(crate) use self::chores::Chores;
use self::core::Core;
pub(crate) use self::helm::Helm;
use self::seat::{Delivery, Seat};
pub(crate) use self::spawner::Spawner;
use self::submissions::Submissions;
use crate::error::{Error, Status};
use crate::locks::Mutex;

/// What the host's side must do for threads, as this crate has no unsafe code.
#[derive(Clone, Copy, Debug)]
pub struct HostHooks {
    /// Runs first on every thread that the core starts: blocks signals, marks the thread as ours.
    pub thread_start: fn(),
    /// Runs what it is given, once, in such a way that a socket that breaks under it raises no signal
    /// in the host's thread.
    pub while_driving: fn(&mut dyn FnMut()),
    /// Whether the present thread of the host is fit for driving the runtime: its stack is large
    /// enough.
    pub may_drive: fn() -> bool,
}

/// A runtime, driven by callers and by a worker thread.
pub(crate) struct Runtime {
    hooks: HostHooks,
    handle: tokio::runtime::Handle,
    core: Mutex<Option<Arc<Core>>>,
    helm: Arc<Helm>,
    submissions: Arc<Submissions>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

/// Why a call brought no outcome of its own.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RunFailure {
    /// The call was not finished in time, its own deadline notwithstanding.
    Starved,
    /// A defect of ours.
    Panicked,
    /// The runtime was shut down under the call.
    ShutDown,
}

impl Runtime {
    /// `helm` is what others start work with that goes on without a caller; `chores` are looked after
    /// by the worker.
    pub(crate) fn start(
        hooks: HostHooks,
        helm: Arc<Helm>,
        mut chores: Chores,
    ) -> Result<Self, Error> {
        let (core, handle) = Core::new(hooks.thread_start).map_err(refused)?;
        let core = Arc::new(core);
        let submissions = Arc::new(Submissions::default());
        handle.spawn(Arc::clone(&submissions).admit());
        let theirs = (Arc::clone(&helm), Arc::clone(&core));
        let worker = std::thread::Builder::new()
            .name("arkgrpc".to_owned())
            // Given, so that the environment is not asked for it.
            .stack_size(2 * 1024 * 1024)
            .spawn(move || {
                (hooks.thread_start)();
                let (helm, core) = theirs;
                while helm.await_turn(&mut chores) {
                    core.block_on(helm.drive_until_quiet(&mut chores));
                }
                drop(core);
                helm.worker_left();
            })
            .map_err(refused)?;
        Ok(Self {
            hooks,
            handle,
            core: Mutex::new(Some(core)),
            helm,
            submissions,
            worker: Mutex::new(Some(worker)),
        })
    }

    /// Runs the future on the worker while the calling thread sleeps, until `limit` at the latest.
    pub(crate) fn run<F, T>(&self, limit: Instant, future: F) -> Result<T, RunFailure>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let seat = Seat::new();
        let delivery = Delivery::new(&seat);
        let (future, abort) = abortable(AssertUnwindSafe(future).catch_unwind());
        let task = async move {
            // Dropped in every case, so that the caller is woken in every case.
            let delivery = delivery;
            if let Ok(outcome) = future.await {
                delivery.deliver(outcome.map_err(|_| RunFailure::Panicked));
            }
        };
        let _waiting = self.helm.wait_in_line();
        self.submissions.hand_in(Box::pin(task));
        let outcome = seat.wait(limit);
        if outcome.is_none() {
            abort.abort();
        }
        outcome.unwrap_or(Err(RunFailure::Starved))
    }

    /// The same, but on the calling thread itself if nobody else drives the runtime. For calls whose
    /// connections are there: dialling needs more stack than a host's thread may have, and goes on
    /// when the caller has given up.
    /// `care`: the connections are looked at first, however short ago that was done.
    pub(crate) fn run_here<F, T>(
        &self,
        care: bool,
        limit: Instant,
        future: F,
    ) -> Result<T, RunFailure>
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        if !(self.hooks.may_drive)() {
            return self.run(limit, future);
        }
        let Some(lead) = self.helm.take() else {
            return self.run(limit, future);
        };
        let Some(core) = self.core.lock().clone() else {
            return Err(RunFailure::ShutDown);
        };
        let mut outcome = Err(RunFailure::ShutDown);
        let mut future = Some(AssertUnwindSafe(future).catch_unwind());
        (self.hooks.while_driving)(&mut || {
            if let Some(future) = future.take() {
                outcome = core
                    .block_on(drive(care || !lead.fresh, limit, future))
                    .unwrap_or(Err(RunFailure::ShutDown));
            }
        });
        outcome
    }

    /// Lets a future run beside all calls until it ends or the runtime is shut down.
    pub(crate) fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.spawner().spawn(future)
    }

    /// For those that start such work later.
    pub(crate) fn spawner(&self) -> Spawner {
        Spawner::new(self.handle.clone(), Arc::clone(&self.helm))
    }

    /// Stops the worker and joins it, for at most `bound`.
    pub(crate) fn shut_down(&self, bound: Duration) {
        let limit = Instant::now() + bound;
        self.helm.stop();
        self.submissions.close();
        let core = self.core.lock().take();
        let alone = self.helm.wait_until_left(limit);
        if let Some(worker) = self.worker.lock().take().filter(|_| alone) {
            // It has left its loop; how it ended changes nothing here.
            let _ = worker.join();
        }
        if let Some(core) = core.and_then(Arc::into_inner) {
            core.shut_down(limit.saturating_duration_since(Instant::now()));
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.helm.stop();
        self.submissions.close();
    }
}

async fn drive<F, T, P>(look_first: bool, limit: Instant, future: F) -> Result<T, RunFailure>
where
    F: Future<Output = Result<T, P>>,
{
    if look_first {
        // Two turns for the connections, so that one that died while nobody drove is noticed before
        // a request goes out on it.
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    }
    match tokio::time::timeout_at(limit.into(), future).await {
        Ok(Ok(outcome)) => Ok(outcome),
        Ok(Err(_)) => Err(RunFailure::Panicked),
        Err(_) => Err(RunFailure::Starved),
    }
}

fn refused(error: std::io::Error) -> Error {
    Error::local(
        Status::Unsupported,
        format!("the worker thread cannot be started: {error}"),
        "raise the limits of threads and file descriptors of this process",
    )
}
