//! `arkgrpc_client`: the methods of one service.

use std::ffi::c_char;

use arkgrpc_core::{Client, Success};

use crate::answer::arkgrpc_result;
use crate::guard;
use crate::handle::{Kind, Registry};
use crate::options::{self, arkgrpc_call_options};
use crate::status::arkgrpc_status;
use crate::text;

/// The methods of one service. A handle: NULL, freed and foreign ones are recognised, never
/// followed.
#[allow(non_camel_case_types, reason = "the name in C")]
pub struct arkgrpc_client {
    _opaque: [u8; 0],
}

pub(crate) static CLIENTS: Registry<Client> = Registry::new(Kind::Client);

/// Calls a method and waits for its outcome.
///
/// `method`: an ARKGRPC_METHOD_ text of the client's service, described under "Methods" above;
/// length in bytes or ARKGRPC_NTS. `params_json`: one JSON object; NULL or "" for no parameters.
/// `options`: NULL for all defaults. `result`: receives the result on success and failure alike and
/// must not be NULL; free it with arkgrpc_result_free(). All inputs are copied and may be changed
/// or freed as soon as the call returns.
/// OK means done: whoever checks only the status never ships goods for an unpaid invoice. Errors:
/// any status; on each the hint tells the remedy and arkgrpc_result_executed() whether the daemon
/// acted. Returns within the time limit plus a short grace, however the daemon behaves.
/// Any thread, any number at once; blocks. Not from the log callback (ARKGRPC_REENTRANT).
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_client_call(
    client: *const arkgrpc_client,
    method: *const c_char,
    method_len: usize,
    params_json: *const c_char,
    params_json_len: usize,
    options: *const arkgrpc_call_options,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: texts, options and out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            let client = CLIENTS.get(client)?;
            let method = text::required("method", method, method_len)?;
            let params = text::optional("params_json", params_json, params_json_len)?;
            let options = options::read(options)?;
            client.call(&method, params.as_deref().unwrap_or_default(), options)
        })
    }
}

/// Tells what this client is: service, the target in effect, kind of TLS, methods; and under
/// `resilience` how circuit breaker, retry budget and places in flight stand at the moment. No network.
///
/// `result` carries the answer and must not be NULL. Errors: ARKGRPC_INVALID_HANDLE,
/// ARKGRPC_FORKED, ARKGRPC_REENTRANT, ARKGRPC_NULL_POINTER. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_client_info(
    client: *const arkgrpc_client,
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            let json = CLIENTS.get(client)?.info();
            Ok(Success {
                json,
                recovery: None,
            })
        })
    }
}

/// Frees the handle. Never blocks; calls under way go on.
///
/// NULL and handles that are not live do nothing; in a forked child the parent's client is left
/// alone. Any thread, in any order against managers, cancel tokens and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_client_free(client: *mut arkgrpc_client) {
    guard::value((), || drop(CLIENTS.remove(client)))
}
