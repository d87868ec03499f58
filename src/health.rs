//! Health of a manager's services: what is known without asking, and the stream of changes.

use arkgrpc_core::CancelToken;
use arkgrpc_core::error::Error;

use crate::answer::arkgrpc_result;
use crate::cancel::{CANCELS, arkgrpc_cancel};
use crate::guard;
use crate::manager::{MANAGERS, arkgrpc_manager};
use crate::status::arkgrpc_status;
use crate::stream::{STREAMS, arkgrpc_stream};

/// Tells how every service is, as far as the manager knows. Asks nobody and waits for nothing.
///
/// From the first call on, the manager asks each daemon now and then: about every 30 seconds while
/// all is well, every 5 otherwise, sooner when calls fail. `result` carries
/// {"services":{"lnd":{...}}} with the keys status ("up", "degraded", "read_only", "down",
/// "closed", or null before the first answer), since (unix seconds), last_probe_age_ms, last_error
/// (code, message, age_ms), breaker (state, mode, failures_in_a_row, calls_in_window,
/// failures_in_window, retry_after_ms, opened, refused) and those of
/// arkgrpc_manager_health_check_all(): reason, hint, code, state, latency_ms, info; it must not be
/// NULL. Every key is always there, null where nothing is known. See "Health" above.
/// Errors: ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT, ARKGRPC_NULL_POINTER; a
/// closed manager still answers. Any thread; never blocks on the network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_health(
    manager: *const arkgrpc_manager,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe { guard::answering(result, || MANAGERS.get(manager)?.health()) }
}

/// Opens the stream of events of all services: changes of health and of circuit breakers.
/// Free `*out` with arkgrpc_stream_free().
///
/// Read it with arkgrpc_stream_next(). It begins with the present state of each service that has
/// one ("from" null), and misses no change from then on for a reader that keeps up; what more than
/// 1024 unread events push out is counted in a message of type "lag". Its items are described
/// under "Health" above. `cancel`: NULL, or a token that ends it with ARKGRPC_CANCELLED. Closing
/// the manager tells the last changes, to "closed", and then ARKGRPC_END. `result`: NULL, or
/// receives the result. Opening it starts the manager's thread and the health monitor, as a first
/// call does. The stream keeps what it needs alive and may outlive the manager's handle.
/// Errors: ARKGRPC_CLOSED, ARKGRPC_INVALID_HANDLE, ARKGRPC_NULL_POINTER, ARKGRPC_FORKED,
/// ARKGRPC_REENTRANT, ARKGRPC_UNSUPPORTED (no thread could be started: raise the process limits).
/// Any thread; never blocks.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_manager_events(
    manager: *const arkgrpc_manager,
    cancel: *const arkgrpc_cancel,
    out: *mut *mut arkgrpc_stream,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameters as the header asks.
    unsafe {
        guard::constructing(out, result, || {
            let manager = MANAGERS.get(manager)?;
            STREAMS.insert(manager.events(token(cancel)?)?)
        })
    }
}

fn token(cancel: *const arkgrpc_cancel) -> Result<Option<CancelToken>, Error> {
    if cancel.is_null() {
        return Ok(None);
    }
    CANCELS.get(cancel).map(Some)
}
