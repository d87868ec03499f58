//! `arkgrpc_call_options`: how a call is to be made, and how the struct may grow.

use std::ffi::c_char;
use std::mem::{offset_of, size_of};
use std::ptr;
use std::time::Duration;

use arkgrpc_core::CallOptions;
use arkgrpc_core::error::{Error, Status};

use crate::cancel::{CANCELS, arkgrpc_cancel};
use crate::{metadata, text};

// With suffixes: they reach the header, where they give the macros their type.

/// Time limit: the configured one, else the method's own.
pub const ARKGRPC_TIMEOUT_DEFAULT: u64 = 0u64;
/// Time limit: none (in fact one year).
pub const ARKGRPC_TIMEOUT_INFINITE: u64 = 18_446_744_073_709_551_615u64;
/// Time limit: do not wait at all.
pub const ARKGRPC_TIMEOUT_ZERO: u64 = 18_446_744_073_709_551_614u64;

/// Option flag: one attempt only.
pub const ARKGRPC_FLAG_NO_RETRY: u64 = 1u64;
/// Option flag: wait within the deadline, before the first request, until the daemon can be
/// reached and is ready for the method, instead of failing at once while it is down, starting,
/// locked or syncing.
pub const ARKGRPC_FLAG_WAIT_FOR_READY: u64 = 2u64;
/// Option flag: when the daemon cannot be reached, is silent or not ready, give the last good
/// answer that a call with this flag brought, marked "stale": true and with its "age_ms". Only for
/// the methods that say "May be stale"; for others it is ARKGRPC_INVALID_ARGUMENT.
pub const ARKGRPC_FLAG_ALLOW_STALE: u64 = 4u64;

/// How a call is to be made. Start from ARKGRPC_CALL_OPTIONS_INIT, or zero it and set struct_size.
///
/// Read before the call returns, never kept. Grows at its end: a library that is newer than its
/// caller fills in what is missing, an older one refuses what it does not know unless it is zero.
#[allow(non_camel_case_types, reason = "the name in C")]
#[derive(Clone, Copy)]
#[repr(C)]
pub struct arkgrpc_call_options {
    /// sizeof(arkgrpc_call_options) as the caller was compiled.
    pub struct_size: usize,
    /// Milliseconds for all that the call does: waiting, dialling, attempts, pauses. Or one of the
    /// ARKGRPC_TIMEOUT_ numbers.
    pub timeout_ms: u64,
    /// Ends the call early when it is triggered; NULL for none.
    pub cancel: *const arkgrpc_cancel,
    /// Sum of ARKGRPC_FLAG_ numbers. Unknown ones are refused.
    pub flags: u64,
    /// The caller's name for this write, the same in every repeat of it; NULL to have one made.
    pub operation_id: *const c_char,
    /// Its length in bytes, or ARKGRPC_NTS.
    pub operation_id_len: usize,
    /// One JSON object of strings, sent as gRPC metadata with every request; NULL for none. Names:
    /// lower-case letters, digits, "-", "_" and "."; the library's own ("macaroon", "grpc-...",
    /// "content-type" and their like) and binary ones ("...-bin") are refused.
    pub metadata_json: *const c_char,
    /// Its length in bytes, or ARKGRPC_NTS.
    pub metadata_json_len: usize,
}

/// Options beyond this size are garbage, not a newer caller: reading on could leave its memory.
const LARGEST_SIZE: usize = 4096;

/// A year: what "infinite" means, so that arithmetic with instants stays sound.
const INFINITE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl arkgrpc_call_options {
    const ABSENT: Self = Self {
        struct_size: 0,
        timeout_ms: ARKGRPC_TIMEOUT_DEFAULT,
        cancel: ptr::null(),
        flags: 0,
        operation_id: ptr::null(),
        operation_id_len: 0,
        metadata_json: ptr::null(),
        metadata_json_len: 0,
    };

    /// Where a caller's struct may end: after any field, but a text stays with its length.
    const SIZES: [usize; 6] = [
        offset_of!(Self, timeout_ms),
        offset_of!(Self, cancel),
        offset_of!(Self, flags),
        offset_of!(Self, operation_id),
        offset_of!(Self, metadata_json),
        size_of::<Self>(),
    ];
}

