//! The state of a service's policies as it is shown: to the user, in health reports and in metrics.

use serde::Serialize;

use super::lanes::LaneSnapshot;

/// One moment.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Snapshot {
    /// `normal`, `observe`, `disabled` or `forced_open`.
    pub(crate) mode: &'static str,
    /// `closed`, `open` or `half_open`.
    pub(crate) breaker: &'static str,
    pub(crate) failures_in_a_row: u32,
    /// Requests of the last 30 s that said something about the daemon, and those that failed.
    pub(crate) calls_in_window: u64,
    pub(crate) failures_in_window: u64,
    /// Until calls may get through again; null while it is closed.
    pub(crate) retry_after_ms: Option<u64>,
    /// How often it opened since the manager was made.
    pub(crate) opened: u64,
    /// Calls that it refused since the manager was made.
    pub(crate) refused: u64,
    /// Of 10; repeats are made while more than 5 are left.
    pub(crate) retry_tokens: f64,
    pub(crate) reads: LaneSnapshot,
    pub(crate) writes: LaneSnapshot,
    pub(crate) payments: LaneSnapshot,
}
