//! Connections between nodes: made, and made again after one of them was away.

use std::time::Duration;

use serde_json::{Value, json};

use crate::error::{LabError, Result};
use crate::lightning_node::LightningNode;
use crate::process::Daemon;
use crate::waiter::Waiter;

const RECONNECT_LIMIT: Duration = Duration::from_secs(60);

pub fn connect(from: &LightningNode, to: &LightningNode) -> Result<()> {
    let peer = to.access();
    let address = json!({"pubkey": peer.pubkey, "host": peer.peer_address});
    let order = json!({"addr": address, "timeout": "30"});
    match from.rest()?.call("POST", "/v1/peers", Some(&order)) {
        Err(LabError::Refused { message, .. }) if message.contains("already connected") => Ok(()),
        other => other.map(drop),
    }
}

/// Connects until all open channels between the two are active; none at all is fine too.
///
/// Left alone, lnd takes 15 s to look again for a partner that was killed. An lnd 0.21.2 that was
/// restarted before did not look again at all within a minute, and only the side that knows the
/// other's address can.
pub fn reconnect(from: &LightningNode, to: &LightningNode, waiter: &Waiter) -> Result<()> {
    let (first, second) = (from.process().name(), to.process().name());
    let what = format!("active channels between {first} and {second}");
    waiter.until(&what, RECONNECT_LIMIT, || {
        from.process().check_running()?;
        to.process().check_running()?;
        connect(from, to)?;
        for (node, partner) in [(from, to), (to, from)] {
            let partner = partner.access().pubkey;
            let ours = |channel: &Value| channel.get("remote_pubkey") == Some(&json!(partner));
            let mut channels = channels(node)?.into_iter().filter(ours);
            if let Some(asleep) = channels.find(|channel| !is_active(channel)) {
                return Err(LabError::NotYet(format!("channel {asleep}")));
            }
        }
        Ok(())
    })
}

/// The node's open channels as ListChannels shows them.
pub fn channels(node: &LightningNode) -> Result<Vec<Value>> {
    let answer = node.rest()?.call("GET", "/v1/channels", None)?;
    let channels = answer.get("channels").and_then(Value::as_array);
    channels
        .cloned()
        .ok_or_else(|| LabError::unexpected("ListChannels", &answer))
}

pub fn is_active(channel: &Value) -> bool {
    channel.get("active") == Some(&Value::Bool(true))
}
