//! libarkgrpc: the C objects over `arkgrpc_core`, one file each, and their plumbing.
//!
//! Every exported function is a plain call of [`guard`], which keeps panics, errno, cancellation and
//! re-entry in order; handles are numbers ([`handle`]), results are owned pointers ([`answer`]). The
//! header is generated from these files, so their `///` texts speak to C programmers. This package
//! alone has unsafe code; what it means to call a daemon is in the core.
#![deny(dead_code)]
#![allow(
    clippy::missing_safety_doc,
    reason = "the header states each contract in words of C"
)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("libarkgrpc supports 64-bit targets only: a handle needs 64 bits");
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
compile_error!("libarkgrpc supports Linux with glibc; macOS builds, untested; see README.md");

mod answer;
mod cancel;
mod client;
#[cfg(feature = "fault-injection")]
mod fault_injection;
mod foreign_symbols;
mod guard;
mod handle;
mod health;
mod host_protection;
mod library;
mod log;
mod log_event;
mod log_worker;
mod manager;
mod metadata;
mod metrics;
mod options;
mod panic_hook;
mod per_process;
mod result;
mod status;
mod stream;
mod text;

/// The log is one per process: tests that make log lines must not run beside the one that reads it.
#[cfg(test)]
static LOG_TESTS: arkgrpc_core::locks::Mutex<()> = arkgrpc_core::locks::Mutex::new(());
