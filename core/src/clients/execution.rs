//! From a blocking call to the worker and back: time limit, places in flight, panics, and the error's
//! last touches.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::failure;
use super::options::{CallOptions, Operation};
use super::registry::{Class, MethodRow, Printable};
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
    params_json: &str,
    outcome: Result<Result<Box<dyn Printable>, Error>, RunFailure>,
) -> Result<String, Error> {
    let printed = match outcome {
        Ok(Ok(result)) => result
            .print()
            .map_err(|error| error.with_executed(written(row))),
        Ok(Err(error)) => Err(error),
        Err(failure) => Err(given_up(row, call, &failure)),
    };
    printed.map_err(|error| {
        findable(error, row, operation.as_ref(), params_json)
            .with_place(row.service, row.name)
            .with_operation_id(operation.map(|operation| operation.id))
            .with_effort(call.attempts(), call.deadline().elapsed())
    })
}

/// A call that was given up had no time to say how its doubt is settled.
fn findable(
    error: Error,
    row: &MethodRow,
    operation: Option<&Operation>,
    params_json: &str,
) -> Error {
    let (Some(operation), None) = (operation, error.reconcile()) else {
        return error;
    };
    if error.executed() != Executed::Unknown {
        return error;
    }
    let params: Value = serde_json::from_str(params_json).unwrap_or_default();
    error.with_reconcile(Reconcile {
        method: "lookup_operation",
        params: json!({ "operation_id": operation.id, "method": row.name, "params": params }),
        decisive_after: None,
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

    #[test]
    fn a_closed_gate_lets_nobody_in_and_knows_who_is_left() {
        let gate = Arc::new(Gate::default());
        let inside = gate.enter().unwrap();
        assert!(!gate.close(Instant::now() + Duration::from_millis(20)));
        assert_eq!(gate.enter().err().unwrap().status(), Status::Closed);
        drop(inside);
        assert!(gate.close(Instant::now()));
    }

    #[test]
    fn who_gives_up_a_call_knows_nothing_about_earlier_tries() {
        let row = super::super::registry::find("lnd", "send_onchain").unwrap();
        let call = Call::new(
            Deadline::after(Duration::ZERO),
            None,
            tokio_util::sync::CancellationToken::new(),
            true,
        );
        let operation = || {
            Some(Operation {
                id: "rent".to_owned(),
                given: true,
            })
        };
        let finished = || {
            let outcome = Err(RunFailure::Starved);
            finish(row, &call, operation(), "{\"amount\":5}", outcome).unwrap_err()
        };
        let error = finished();
        assert_eq!(
            error.executed(),
            Executed::No,
            "nothing was sent, nothing before"
        );
        assert!(error.reconcile().is_none());
        call.set_doubt(true);
        let error = finished();
        assert_eq!(error.executed(), Executed::Unknown);
        let recipe = error.reconcile().unwrap();
        assert_eq!(recipe.method, "lookup_operation");
        assert_eq!(
            recipe.params,
            json!({ "operation_id": "rent", "method": "send_onchain", "params": { "amount": 5 } })
        );
    }
}
