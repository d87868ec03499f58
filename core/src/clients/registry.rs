//! The registry at run time: the rows of `methods.toml`, their schemas and the way to their functions.

use std::future::Future;
use std::pin::Pin;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::config::strict_json;
use crate::error::{Error, Status};
pub use crate::resilience::Lane;

/// What repeating a method does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// R: changes nothing.
    Read,
    /// K: the daemon dedupes it by a key that we chose.
    KeyedWrite,
    /// N: any other write.
    Write,
}

impl Class {
    /// The letter in `methods.toml`.
    pub fn letter(self) -> &'static str {
        match self {
            Class::Read => "R",
            Class::KeyedWrite => "K",
            Class::Write => "N",
        }
    }
}

/// Whether a call passes breaker, lane and line: holding it up would cost somebody money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passes {
    /// It does not.
    Never,
    /// It does.
    Always,
    /// It does when this parameter is true.
    If(&'static str),
}

/// What the daemon must be for a method to make sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// It need not even be there.
    Nothing,
    /// It answers calls.
    Answering,
    /// It is fully started.
    ServerActive,
    /// It is in sync with its chain.
    Synced,
}

/// Whether a daemon's text begins like this. `{word}` stands for letters and digits, such as a key.
pub(crate) fn begins_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once("{word}") {
        None => text.starts_with(pattern),
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            let tail = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            tail.len() < rest.len() && begins_like(tail, after)
        }),
    }
}

/// A refusal that proves that the daemon did nothing: its code and how its text begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// gRPC code.
    pub code: i32,
    /// Beginning of the text; `{word}` in it stands for letters and digits.
    pub text: &'static str,
}

impl Refusal {
    /// Only the beginning counts: the rest may carry words of a remote peer.
    pub(crate) fn matches(&self, code: i32, text: &str) -> bool {
        self.code == code && begins_like(text, self.text)
    }
}

/// One service.
#[derive(Debug)]
pub struct ServiceRow {
    /// Name in the API.
    pub name: &'static str,
    /// What it is.
    pub doc: &'static str,
    /// Refusals that stand in front of every handler.
    pub no_effect: &'static [Refusal],
}

/// One method.
#[derive(Debug)]
pub struct MethodRow {
    /// Name in the API.
    pub name: &'static str,
    /// Its service.
    pub service: &'static str,
    /// The daemon's RPCs that it uses, `package.Service/Method`.
    pub rpcs: &'static [&'static str],
    /// What repeating it does.
    pub class: Class,
    /// Which places in flight it takes.
    pub lane: Lane,
    /// Whether it passes them.
    pub passes: Passes,
    /// Default deadline in milliseconds.
    pub deadline_ms: u64,
    /// Whether a time limit of the configuration takes the place of the default.
    pub configured_deadline: bool,
    /// Largest parameter text in bytes.
    pub max_input_bytes: u64,
    /// Permissions that the macaroon needs, `entity:action`.
    pub permissions: &'static [&'static str],
    /// What the daemon must be.
    pub needs: Needs,
    /// Refusals of its handlers that prove that nothing happened.
    pub no_effect: &'static [Refusal],
    /// How to learn what became of it; empty for reads.
    pub reconcile: &'static str,
    /// The statuses that a caller should expect besides the general ones.
    pub errors: &'static [&'static str],
    /// What it does.
    pub doc: &'static str,
    params_schema: fn() -> schemars::Schema,
    result_schema: fn() -> schemars::Schema,
}

impl MethodRow {
    /// JSON Schema of the parameters.
    pub fn params_schema(&self) -> Value {
        Value::from((self.params_schema)())
    }

    /// JSON Schema of the result.
    pub fn result_schema(&self) -> Value {
        Value::from((self.result_schema)())
    }

    /// Whether a refusal is on the service's or the method's list of those without effect.
    pub(crate) fn proves_no_effect(&self, code: i32, text: &str) -> bool {
        let service = SERVICES.iter().find(|service| service.name == self.service);
        let gates = service.map_or(&[][..], |service| service.no_effect);
        gates
            .iter()
            .chain(self.no_effect)
            .any(|refusal| refusal.matches(code, text))
    }
}

/// One stream.
#[derive(Debug)]
pub struct StreamRow {
    /// What may be missing after a reconnect: `none`, `updates` (every outcome is told, but not every
    /// step towards it) or `events`.
    pub gap: &'static str,
    /// Everything else. Its result is one message of the stream, its deadline that of the look-ups that
    /// the stream makes when it begins and after a reconnect.
    pub row: MethodRow,
}

/// Something that can be printed as a JSON object, on the caller's thread.
pub(crate) trait Printable: Send {
    fn print(&self) -> Result<String, Error>;
}

impl<T: Serialize + Send> Printable for T {
    fn print(&self) -> Result<String, Error> {
        serde_json::to_string(self).map_err(|error| {
            Error::local(
                Status::Panic,
                format!("the result cannot be printed: {error}"),
                "report this as a defect of the library",
            )
        })
    }
}

type Running = Pin<Box<dyn Future<Output = Result<Box<dyn Printable>, Error>> + Send>>;

/// A method whose parameters are read and checked, waiting for its context.
pub(crate) type Prepared<C> = Box<dyn FnOnce(C) -> Running + Send>;

