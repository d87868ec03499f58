//! Brings the nodes back to the state in which every scenario starts, and waits until they can pay.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use crate::network::Network;
use crate::polling::before_next_look;

const LIMIT: Duration = Duration::from_secs(90);
const POLL_INTERVAL: Duration = Duration::from_millis(100);
const PROOF_SAT: u64 = 10;

/// Pays small invoices past the library until one arrives: after a restart, or on a fresh channel, nodes
/// say "active" some time before they can route.
pub fn wait_payable(network: &dyn Network, payer: &str, payee: &str) -> Result<()> {
    let start = Instant::now();
    loop {
        let last = match pay_once(network, payer, payee) {
            Ok(status) if status == "SUCCEEDED" => return Ok(()),
            Ok(status) => match forget_failures(network, payer) {
                Ok(()) => status,
                Err(error) => format!("{status}; {error:#}"),
            },
            Err(error) => format!("{error:#}"),
        };
        if start.elapsed() > LIMIT {
            bail!("{payer} cannot pay {payee} within {LIMIT:?}; last try: {last}");
        }
        before_next_look(POLL_INTERVAL);
    }
}

/// lnd remembers a hop that failed once, as on a channel that was not up yet, and tries it again only
/// after a minute and a half.
fn forget_failures(network: &dyn Network, payer: &str) -> Result<()> {
    let rest = network.node(payer)?.rest()?;
    rest.call("POST", "/v2/router/mc/reset", Some(&json!({})))?;
    Ok(())
}

fn pay_once(network: &dyn Network, payer: &str, payee: &str) -> Result<String> {
    let order = json!({"value": PROOF_SAT.to_string(), "memo": "can it be paid?", "private": true});
    let invoice = network
        .node(payee)?
        .rest()?
        .call("POST", "/v1/invoices", Some(&order))?;
    let order = json!({
        "payment_request": invoice.get("payment_request").context("no payment_request")?,
        "timeout_seconds": 10,
        "fee_limit_msat": "100000",
        "no_inflight_updates": true,
    });
    let updates = network
        .node(payer)?
        .rest()?
        .stream("POST", "/v2/router/send", Some(&order))?;
    let last = updates.last().cloned().unwrap_or_default();
    let text = |key: &str| {
        last.get(key)
            .and_then(Value::as_str)
            .unwrap_or("nothing")
            .to_owned()
    };
    match text("status").as_str() {
        "SUCCEEDED" => Ok("SUCCEEDED".into()),
        status => Ok(format!("{status}, {}", text("failure_reason"))),
    }
}

/// After a scenario that failed half-way: nodes run, and no held payment blocks the channel.
pub fn recover(network: &dyn Network) -> Result<()> {
    for name in ["alice", "bob"] {
        // One of the two is refused by a node that is in order.
        let _ = network.resume(name);
        let _ = network.start_again(name);
    }
    for name in ["alice", "bob"] {
        let rest = network.node(name)?.rest()?;
        let path = "/v1/invoices?pending_only=true&num_max_invoices=1000";
        let list = rest.call("GET", path, None)?;
        for invoice in list
            .get("invoices")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if invoice.get("state").and_then(Value::as_str) == Some("ACCEPTED") {
                let order = json!({"payment_hash": invoice.get("r_hash")});
                rest.call("POST", "/v2/invoices/cancel", Some(&order))?;
            }
        }
    }
    wait_payable(network, "alice", "bob")
}
