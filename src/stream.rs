//! `arkgrpc_stream`: what a daemon reports, fetched one message at a time.

use std::ffi::c_char;
use std::time::Duration;

use arkgrpc_core::Stream;

use crate::answer::arkgrpc_result;
use crate::client::{CLIENTS, arkgrpc_client};
use crate::guard;
use crate::handle::{Kind, Registry};
use crate::options::{self, arkgrpc_call_options};
use crate::status::arkgrpc_status;
use crate::text;

/// What a daemon reports, fetched one message at a time. A handle: NULL, freed and foreign ones are
/// recognised, never followed.
#[allow(non_camel_case_types, reason = "the name in C")]
pub struct arkgrpc_stream {
    _opaque: [u8; 0],
}

pub(crate) static STREAMS: Registry<Stream> = Registry::new(Kind::Stream);

/// How long a look waits unless it is told.
const DEFAULT_WAIT: Duration = Duration::from_secs(30);

/// Opens a stream. Free `*out` with arkgrpc_stream_free().
///
/// `stream`: an ARKGRPC_STREAM_ text of the client's service, described under "Streams" above;
/// length in bytes or ARKGRPC_NTS. `params_json`: one JSON object; NULL or "" for no parameters.
/// `options`: NULL for all defaults. Its timeout_ms bounds each look-up that the stream makes by
/// itself, never the stream; its cancel token ends the stream; with ARKGRPC_FLAG_NO_RETRY the first
/// failure ends it; an operation_id is refused. `out`: receives the stream, NULL on failure.
/// `result`: NULL, or receives the result. All inputs are copied.
/// OK says that the parameters are right. Whether the daemon accepts the stream shows in
/// arkgrpc_stream_next(): nothing is waited for here.
/// Errors: ARKGRPC_UNKNOWN_METHOD (there is no such stream), ARKGRPC_INVALID_ARGUMENT,
/// ARKGRPC_CLOSED, ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT, text errors. Any
/// thread.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_client_stream(
    client: *const arkgrpc_client,
    stream: *const c_char,
    stream_len: usize,
    params_json: *const c_char,
    params_json_len: usize,
    options: *const arkgrpc_call_options,
    out: *mut *mut arkgrpc_stream,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: texts, options and out-parameters as the header asks.
    unsafe {
        guard::constructing(out, result, || {
            let client = CLIENTS.get(client)?;
            let stream = text::required("stream", stream, stream_len)?;
            let params = text::optional("params_json", params_json, params_json_len)?;
            let options = options::read(options)?;
            let params = params.as_deref().unwrap_or_default();
            STREAMS.insert(client.stream(&stream, params, options)?)
        })
    }
}

/// Waits for the next message of a stream and fetches it.
///
/// `timeout_ms`: how long to wait; ARKGRPC_TIMEOUT_DEFAULT means 30 seconds, ARKGRPC_TIMEOUT_ZERO
/// only looks. `result`: receives the message on ARKGRPC_OK, else the error; it must not be NULL.
/// Errors: ARKGRPC_TIMEOUT (nothing new; call again, the stream lives on, and the message says so
/// if the daemon cannot be reached at the moment), ARKGRPC_END (the manager was closed),
/// ARKGRPC_CANCELLED (by the token of the options); any other status of a call ends the stream: it
/// is what the daemon refused, or what waiting would not mend. The last four come again at every
/// further call. ARKGRPC_INVALID_HANDLE, ARKGRPC_FORKED, ARKGRPC_REENTRANT, ARKGRPC_NULL_POINTER.
/// Any thread, several at once (each message goes to one of them); blocks. Closing the manager and
/// triggering the token wake it.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_stream_next(
    stream: *const arkgrpc_stream,
    timeout_ms: u64,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            let wait = options::timeout(timeout_ms).unwrap_or(DEFAULT_WAIT);
            STREAMS.get(stream)?.next(wait)
        })
    }
}

/// Ends the stream and frees the handle. Never blocks.
///
/// NULL and handles that are not live do nothing; in a forked child the parent's stream is left
/// alone. Any thread, in any order against managers, clients, cancel tokens and results, but not
/// while another thread waits in arkgrpc_stream_next() with it: cancel first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_stream_free(stream: *mut arkgrpc_stream) {
    guard::value((), || drop(STREAMS.remove(stream)))
}
