//! Simulated daemons that behave like the real ones towards a client: same messages, TLS with a
//! certificate marked as CA, checked macaroons, ledgers that move, and the daemons' own texts. For
//! tests and for trying the library without installing anything; no money and no Bitcoin behind it.
//!
//! The nodes share a chain: coins are sent, channels open and close, and all of it counts once
//! blocks are mined ([`Devnet::mine`]). Beside lnd's REST addresses each node has one of the
//! devnet's own, for tests of long lists: `POST /devnet/invoices` with
//! `{"count": 10000, "memo": "…", "value": "…"}` makes that many invoices.
//!
//! ```no_run
//! # fn main() -> Result<(), arkgrpc_devnet::DevnetError> {
//! let devnet = arkgrpc_devnet::Devnet::start(Default::default())?;
//! let alice = devnet.node("alice")?;
//! println!("alice listens on {}:{}", alice.grpc_host, alice.grpc_port);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod certificate;
mod chain;
mod clock;
mod devnet;
mod error;
mod listener;
mod lnd;
mod macaroon;
pub mod proto;
mod random;
mod runtime;

pub use devnet::{Devnet, DevnetOptions};
pub use error::DevnetError;
pub use lnd::access::NodeAccess;

/// A macaroon under one more condition, such as `time-before 2020-01-01T00:00:00Z`: anybody who
/// holds a macaroon can restrict it so.
pub fn restrict_macaroon(macaroon: &[u8], condition: &str) -> Result<Vec<u8>, DevnetError> {
    let macaroon = macaroon::Macaroon::parse(macaroon).map_err(DevnetError::Macaroon)?;
    Ok(macaroon.restricted(condition))
}
