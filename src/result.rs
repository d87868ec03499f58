//! `arkgrpc_result`: accessors. Everything they return belongs to the result.

use std::ffi::c_char;
use std::ptr;
use std::time::Duration;

use arkgrpc_core::error::{Executed, Status};

use crate::answer::{Answer, arkgrpc_result};
use crate::guard;
use crate::status::{arkgrpc_status, name_of};
use crate::text::OutputText;

/// arkgrpc_result_executed(): proven that nothing was done.
pub const ARKGRPC_EXECUTED_NO: i32 = 0;
/// arkgrpc_result_executed(): it was done.
pub const ARKGRPC_EXECUTED_YES: i32 = 1;
/// arkgrpc_result_executed(): not known. Find out before repeating; never pay by other means.
pub const ARKGRPC_EXECUTED_UNKNOWN: i32 = 2;

/// The status of the call, the same that the function returned.
///
/// ARKGRPC_NULL_POINTER if `result` is NULL. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_status(result: *const arkgrpc_result) -> arkgrpc_status {
    let absent = Status::NullPointer.number();
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, absent, |answer| answer.status.number()) }
}

/// The answer of the method as one JSON object; of a failed call the error as one JSON object.
///
/// Keys of an error: code, message, hint, service, method, origin ("local", "transport",
/// "server"), executed ("no", "yes", "unknown"), operation_id, retryable, retry_after_ms,
/// attempts, elapsed_ms, grpc_code, daemon {code, name, metadata}, reconcile {method, params,
/// decisive_after}, result. All are always there, null where there is nothing to say.
/// NUL-terminated UTF-8 without raw line ends. Owned by the result: valid until it is freed; never
/// NULL, "" if `result` is NULL. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_json(result: *const arkgrpc_result) -> *const c_char {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, c"".as_ptr(), |answer| answer.json.as_ptr()) }
}

/// The length of arkgrpc_result_json() in bytes, without its terminator. 0 if `result` is NULL.
///
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_json_len(result: *const arkgrpc_result) -> usize {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, 0, |answer| answer.json.len()) }
}

/// The name of the status, such as "OK" or "INVALID_ARGUMENT": arkgrpc_status_name() of it.
///
/// Never NULL, valid for ever; "NULL_POINTER" if `result` is NULL. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_code(result: *const arkgrpc_result) -> *const c_char {
    let absent = name_of(Status::NullPointer.number()).as_ptr();
    // SAFETY: NULL or a live result, as the header asks.
    unsafe {
        guard::reading(result, absent, |answer| {
            name_of(answer.status.number()).as_ptr()
        })
    }
}

/// What went wrong, in one sentence for a person, without secrets. "" after a success.
///
/// Do not parse it: it may change; code and JSON are for programs. Owned by the result, never NULL.
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_message(result: *const arkgrpc_result) -> *const c_char {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, c"".as_ptr(), |answer| answer.message.as_ptr()) }
}

/// The remedy, in one sentence for a person. "" after a success.
///
/// Owned by the result, never NULL. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_hint(result: *const arkgrpc_result) -> *const c_char {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, c"".as_ptr(), |answer| answer.hint.as_ptr()) }
}

/// Whether the daemon did what was asked: one of the ARKGRPC_EXECUTED_ numbers.
///
/// ARKGRPC_EXECUTED_NO is a proof: the write had no effect and will have none. YES: it was done, as
/// after every success; an error is about what came after. UNKNOWN: ask by `reconcile` of the error
/// JSON before anything else. A failed read always says NO, and so does NULL.
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_executed(result: *const arkgrpc_result) -> i32 {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe {
        guard::reading(result, ARKGRPC_EXECUTED_NO, |answer| {
            match answer.executed {
                Executed::No => ARKGRPC_EXECUTED_NO,
                Executed::Yes => ARKGRPC_EXECUTED_YES,
                Executed::Unknown => ARKGRPC_EXECUTED_UNKNOWN,
            }
        })
    }
}

/// The operation_id of a failed write, given or generated; NULL if there is none.
///
/// After a success it stands in the JSON. Keep it: lookup_operation finds the write by it. Owned by
/// the result. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_operation_id(
    result: *const arkgrpc_result,
) -> *const c_char {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe {
        guard::reading(result, ptr::null(), |answer| {
            answer
                .operation_id
                .as_ref()
                .map_or(ptr::null(), OutputText::as_ptr)
        })
    }
}

/// Whether the same call may simply be made again; on a write only if it is proven to have had no
/// effect. False after a success and for NULL.
///
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_retryable(result: *const arkgrpc_result) -> bool {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, false, |answer| answer.retryable) }
}

/// How long to wait before making the call again, in milliseconds; -1 if nothing is known.
///
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_retry_after_ms(result: *const arkgrpc_result) -> i64 {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe {
        guard::reading(result, -1, |answer| {
            answer.retry_after.map_or(-1, |pause| {
                i64::try_from(pause.as_millis()).unwrap_or(i64::MAX)
            })
        })
    }
}

/// The gRPC code (1 to 16) with which the daemon refused, as it sent it; -1 if it sent none.
///
/// The status may say more than this code does, where the daemon's text tells. Any thread,
/// callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_grpc_code(result: *const arkgrpc_result) -> i32 {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, -1, |answer| answer.grpc_code.unwrap_or(-1)) }
}

/// How many requests were started before the call failed. Not counted for a success: 0 then.
///
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_attempts(result: *const arkgrpc_result) -> u32 {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, 0, |answer| answer.attempts) }
}

/// How long the call took, in milliseconds, as its caller saw it. 0 for NULL.
///
/// Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_elapsed_ms(result: *const arkgrpc_result) -> u64 {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe { guard::reading(result, 0, |answer| milliseconds(answer.elapsed)) }
}

/// Secrets without which money cannot be got back, as one JSON text; NULL if there are none.
///
/// They are in no other text of this library. Store them before anything else, then free the
/// result, which wipes them. Owned by the result. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_recovery(result: *const arkgrpc_result) -> *const c_char {
    // SAFETY: NULL or a live result, as the header asks.
    unsafe {
        guard::reading(result, ptr::null(), |answer| {
            answer.recovery().unwrap_or(ptr::null())
        })
    }
}

/// Frees a result and all texts that came from it. NULL does nothing.
///
/// Call it once per result, last, from any thread, callbacks and forked children included; the
/// order against manager and client does not matter.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_result_free(result: *mut arkgrpc_result) {
    // SAFETY: NULL or a live result that is not used again, as the header asks.
    guard::value((), || unsafe { Answer::take_back(result) })
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
