//! The tier of the real daemons: btcd and lnd, built and run by `arkgrpc_lab`.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkgrpc_lab::{Lab, LabError, LabOptions, NodeAccess};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::{Network, Node};
use crate::polling::before_next_look;
use crate::scenario::Tier;

const LOCKABLE: &str = "carol";
const FUNDING_LIMIT: Duration = Duration::from_secs(60);
const GOSSIP_LIMIT: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

pub struct Daemons {
    lab: Lab,
}

impl Daemons {
    /// The error for which `is_skip()` holds means: not possible on this machine.
    pub fn start() -> Result<Self, LabError> {
        Lab::start(LabOptions::default()).map(|lab| Self { lab })
    }
}

impl Network for Daemons {
    fn tier(&self) -> Tier {
        Tier::Daemons
    }

    fn node(&self, name: &str) -> Result<Node> {
        Ok(node(self.lab.node(name)?))
    }

    fn mine(&self, blocks: u32) -> Result<()> {
        self.lab.mine(blocks)?;
        Ok(())
    }

    fn stop(&self, name: &str) -> Result<()> {
        Ok(self.lab.stop(name)?)
    }

    fn start_again(&self, name: &str) -> Result<()> {
        Ok(self.lab.start_again(name)?)
    }

    fn kill(&self, name: &str) -> Result<()> {
        Ok(self.lab.kill(name)?)
    }

    fn pause(&self, name: &str) -> Result<()> {
        Ok(self.lab.pause(name)?)
    }

    fn resume(&self, name: &str) -> Result<()> {
        Ok(self.lab.resume(name)?)
    }

    fn lock_wallet(&self, name: &str) -> Result<()> {
        match self.lab.node(name) {
            Ok(_) => self.restart(name),
            Err(_) if name == LOCKABLE => {
                self.lab.start_locked_wallet_node()?;
                Ok(())
            }
            Err(error) => Err(error).context("only carol's wallet has a password"),
        }
    }

    fn chain_says(&self, txid: &str) -> Result<String> {
        match self.lab.chain().rpc("getrawtransaction", json!([txid, 1])) {
            Ok(found) => {
                let depth = found.get("confirmations").and_then(Value::as_u64);
                Ok(depth.filter(|depth| *depth > 0).map_or_else(
                    || "in the mempool".to_owned(),
                    |depth| format!("in a block, {depth} confirmations"),
                ))
            }
            Err(LabError::Refused { .. }) => Ok("unknown to the chain".to_owned()),
            Err(error) => Err(error.into()),
        }
    }

    /// Bob has a channel with carol, as in the simulation; here it is opened when she is first unlocked.
    fn unlock_wallet(&self, name: &str) -> Result<()> {
        self.lab.unlock(name)?;
        self.lab.wait_until_synced(name)?;
        let (bob, carol) = (self.lab.node("bob")?, self.lab.node(name)?);
        let peer = json!({"pubkey": carol.pubkey, "host": carol.peer_address});
        let order = json!({"addr": peer, "perm": true, "timeout": "30"});
        match bob.rest()?.call("POST", "/v1/peers", Some(&order)) {
            Err(LabError::Refused { message, .. }) if message.contains("already connected") => {}
            other => drop(other?),
        }
        let channels = bob.rest()?.call("GET", "/v1/channels", None)?;
        let channels = channels.get("channels").and_then(Value::as_array);
        let mut peers = channels
            .into_iter()
            .flatten()
            .map(|channel| &channel["remote_pubkey"]);
        if peers.any(|peer| peer == carol.pubkey.as_str()) {
            return Ok(());
        }
        self.open_channel(&bob, &carol)
    }

    /// lnd makes a new pair of files when it finds none.
    fn renew_certificate(&self, name: &str) -> Result<()> {
        let certificate = self.lab.node(name)?.tls_cert;
        let key = certificate.with_extension("key");
        self.restart_without(name, &[certificate, key])
    }

    /// With its store of root keys gone, lnd draws a new one under the same id and bakes again.
    fn renew_macaroon(&self, name: &str) -> Result<()> {
        let node = self.lab.node(name)?;
        let store = node.macaroon.with_file_name("macaroons.db");
        let files = [
            node.macaroon,
            node.readonly_macaroon,
            node.invoice_macaroon,
            store,
        ];
        self.restart_without(name, &files)
    }
}

impl Daemons {
    fn restart_without(&self, name: &str, files: &[PathBuf]) -> Result<()> {
        self.lab.stop(name)?;
        for file in files {
            fs::remove_file(file).with_context(|| format!("removing {}", file.display()))?;
        }
        Ok(self.lab.start_again(name)?)
    }

    fn open_channel(&self, from: &NodeAccess, to: &NodeAccess) -> Result<()> {
        let order = json!({
            "node_pubkey_string": to.pubkey,
            "local_funding_amount": "1000000",
            "push_sat": "100000",
            "target_conf": 6,
        });
        let opened = from.rest()?.call("POST", "/v1/channels", Some(&order))?;
        let txid = opened.get("funding_txid_bytes").and_then(Value::as_str);
        let mut txid = BASE64.decode(txid.context("no funding_txid_bytes")?)?;
        // Hashes travel in wire order and are shown the other way round.
        txid.reverse();
        self.lab
            .chain()
            .wait_for_transactions(&[&hex::encode(txid)], FUNDING_LIMIT)?;
        self.lab.mine(6)?;
        self.wait_until_alice_knows(from, to)
    }

    /// Until alice has heard how both ends forward: what she misses while she is away, as in a scenario
    /// that stops her, lnd tells nobody again for a day.
    fn wait_until_alice_knows(&self, one: &NodeAccess, other: &NodeAccess) -> Result<()> {
        let alice = self.lab.node("alice")?.rest()?;
        let ends = [one.pubkey.as_str(), other.pubkey.as_str()];
        let start = Instant::now();
        loop {
            let graph = alice.call("GET", "/v1/graph", None)?;
            let edges = graph.get("edges").and_then(Value::as_array);
            let is_known = edges.into_iter().flatten().any(|edge| {
                let is_end = |key| edge[key].as_str().is_some_and(|end| ends.contains(&end));
                is_end("node1_pub")
                    && is_end("node2_pub")
                    && edge["node1_policy"].is_object()
                    && edge["node2_policy"].is_object()
            });
            if is_known {
                return Ok(());
            }
            ensure!(
                start.elapsed() < GOSSIP_LIMIT,
                "alice does not know the new channel after {GOSSIP_LIMIT:?}"
            );
            before_next_look(POLL_INTERVAL);
        }
    }
}

fn node(access: NodeAccess) -> Node {
    Node {
        name: access.name,
        alias: access.alias,
        pubkey: access.pubkey,
        peer_address: access.peer_address,
        grpc_host: access.grpc_host,
        grpc_port: access.grpc_port,
        rest_url: access.rest_url,
        tls_cert: access.tls_cert,
        macaroon: access.macaroon,
        readonly_macaroon: access.readonly_macaroon,
        invoice_macaroon: access.invoice_macaroon,
    }
}
