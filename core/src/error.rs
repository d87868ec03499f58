//! The one error type: what went wrong, whether the daemon acted, and what to do about it.
//!
//! Imports nothing of ours but the status numbers.

use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

pub use crate::status::Status;

/// Who found the problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This library, before or after the network.
    Local,
    /// The way to the daemon.
    Transport,
    /// The daemon.
    Server,
}

impl Origin {
    fn name(self) -> &'static str {
        match self {
            Origin::Local => "local",
            Origin::Transport => "transport",
            Origin::Server => "server",
        }
    }
}

/// Whether the daemon acted on the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executed {
    /// Proven: nothing happened, and nothing of this call will happen later.
    No,
    /// It was done; the error is about what came after.
    Yes,
    /// Not known; the error's `reconcile` says how to find out.
    Unknown,
}

impl Executed {
    /// The word in the error JSON.
    pub fn name(self) -> &'static str {
        match self {
            Executed::No => "no",
            Executed::Yes => "yes",
            Executed::Unknown => "unknown",
        }
    }
}

/// The call that tells what became of a write.
#[derive(Clone, Debug, PartialEq)]
pub struct Reconcile {
    /// Method of the same service.
    pub method: &'static str,
    /// Its parameters, ready to be passed.
    pub params: Value,
    /// From which unix time on a "not found" proves that nothing happened; `None`: never.
    pub decisive_after: Option<u64>,
}

/// What the daemon said, cut and cleaned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DaemonAnswer {
    /// gRPC code 0 to 16.
    pub grpc_code: i32,
    /// The daemon's own numbered error, where it has one (arkd).
    pub code: Option<i64>,
    /// The name of that error.
    pub name: Option<String>,
    /// Its metadata.
    pub metadata: Option<Value>,
}

#[derive(Clone, Debug)]
struct Details {
    status: Status,
    message: String,
    hint: String,
    origin: Origin,
    executed: Executed,
    retryable: bool,
    retry_after: Option<Duration>,
    service: Option<&'static str>,
    method: Option<&'static str>,
    operation_id: Option<String>,
    attempts: u32,
    elapsed: Duration,
    daemon: Option<DaemonAnswer>,
    reconcile: Option<Reconcile>,
    result: Option<Value>,
}

/// Why a call did not end in OK. Boxed: results travel through many frames, errors are rare.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

