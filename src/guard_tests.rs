//! Tests of the guard.

use std::cell::Cell;

use super::*;
use crate::host_protection::prepare_own_thread;

const DANGLING: usize = 0xdead_0000;

fn dangling<T>() -> *mut T {
    ptr::without_provenance_mut(DANGLING)
}

/// Runs the body through the guard and gives the status, and the status in the result.
fn guarded(body: impl FnOnce() -> Result<Success, Error>) -> (i32, Option<Status>) {
    let mut result = dangling();
    // SAFETY: `result` is writable; the result is read before it is freed, once.
    unsafe {
        let status = fallible(&mut result, body);
        let inside = Answer::behind(result).map(|answer| answer.status);
        Answer::take_back(result);
        (status, inside)
    }
}

fn refuse(status: Status) -> Result<Success, Error> {
    Err(Error::local(status, "message", "hint"))
}

#[test]
fn success_and_failure_both_come_with_a_result() {
    assert_eq!(guarded(|| Ok(nothing_to_say())), (0, Some(Status::Ok)));
    assert_eq!(
        guarded(|| refuse(Status::NotFound)),
        (305, Some(Status::NotFound))
    );
}

#[test]
fn a_panic_becomes_a_status_and_the_next_call_works() {
    let _alone = crate::LOG_TESTS.lock();
    assert_eq!(guarded(|| panic!("planted")), (900, Some(Status::Panic)));
    assert_eq!(guarded(|| Ok(nothing_to_say())), (0, Some(Status::Ok)));
    assert_eq!(value(7, || panic!("planted")), 7);
    assert!(!inside_call());
}

#[test]
fn a_payload_that_panics_in_its_drop_is_survived() {
    let _alone = crate::LOG_TESTS.lock();
    struct Spiteful;
    impl Drop for Spiteful {
        fn drop(&mut self) {
            panic!("from the payload");
        }
    }
    assert_eq!(guarded(|| std::panic::panic_any(Spiteful)).0, 900);
}

#[test]
fn out_parameters_are_cleared_before_anything_else() {
    let mut out: *mut u8 = dangling();
    let mut result = dangling();
    let watched = &raw mut out;
    let seen = Cell::new(false);
    // SAFETY: both out-parameters are writable, and read while the guard does not write them.
    unsafe {
        let status = constructing(watched, &mut result, || {
            seen.set(watched.read().is_null());
            Err(Error::local(Status::InvalidConfig, "message", "hint"))
        });
        assert_eq!(status, 11);
        Answer::take_back(result);
    }
    assert!(seen.get(), "the body saw the caller's old value");
    assert!(out.is_null());
}

#[test]
fn missing_out_parameters_are_found_before_the_work() {
    let worked = Cell::new(false);
    // SAFETY: NULL out-parameters are allowed.
    unsafe {
        let status = answering(ptr::null_mut(), || {
            worked.set(true);
            Ok(nothing_to_say())
        });
        assert_eq!(status, Status::NullPointer.number());
        let status = constructing(ptr::null_mut::<*mut u8>(), ptr::null_mut(), || {
            worked.set(true);
            Ok(dangling())
        });
        assert_eq!(status, Status::NullPointer.number());
        assert_eq!(fallible(ptr::null_mut(), || refuse(Status::Closed)), 12);
    }
    assert!(!worked.get());
}

#[test]
fn an_object_is_handed_out_on_success() {
    let mut out: *mut u8 = ptr::null_mut();
    // SAFETY: `out` is writable, the result is not wanted.
    let status = unsafe { constructing(&mut out, ptr::null_mut(), || Ok(dangling())) };
    assert_eq!((status, out.addr()), (0, DANGLING));
}

#[test]
fn own_threads_and_nested_calls_are_refused() {
    let nested = value(0, || status_only(|| Ok(())));
    assert_eq!(nested, Status::Reentrant.number());
    let own = std::thread::spawn(|| {
        prepare_own_thread();
        (status_only(|| Ok(())), value(0, || 5))
    });
    assert_eq!(own.join().unwrap(), (Status::Reentrant.number(), 5));
}
