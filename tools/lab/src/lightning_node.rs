//! One lnd of the lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use parking_lot::RwLock;
use serde_json::Value;

use crate::bitcoin_chain::ChainAccess;
use crate::daemon_build::DaemonBinaries;
use crate::error::{LabError, Result};
use crate::ports::ReservedPorts;
use crate::process::{Daemon, DaemonProcess};
use crate::rest::Rest;
use crate::waiter::Waiter;

const ACTIVE_LIMIT: Duration = Duration::from_secs(90);
/// lnd's look-ups at its chain backend take a while on a busy machine.
const SYNC_LIMIT: Duration = Duration::from_secs(60);

/// All that a client needs to talk to a node, and a test to look at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeAccess {
    pub name: String,
    pub alias: String,
    pub grpc_host: String,
    pub grpc_port: u16,
    pub rest_url: String,
    /// `host:port` for other nodes to connect to.
    pub peer_address: String,
    pub tls_cert: PathBuf,
    /// The one that permits everything.
    pub macaroon: PathBuf,
    pub invoice_macaroon: PathBuf,
    pub readonly_macaroon: PathBuf,
    /// Identity key in hex; empty until the node was active once.
    pub pubkey: String,
}

impl NodeAccess {
    /// REST with the admin macaroon.
    pub fn rest(&self) -> Result<Rest> {
        Rest::new(&self.rest_url, Some(&self.macaroon))
    }
}

/// lnd's `WalletState`, as REST names it, as far as the lab waits for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeState {
    NonExisting,
    Locked,
    /// RPC works, the chain is not synced.
    RpcActive,
    ServerActive,
}

impl NodeState {
    /// `None` for states that only lie between two of the others.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "NON_EXISTING" => Some(NodeState::NonExisting),
            "LOCKED" => Some(NodeState::Locked),
            "RPC_ACTIVE" => Some(NodeState::RpcActive),
            "SERVER_ACTIVE" => Some(NodeState::ServerActive),
            _ => None,
        }
    }
}

/// Where the node's keys come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WalletKind {
    /// lnd makes a wallet by itself and never asks for a password.
    Automatic,
    /// A wallet made by request; locked after each start.
    WithPassword,
}

#[derive(Debug)]
pub struct LightningNode {
    process: DaemonProcess,
    access: RwLock<NodeAccess>,
    /// The state in which a start is done.
    awaited: RwLock<NodeState>,
    ports: ReservedPorts<3>,
    waiter: Waiter,
}

impl LightningNode {
    /// Prepares; [`Daemon::start`] starts. `extra` are further command line arguments.
    pub fn new(
        name: &str,
        alias: String,
        wallet: WalletKind,
        lab: (&DaemonBinaries, &Path),
        chain: &ChainAccess,
        extra: &[String],
        waiter: &Waiter,
    ) -> Result<Self> {
        let (binaries, directory) = lab;
        let ports = ReservedPorts::<3>::reserve()?;
        let data = directory.join(name);
        let access = access(name, alias, &data, ports.numbers);
        let mut arguments = arguments(&access, &data, chain);
        if wallet == WalletKind::Automatic {
            arguments.push("--noseedbackup".into());
        }
        arguments.extend_from_slice(extra);
        let process = DaemonProcess::new(name, &binaries.program("lnd"), directory, arguments);
        let awaited = match wallet {
            WalletKind::Automatic => NodeState::ServerActive,
            WalletKind::WithPassword => NodeState::NonExisting,
        };
        Ok(Self {
            process,
            access: RwLock::new(access),
            awaited: RwLock::new(awaited),
            ports,
            waiter: waiter.clone(),
        })
    }

    pub fn access(&self) -> NodeAccess {
        self.access.read().clone()
    }

    pub fn rest(&self) -> Result<Rest> {
        self.access().rest()
    }

    /// Starts without waiting for anything.
    pub fn launch(&self) -> Result<()> {
        self.ports.release();
        self.process.start()
    }

    pub fn set_awaited(&self, state: NodeState) {
        *self.awaited.write() = state;
    }

    /// Asks without a macaroon: works in every state.
    pub fn state(&self) -> Result<NodeState> {
        self.process.check_running()?;
        let answer = Rest::new(&self.access().rest_url, None)?.call("GET", "/v1/state", None)?;
        let name = answer
            .get("state")
            .and_then(Value::as_str)
            .unwrap_or_default();
        NodeState::parse(name).ok_or_else(|| LabError::NotYet(format!("state {answer}")))
    }

