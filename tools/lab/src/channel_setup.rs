//! A funded channel between two nodes, proven by payments in both directions.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::bitcoin_chain::BitcoinChain;
use crate::error::{LabError, Result};
use crate::lightning_node::LightningNode;
use crate::lightning_peers;
use crate::process::Daemon;
use crate::timeline::Timeline;
use crate::waiter::Waiter;

const FUNDS_LIMIT: Duration = Duration::from_secs(60);
const CHANNEL_LIMIT: Duration = Duration::from_secs(60);
const PAYMENT_LIMIT: Duration = Duration::from_secs(60);
/// Enough to make a channel final for both sides and visible to gossip.
const CONFIRMATIONS: u32 = 6;
const PROOF_SAT: u64 = 1_000;

/// Who funds a channel to whom, and with how much.
pub struct ChannelPlan<'a> {
    pub from: &'a LightningNode,
    pub to: &'a LightningNode,
    pub capacity_sat: u64,
    pub push_sat: u64,
    /// Sent on chain to the other side, so that it can open channels and pay too.
    pub onchain_sat: u64,
}

/// Opens the channel, waits until it is active, and pays both ways.
pub fn open_and_prove(
    plan: &ChannelPlan<'_>,
    chain: &BitcoinChain,
    waiter: &Waiter,
    timeline: &Timeline,
) -> Result<()> {
    let height = chain.height()?;
    for node in [plan.from, plan.to] {
        node.wait_until_synced(height)?;
    }
    wait_for_funds(plan.from, plan.capacity_sat + plan.onchain_sat, waiter)?;
    timeline.reached("nodes synced, funds there");
    let sent = send_onchain(plan)?;
    let opened = open(plan)?;
    timeline.reached("channel opened");
    chain.wait_for_transactions(&[&sent, &opened], FUNDS_LIMIT)?;
    chain.mine(CONFIRMATIONS)?;
    for node in [plan.from, plan.to] {
        wait_for_active_channel(node, &opened, waiter)?;
    }
    timeline.reached("channel active on both sides");
    prove_payment(plan.from, plan.to, waiter)?;
    timeline.reached("paid over the channel");
    prove_payment(plan.to, plan.from, waiter)?;
    timeline.reached("paid back");
    wait_for_funds(plan.to, plan.onchain_sat, waiter)
}

fn wait_for_funds(node: &LightningNode, at_least: u64, waiter: &Waiter) -> Result<()> {
    let rest = node.rest()?;
    waiter.until("confirmed on-chain funds", FUNDS_LIMIT, || {
        let balance = rest.call("GET", "/v1/balance/blockchain", None)?;
        let text = balance
            .get("confirmed_balance")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match text.parse::<u64>() {
            Ok(confirmed) if confirmed >= at_least => Ok(()),
            _ => Err(LabError::NotYet(format!("balance {balance}"))),
        }
    })
}

fn send_onchain(plan: &ChannelPlan<'_>) -> Result<String> {
    let address = new_address(plan.to)?;
    let order = json!({"addr": address, "amount": plan.onchain_sat.to_string(), "target_conf": 6});
    let sent = plan
        .from
        .rest()?
        .call("POST", "/v1/transactions", Some(&order))?;
    text(&sent, "txid")
}

/// A fresh native SegWit address of the node's wallet.
pub fn new_address(node: &LightningNode) -> Result<String> {
    text(
        &node.rest()?.call("GET", "/v1/newaddress", None)?,
        "address",
    )
}

/// Gives the id of the funding transaction.
fn open(plan: &ChannelPlan<'_>) -> Result<String> {
    let rest = plan.from.rest()?;
    let peer = plan.to.access();
    lightning_peers::connect(plan.from, plan.to)?;
    let key = hex::decode(&peer.pubkey).map_err(|error| LabError::unexpected("GetInfo", error))?;
    let order = json!({
        "node_pubkey": BASE64.encode(key),
        "local_funding_amount": plan.capacity_sat.to_string(),
        "push_sat": plan.push_sat.to_string(),
        "target_conf": 6,
    });
    let opened = rest.call("POST", "/v1/channels", Some(&order))?;
    let bytes = text(&opened, "funding_txid_bytes")?;
    let mut bytes = BASE64
        .decode(bytes)
        .map_err(|e| LabError::unexpected("OpenChannel", e))?;
    // Hashes travel in wire order and are shown the other way round.
    bytes.reverse();
    Ok(hex::encode(bytes))
}

fn wait_for_active_channel(node: &LightningNode, txid: &str, waiter: &Waiter) -> Result<()> {
    let what = format!("an active channel at {}", node.process().name());
    waiter.until(&what, CHANNEL_LIMIT, || {
        node.process().check_running()?;
        let channels = lightning_peers::channels(node)?;
        let opened = channels.iter().find(|channel| {
            let point = channel.get("channel_point").and_then(Value::as_str);
            point.is_some_and(|point| point.starts_with(txid))
        });
        match opened {
            Some(channel) if lightning_peers::is_active(channel) => Ok(()),
            other => Err(LabError::NotYet(format!("channel {other:?}"))),
        }
    })
}

/// Pays one invoice. An active channel cannot be paid over until the gossip about it is processed:
/// the payment then ends as FAILED, and the same invoice may be tried again.
pub fn prove_payment(payer: &LightningNode, payee: &LightningNode, waiter: &Waiter) -> Result<()> {
    let invoice = json!({"value": PROOF_SAT.to_string(), "memo": "lab: is the channel usable"});
    let invoice = payee.rest()?.call("POST", "/v1/invoices", Some(&invoice))?;
    let order = json!({
        "payment_request": text(&invoice, "payment_request")?,
        "timeout_seconds": 15,
        "fee_limit_sat": "100",
        "no_inflight_updates": true,
    });
    let rest = payer.rest()?;
    let (from, to) = (payer.process().name(), payee.process().name());
    waiter.until(
        &format!("a payment from {from} to {to}"),
        PAYMENT_LIMIT,
        || {
            let updates = rest.stream("POST", "/v2/router/send", Some(&order))?;
            let last = updates.last().cloned().unwrap_or_default();
            match last.get("status").and_then(Value::as_str) {
                Some("SUCCEEDED") => Ok(()),
                _ => Err(LabError::NotYet(format!(
                    "status {}, reason {}",
                    last.get("status").unwrap_or(&Value::Null),
                    last.get("failure_reason").unwrap_or(&Value::Null)
                ))),
            }
        },
    )
}

fn text(answer: &Value, field: &str) -> Result<String> {
    let value = answer.get(field).and_then(Value::as_str);
    Ok(value
        .ok_or_else(|| LabError::unexpected(field, answer))?
        .to_owned())
}
