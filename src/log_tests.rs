//! Tests of the log hook. One test, as the log is one per process.

use std::ffi::{CStr, c_char};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::log_event::{ARKGRPC_LOG_DEBUG, ARKGRPC_LOG_WARN};

const PATIENCE: Duration = Duration::from_secs(10);

struct Line {
    level: i32,
    target: String,
    message: String,
    fields: Value,
    reentry: i32,
}

/// What the callback needs: where to report, and a gate that can hold it up.
struct Host {
    lines: Sender<Line>,
    gate: Mutex<()>,
}

unsafe extern "C" fn callback(
    user_data: *mut c_void,
    level: i32,
    target: *const c_char,
    message: *const c_char,
    fields: *const c_char,
) {
    // SAFETY: the test passes a Host that outlives the log; the texts are terminated.
    let (host, target, message, fields) = unsafe {
        let text = |text| CStr::from_ptr(text).to_str().unwrap().to_owned();
        (
            &*user_data.cast::<Host>(),
            text(target),
            text(message),
            text(fields),
        )
    };
    let _open = host.gate.lock();
    let fields = serde_json::from_str(&fields).unwrap();
    // SAFETY: no pointer is passed.
    let reentry = unsafe { arkgrpc_log_set(ARKGRPC_LOG_OFF, None, std::ptr::null_mut()) };
    host.lines
        .send(Line {
            level,
            target,
            message,
            fields,
            reentry,
        })
        .unwrap();
}

fn start(host: &Host, level: i32) -> i32 {
    // SAFETY: the host outlives the log, which the test ends.
    unsafe { arkgrpc_log_set(level, Some(callback), (&raw const *host).cast_mut().cast()) }
}

fn end() {
    // SAFETY: no pointer is passed.
    let status = unsafe { arkgrpc_log_set(ARKGRPC_LOG_OFF, None, std::ptr::null_mut()) };
    assert_eq!(status, 0);
}

fn next(lines: &Receiver<Line>) -> Line {
    lines.recv_timeout(PATIENCE).unwrap()
}

#[test]
fn the_log_hook_delivers_drops_and_ends() {
    let _alone = crate::LOG_TESTS.lock();
    let (sender, lines) = channel();
    let host = Host {
        lines: sender,
        gate: Mutex::new(()),
    };
    assert_eq!(start(&host, 6), Status::InvalidArgument.number());
    assert_eq!(start(&host, -1), Status::InvalidArgument.number());
    assert_eq!(start(&host, ARKGRPC_LOG_DEBUG), 0);
    delivers_fields_and_refuses_reentry(&lines);
    keeps_to_level_and_target(&host, &lines);
    counts_what_it_drops(&host, &lines);
    ends_only_after_the_running_callback(&host, &lines);
}

fn delivers_fields_and_refuses_reentry(lines: &Receiver<Line>) {
    let big = u64::MAX;
    tracing::warn!(target: "arkgrpc_core::x", big, text = "a\0b", yes = true, "hello {}", 1 + 1);
    let line = next(lines);
    assert_eq!(
        (line.level, line.target.as_str()),
        (ARKGRPC_LOG_WARN, "arkgrpc_core::x")
    );
    assert_eq!(line.message, "hello 2");
    assert_eq!(
        line.fields,
        json!({"big": big, "text": "a\0b", "yes": true})
    );
    assert_eq!(line.reentry, Status::Reentrant.number());
}

fn keeps_to_level_and_target(host: &Host, lines: &Receiver<Line>) {
    tracing::trace!(target: "arkgrpc_core::x", "below the level");
    tracing::error!(target: "h2::frame", "another crate");
    tracing::error!(target: "arkgrpc_corex", "another crate with a similar name");
    tracing::error_span!(target: "arkgrpc_core::x", "span").in_scope(|| {
        tracing::debug!(target: "arkgrpc_core::x", "wanted");
    });
    assert_eq!(next(lines).message, "wanted");
    assert_eq!(start(host, ARKGRPC_LOG_WARN), 0);
    tracing::info!(target: "arkgrpc_core::x", "no longer wanted");
    tracing::warn!(target: "arkgrpc_core::x", "still wanted");
    assert_eq!(next(lines).message, "still wanted");
}

fn counts_what_it_drops(host: &Host, lines: &Receiver<Line>) {
    let held = host.gate.lock();
    for number in 0..1500 {
        tracing::warn!(target: "arkgrpc_core::x", number, "many");
    }
    drop(held);
    let mut seen = 0;
    let told = loop {
        let line = next(lines);
        match line.message.as_str() {
            "many" => seen += 1,
            _ => break line,
        }
    };
    assert_eq!(told.target, "arkgrpc::log");
    let dropped = told.fields["dropped"].as_u64().unwrap();
    assert_eq!(seen + dropped, 1500);
    assert!((1024..=1025).contains(&seen), "{seen}");
}

fn ends_only_after_the_running_callback(host: &Host, lines: &Receiver<Line>) {
    let held = host.gate.lock();
    tracing::warn!(target: "arkgrpc_core::x", "running");
    // The callback hangs at the gate with this line once the queue is empty again.
    let queue = LOG.get().value.queue.read().clone().unwrap();
    let deadline = std::time::Instant::now() + PATIENCE;
    while queue.len() > 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "the callback never started"
        );
        std::thread::yield_now();
    }
    tracing::warn!(target: "arkgrpc_core::x", "never delivered");
    let (ended, has_ended) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            end();
            ended.send(()).unwrap();
        });
        assert!(
            has_ended.recv_timeout(Duration::from_millis(100)).is_err(),
            "did not wait"
        );
        drop(held);
        has_ended.recv_timeout(PATIENCE).unwrap();
    });
    assert_eq!(next(lines).message, "running");
    tracing::error!(target: "arkgrpc_core::x", "after the end");
    assert!(lines.try_recv().is_err());
}
