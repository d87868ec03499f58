//! What is ordered of the library: a channel, a payment on the chain, the close of a channel. Each order
//! has an amount, address or channel that no other one has.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkgrpc_lab::Rest;
use serde_json::{Value, json};

use super::books::{channels, list, text};
use crate::made;
use crate::network::Network;
use crate::player::Reply;
use crate::polling::before_next_look;

const LIMIT: Duration = Duration::from_secs(90);
/// How long the answer to a close is listened to.
const LISTENING: Duration = Duration::from_secs(1);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Open,
    Send,
    /// Of outputs that the caller chose.
    SendChosen,
    Close,
}

impl Kind {
    pub fn method(self) -> &'static str {
        match self {
            Kind::Open => "open_channel",
            Kind::Send | Kind::SendChosen => "send_onchain",
            Kind::Close => "close_channel",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Order {
    pub kind: Kind,
    pub operation_id: String,
    /// Satoshis.
    pub amount: u64,
    /// Where a payment goes; empty for others.
    pub address: String,
    /// The channel that is to be closed; empty for others.
    pub point: String,
    pub params: Value,
}

impl Order {
    pub fn prepare(network: &dyn Network, kind: Kind) -> Result<Self> {
        let amount = fresh_amount()?;
        wait_until_synced(network)?;
        let mut order = Self {
            kind,
            operation_id: made::make("random 16")?,
            amount,
            address: String::new(),
            point: String::new(),
            params: Value::Null,
        };
        let bob = network.node("bob")?;
        order.params = match kind {
            Kind::Open => json!({"pubkey": bob.pubkey, "amount": amount, "memo": "under fire"}),
            Kind::Send => {
                order.address = new_address(network, "bob")?;
                json!({"address": order.address, "amount": amount})
            }
            Kind::SendChosen => {
                order.address = new_address(network, "bob")?;
                let outpoint = own_output(network)?;
                json!({"address": order.address, "amount": amount, "outpoints": [outpoint]})
            }
            Kind::Close => {
                order.point = open_past_the_library(network, amount)?;
                json!({"channel_id": order.point})
            }
        };
        Ok(order)
    }

    /// What the library says of the thing must be what it is.
    pub fn is_about_it(&self, reply: &Reply) -> bool {
        match self.kind {
            Kind::Open => reply.json["capacity"] == self.amount,
            Kind::Send | Kind::SendChosen => reply.json["address"] == self.address.as_str(),
            Kind::Close => reply.json["channel_point"] == self.point.as_str(),
        }
    }

    /// Leaves no channel behind, and nothing unconfirmed.
    pub fn clean_up(&self, network: &dyn Network) -> Result<()> {
        network.mine(6)?;
        match self.kind {
            Kind::Send | Kind::SendChosen => Ok(()),
            Kind::Close => wait_until_gone(network, |channel| {
                text(channel, "channel_point") == self.point
            }),
            Kind::Open => {
                let amount = self.amount.to_string();
                close_past_the_library(network, |channel| text(channel, "capacity") == amount)
            }
        }
    }
}

/// lnd opens no channel while its wallet lags behind the blocks just mined.
fn wait_until_synced(network: &dyn Network) -> Result<()> {
    let start = Instant::now();
    loop {
        let info = network
            .node("alice")?
            .rest()?
            .call("GET", "/v1/getinfo", None)?;
        if info["synced_to_chain"] == true {
            return Ok(());
        }
        ensure!(start.elapsed() < LIMIT, "alice's node stays behind: {info}");
        before_next_look(POLL_INTERVAL);
    }
}

/// Larger than the smallest channel, and different from all others with near certainty.
fn fresh_amount() -> Result<u64> {
    let random = made::random(4)?;
    let random = random
        .iter()
        .fold(0, |sum, byte| sum * 256 + u64::from(*byte));
    Ok(40_000 + random % 400_000)
}

fn new_address(network: &dyn Network, name: &str) -> Result<String> {
    let path = "/v1/newaddress?type=0";
    let answer = network.node(name)?.rest()?.call("GET", path, None)?;
    Ok(text(&answer, "address").to_owned())
}

/// A confirmed output of alice's that is large enough.
fn own_output(network: &dyn Network) -> Result<String> {
    let address = new_address(network, "alice")?;
    let rest = network.node("alice")?.rest()?;
    let order = json!({"addr": address, "amount": "600000", "target_conf": 6});
    rest.call("POST", "/v1/transactions", Some(&order))?;
    network.mine(1)?;
    let start = Instant::now();
    loop {
        let path = "/v1/utxos?min_confs=1&max_confs=1000000";
        let unspent = rest.call("GET", path, None)?;
        let ours = list(&unspent, "utxos").find(|output| text(output, "address") == address);
        if let Some(point) = ours.and_then(|output| output.get("outpoint")) {
            return Ok(format!(
                "{}:{}",
                text(point, "txid_str"),
                point["output_index"]
            ));
        }
        ensure!(
            start.elapsed() < LIMIT,
            "alice's own output does not appear"
        );
        before_next_look(POLL_INTERVAL);
    }
}

fn open_past_the_library(network: &dyn Network, amount: u64) -> Result<String> {
    let bob = network.node("bob")?;
    let alice = network.node("alice")?.rest()?;
    let order = json!({
        "node_pubkey": made::make(&format!("base64 {}", bob.pubkey))?,
        "local_funding_amount": amount.to_string(),
        "target_conf": 6,
    });
    alice.call("POST", "/v1/channels", Some(&order))?;
    network.mine(6)?;
    let amount = amount.to_string();
    let start = Instant::now();
    loop {
        let open = alice.call("GET", "/v1/channels", None)?;
        let ours = list(&open, "channels")
            .find(|channel| text(channel, "capacity") == amount && channel["active"] == true);
        if let Some(channel) = ours {
            return Ok(text(channel, "channel_point").to_owned());
        }
        ensure!(start.elapsed() < LIMIT, "the channel does not open: {open}");
        before_next_look(POLL_INTERVAL);
    }
}

/// Closes the open channels that are meant, each once it can be closed, and mines until none is left.
fn close_past_the_library(network: &dyn Network, is_it: impl Fn(&Value) -> bool) -> Result<()> {
    let alice = network.node("alice")?.rest()?;
    let start = Instant::now();
    loop {
        let open = alice.call("GET", "/v1/channels", None)?;
        let pending = alice.call("GET", "/v1/channels/pending", None)?;
        let opening = list(&pending, "pending_open_channels")
            .filter_map(|entry| entry.get("channel"))
            .filter(|channel| is_it(channel));
        let ours: Vec<&Value> = list(&open, "channels")
            .filter(|channel| is_it(channel))
            .collect();
        if ours.is_empty() && opening.count() == 0 {
            return wait_until_gone(network, is_it);
        }
        for channel in ours.iter().filter(|channel| channel["active"] == true) {
            let point = text(channel, "channel_point").replace(':', "/");
            let path = format!("/v1/channels/{point}?target_conf=6");
            // The answer ends with the confirmation only: lnd goes on without a listener, and a channel
            // that cannot be closed yet is tried again.
            let node = network.node("alice")?;
            let short = Rest::with_limit(&node.rest_url, Some(&node.macaroon), LISTENING)?;
            let _ = short.stream("DELETE", &path, None);
        }
        ensure!(start.elapsed() < LIMIT, "the channels do not close: {open}");
        network.mine(1)?;
        before_next_look(POLL_INTERVAL);
    }
}

/// Mines until the close is confirmed on both sides.
fn wait_until_gone(network: &dyn Network, is_it: impl Fn(&Value) -> bool) -> Result<()> {
    let start = Instant::now();
    loop {
        let mut left = Vec::new();
        for name in ["alice", "bob"] {
            let entries = channels(network, name, &is_it)?;
            left.extend(entries.into_iter().filter(|(_, place)| place != "closed"));
        }
        if left.is_empty() {
            return Ok(());
        }
        ensure!(start.elapsed() < LIMIT, "channels stay: {left:?}");
        network.mine(1).context("mining")?;
        before_next_look(POLL_INTERVAL);
    }
}
