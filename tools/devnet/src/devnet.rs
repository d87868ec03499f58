//! The devnet as its owner sees it: plain blocking calls to start it, to stop and restart nodes, to
//! let the chain move, and to ask what was called.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::{
    error::DevnetError,
    lnd::{
        access::NodeAccess,
        channel_phase::Terms,
        json::Json,
        network::Network,
        node::{LndNode, WALLET_PASSWORD, World},
    },
    proto::lnrpc::WalletState,
    runtime::Runtime,
};

const ALICE: &str = "alice";
const BOB: &str = "bob";
const CAROL: &str = "carol";

/// What a devnet is to look like.
#[derive(Clone, Debug)]
pub struct DevnetOptions {
    /// Capacity of the channel that alice opens to bob.
    pub channel_capacity_sat: u64,
    /// How much of it is bob's from the start.
    pub channel_pushed_sat: u64,
    /// Capacity of the channel that bob opens to carol when she is started.
    pub carol_capacity_sat: u64,
    /// How much of that is carol's from the start.
    pub carol_pushed_sat: u64,
}

impl Default for DevnetOptions {
    fn default() -> Self {
        Self {
            channel_capacity_sat: 2_000_000,
            channel_pushed_sat: 700_000,
            carol_capacity_sat: 1_000_000,
            carol_pushed_sat: 100_000,
        }
    }
}

/// Simulated daemons on this machine, gone with everything of theirs when dropped.
pub struct Devnet {
    nodes: Mutex<BTreeMap<String, LndNode>>,
    // Its runtime ends after the nodes' ports and before the folder they read from.
    world: World,
    folder: TempDir,
    options: DevnetOptions,
}

impl Devnet {
    /// Starts alice and bob with a channel between them.
    pub fn start(options: DevnetOptions) -> Result<Self, DevnetError> {
        let world = World {
            runtime: Runtime::start()?,
            network: Arc::new(Mutex::new(Network::new())),
            json: Arc::new(Json::new()?),
            calls: Arc::default(),
        };
        let folder = tempfile::Builder::new()
            .prefix("arkgrpc-devnet-")
            .tempdir()
            .map_err(DevnetError::io("cannot create a temporary folder"))?;
        let devnet = Self {
            nodes: Mutex::default(),
            world,
            folder,
            options,
        };
        devnet.add(ALICE, WalletState::ServerActive)?;
        devnet.add(BOB, WalletState::ServerActive)?;
        let options = &devnet.options;
        devnet.connect(
            ALICE,
            BOB,
            options.channel_capacity_sat,
            options.channel_pushed_sat,
        )?;
        Ok(devnet)
    }

    /// Starts carol, whose wallet is locked at every start of hers, with a channel from bob. Until
    /// she is unlocked the channel is down.
    pub fn start_locked_wallet_node(&self) -> Result<NodeAccess, DevnetError> {
        let access = self.add(CAROL, WalletState::Locked)?;
        let options = &self.options;
        self.connect(
            BOB,
            CAROL,
            options.carol_capacity_sat,
            options.carol_pushed_sat,
        )?;
        Ok(access)
    }

