//! The door of a service, as a call finds it: breaker and lane are asked on the caller's thread, before
//! anything else moves; only a full lane makes it wait, inside of the drive.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::execution::GRACE;
use super::failure;
use super::registry::{Class, MethodRow, Passes};
use crate::error::Error;
use crate::resilience::{Call, Deadline, LaneEntry, NotAdmitted, Policies, ProbePermit};
use crate::transport::Runtime;

/// Time limit of the health read that decides whether the breaker closes.
const PROBE_TIME: Duration = Duration::from_secs(5);

/// What the door said.
pub(super) enum Admission {
    /// The call may run, in its lane.
    Lane(LaneEntry),
    /// It runs beside all lanes: holding it up would cost somebody money.
    Beside,
    /// Nothing of it may be sent.
    Refused(NotAdmitted),
}

/// Asks breaker and lane. `probe` makes the health read of a breaker whose time has come, and returns
/// when its outcome is there or the call is over.
pub(super) fn ask(
    policies: &Arc<Policies>,
    row: &MethodRow,
    params_json: &str,
    call: &Call,
    probe: impl FnOnce(ProbePermit),
) -> Admission {
    if cfg!(feature = "policies-off") || passes(row, params_json) {
        call.pass();
        return Admission::Beside;
    }
    if !policies.is_closed()
        && let Some(permit) = policies.try_probe()
    {
        probe(permit);
    }
    let entered = policies.admit().and_then(|()| policies.enter(row.lane));
    match entered {
        Ok(entry) => Admission::Lane(entry),
        Err(refusal) => Admission::Refused(refusal),
    }
}

impl Admission {
    /// Hands a refused read back. A refused write goes on, barred: its method knows whether an earlier
    /// try may have been executed, and a `no` would be read as a word on that one too.
    pub(super) fn settle(
        self,
        row: &MethodRow,
        call: &Call,
    ) -> Result<Option<LaneEntry>, NotAdmitted> {
        match self {
            Self::Lane(entry) => Ok(Some(entry)),
            Self::Beside => Ok(None),
            Self::Refused(refusal) if row.class == Class::Read => Err(refusal),
            Self::Refused(refusal) => {
                call.bar(refusal);
                Ok(None)
            }
        }
    }
}

/// Runs a call in its lane.
pub(super) async fn run_in<T>(
    entry: Option<LaneEntry>,
    call: Arc<Call>,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if let Some(entry) = entry {
        call.take_place(entry).await;
    }
    let outcome = work.await;
    call.leave_lane();
    outcome
}

fn passes(row: &MethodRow, params_json: &str) -> bool {
    match row.passes {
        Passes::Never => false,
        Passes::Always => true,
        Passes::If(flag) => {
            // The parameters were checked; this row's are a few short fields.
            let params = serde_json::from_str::<Value>(params_json);
            params.is_ok_and(|params| params.get(flag) == Some(&true.into()))
        }
    }
}

/// Makes the health read of a breaker whose time has come, beside the call that found it due: it goes on
/// when that call has no time left for it. `waits`: until the outcome is there.
pub(super) fn probe(
    runtime: &Runtime,
    asked: impl Future<Output = Value> + Send + 'static,
    permit: ProbePermit,
    waits: Option<&Arc<Call>>,
) {
    let (tell, told) = tokio::sync::oneshot::channel::<()>();
    runtime.spawn(async move {
        if failure::is_sign_of_life(&asked.await) {
            permit.success();
        } else {
            permit.failure();
        }
        drop(tell);
    });
    if let Some(call) = waits {
        let (call, limit) = (Arc::clone(call), call.deadline().plus(GRACE));
        // However it ends, the breaker is asked next.
        let _ = runtime.run(limit, async move { call.within(told).await.is_ok() });
    }
}

/// The time limit of a health read that is made for its own sake.
pub(super) fn probe_limit() -> Deadline {
    Deadline::after(PROBE_TIME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::registry::find;

    #[test]
    fn what_must_not_wait_passes() {
        let passing = |method, params| passes(find("lnd", method).unwrap(), params);
        assert!(passing("settle_invoice", "{}") && passing("cancel_invoice", "{}"));
        assert!(passing(
            "close_channel",
            r#"{"channel_id":"1","force":true}"#
        ));
        assert!(!passing(
            "close_channel",
            r#"{"channel_id":"1","force":false}"#
        ));
        assert!(!passing("close_channel", r#"{"channel_id":"1"}"#));
        assert!(!passing("send_payment", "{}") && !passing("get_info", "{}"));
    }
}