    pub fn wait_for_state(&self, accepted: &[NodeState]) -> Result<()> {
        let what = format!("{} in state {accepted:?}", self.process.name());
        self.waiter
            .until(&what, ACTIVE_LIMIT, || match self.state()? {
                state if accepted.contains(&state) => Ok(()),
                state => Err(LabError::NotYet(format!("state {state:?}"))),
            })?;
        let macaroon = self.access().macaroon;
        let unlocked = |s: &NodeState| matches!(s, NodeState::RpcActive | NodeState::ServerActive);
        if !accepted.iter().all(unlocked) {
            return Ok(());
        }
        self.waiter
            .until("the admin macaroon's file", ACTIVE_LIMIT, || {
                let reading = LabError::io(format!("reading {}", macaroon.display()));
                fs::metadata(&macaroon).map(drop).map_err(reading)
            })
    }

    /// Waits for SERVER_ACTIVE and learns the node's identity.
    pub fn wait_until_active(&self) -> Result<()> {
        self.wait_for_state(&[NodeState::ServerActive])?;
        let info = self.rest()?.call("GET", "/v1/getinfo", None)?;
        let pubkey = info.get("identity_pubkey").and_then(Value::as_str);
        let pubkey = pubkey.ok_or_else(|| LabError::unexpected("GetInfo", &info))?;
        self.access.write().pubkey = pubkey.to_owned();
        Ok(())
    }

    /// Waits until the node and its wallet have seen the block of that height.
    pub fn wait_until_synced(&self, height: u64) -> Result<()> {
        let what = format!("{} synced to block {height}", self.process.name());
        let rest = self.rest()?;
        self.waiter.until(&what, SYNC_LIMIT, || {
            self.process.check_running()?;
            let info = rest.call("GET", "/v1/getinfo", None)?;
            let reached = info.get("block_height").and_then(Value::as_u64) >= Some(height);
            let is = |field: &str, value: bool| info.get(field) == Some(&Value::Bool(value));
            // Before version 0.21 lnd says nothing about its wallet apart.
            match reached && is("synced_to_chain", true) && !is("wallet_synced", false) {
                true => Ok(()),
                false => Err(LabError::NotYet(format!("GetInfo says {info}"))),
            }
        })
    }
}

impl Daemon for LightningNode {
    fn process(&self) -> &DaemonProcess {
        &self.process
    }

    fn start(&self) -> Result<()> {
        self.launch()?;
        let awaited = *self.awaited.read();
        match awaited {
            NodeState::ServerActive => self.wait_until_active(),
            state => self.wait_for_state(&[state]),
        }
    }
}

fn access(name: &str, alias: String, data: &Path, ports: [u16; 3]) -> NodeAccess {
    let [grpc, rest, peers] = ports;
    let macaroons = data.join("data/chain/bitcoin/regtest");
    NodeAccess {
        name: name.to_owned(),
        alias,
        grpc_host: "127.0.0.1".to_owned(),
        grpc_port: grpc,
        rest_url: format!("https://127.0.0.1:{rest}"),
        peer_address: format!("127.0.0.1:{peers}"),
        tls_cert: data.join("tls.cert"),
        macaroon: macaroons.join("admin.macaroon"),
        invoice_macaroon: macaroons.join("invoice.macaroon"),
        readonly_macaroon: macaroons.join("readonly.macaroon"),
        pubkey: String::new(),
    }
}

fn arguments(access: &NodeAccess, data: &Path, chain: &ChainAccess) -> Vec<String> {
    let rest_address = access.rest_url.trim_start_matches("https://");
    vec![
        format!("--lnddir={}", data.display()),
        format!("--alias={}", access.alias),
        format!("--rpclisten={}:{}", access.grpc_host, access.grpc_port),
        format!("--restlisten={rest_address}"),
        format!("--listen={}", access.peer_address),
        "--bitcoin.regtest".into(),
        "--bitcoin.node=btcd".into(),
        format!("--btcd.rpchost={}", chain.rpc_address),
        format!("--btcd.rpcuser={}", chain.user),
        format!("--btcd.rpcpass={}", chain.password),
        format!("--btcd.rpccert={}", chain.certificate.display()),
        "--nobootstrap".into(),
        "--bitcoin.defaultchanconfs=1".into(),
        "--bitcoin.defaultremotedelay=4".into(),
        "--trickledelay=50".into(),
        "--gossip.sub-batch-delay=5ms".into(),
        "--accept-keysend".into(),
        "--keep-failed-payment-attempts".into(),
        "--maxpendingchannels=10".into(),
        "--debuglevel=info".into(),
    ]
}
