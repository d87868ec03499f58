//! The lab: one chain and the nodes on it, started in the order that works.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use serde_json::Value;

use crate::bitcoin_chain::{BTCD, BitcoinChain, ChainAccess};
use crate::channel_setup::{self, ChannelPlan};
use crate::daemon_build::DaemonBinaries;
use crate::environment::{self, Variables};
use crate::error::{LabError, Result};
use crate::lab_directory::LabDirectory;
use crate::lightning_node::{LightningNode, NodeAccess, NodeState, WalletKind};
use crate::lightning_peers;
use crate::lightning_wallet;
use crate::ports::retry_once_when_taken;
use crate::process::Daemon;
use crate::timeline::Timeline;
use crate::waiter::Waiter;

/// The node that mines, funds the channel and is the one under test.
pub const ALICE: &str = "alice";
/// Its channel partner.
pub const BOB: &str = "bob";
/// The node with a locked wallet.
pub const CAROL: &str = "carol";

/// Regtest activates SegWit at block 432, and coinbases mature after 100 more blocks.
const FIRST_BLOCKS: u32 = 440;

#[derive(Clone, Debug)]
pub struct LabOptions {
    pub channel_sat: u64,
    /// The part of the channel that is bob's from the start.
    pub push_sat: u64,
    /// On-chain funds of bob.
    pub onchain_sat: u64,
    /// Further arguments of every lnd.
    pub lnd_arguments: Vec<String>,
    /// Print each step with its time on stderr.
    pub echo: bool,
    /// Leave the lab's directory (logs, data) behind.
    pub keep_files: bool,
    pub waiter: Waiter,
}

impl Default for LabOptions {
    fn default() -> Self {
        Self {
            channel_sat: 4_000_000,
            push_sat: 1_500_000,
            onchain_sat: 100_000_000,
            lnd_arguments: Vec::new(),
            echo: false,
            keep_files: false,
            waiter: Waiter::default(),
        }
    }
}

/// Running daemons. Shared freely between threads; dropping it ends them all.
#[derive(Debug)]
pub struct Lab {
    // Fields are dropped in this order: nodes before the chain they use, the directory last.
    nodes: RwLock<BTreeMap<String, Arc<LightningNode>>>,
    chain: BitcoinChain,
    binaries: DaemonBinaries,
    options: LabOptions,
    timeline: Timeline,
    directory: LabDirectory,
}

impl Lab {
    /// Builds the daemons if need be, starts btcd, alice and bob, and opens a channel that has been
    /// paid over in both directions. An error for which `is_skip()` holds means: not possible here.
    pub fn start(options: LabOptions) -> Result<Self> {
        let binaries = DaemonBinaries::build(&options.waiter)?;
        retry_once_when_taken(|| {
            let lab = Self::prepare(binaries.clone(), options.clone())?;
            lab.bring_up()?;
            Ok(lab)
        })
    }

    fn prepare(binaries: DaemonBinaries, options: LabOptions) -> Result<Self> {
        let timeline = Timeline::new(options.echo);
        let directory = LabDirectory::create(&options.waiter, options.keep_files)?;
        let (path, tag) = (directory.path(), directory.tag());
        let chain = BitcoinChain::new(&binaries, path, &tag, &options.waiter)?;
        Ok(Self {
            nodes: RwLock::default(),
            chain,
            binaries,
            options,
            timeline,
            directory,
        })
    }

    fn bring_up(&self) -> Result<()> {
        let waiter = &self.options.waiter;
        self.chain.start()?;
        self.timeline.reached("btcd answers");
        let alice = self.add_node(ALICE, WalletKind::Automatic)?;
        alice.launch()?;
        alice.wait_for_state(&[NodeState::RpcActive, NodeState::ServerActive])?;
        let address = channel_setup::new_address(&alice)?;
        self.timeline.reached("alice gave a mining address");
        // An lnd that lives through btcd's restart can never spend again.
        alice.process().stop(waiter)?;
        self.chain.set_mining_address(&address)?;
        self.timeline.reached("btcd restarted with it");
        self.chain.mine(FIRST_BLOCKS)?;
        self.timeline
            .reached(format!("{FIRST_BLOCKS} blocks mined"));
        let bob = self.add_node(BOB, WalletKind::Automatic)?;
        alice.launch()?;
        bob.launch()?;
        for node in [&alice, &bob] {
            node.wait_until_active()?;
            self.timeline
                .reached(format!("{} active", node.process().name()));
        }
        let plan = ChannelPlan {
            from: &alice,
            to: &bob,
            capacity_sat: self.options.channel_sat,
            push_sat: self.options.push_sat,
            onchain_sat: self.options.onchain_sat,
        };
        channel_setup::open_and_prove(&plan, &self.chain, waiter, &self.timeline)
    }

    fn add_node(&self, name: &str, wallet: WalletKind) -> Result<Arc<LightningNode>> {
        let node = Arc::new(LightningNode::new(
            name,
            format!("{name}-{}", self.directory.tag()),
            wallet,
            (&self.binaries, self.directory.path()),
            self.chain.access(),
            &self.options.lnd_arguments,
            &self.options.waiter,
        )?);
        self.nodes.write().insert(name.to_owned(), node.clone());
        Ok(node)
    }

