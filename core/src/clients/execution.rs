//! From a blocking call to the worker and back: time limit, places in flight, panics, and the error's
//! last touches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::options::{CallOptions, Operation};
use super::registry::{Class, MethodRow, Printable};
use super::{failure, lnd, staleness};
use crate::error::{Error, Executed, Reconcile, Status};
use crate::locks::{Condvar, Mutex};
use crate::resilience::{Call, Deadline};
use crate::transport::RunFailure;

/// A worker that does not come back within this time after the deadline is given up.
pub(super) const GRACE: Duration = Duration::from_millis(250);

/// The time limit of a call: the caller's, the configuration's where the row allows it, the row's.
pub(super) fn deadline(
    row: &MethodRow,
    options: &CallOptions,
    configured: Option<Duration>,
) -> Deadline {
    let configured = configured.filter(|_| row.configured_deadline);
    let usual = Duration::from_millis(row.deadline_ms);
    Deadline::after(options.timeout.or(configured).unwrap_or(usual))
}

/// What the worker brought back, as the caller sees it.
pub(super) fn finish(
    row: &'static MethodRow,
    call: &Call,
    operation: Option<Operation>,
    outcome: Result<Result<Box<dyn Printable>, Error>, RunFailure>,
    params_json: &str,
) -> Result<String, Error> {
    let printed = match outcome {
        Ok(Ok(result)) => result
            .print()
            .map(|json| {
                if row.stale {
                    staleness::fresh(json)
                } else {
                    json
                }
            })
            .map_err(|error| error.with_executed(written(row))),
        Ok(Err(error)) => Err(error),
        Err(failure) => {
            let error = given_up(row, call, &failure);
            Err(match error.executed() {
                Executed::Unknown => with_look_up(error, row, operation.as_ref(), params_json),
                _ => error,
            })
        }
    };
    printed.map_err(|error| {
        error
            .with_place(row.service, row.name)
            .with_operation_id(operation.map(|operation| operation.id))
            .with_effort(call.attempts(), call.deadline().elapsed())
    })
}

fn written(row: &MethodRow) -> Executed {
    if row.class == Class::Read {
        Executed::No
    } else {
        Executed::Yes
    }
}

/// The worker brought nothing back: what is proven follows from the latches alone.
fn given_up(row: &MethodRow, call: &Call, failure: &RunFailure) -> Error {
    let proven = call.withdraw() && !call.is_in_doubt();
    let executed = if proven || row.class == Class::Read {
        Executed::No
    } else {
        Executed::Unknown
    };
    let error = match failure {
        RunFailure::Starved => failure::deadline_exceeded(),
        RunFailure::ShutDown => closed(),
        RunFailure::Panicked => Error::local(
            Status::Panic,
            "a defect of this library was caught; the manager goes on working",
            "report it with the version and the method",
        ),
    };
    error.with_executed(executed)
}

/// The method itself brought back no recipe: its operation can be looked up, where it has a look-up.
fn with_look_up(
    error: Error,
    row: &MethodRow,
    operation: Option<&Operation>,
    params_json: &str,
) -> Error {
    let params: Value = serde_json::from_str(params_json).unwrap_or_else(|_| json!({}));
    let recipe = |method, params| Reconcile {
        method,
        params,
        decisive_after: None,
    };
    // An error is logged: a preimage has no place in it. Its invoice is found by its hash.
    if let Some(preimage) = params.get("preimage") {
        return match preimage.as_str().and_then(hash_of) {
            Some(hash) => {
                error.with_reconcile(recipe("lookup_invoice", json!({ "payment_hash": hash })))
            }
            None => error,
        };
    }
    match operation {
        Some(operation) if row.service == "lnd" && lnd::is_looked_up(row.name) => {
            let params =
                json!({ "operation_id": operation.id, "method": row.name, "params": params });
            error.with_reconcile(recipe("lookup_operation", params))
        }
        _ => error,
    }
}

/// The payment hash of a preimage in hex.
fn hash_of(preimage: &str) -> Option<String> {
    let bytes = hex::decode(preimage).ok()?;
    (bytes.len() == 32).then(|| hex::encode(digest(&SHA256, &bytes)))
}

pub(super) fn closed() -> Error {
    Error::local(
        Status::Closed,
        "the manager was closed",
        "make a new manager",
    )
}

/// Counts the calls in flight, refuses new ones once closed, and tells when the last one has left.
#[derive(Default)]
pub(super) struct Gate {
    state: Mutex<GateState>,
    left: Condvar,
}

#[derive(Default)]
struct GateState {
    closed: bool,
    inside: usize,
}

/// A call in flight.
pub(super) struct Inside(Arc<Gate>);

impl Gate {
    pub(super) fn enter(self: &Arc<Self>) -> Result<Inside, Error> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(closed());
        }
        state.inside += 1;
        Ok(Inside(Arc::clone(self)))
    }

    /// Refuses new calls and waits until the present ones have left; false when some remain.
    pub(super) fn close(&self, limit: Instant) -> bool {
        let mut state = self.state.lock();
        state.closed = true;
        while state.inside > 0 {
            let late;
            (state, late) = self.left.wait_until(state, limit);
            if late {
                return state.inside == 0;
            }
        }
        true
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.inside -= 1;
        // Only closing waits for this; a notification costs a system call even when nobody listens.
        if state.inside == 0 && state.closed {
            self.0.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio_util::sync::CancellationToken;

    fn given_up_in_doubt(method: &str, params: &str) -> Error {
        let row = crate::clients::registry::find("lnd", method).unwrap();
        let limit = Deadline::after(Duration::from_secs(5));
        let call = Call::new(limit, None, CancellationToken::new(), true);
        call.set_doubt(true);
        let operation = Operation::of(row, Some("an-id".to_owned())).unwrap();
        finish(row, &call, operation, Err(RunFailure::Starved), params).unwrap_err()
    }

    #[test]
    fn a_write_that_was_given_up_in_doubt_says_how_to_look_it_up() {
        let error = given_up_in_doubt("send_onchain", r#"{"amount":5}"#);
        assert_eq!(error.executed(), Executed::Unknown);
        let recipe = error.reconcile().unwrap();
        assert_eq!(recipe.method, "lookup_operation");
        let wanted = json!({
            "operation_id": "an-id", "method": "send_onchain", "params": { "amount": 5 },
        });
        assert_eq!(recipe.params, wanted);
        // Not a secret, but its hash; and no look-up that does not exist.
        let zeros = "00".repeat(32);
        let secret = given_up_in_doubt("settle_invoice", &format!(r#"{{"preimage":"{zeros}"}}"#));
        let recipe = secret.reconcile().unwrap();
        assert_eq!(recipe.method, "lookup_invoice");
        let hash = "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925";
        assert_eq!(recipe.params, json!({ "payment_hash": hash }));
        assert_eq!(given_up_in_doubt("new_address", "").reconcile(), None);
    }

    #[test]
    fn a_closed_gate_lets_nobody_in_and_knows_who_is_left() {
        let gate = Arc::new(Gate::default());
        let inside = gate.enter().unwrap();
        assert!(!gate.close(Instant::now() + Duration::from_millis(20)));
        assert_eq!(gate.enter().err().unwrap().status(), Status::Closed);
        drop(inside);
        assert!(gate.close(Instant::now()));
    }
}
