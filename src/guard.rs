//! The one way through which every exported function runs: the host's thread state is kept, panics
//! end here, out-parameters are defined in every case, and our own threads cannot block on us.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::time::Instant;

use arkgrpc_core::Success;
use arkgrpc_core::error::{Error, Status};

use crate::answer::{Answer, arkgrpc_result};
use crate::host_protection::{HostState, inside_call, on_own_thread};
use crate::panic_hook;

/// A function that may fail; its result object carries no answer, so the caller may do without.
///
/// # Safety
/// `result` is NULL or writable.
pub(crate) unsafe fn fallible(
    result: *mut *mut arkgrpc_result,
    body: impl FnOnce() -> Result<Success, Error>,
) -> i32 {
    // SAFETY: the same contract.
    unsafe {
        run(result, ptr::null_mut::<*mut ()>(), || {
            body().map(|success| (success, None))
        })
    }
}

/// A function whose answer is in its result object, which the caller must therefore take.
///
/// # Safety
/// `result` is NULL or writable.
pub(crate) unsafe fn answering(
    result: *mut *mut arkgrpc_result,
    body: impl FnOnce() -> Result<Success, Error>,
) -> i32 {
    let taken = !result.is_null();
    let body = || {
        if taken {
            body()
        } else {
            Err(missing_out_parameter("result"))
        }
    };
    // SAFETY: the same contract.
    unsafe { fallible(result, body) }
}

/// A function that makes an object.
///
/// # Safety
/// `out` and `result` are NULL or writable.
pub(crate) unsafe fn constructing<T>(
    out: *mut *mut T,
    result: *mut *mut arkgrpc_result,
    body: impl FnOnce() -> Result<*mut T, Error>,
) -> i32 {
    let taken = !out.is_null();
    let body = || {
        if !taken {
            return Err(missing_out_parameter("out"));
        }
        body().map(|object| (nothing_to_say(), Some(object)))
    };
    // SAFETY: the same contract.
    unsafe { run(result, out, body) }
}

/// A function that may fail and has no result object: the status is all it says.
pub(crate) fn status_only(body: impl FnOnce() -> Result<(), Error>) -> i32 {
    let body = || body().map(|()| (nothing_to_say(), None::<*mut ()>));
    // SAFETY: both out-parameters are NULL.
    unsafe { run(ptr::null_mut(), ptr::null_mut(), body) }
}

/// A function that cannot fail and never blocks. `fallback` stands in if it has a defect.
pub(crate) fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let _host = HostState::enter();
    panic_hook::install();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| {
        settle_panic(payload);
        fallback
    })
}

/// An accessor. `absent` is what NULL gives.
///
/// # Safety
/// `result` is NULL or a live result of this library.
pub(crate) unsafe fn reading<T: Copy>(
    result: *const arkgrpc_result,
    absent: T,
    body: impl FnOnce(&Answer) -> T,
) -> T {
    value(absent, || {
        // SAFETY: the same contract.
        let answer = unsafe { Answer::behind(result) };
        answer.map_or(absent, body)
    })
}

/// A success without anything to report.
pub(crate) fn nothing_to_say() -> Success {
    Success {
        json: "{}".to_owned(),
        recovery: None,
    }
}

/// # Safety
/// `result` and `out` are NULL or writable.
unsafe fn run<T>(
    result: *mut *mut arkgrpc_result,
    out: *mut *mut T,
    body: impl FnOnce() -> Result<(Success, Option<*mut T>), Error>,
) -> i32 {
    let reentrant = on_own_thread() || inside_call();
    let _host = HostState::enter();
    // SAFETY: by contract NULL or writable.
    unsafe {
        store(result, ptr::null_mut());
        store(out, ptr::null_mut());
    }
    panic_hook::install();
    let started = Instant::now();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let outcome = if reentrant {
            Err(refused_reentry())
        } else {
            body()
        };
        let (outcome, object) = match outcome {
            Ok((success, object)) => (Ok(success), object),
            Err(error) => (Err(error), None),
        };
        let answer = Answer::new(outcome, started.elapsed());
        let status = answer.status;
        let answer = if result.is_null() {
            ptr::null_mut()
        } else {
            answer.hand_out()
        };
        (status, answer, object)
    }));
    let (status, answer, object) = caught.unwrap_or_else(|payload| {
        settle_panic(payload);
        (Status::Panic, Answer::hand_out_panic(), None)
    });
    // SAFETY: by contract NULL or writable.
    unsafe {
        store(result, answer);
        if let Some(object) = object {
            store(out, object);
        }
    }
    status.number()
}

/// # Safety
/// `place` is NULL or writable.
unsafe fn store<T>(place: *mut *mut T, pointer: *mut T) {
    if !place.is_null() {
        // SAFETY: by contract. Unaligned, because a packed struct of the caller may hold it.
        unsafe { place.write_unaligned(pointer) }
    }
}

/// Ends a panic: even its payload may panic when it is dropped, and so may the log.
fn settle_panic(payload: Box<dyn Any + Send>) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload))).map_err(std::mem::forget);
    let logged = catch_unwind(|| {
        if let Some(place) = panic_hook::take_place() {
            tracing::error!(
                target: "arkgrpc::guard",
                file = place.file(),
                line = place.line,
                "a defect of this library was caught"
            );
        }
    });
    let _ = logged.map_err(std::mem::forget);
}

fn missing_out_parameter(name: &str) -> Error {
    Error::local(
        Status::NullPointer,
        format!("`{name}` is NULL, but carries the answer"),
        format!("pass the address of a pointer for `{name}`"),
    )
}

fn refused_reentry() -> Error {
    Error::local(
        Status::Reentrant,
        "the library was called from one of its own threads or from within one of its calls",
        "only read results, names and versions in the log callback; call from a thread of your own",
    )
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
