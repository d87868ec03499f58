//! Floor 4: what the daemons' methods mean. One folder a daemon, one file a concern; the registry ties
//! names to functions, the manager ties daemons to a runtime.

mod admission;
mod call_metadata;
mod execution;
mod failure;
mod json;
mod lnd;
mod manager;
mod options;
pub(crate) mod registry;
mod services;
mod stream;
mod stream_feed;
mod stream_message;

pub use manager::{Client, Manager};
pub use options::{CallOptions, Recovery, Success};
pub use stream::Stream;
pub(crate) use stream_message::StreamMessage;
