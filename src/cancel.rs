//! `arkgrpc_cancel`: ends calls early, from any thread.

use std::ptr;

use arkgrpc_core::CancelToken;

use crate::guard;
use crate::handle::{Kind, Registry};

/// Ends the calls that carry it. Once triggered it stays so; it may serve many calls, at once and
/// one after the other. A handle: NULL, freed and foreign ones are recognised, never followed.
#[allow(non_camel_case_types, reason = "the name in C")]
pub struct arkgrpc_cancel {
    _opaque: [u8; 0],
}

pub(crate) static CANCELS: Registry<CancelToken> = Registry::new(Kind::Cancel);

/// Makes a cancel token, to be put into the options of calls. Free it with arkgrpc_cancel_free().
///
/// NULL only if a million of them are alive. Never blocks. Any thread.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_cancel_new() -> *mut arkgrpc_cancel {
    guard::value(ptr::null_mut(), || {
        CANCELS
            .insert(CancelToken::new())
            .unwrap_or(ptr::null_mut())
    })
}

/// Ends all calls that carry this token, now and later: they return ARKGRPC_CANCELLED.
///
/// A write that had already been handed to the daemon says ARKGRPC_EXECUTED_UNKNOWN then. NULL and
/// handles that are not live do nothing. Never blocks. Any thread, callbacks included, also while
/// the calls run; not in a signal handler.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_cancel_trigger(cancel: *const arkgrpc_cancel) {
    guard::value((), || {
        if let Ok(token) = CANCELS.get(cancel) {
            token.trigger();
        }
    })
}

/// Frees a token. Calls that carry it go on. NULL and handles that are not live do nothing.
///
/// Never blocks. Any thread, at any time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_cancel_free(cancel: *mut arkgrpc_cancel) {
    guard::value((), || drop(CANCELS.remove(cancel)))
}
