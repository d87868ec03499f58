//! Status numbers and their names.

use std::ffi::{CStr, c_char};

use arkgrpc_core::error::Status;

use crate::guard;

/// What a call came to: one of the numbers above, 0 being success.
///
/// 1 to 99: the caller's mistake. 100 to 199: decided here, without or despite the daemon. 200 to
/// 299: the way to the daemon. 300 + n: gRPC code n of the daemon. 900: a defect of this library.
/// Numbers are never reused; later versions may add some, so treat an unknown one by its range.
#[allow(non_camel_case_types, reason = "the name in C")]
pub type arkgrpc_status = i32;

const LONGEST: usize = 32;

/// The names with their terminators, row by row like `Status::ALL`. Built by the compiler: a look-up
/// needs neither memory nor a lock.
#[allow(
    clippy::indexing_slicing,
    reason = "the compiler runs it and refuses a wrong index"
)]
static NAMES: [[u8; LONGEST]; Status::ALL.len()] = {
    let mut names = [[0; LONGEST]; Status::ALL.len()];
    let mut row = 0;
    while row < names.len() {
        let name = Status::ALL[row].name().as_bytes();
        assert!(
            name.len() < LONGEST,
            "a status name is longer than its place"
        );
        let mut column = 0;
        while column < name.len() {
            names[row][column] = name[column];
            column += 1;
        }
        row += 1;
    }
    names
};

/// The name of a status number, `UNKNOWN_STATUS` for one that this version does not know.
pub(crate) fn name_of(number: i32) -> &'static CStr {
    Status::ALL
        .iter()
        .zip(&NAMES)
        .find(|(status, _)| status.number() == number)
        .and_then(|(_, name)| CStr::from_bytes_until_nul(name).ok())
        .unwrap_or(c"UNKNOWN_STATUS")
}

/// The name of a status number without its prefix, such as "OK" or "INVALID_ARGUMENT".
///
/// The same text as `code` in the error JSON. "UNKNOWN_STATUS" for a number that this version of the
/// library does not know. Never NULL; valid for ever. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_status_name(status: i32) -> *const c_char {
    guard::value(c"".as_ptr(), || name_of(status).as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_name_and_others_do_not() {
        for status in Status::ALL {
            assert_eq!(name_of(status.number()).to_str().unwrap(), status.name());
        }
        for number in [-1, 99, 9999, i32::MIN, i32::MAX] {
            assert_eq!(name_of(number), c"UNKNOWN_STATUS");
        }
    }
}
