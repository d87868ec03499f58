//! The safe core of libarkgrpc: everything but the C objects.
//!
//! Floors, each importing only those below: `clients` (4) knows what the daemons' methods mean,
//! `resilience` (3) knows what may be repeated and what was proven, `transport` (2) gets bytes to a
//! daemon, `state` (2) keeps what must not be forgotten, `config` (1) says where and with which credentials, `error`, `status` and `locks` (0) are what
//! all of them share.
#![forbid(unsafe_code)]
#![deny(dead_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

mod clients;
mod config;
pub mod error;
pub mod locks;
mod resilience;
mod state;
mod status;
mod transport;

pub use clients::registry::{
    Class, Lane, METHODS, MethodRow, Needs, Passes, Refusal, SERVICES, STREAMS, ServiceRow,
    StreamRow, methods_json,
};
pub use clients::{CallOptions, Client, Manager, Recovery, Stream, Success};
pub use resilience::CancelToken;
pub use transport::HostHooks;

/// The registry, row by row.
pub fn registry() -> &'static [MethodRow] {
    METHODS
}

/// The streams, row by row.
pub fn streams() -> &'static [StreamRow] {
    STREAMS
}