    /// Starts carol: an lnd with a wallet that was made and is now locked. Once per lab.
    pub fn start_locked_wallet_node(&self) -> Result<NodeAccess> {
        if self.nodes.read().contains_key(CAROL) {
            return Err(LabError::wrong_state(CAROL, "was started before"));
        }
        let node = retry_once_when_taken(|| {
            let node = self.add_node(CAROL, WalletKind::WithPassword)?;
            node.start()?;
            Ok(node)
        })?;
        lightning_wallet::initialise(&node)?;
        self.timeline.reached("carol has a wallet");
        self.restart(CAROL)?;
        self.timeline.reached("carol is locked");
        Ok(node.access())
    }

    pub fn unlock(&self, name: &str) -> Result<()> {
        lightning_wallet::unlock(&*self.lightning_node(name)?)
    }

    pub fn node(&self, name: &str) -> Result<NodeAccess> {
        Ok(self.lightning_node(name)?.access())
    }

    pub fn chain(&self) -> &BitcoinChain {
        &self.chain
    }

    pub fn chain_access(&self) -> &ChainAccess {
        self.chain.access()
    }

    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// When which step of the start was reached.
    pub fn timeline(&self) -> Vec<(Duration, String)> {
        self.timeline.steps()
    }

    /// Mines blocks; gives their hashes. The nodes hear of them a moment later, see
    /// [`Lab::wait_until_synced`].
    pub fn mine(&self, blocks: u32) -> Result<Vec<String>> {
        self.chain.mine(blocks)
    }

    /// Waits until that node has seen the newest block.
    pub fn wait_until_synced(&self, name: &str) -> Result<()> {
        self.lightning_node(name)?
            .wait_until_synced(self.chain.height()?)
    }

    /// Waits until a payment of 1,000 sat has gone from one node to the other.
    pub fn prove_payment(&self, payer: &str, payee: &str) -> Result<()> {
        let (payer, payee) = (self.lightning_node(payer)?, self.lightning_node(payee)?);
        channel_setup::prove_payment(&payer, &payee, &self.options.waiter)
    }

    /// One call of a node's REST interface with its admin macaroon.
    pub fn rest(
        &self,
        node: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value> {
        self.lightning_node(node)?.rest()?.call(method, path, body)
    }

    /// All items of a streaming call, to the end of the stream.
    pub fn rest_stream(
        &self,
        node: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Vec<Value>> {
        self.lightning_node(node)?
            .rest()?
            .stream(method, path, body)
    }

    /// Ends the daemon in good order and starts it again, on the same ports and data, until it is
    /// of use: SERVER_ACTIVE, or LOCKED for a wallet with a password. An lnd that lives through a
    /// restart of btcd keeps answering but cannot spend any more.
    pub fn restart(&self, name: &str) -> Result<()> {
        self.stop(name)?;
        self.start_again(name)
    }

    pub fn stop(&self, name: &str) -> Result<()> {
        self.with_daemon(name, |daemon| daemon.process().stop(&self.options.waiter))
    }

    /// Starts a daemon that was stopped or killed. The channel is active again afterwards, if its
    /// other side is there.
    pub fn start_again(&self, name: &str) -> Result<()> {
        self.with_daemon(name, |daemon| daemon.start())?;
        if ![ALICE, BOB].contains(&name) {
            return Ok(());
        }
        let (alice, bob) = (self.lightning_node(ALICE)?, self.lightning_node(BOB)?);
        if [&alice, &bob]
            .iter()
            .all(|node| node.process().is_responsive())
        {
            lightning_peers::reconnect(&alice, &bob, &self.options.waiter)?;
        }
        Ok(())
    }

    /// SIGKILL.
    pub fn kill(&self, name: &str) -> Result<()> {
        self.with_daemon(name, |daemon| daemon.process().kill())
    }

    /// SIGSTOP: connections stay open, nothing is answered.
    pub fn pause(&self, name: &str) -> Result<()> {
        self.with_daemon(name, |daemon| daemon.process().pause())
    }

    pub fn resume(&self, name: &str) -> Result<()> {
        self.with_daemon(name, |daemon| daemon.process().resume())
    }

    /// What a program needs to find everything: `LND_*` is alice.
    pub fn environment(&self) -> Variables {
        let nodes: Vec<_> = self
            .nodes
            .read()
            .values()
            .map(|node| node.access())
            .collect();
        let under_test = nodes.iter().filter(|node| node.name == ALICE);
        let mut variables: Variables = under_test
            .flat_map(environment::library_variables)
            .collect();
        variables.extend(nodes.iter().flat_map(environment::node_variables));
        variables.extend(environment::chain_variables(self.chain.access()));
        variables
    }

    fn lightning_node(&self, name: &str) -> Result<Arc<LightningNode>> {
        self.nodes
            .read()
            .get(name)
            .cloned()
            .ok_or_else(|| self.unknown(name))
    }

    /// Further kinds of daemons are to be found here too.
    fn with_daemon<T>(&self, name: &str, act: impl Fn(&dyn Daemon) -> Result<T>) -> Result<T> {
        match name {
            BTCD => act(&self.chain),
            _ => act(&*self.lightning_node(name)?),
        }
    }

    fn unknown(&self, name: &str) -> LabError {
        let mut known: Vec<_> = self.nodes.read().keys().cloned().collect();
        known.insert(0, BTCD.to_owned());
        LabError::UnknownDaemon {
            name: name.to_owned(),
            known: known.join(", "),
        }
    }
}
