//! The log hook: the only place where the library calls its host.

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use arkgrpc_core::error::{Error, Status};
use arkgrpc_core::locks::{Mutex, RwLock};
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

use crate::guard;
use crate::log_event::{ARKGRPC_LOG_OFF, ARKGRPC_LOG_TRACE, Record, wanted};
use crate::log_worker::{Callback, Queue, Worker, arkgrpc_log_fn};
use crate::per_process::PerProcess;
use crate::status::arkgrpc_status;

/// The level in effect. Outside of the per-process state, as it is read before each event.
static LEVEL: AtomicI32 = AtomicI32::new(ARKGRPC_LOG_OFF);
static SUBSCRIBED: AtomicBool = AtomicBool::new(false);
static LOG: PerProcess<Log> = PerProcess::new();

#[derive(Default)]
struct Log {
    /// Held while the callback is changed, which includes waiting for the running one.
    worker: Mutex<Option<Worker>>,
    /// Where events go. Held only for the moment of a look or a change.
    queue: RwLock<Option<Arc<Queue>>>,
}

/// Sets who receives the library's log; a NULL callback or ARKGRPC_LOG_OFF ends it.
///
/// `level`: an ARKGRPC_LOG_ number; lines up to it are delivered. `callback` is called on a thread
/// of the library with `user_data`, which the caller keeps alive until the log is ended or replaced.
/// The previous callback is waited for: when this function returns it is not running and will not
/// run again, so never hold a lock that the callback takes. Lines wait in a queue of 1024; more are
/// counted, and the count is a log line itself. Process-wide for this library, not inherited by a
/// forked child, which may set its own. Lines carry no secrets and no parameters of calls.
/// The callback must not call functions that return arkgrpc_status (they return
/// ARKGRPC_REENTRANT), must not fork and go on, and must not leave by longjmp or an exception. End
/// the log before the process ends.
/// Errors: ARKGRPC_INVALID_ARGUMENT (no such level), ARKGRPC_UNSUPPORTED (no thread could be
/// started), ARKGRPC_REENTRANT. Any thread; blocks while the previous callback runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_log_set(
    level: i32,
    callback: arkgrpc_log_fn,
    user_data: *mut c_void,
) -> arkgrpc_status {
    guard::status_only(|| {
        let callback = callback.map(|function| Callback {
            function,
            user_data,
        });
        set(level, callback)
    })
}

fn set(level: i32, callback: Option<Callback>) -> Result<(), Error> {
    if !(ARKGRPC_LOG_OFF..=ARKGRPC_LOG_TRACE).contains(&level) {
        return Err(Error::local(
            Status::InvalidArgument,
            format!("there is no log level {level}"),
            "pass one of the ARKGRPC_LOG_ numbers",
        ));
    }
    let log = &LOG.get().value;
    let mut worker = log.worker.lock();
    LEVEL.store(ARKGRPC_LOG_OFF, Ordering::Release);
    *log.queue.write() = None;
    if let Some(previous) = worker.take() {
        previous.stop();
    }
    let Some(callback) = callback.filter(|_| level != ARKGRPC_LOG_OFF) else {
        return Ok(());
    };
    let started = Worker::start(callback).map_err(|error| {
        Error::local(
            Status::Unsupported,
            format!("the log thread cannot be started: {error}"),
            "raise the limit of threads of this process",
        )
    })?;
    *log.queue.write() = Some(started.queue());
    *worker = Some(started);
    LEVEL.store(level, Ordering::Release);
    subscribe();
    Ok(())
}

/// Connects tracing with the log, once. Only this library's own copy of tracing is affected.
fn subscribe() {
    if !SUBSCRIBED.swap(true, Ordering::AcqRel) {
        // Fails only if a subscriber is there already, which then is ours.
        let _ = tracing::subscriber::set_global_default(LogSubscriber);
    }
}

struct LogSubscriber;

impl Subscriber for LogSubscriber {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if wanted(metadata, ARKGRPC_LOG_TRACE) {
            Interest::sometimes()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        wanted(metadata, LEVEL.load(Ordering::Acquire))
    }

    fn event(&self, event: &Event<'_>) {
        // In a forked child the parent's queue is left alone, its lock may be held for ever.
        let Some(log) = LOG.existing() else { return };
        let queue = log.value.queue.read().clone();
        if let Some(queue) = queue {
            queue.offer(Record::of(event));
        }
    }

    // Spans are never enabled, so that these are never called.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[cfg(test)]
#[path = "log_tests.rs"]
mod tests;