impl Error {
    /// An error found by this library before anything was sent.
    pub fn local(status: Status, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Origin::Local, status, message.into(), hint.into())
    }

    /// An error of the way to the daemon.
    pub fn transport(status: Status, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Origin::Transport, status, message.into(), hint.into())
    }

    /// An error that the daemon answered with.
    pub fn server(status: Status, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Origin::Server, status, message.into(), hint.into())
    }

    fn new(origin: Origin, status: Status, message: String, hint: String) -> Self {
        Self(Box::new(Details {
            status,
            message,
            hint,
            origin,
            executed: Executed::No,
            retryable: false,
            retry_after: None,
            service: None,
            method: None,
            operation_id: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            daemon: None,
            reconcile: None,
            result: None,
        }))
    }

    /// The status of the call.
    pub fn status(&self) -> Status {
        self.0.status
    }
    /// What went wrong, in one sentence, without secrets.
    pub fn message(&self) -> &str {
        &self.0.message
    }
    /// The remedy in one sentence.
    pub fn hint(&self) -> &str {
        &self.0.hint
    }
    /// Who found it.
    pub fn origin(&self) -> Origin {
        self.0.origin
    }
    /// Whether the daemon acted.
    pub fn executed(&self) -> Executed {
        self.0.executed
    }
    /// Whether the same call may simply be made again.
    pub fn retryable(&self) -> bool {
        self.0.retryable
    }
    /// How long to wait before making it again.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
    /// The operation_id of the write, given or generated.
    pub fn operation_id(&self) -> Option<&str> {
        self.0.operation_id.as_deref()
    }
    /// How often a request was started.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }
    /// The gRPC code that the daemon sent.
    pub fn grpc_code(&self) -> Option<i32> {
        self.0.daemon.as_ref().map(|daemon| daemon.grpc_code)
    }
    /// The call that tells what became of the write.
    pub fn reconcile(&self) -> Option<&Reconcile> {
        self.0.reconcile.as_ref()
    }
    /// The method's view of the thing that the error is about.
    pub fn result(&self) -> Option<&Value> {
        self.0.result.as_ref()
    }

    /// Sets whether the daemon acted.
    pub fn with_executed(mut self, executed: Executed) -> Self {
        self.0.executed = executed;
        self
    }
    /// Marks the call as one that may simply be made again.
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }
    /// Sets how long to wait before making the call again.
    pub fn with_retry_after(mut self, pause: Option<Duration>) -> Self {
        self.0.retry_after = pause;
        self
    }
    /// Replaces the remedy.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.0.hint = hint.into();
        self
    }
    /// Replaces the status, where a text of the daemon says more than its code.
    pub fn with_status(mut self, status: Status) -> Self {
        self.0.status = status;
        self
    }
    /// Names service and method.
    pub fn with_place(mut self, service: &'static str, method: &'static str) -> Self {
        self.0.service = Some(service);
        self.0.method = Some(method);
        self
    }
    /// Names the service alone.
    pub fn with_service(mut self, service: &'static str) -> Self {
        self.0.service = Some(service);
        self
    }
    /// Sets the operation_id of the write.
    pub fn with_operation_id(mut self, operation_id: Option<String>) -> Self {
        self.0.operation_id = operation_id;
        self
    }
    /// Sets the effort that was spent.
    pub fn with_effort(mut self, attempts: u32, elapsed: Duration) -> Self {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }
    /// Sets what the daemon said.
    pub fn with_daemon(mut self, daemon: DaemonAnswer) -> Self {
        self.0.daemon = Some(daemon);
        self
    }
    /// Sets the call that tells what became of the write.
    pub fn with_reconcile(mut self, reconcile: Reconcile) -> Self {
        self.0.reconcile = Some(reconcile);
        self
    }
    /// Sets the method's view of the thing that the error is about.
    pub fn with_result(mut self, result: Value) -> Self {
        self.0.result = Some(result);
        self
    }

    /// The error JSON: every key always present.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self.shown()).unwrap_or_default()
    }

    /// The same as text.
    pub fn to_json_text(&self) -> String {
        serde_json::to_string(&self.shown()).unwrap_or_default()
    }

    fn shown(&self) -> Shown<'_> {
        let details = &*self.0;
        Shown {
            attempts: details.attempts,
            code: details.status.name(),
            daemon: details.daemon.as_ref().map(|daemon| ShownDaemon {
                code: daemon.code,
                metadata: &daemon.metadata,
                name: &daemon.name,
            }),
            elapsed_ms: as_millis(details.elapsed),
            executed: details.executed.name(),
            grpc_code: self.grpc_code(),
            hint: &details.hint,
            message: &details.message,
            method: details.method,
            operation_id: &details.operation_id,
            origin: details.origin.name(),
            reconcile: details.reconcile.as_ref().map(|recipe| ShownRecipe {
                decisive_after: recipe.decisive_after,
                method: recipe.method,
                params: &recipe.params,
            }),
            result: &details.result,
            retry_after_ms: details.retry_after.map(as_millis),
            retryable: details.retryable,
            service: details.service,
        }
    }
}

/// The error JSON. Printed as it is: while a service is out of reach, errors are what a host gets most.
#[derive(Serialize)]
struct Shown<'a> {
    attempts: u32,
    code: &'static str,
    daemon: Option<ShownDaemon<'a>>,
    elapsed_ms: u64,
    executed: &'static str,
    grpc_code: Option<i32>,
    hint: &'a str,
    message: &'a str,
    method: Option<&'static str>,
    operation_id: &'a Option<String>,
    origin: &'static str,
    reconcile: Option<ShownRecipe<'a>>,
    result: &'a Option<Value>,
    retry_after_ms: Option<u64>,
    retryable: bool,
    service: Option<&'static str>,
}

#[derive(Serialize)]
struct ShownDaemon<'a> {
    code: Option<i64>,
    metadata: &'a Option<Value>,
    name: &'a Option<String>,
}

#[derive(Serialize)]
struct ShownRecipe<'a> {
    decisive_after: Option<u64>,
    method: &'static str,
    params: &'a Value,
}

fn as_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.status.name(), self.0.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_always_carries_every_key() {
        let value = Error::local(Status::InvalidArgument, "m", "h").to_json();
        let keys: Vec<&str> = value
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        for key in [
            "code",
            "message",
            "hint",
            "service",
            "method",
            "origin",
            "executed",
            "operation_id",
            "retryable",
            "retry_after_ms",
            "attempts",
            "elapsed_ms",
            "grpc_code",
            "daemon",
            "reconcile",
            "result",
        ] {
            assert!(keys.contains(&key), "{key} is missing");
        }
        assert_eq!(value["executed"], "no");
        let error = Error::local(Status::InvalidArgument, "m", "h");
        assert_eq!(error.to_json_text(), value.to_string());
    }
}
