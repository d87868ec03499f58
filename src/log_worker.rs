//! The thread that calls the log callback: a bounded queue in front, a clean end behind.

use std::collections::VecDeque;
use std::ffi::{CString, c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use arkgrpc_core::locks::{Condvar, Mutex};
use serde_json::Value;

use crate::host_protection::{SignalsBlocked, prepare_own_thread, process_id};
use crate::log_event::Record;

/// Receives one line of the log; see arkgrpc_log_set(). The texts are valid during the call only.
#[allow(non_camel_case_types, reason = "the name in C")]
pub type arkgrpc_log_fn = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        level: i32,
        target: *const c_char,
        message: *const c_char,
        fields_json: *const c_char,
    ),
>;

/// Lines that may wait for the callback; more are counted and dropped.
const QUEUE_LIMIT: usize = 1024;

/// Lines that this process dropped so far.
static LOST: AtomicU64 = AtomicU64::new(0);

/// How many lines were dropped since the process began.
pub(crate) fn lost_lines() -> u64 {
    LOST.load(Ordering::Relaxed)
}

/// The host's function and what it wants to be called with.
#[derive(Clone, Copy)]
pub(crate) struct Callback {
    pub(crate) function:
        unsafe extern "C" fn(*mut c_void, i32, *const c_char, *const c_char, *const c_char),
    pub(crate) user_data: *mut c_void,
}

// SAFETY: the pointer is only passed back to the host's function, which by the header's contract
// is called on the library's log thread.
unsafe impl Send for Callback {}

/// A running log thread.
pub(crate) struct Worker {
    queue: Arc<Queue>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
pub(crate) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    stopping: AtomicBool,
}

#[derive(Default)]
struct Waiting {
    records: VecDeque<Record>,
    /// Records dropped since the last report, and how many stand before the gap they left.
    dropped: u64,
    before_gap: usize,
}

impl Queue {
    /// Takes a record or counts it. Never waits for the callback.
    pub(crate) fn offer(&self, record: Record) {
        let mut waiting = self.waiting.lock();
        if waiting.records.len() >= QUEUE_LIMIT {
            if waiting.dropped == 0 {
                waiting.before_gap = waiting.records.len();
            }
            waiting.dropped += 1;
            LOST.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.records.push_back(record);
        drop(waiting);
        self.changed.notify_one();
    }

    /// Waits for the next record; `None` when the worker is to stop.
    fn next(&self) -> Option<Record> {
        let mut waiting = self.waiting.lock();
        loop {
            if self.stopping.load(Ordering::Acquire) {
                return None;
            }
            if waiting.dropped > 0 && waiting.before_gap == 0 {
                return Some(Record::of_dropped(std::mem::take(&mut waiting.dropped)));
            }
            if let Some(record) = waiting.records.pop_front() {
                waiting.before_gap = waiting.before_gap.saturating_sub(1);
                return Some(record);
            }
            waiting = self.changed.wait(waiting);
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.waiting.lock().records.len()
    }

    fn stop(&self) {
        // Under the lock: a worker between its look and its sleep would miss the news.
        let _waiting = self.waiting.lock();
        self.stopping.store(true, Ordering::Release);
        self.changed.notify_all();
    }
}

impl Worker {
    pub(crate) fn start(callback: Callback) -> std::io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let for_thread = Arc::clone(&queue);
        let _blocked = SignalsBlocked::new();
        let thread = std::thread::Builder::new()
            .name("arkgrpc-log".to_owned())
            // Given, so that the environment is not asked for it.
            .stack_size(1024 * 1024)
            .spawn(move || run(&for_thread, callback))?;
        Ok(Self { queue, thread })
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Waits for the running callback; afterwards it is never called again.
    pub(crate) fn stop(self) {
        self.queue.stop();
        // An Err would be a panic of the worker, which has then ended all the same.
        let _ = self.thread.join();
    }
}

fn run(queue: &Queue, callback: Callback) {
    prepare_own_thread();
    let process = process_id();
    while let Some(record) = queue.next() {
        deliver(&callback, record);
        if process_id() != process {
            // The callback forked and came back in the child, where nobody fills this queue.
            return;
        }
    }
}

fn deliver(callback: &Callback, record: Record) {
    let fields = Value::Object(record.fields).to_string();
    let (target, message, fields) = (text(record.target), text(record.message), text(fields));
    // SAFETY: the host passed this function for these arguments; the texts outlive the call.
    unsafe {
        (callback.function)(
            callback.user_data,
            record.level,
            target.as_ptr(),
            message.as_ptr(),
            fields.as_ptr(),
        );
    }
}

fn text(text: String) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}
