//! Floor 2: threads, connections and bytes. Knows how to reach a daemon, not what it says.

mod activity;
mod backoff;
mod certificate;
mod connection;
mod credentials;
mod dial;
mod dial_error;
pub(crate) mod generated;
mod pin;
mod proxy;
mod random;
mod runtime;

pub(crate) use activity::Witness;
pub(crate) use connection::{Connection, ConnectionError, RequireGeneration};
pub(crate) use dial_error::{DialError, DialFault};
pub(crate) use random::{random_bytes, random_fraction};
pub use runtime::HostHooks;
pub(crate) use runtime::{Chores, Helm, RunFailure, Runtime};

#[cfg(test)]
mod tests;