/// The time limit that a number means; `None` leaves it to the configuration.
pub(crate) fn timeout(milliseconds: u64) -> Option<Duration> {
    match milliseconds {
        ARKGRPC_TIMEOUT_DEFAULT => None,
        ARKGRPC_TIMEOUT_INFINITE => Some(INFINITE),
        ARKGRPC_TIMEOUT_ZERO => Some(Duration::ZERO),
        span => Some(Duration::from_millis(span).min(INFINITE)),
    }
}

/// Reads a caller's options. NULL means all defaults.
///
/// # Safety
/// `options` is NULL or readable for its struct_size, and its texts as [`text::optional`] asks.
pub(crate) unsafe fn read(options: *const arkgrpc_call_options) -> Result<CallOptions, Error> {
    // SAFETY: the same contract.
    let given = unsafe { copy(options) }?;
    check_flags(given.flags)?;
    let is_set = |flag| given.flags & flag != 0;
    let cancel = if given.cancel.is_null() {
        None
    } else {
        Some(CANCELS.get(given.cancel)?)
    };
    // SAFETY: the same contract.
    let (operation_id, metadata) = unsafe {
        (
            text::optional("operation_id", given.operation_id, given.operation_id_len)?,
            text::optional(
                "metadata_json",
                given.metadata_json,
                given.metadata_json_len,
            )?,
        )
    };
    if operation_id.as_deref() == Some("") {
        return Err(Error::local(
            Status::InvalidArgument,
            "the operation_id is empty",
            "pass a unique text such as a UUID, or NULL to have one made",
        ));
    }
    let metadata = metadata
        .as_deref()
        .map_or(Ok(Vec::new()), metadata::parse)?;
    let timeout = timeout(given.timeout_ms);
    Ok(CallOptions {
        timeout,
        cancel,
        no_retry: is_set(ARKGRPC_FLAG_NO_RETRY),
        wait_for_ready: is_set(ARKGRPC_FLAG_WAIT_FOR_READY),
        allow_stale: is_set(ARKGRPC_FLAG_ALLOW_STALE),
        operation_id,
        metadata,
    })
}

/// # Safety
/// `options` is NULL or readable for its struct_size.
unsafe fn copy(options: *const arkgrpc_call_options) -> Result<arkgrpc_call_options, Error> {
    let mut given = arkgrpc_call_options::ABSENT;
    if options.is_null() {
        return Ok(given);
    }
    let bytes = options.cast::<u8>();
    // SAFETY: by contract at least struct_size itself is readable.
    let size = unsafe { bytes.cast::<usize>().read_unaligned() };
    let known = size_of::<arkgrpc_call_options>();
    if !arkgrpc_call_options::SIZES.contains(&size) && !(known..=LARGEST_SIZE).contains(&size) {
        return Err(Error::local(
            Status::InvalidArgument,
            format!("struct_size of the options is {size}, which no version has"),
            "initialise the options with ARKGRPC_CALL_OPTIONS_INIT",
        ));
    }
    // SAFETY: by contract readable for `size` bytes; `given` is plain data of `known` bytes, all of
    // whose fields are valid for any bytes.
    unsafe { ptr::copy_nonoverlapping(bytes, (&raw mut given).cast::<u8>(), size.min(known)) };
    for place in known..size {
        // SAFETY: by contract readable for `size` bytes.
        if unsafe { bytes.add(place).read() } != 0 {
            return Err(Error::local(
                Status::InvalidArgument,
                "the options use fields that this version of the library does not know",
                "leave them zero, or load a newer version of the library",
            ));
        }
    }
    Ok(given)
}

/// Refuses flags that do not exist.
fn check_flags(flags: u64) -> Result<(), Error> {
    let known = ARKGRPC_FLAG_NO_RETRY | ARKGRPC_FLAG_WAIT_FOR_READY | ARKGRPC_FLAG_ALLOW_STALE;
    let unknown = flags & !known;
    if unknown != 0 {
        return Err(Error::local(
            Status::InvalidArgument,
            format!("the flags {unknown:#x} do not exist"),
            "use only ARKGRPC_FLAG_ numbers of the header",
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "options_tests.rs"]
mod tests;
