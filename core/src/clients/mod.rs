//! Floor 4: what the daemons' methods mean. One folder a daemon, one file a concern; the registry ties
//! names to functions, the manager ties daemons to a runtime.

mod admission;
mod call_metadata;
mod execution;
mod failure;
mod health_events;
mod health_monitor;
mod health_pulse;
mod health_view;
mod json;
mod lnd;
mod manager;
mod metrics;
mod metrics_report;
mod options;
mod readiness;
pub(crate) mod registry;
#[cfg(any(test, feature = "schemas"))]
pub(crate) mod registry_text;
mod services;
mod stale;
mod staleness;
mod stream;
mod stream_feed;
mod stream_message;

pub use manager::{Client, Manager};
pub use metrics_report::MetricsFormat;
pub use options::{CallOptions, Recovery, Success};
pub use stream::Stream;
pub(crate) use stream_message::StreamMessage;
