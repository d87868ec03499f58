//! Entries with a planted fault each, so that tests see what they trust at work in a built library: the
//! guard, and the address sanitizer. Only in builds with the feature of that name; not in the header.

use std::hint::black_box;
use std::ptr;

use arkgrpc_core::Success;
use arkgrpc_core::error::Error;

use crate::answer::arkgrpc_result;
use crate::guard;
use crate::status::arkgrpc_status;

/// Panics inside the guard: status 900, and a result that says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_test_panic(result: *mut *mut arkgrpc_result) -> arkgrpc_status {
    // SAFETY: NULL or writable, as for every function of the library.
    unsafe { guard::fallible(result, planted) }
}

#[allow(clippy::panic, reason = "panicking is what this function is for")]
fn planted() -> Result<Success, Error> {
    panic!("planted: this text must appear nowhere");
}

/// Reads memory that it has freed. Only a build with the address sanitizer notices, and ends the process.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_test_use_after_free(
    result: *mut *mut arkgrpc_result,
) -> arkgrpc_status {
    // SAFETY: NULL or writable, as for every function of the library.
    unsafe { guard::fallible(result, read_freed_memory) }
}

fn read_freed_memory() -> Result<Success, Error> {
    let place = Box::into_raw(Box::new(7_u64));
    // SAFETY: sound, as the pointer came from Box::into_raw above.
    drop(unsafe { Box::from_raw(place) });
    // SAFETY: there is none: this read is the planted fault, and nothing but tests can reach it.
    black_box(unsafe { ptr::read_volatile(place) });
    Ok(guard::nothing_to_say())
}
