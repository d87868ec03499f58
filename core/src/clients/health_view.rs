//! What is told about health, as JSON: a look made now, what is known without a look, and one event.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::resilience::Snapshot;

/// All services, by name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct Services<T> {
    /// What is told of each configured service.
    pub(crate) services: BTreeMap<&'static str, T>,
}

/// How a service is, asked now.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct CheckView {
    /// `up`, `degraded`, `read_only` or `down`, as this one look shows it.
    pub(crate) status: &'static str,
    /// Why it is not up, or what the look could not see; else null.
    pub(crate) reason: Option<String>,
    /// The remedy; null when none is needed or known.
    pub(crate) hint: Option<String>,
    /// Status name of the error that the look met; null when it met none.
    pub(crate) code: Option<&'static str>,
    /// The daemon's own state, for lnd that of its wallet; null when it did not answer or has none.
    pub(crate) state: Option<String>,
    /// How long its first answer took, milliseconds.
    pub(crate) latency_ms: Option<f64>,
    /// Who it is and how far; null when it does not answer that, or the macaroon does not allow it.
    pub(crate) info: Option<NodeView>,
}

/// Who answered, and how far it is.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct NodeView {
    /// Identity key, hex.
    pub(crate) identity_pubkey: String,
    /// Name that the operator gave.
    pub(crate) alias: String,
    /// Version of the daemon.
    pub(crate) version: String,
    /// Height of the best block that it knows.
    pub(crate) block_height: u32,
    /// Whether it is in sync with its chain backend.
    pub(crate) synced_to_chain: bool,
    /// Whether it is in sync with the channel graph.
    pub(crate) synced_to_graph: bool,
}

/// What is known of a service, without asking it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HealthView {
    /// `up`, `degraded`, `read_only`, `down` or `closed`; null before the first answer or probe.
    pub(crate) status: Option<&'static str>,
    /// Since when it is in this state, unix seconds; null with status.
    pub(crate) since: Option<u64>,
    /// How long ago it was last asked, milliseconds; null when it never was.
    pub(crate) last_probe_age_ms: Option<u64>,
    /// What the last look found, see CheckView; null in a service that was never asked.
    pub(crate) reason: Option<String>,
    /// The remedy.
    pub(crate) hint: Option<String>,
    /// Status name of the error that the last look met.
    pub(crate) code: Option<&'static str>,
    /// The daemon's own state.
    pub(crate) state: Option<String>,
    /// How long its first answer took, milliseconds.
    pub(crate) latency_ms: Option<f64>,
    /// Who it is and how far, as of the last look that saw it; null before that.
    pub(crate) info: Option<NodeView>,
    /// The latest error of a look, also when all is well again; null when there was none.
    pub(crate) last_error: Option<LastErrorView>,
    /// The circuit breaker; null when the service cannot be called as it is configured.
    pub(crate) breaker: Option<BreakerView>,
}

/// The circuit breaker of a service.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct BreakerView {
    /// `closed`, `open` or `half_open`.
    pub(crate) state: &'static str,
    /// `normal`, `observe`, `disabled` or `forced_open`.
    pub(crate) mode: &'static str,
    /// Failures that counted since the last answer.
    pub(crate) failures_in_a_row: u32,
    /// Requests of the last 30 s that said something about the daemon.
    pub(crate) calls_in_window: u64,
    /// Those of them that failed.
    pub(crate) failures_in_window: u64,
    /// Until calls may get through again, milliseconds; null while it is closed.
    pub(crate) retry_after_ms: Option<u64>,
    /// How often it opened since the manager was made.
    pub(crate) opened: u64,
    /// Calls that it refused since then.
    pub(crate) refused: u64,
}

impl From<Snapshot> for BreakerView {
    fn from(now: Snapshot) -> Self {
        Self {
            state: now.breaker,
            mode: now.mode,
            failures_in_a_row: now.failures_in_a_row,
            calls_in_window: now.calls_in_window,
            failures_in_window: now.failures_in_window,
            retry_after_ms: now.retry_after_ms,
            opened: now.opened,
            refused: now.refused,
        }
    }
}

/// An error that a look met.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct LastErrorView {
    /// Its status name.
    pub(crate) code: &'static str,
    /// What it said.
    pub(crate) message: String,
    /// How long ago, milliseconds.
    pub(crate) age_ms: u64,
}

/// One change.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct HealthEventView {
    /// What changed: `health` or `breaker`.
    pub(crate) event: &'static str,
    /// The service.
    pub(crate) service: &'static str,
    /// The state before, of a breaker `closed`, `open` or `half_open`; null when nothing was known, and in what a stream tells first.
    pub(crate) from: Option<&'static str>,
    /// The state since then.
    pub(crate) to: &'static str,
    /// When it changed, unix seconds.
    pub(crate) at: u64,
    /// Why; null when there is nothing to say.
    pub(crate) reason: Option<String>,
    /// Status name of the error behind it; null when there is none.
    pub(crate) code: Option<&'static str>,
    /// Of a breaker that opened: how long it refuses calls, milliseconds; else null.
    pub(crate) retry_after_ms: Option<u64>,
}

#[cfg(test)]
#[path = "health_view_tests.rs"]
mod tests;
