//! Functions about the library itself: versions, how it was built, what it offers.

use std::ffi::{CStr, c_char};

use arkgrpc_core::Success;
use serde_json::json;

use crate::answer::arkgrpc_result;
use crate::guard;
use crate::status::arkgrpc_status;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };
const ABI_MAJOR: u32 = decimal(env!("CARGO_PKG_VERSION_MAJOR"));
const ABI_MINOR: u32 = decimal(env!("CARGO_PKG_VERSION_MINOR"));

#[allow(clippy::panic, reason = "only the compiler runs it")]
const fn decimal(text: &str) -> u32 {
    match u32::from_str_radix(text, 10) {
        Ok(number) => number,
        Err(_) => panic!("cargo gives version numbers in decimal"),
    }
}

/// The version of the loaded library, such as "0.1.0". Compare ARKGRPC_VERSION_STRING.
///
/// Never NULL; valid for ever. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_version() -> *const c_char {
    guard::value(VERSION.as_ptr(), || VERSION.as_ptr())
}

/// The version of the loaded library's ABI: major * 65536 + minor.
///
/// The library serves a program that was compiled with this header if its major number equals
/// ARKGRPC_ABI_MAJOR and its minor number is not below ARKGRPC_ABI_MINOR. Who loads the library at
/// run time checks that first. Any thread, callbacks included.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_abi_version() -> u32 {
    guard::value(0, || ABI_MAJOR << 16 | ABI_MINOR)
}

/// Tells how the loaded library was built: version, ABI, target, compiler, TLS, features.
///
/// `result` carries the answer and must not be NULL. Errors: ARKGRPC_NULL_POINTER,
/// ARKGRPC_REENTRANT. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_build_info(result: *mut *mut arkgrpc_result) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            Ok(Success {
                json: build_info(),
                recovery: None,
            })
        })
    }
}

/// Lists the methods of all services: texts, classes, permissions, deadlines and the JSON Schema of
/// parameters and result.
///
/// `result` carries the answer and must not be NULL. Errors: ARKGRPC_NULL_POINTER,
/// ARKGRPC_REENTRANT. Any thread; no network.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arkgrpc_methods(result: *mut *mut arkgrpc_result) -> arkgrpc_status {
    // SAFETY: out-parameter as the header asks.
    unsafe {
        guard::answering(result, || {
            Ok(Success {
                json: arkgrpc_core::methods_json(),
                recovery: None,
            })
        })
    }
}

fn build_info() -> String {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "abi_version": {"major": ABI_MAJOR, "minor": ABI_MINOR},
        "target": env!("ARKGRPC_BUILD_TARGET"),
        "profile": env!("ARKGRPC_BUILD_PROFILE"),
        "rustc": env!("ARKGRPC_BUILD_RUSTC"),
        "tls": "rustls with ring",
        "fault_injection": cfg!(feature = "fault-injection"),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_agree() {
        assert_eq!(VERSION.to_str().unwrap(), env!("CARGO_PKG_VERSION"));
        let start = format!("{ABI_MAJOR}.{ABI_MINOR}.");
        assert!(env!("CARGO_PKG_VERSION").starts_with(&start));
    }

    #[test]
    fn the_build_is_told() {
        let info: serde_json::Value = serde_json::from_str(&build_info()).unwrap();
        assert!(info["rustc"].as_str().unwrap().starts_with("rustc "));
        assert!(info["target"].as_str().unwrap().contains('-'));
        assert_eq!(info["fault_injection"], cfg!(feature = "fault-injection"));
    }
}
