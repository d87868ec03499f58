//! The real daemons for tests: builds btcd and lnd from pinned Go modules, runs them on a private
//! regtest chain with a funded channel, and looks at them from outside (REST, JSON-RPC).
//!
//! Everything is blocking and started by [`Lab::start`]; what was started ends when the [`Lab`] is
//! dropped, also after a panic, and with the process that holds it, however that process dies.
#![forbid(unsafe_code)]

pub mod bitcoin_chain;
pub mod channel_setup;
pub mod daemon_build;
pub mod environment;
pub mod error;
pub mod go_toolchain;
pub mod lab;
pub mod lab_directory;
pub mod lightning_node;
pub mod lightning_peers;
pub mod lightning_wallet;
pub mod loopback_http;
pub mod orphan_guard;
pub mod ports;
pub mod process;
pub mod rest;
pub mod timeline;
pub mod waiter;

pub use error::LabError;
pub use lab::{Lab, LabOptions};
pub use lightning_node::NodeAccess;
pub use rest::Rest;
pub use waiter::Waiter;
