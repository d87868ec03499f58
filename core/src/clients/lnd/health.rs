//! How an lnd is doing, asked now: its state, which needs no macaroon, then its own view of itself.

use std::time::Instant;

use serde_json::{Value, json};

use super::context::Context;
use super::get_info::ask;
use super::refusal;
use crate::clients::failure;
use crate::resilience::{Attempt, AttemptError, Fault};
use crate::transport::generated::lnrpc::{GetStateRequest, WalletState};

/// `up`, `degraded`, `read_only` or `down`, with the reason.
pub(crate) async fn health(context: &Context) -> Value {
    let started = Instant::now();
    // What is asked for the node's health is not held up by what went wrong before.
    context.node().forgive();
    let state = match get_state(context).await {
        Ok(state) => {
            context.node().forgive();
            state
        }
        Err(failure) => return failure::health_report(&context.error(&failure)),
    };
    let latency = started.elapsed().as_secs_f64() * 1000.0;
    let (status, reason, info) = match WalletState::try_from(state) {
        Ok(WalletState::ServerActive) => judge(context).await,
        Ok(WalletState::RpcActive) => ("read_only", Some("lnd is still starting"), None),
        Ok(WalletState::Locked) => ("read_only", Some("the wallet is locked"), None),
        Ok(WalletState::NonExisting) => ("read_only", Some("there is no wallet yet"), None),
        _ => ("read_only", Some("lnd is starting"), None),
    };
    json!({
        "status": status, "reason": reason, "hint": null, "code": null,
        "state": state_name(state), "latency_ms": (latency * 1000.0).round() / 1000.0, "info": info,
    })
}

async fn judge(context: &Context) -> (&'static str, Option<&'static str>, Option<Value>) {
    match ask(context).await {
        Ok(info) => {
            let summary = json!({
                "identity_pubkey": info.identity_pubkey, "alias": info.alias, "version": info.version,
                "block_height": info.block_height, "synced_to_chain": info.synced_to_chain,
                "synced_to_graph": info.synced_to_graph,
            });
            if info.synced_to_chain {
                ("up", None, Some(summary))
            } else {
                (
                    "degraded",
                    Some("the node is not in sync with its chain"),
                    Some(summary),
                )
            }
        }
        Err(AttemptError {
            fault: Fault::Answered(answer),
            ..
        }) if refusal::is_permission(&answer) => (
            "up",
            Some("told by the state alone: the macaroon lacks info:read"),
            None,
        ),
        Err(AttemptError {
            fault: Fault::Answered(answer),
            ..
        }) if refusal::is_about_credentials(&answer) => {
            ("read_only", Some("the macaroon is refused"), None)
        }
        Err(_) => ("degraded", Some("GetState answers, GetInfo does not"), None),
    }
}

async fn get_state(context: &Context) -> Result<i32, AttemptError> {
    let client = context.node().state();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, GetStateRequest {});
        async move {
            client
                .get_state(request)
                .await
                .map(|answer| answer.into_inner().state)
        }
    };
    context.read(send).await
}

fn state_name(state: i32) -> String {
    match WalletState::try_from(state) {
        Ok(known) => known.as_str_name().to_ascii_lowercase(),
        Err(_) => format!("unknown_{state}"),
    }
}
