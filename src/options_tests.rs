//! Tests of the options struct.

use super::*;

const FULL: usize = size_of::<arkgrpc_call_options>();

fn blank() -> arkgrpc_call_options {
    arkgrpc_call_options {
        struct_size: FULL,
        ..arkgrpc_call_options::ABSENT
    }
}

fn accept(options: &arkgrpc_call_options) -> CallOptions {
    // SAFETY: a live struct with its own size.
    unsafe { read(options) }.unwrap()
}

fn refuse(options: &arkgrpc_call_options) -> Status {
    // SAFETY: a live struct whose size is at most its own.
    unsafe { read(options) }.map(|_| ()).unwrap_err().status()
}

/// A newer caller's struct: ours and a tail.
#[repr(C)]
struct Newer {
    options: arkgrpc_call_options,
    tail: [u8; 16],
}

#[test]
fn the_layout_is_the_promised_one() {
    let offsets = [
        offset_of!(arkgrpc_call_options, struct_size),
        offset_of!(arkgrpc_call_options, timeout_ms),
        offset_of!(arkgrpc_call_options, cancel),
        offset_of!(arkgrpc_call_options, flags),
        offset_of!(arkgrpc_call_options, operation_id),
        offset_of!(arkgrpc_call_options, operation_id_len),
        offset_of!(arkgrpc_call_options, metadata_json),
        offset_of!(arkgrpc_call_options, metadata_json_len),
    ];
    assert_eq!(offsets, [0, 8, 16, 24, 32, 40, 48, 56]);
    assert_eq!((FULL, align_of::<arkgrpc_call_options>()), (64, 8));
}

#[test]
fn null_and_blank_options_are_the_defaults() {
    // SAFETY: NULL is allowed.
    for options in [unsafe { read(ptr::null()) }.unwrap(), accept(&blank())] {
        assert!(options.timeout.is_none() && options.cancel.is_none() && !options.no_retry);
        assert!(options.operation_id.is_none() && options.metadata.is_empty());
    }
}

#[test]
fn every_field_arrives() {
    let cancel: *mut arkgrpc_cancel = CANCELS.insert(arkgrpc_core::CancelToken::new()).unwrap();
    let options = accept(&arkgrpc_call_options {
        timeout_ms: 1500,
        cancel,
        flags: ARKGRPC_FLAG_NO_RETRY,
        operation_id: c"pay-7".as_ptr(),
        operation_id_len: text::ARKGRPC_NTS as usize,
        metadata_json: c"{\"x-id\":\"7\"} and more".as_ptr(),
        metadata_json_len: 12,
        ..blank()
    });
    assert_eq!(options.timeout, Some(Duration::from_millis(1500)));
    assert!(options.no_retry);
    assert_eq!(options.operation_id.as_deref(), Some("pay-7"));
    assert_eq!(options.metadata, [("x-id".to_owned(), "7".to_owned())]);
    let token = options.cancel.unwrap();
    CANCELS.get(cancel).unwrap().trigger();
    assert!(token.is_triggered());
    CANCELS.remove(cancel);
}

#[test]
fn older_callers_are_served_with_what_they_have() {
    for size in [8, 16, 24, 32, 48] {
        let options = arkgrpc_call_options {
            struct_size: size,
            timeout_ms: 5,
            flags: ARKGRPC_FLAG_NO_RETRY,
            operation_id: c"id".as_ptr(),
            operation_id_len: 2,
            // Beyond the caller's struct: must not be read.
            metadata_json: c"not JSON".as_ptr(),
            metadata_json_len: 8,
            ..blank()
        };
        let read = accept(&options);
        assert_eq!(read.timeout.is_some(), size >= 16);
        assert_eq!(read.no_retry, size >= 32);
        assert_eq!(read.operation_id.is_some(), size >= 48);
    }
}

#[test]
fn newer_callers_are_served_if_the_new_fields_are_zero() {
    let mut newer = Newer {
        options: blank(),
        tail: [0; 16],
    };
    newer.options.struct_size = size_of::<Newer>();
    let pointer = (&raw const newer).cast();
    // SAFETY: readable for its struct_size.
    assert!(unsafe { read(pointer) }.is_ok());
    newer.tail[15] = 1;
    let pointer = (&raw const newer).cast();
    // SAFETY: as before.
    let status = unsafe { read(pointer) }.map(|_| ()).unwrap_err().status();
    assert_eq!(status, Status::InvalidArgument);
}

#[test]
fn sizes_that_no_version_has_are_refused() {
    for size in [0, 1, 7, 9, 40, 56, 63, LARGEST_SIZE + 1, usize::MAX] {
        assert_eq!(
            refuse(&arkgrpc_call_options {
                struct_size: size,
                ..blank()
            }),
            Status::InvalidArgument,
            "{size}"
        );
    }
}

#[test]
fn flags_are_told_apart() {
    for (flags, wanted) in [
        (0, [false, false, false]),
        (ARKGRPC_FLAG_NO_RETRY, [true, false, false]),
        (ARKGRPC_FLAG_WAIT_FOR_READY, [false, true, false]),
        (ARKGRPC_FLAG_ALLOW_STALE, [false, false, true]),
        (7, [true, true, true]),
    ] {
        let read = accept(&arkgrpc_call_options { flags, ..blank() });
        let seen = [read.no_retry, read.wait_for_ready, read.allow_stale];
        assert_eq!(seen, wanted, "{flags}");
    }
}

#[test]
fn flags_that_do_not_exist_are_refused() {
    for (flags, status) in [
        (8, Status::InvalidArgument),
        (1 << 63, Status::InvalidArgument),
    ] {
        assert_eq!(
            refuse(&arkgrpc_call_options { flags, ..blank() }),
            status,
            "{flags}"
        );
    }
}

#[test]
fn wrong_pointers_in_the_options_are_found() {
    let cancel: *mut arkgrpc_cancel = CANCELS.insert(arkgrpc_core::CancelToken::new()).unwrap();
    CANCELS.remove(cancel);
    assert_eq!(
        refuse(&arkgrpc_call_options { cancel, ..blank() }),
        Status::InvalidHandle
    );
    let options = arkgrpc_call_options {
        operation_id_len: 3,
        ..blank()
    };
    assert_eq!(refuse(&options), Status::NullPointer);
    let operation_id = c"".as_ptr();
    assert_eq!(
        refuse(&arkgrpc_call_options {
            operation_id,
            ..blank()
        }),
        Status::InvalidArgument
    );
}

#[test]
fn named_time_limits() {
    assert_eq!(timeout(ARKGRPC_TIMEOUT_DEFAULT), None);
    assert_eq!(timeout(ARKGRPC_TIMEOUT_ZERO), Some(Duration::ZERO));
    assert_eq!(timeout(ARKGRPC_TIMEOUT_INFINITE), Some(INFINITE));
    assert_eq!(timeout(ARKGRPC_TIMEOUT_ZERO - 1), Some(INFINITE));
    assert_eq!(timeout(1), Some(Duration::from_millis(1)));
}