    /// The password of carol's wallet, for who unlocks it over REST.
    pub fn wallet_password(&self) -> &'static str {
        WALLET_PASSWORD
    }

    /// Unlocks a wallet as its password over REST would.
    pub fn unlock(&self, name: &str) -> Result<(), DevnetError> {
        let id = self.with(name, |node| node.id())?;
        self.world.network.lock().unlock(id);
        Ok(())
    }

    /// How to reach a node.
    pub fn node(&self, name: &str) -> Result<NodeAccess, DevnetError> {
        self.with(name, |node| node.access().clone())
    }

    /// Stops a node: ports closed, connections cut. What it knows stays, and what is in flight too.
    pub fn stop(&self, name: &str) -> Result<(), DevnetError> {
        self.with(name, |node| node.stop(&self.world))?
    }

    /// Starts a stopped node on its ports.
    pub fn start_again(&self, name: &str) -> Result<(), DevnetError> {
        self.with(name, |node| node.start_again(&self.world))?
    }

    /// Stops a node and starts it on its ports.
    pub fn restart(&self, name: &str) -> Result<(), DevnetError> {
        self.stop(name)?;
        self.start_again(name)
    }

    /// Restarts a node with another certificate in the same file, as lnd does when it finds none.
    pub fn renew_certificate(&self, name: &str) -> Result<(), DevnetError> {
        self.stop(name)?;
        self.with(name, LndNode::renew_certificate)??;
        self.start_again(name)
    }

    /// Restarts a node with another root key and new macaroons in the same files; from then on the
    /// old ones are refused.
    pub fn renew_macaroon(&self, name: &str) -> Result<(), DevnetError> {
        self.stop(name)?;
        self.with(name, LndNode::renew_macaroons)??;
        self.start_again(name)
    }

    /// Mines blocks.
    pub fn mine(&self, blocks: u32) {
        self.world.network.lock().mine(blocks);
    }

    /// From now on HTLCs to and through a node fail for the time being, or no more. A payment then
    /// tries until its time is over, which is how lnd's TIMEOUT comes about.
    pub fn refuse_htlcs(&self, name: &str, refuse: bool) -> Result<(), DevnetError> {
        let id = self.with(name, |node| node.id())?;
        if let Some(node) = self.world.network.lock().node_mut(id) {
            node.refuses_htlcs = refuse;
        }
        Ok(())
    }

    /// From now on a node says that it has not caught up with the chain, or that it has.
    pub fn lag_behind(&self, name: &str, lags: bool) -> Result<(), DevnetError> {
        let id = self.with(name, |node| node.id())?;
        if let Some(node) = self.world.network.lock().node_mut(id) {
            node.lags = lags;
        }
        Ok(())
    }

    /// How many streams of transactions, channel events and payments of a node are open. A call counts
    /// as served before its request has arrived whole; its stream counts here once it misses nothing.
    pub fn streams_open(&self, name: &str) -> Result<usize, DevnetError> {
        let id = self.with(name, |node| node.id())?;
        let network = self.world.network.lock();
        Ok(network.node(id).map_or(0, |node| {
            node.transaction_watchers.count()
                + node.channel_watchers.count()
                + node.payments.watching()
        }))
    }

    /// How often each gRPC method was called over all nodes, refused calls included and REST
    /// excluded.
    pub fn calls_served(&self) -> BTreeMap<String, u64> {
        self.world.calls.lock().clone()
    }

    /// Variables that lead a program to a node, and to bob under a prefix of his own, so that it
    /// has somebody to pay.
    pub fn environment(&self, name: &str) -> Result<Vec<(String, String)>, DevnetError> {
        let mut variables = variables("", &self.node(name)?);
        variables.extend(self::variables("BOB_", &self.node(BOB)?));
        Ok(variables)
    }

    fn add(&self, name: &str, wallet: WalletState) -> Result<NodeAccess, DevnetError> {
        let mut nodes = self.nodes.lock();
        if nodes.contains_key(name) {
            return Err(DevnetError::NodeExists(name.to_owned()));
        }
        let node = LndNode::create(&self.world, name, &self.folder.path().join(name), wallet)?;
        let access = node.access().clone();
        nodes.insert(name.to_owned(), node);
        Ok(access)
    }

    fn connect(
        &self,
        opener: &str,
        peer: &str,
        capacity_sat: u64,
        pushed_sat: u64,
    ) -> Result<(), DevnetError> {
        let (opener, peer) = (
            self.with(opener, |node| node.id())?,
            self.with(peer, |node| node.id())?,
        );
        let terms = Terms {
            capacity_sat,
            pushed_sat,
            private: false,
            memo: String::new(),
            close_script: None,
        };
        let mut network = self.world.network.lock();
        network
            .open_channel(opener, peer, terms)
            .map_err(DevnetError::refused)
    }

    fn with<T>(&self, name: &str, act: impl FnOnce(&mut LndNode) -> T) -> Result<T, DevnetError> {
        let mut nodes = self.nodes.lock();
        nodes
            .get_mut(name)
            .map(act)
            .ok_or_else(|| DevnetError::UnknownNode(name.to_owned()))
    }
}

impl Drop for Devnet {
    fn drop(&mut self) {
        for node in self.nodes.get_mut().values_mut() {
            // It fails only if the runtime is gone already, and the ports with it.
            drop(node.stop(&self.world));
        }
    }
}

fn variables(prefix: &str, access: &NodeAccess) -> Vec<(String, String)> {
    let values = [
        ("LND_HOST", access.grpc_host.clone()),
        ("LND_PORT", access.grpc_port.to_string()),
        ("LND_TLS_CERT", access.tls_cert.display().to_string()),
        ("LND_MACAROON", access.macaroon.display().to_string()),
    ];
    values
        .into_iter()
        .map(|(name, value)| (format!("{prefix}{name}"), value))
        .collect()
}