fn parse<T: DeserializeOwned>(row: &MethodRow, params: &str) -> Result<T, Error> {
    strict_json::parse(params, row.max_input_bytes)
}

type Watching = Pin<Box<dyn Future<Output = Error> + Send>>;

/// A stream whose parameters are read and checked, waiting for its subscriber. Tells why it ended.
pub(crate) type PreparedStream<S> = Box<dyn FnOnce(S) -> Watching + Send>;

/// The row of a stream of a service.
pub(crate) fn find_stream(
    service: &'static str,
    stream: &str,
) -> Result<&'static StreamRow, Error> {
    STREAMS
        .iter()
        .find(|entry| entry.row.service == service && entry.row.name == stream)
        .ok_or_else(|| unknown_stream(service, stream))
}

fn unknown_stream(service: &'static str, stream: &str) -> Error {
    Error::local(
        Status::UnknownMethod,
        format!("{service} has no stream `{}`", shown(stream)),
        format!("use one of: {}", stream_names(service).join(", ")),
    )
    .with_service(service)
}

pub(crate) fn stream_names(service: &str) -> Vec<&'static str> {
    STREAMS
        .iter()
        .map(|entry| &entry.row)
        .filter(|row| row.service == service)
        .map(|row| row.name)
        .collect()
}

/// A caller's name, fit for a message.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(64).collect()
}

/// The row of a method of a service.
pub(crate) fn find(service: &'static str, method: &str) -> Result<&'static MethodRow, Error> {
    METHODS
        .iter()
        .find(|row| row.service == service && row.name == method)
        .ok_or_else(|| unknown_method(service, method))
}

pub(crate) fn names(service: &str) -> Vec<&'static str> {
    METHODS
        .iter()
        .filter(|row| row.service == service)
        .map(|row| row.name)
        .collect()
}

fn unknown_method(service: &'static str, method: &str) -> Error {
    Error::local(
        Status::UnknownMethod,
        format!("{service} has no method `{}`", shown(method)),
        format!("use one of: {}", names(service).join(", ")),
    )
    .with_service(service)
}

/// The whole registry with the schemas of parameters and results, as JSON.
pub fn methods_json() -> String {
    let methods: Vec<Value> = METHODS.iter().map(describe).collect();
    let services: Vec<Value> = SERVICES
        .iter()
        .map(|service| json!({ "name": service.name, "doc": service.doc }))
        .collect();
    let streams: Vec<Value> = STREAMS.iter().map(describe_stream).collect();
    json!({ "services": services, "methods": methods, "streams": streams }).to_string()
}

fn describe_stream(stream: &StreamRow) -> Value {
    let row = &stream.row;
    json!({
        "name": row.name,
        "service": row.service,
        "rpcs": row.rpcs,
        "permissions": row.permissions,
        "needs": needs_name(row.needs),
        "gap": stream.gap,
        "errors": row.errors,
        "doc": row.doc,
        "params": row.params_schema(),
        "message": row.result_schema(),
    })
}

fn needs_name(needs: Needs) -> &'static str {
    match needs {
        Needs::Nothing => "nothing",
        Needs::Answering => "answering",
        Needs::ServerActive => "server_active",
        Needs::Synced => "synced",
    }
}

fn describe(row: &MethodRow) -> Value {
    json!({
        "name": row.name,
        "service": row.service,
        "rpcs": row.rpcs,
        "class": row.class.letter(),
        "lane": row.lane.name(),
        "deadline_ms": row.deadline_ms,
        "configured_deadline": row.configured_deadline,
        "permissions": row.permissions,
        "needs": needs_name(row.needs),
        "reconcile": Some(row.reconcile).filter(|text| !text.is_empty()),
        "errors": row.errors,
        "doc": row.doc,
        "params": row.params_schema(),
        "result": row.result_schema(),
    })
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_object_is_closed() {
        for row in METHODS.iter().chain(STREAMS.iter().map(|entry| &entry.row)) {
            let schema = row.params_schema();
            assert_eq!(schema["additionalProperties"], false, "{}", row.name);
            assert_eq!(row.result_schema()["type"], "object", "{}", row.name);
        }
    }

    #[test]
    fn named_errors_exist() {
        for row in METHODS.iter().chain(STREAMS.iter().map(|entry| &entry.row)) {
            for name in row.errors {
                assert!(
                    Status::ALL.iter().any(|status| status.name() == *name),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn only_the_beginning_of_a_text_proves_anything() {
        let row = find("lnd", "send_payment").unwrap();
        assert!(row.proves_no_effect(2, "wallet locked, unlock it to enable full RPC access"));
        assert!(row.proves_no_effect(2, "invoice expired. Valid until 2026"));
        assert!(!row.proves_no_effect(2, "peer said: invoice expired. Valid until 2026"));
        assert!(!row.proves_no_effect(14, "wallet locked, unlock it to enable full RPC access"));
        let row = find("lnd", "open_channel").unwrap();
        assert!(row.proves_no_effect(2, "peer 02ab is not online"));
        for text in [
            "peer  is not online",
            "peer said: peer 02ab is not online",
            "peer 02 ab is not online",
        ] {
            assert!(!row.proves_no_effect(2, text), "{text}");
        }
    }
}
