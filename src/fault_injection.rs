//! The entry that panics on purpose, so that tests can see the guard at work in a built library.
//! Only in builds with the feature of that name; not in the header.

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
