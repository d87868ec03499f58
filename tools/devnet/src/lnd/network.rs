//! The one Lightning network that all simulated lnd nodes share, behind one lock: chain, nodes and
//! channels.

use std::sync::Arc;

use bitcoin::secp256k1::PublicKey;
use parking_lot::Mutex;
use tonic::Status;

use super::{
    channel::Channel,
    channel_phase::{Event, Phase},
    identity::Identity,
    invoice::InvoiceBook,
    payment::PaymentBook,
    peers::Links,
    route::Wanted,
    wallet::{Kind, Wallet},
    watchers::Watchers,
};
use crate::{
    chain::{Chain, pay},
    proto::lnrpc::{ChannelEventUpdate, PaymentFailureReason, Transaction, WalletState},
};

pub(crate) use super::identity::NodeId;
/// The network as its nodes hold it.
pub(crate) type Shared = Arc<Mutex<Network>>;

/// What every node begins with: a whole bitcoin, a half, a tenth.
const FIRST_COINS: [(Kind, u64); 3] = [
    (Kind::Witness, 100_000_000),
    (Kind::Taproot, 50_000_000),
    (Kind::Witness, 10_000_000),
];

/// What a node keeps, running or not.
pub(crate) struct Node {
    pub identity: Identity,
    /// Where its peers would reach it.
    pub peer_address: String,
    pub onchain: Wallet,
    /// Whether it says that it has not caught up with the chain.
    pub lags: bool,
    pub transaction_watchers: Watchers<Transaction>,
    pub channel_watchers: Watchers<ChannelEventUpdate>,
    pub invoices: InvoiceBook,
    pub payments: PaymentBook,
    pub wallet: WalletState,
    pub running: bool,
    /// Whether HTLCs to and through this node fail for the time being.
    pub refuses_htlcs: bool,
}

impl Node {
    /// Whether its channels are up.
    pub(crate) fn is_active(&self) -> bool {
        self.running && self.wallet == WalletState::ServerActive
    }
}

/// The whole network.
pub(crate) struct Network {
    pub chain: Chain,
    pub nodes: Vec<Node>,
    pub channels: Vec<Channel>,
    pub links: Links,
}

impl Network {
    /// A chain and nobody on it.
    pub(crate) fn new() -> Self {
        Self {
            chain: Chain::new(),
            nodes: Vec::new(),
            channels: Vec::new(),
            links: Links::default(),
        }
    }

    /// Adds a node, not yet running.
    pub(crate) fn join(
        &mut self,
        identity: Identity,
        peer_address: String,
        wallet: WalletState,
    ) -> Result<NodeId, Status> {
        let mut onchain = Wallet::new(identity.key.secret_bytes());
        let mut coins = Vec::new();
        for (kind, sat) in FIRST_COINS {
            coins.push(pay(sat, onchain.next_address(kind)?.script_pubkey()));
        }
        self.chain.issue(coins);
        self.mine(1);
        self.nodes.push(Node {
            identity,
            peer_address,
            onchain,
            lags: false,
            transaction_watchers: Watchers::default(),
            channel_watchers: Watchers::default(),
            invoices: InvoiceBook::default(),
            payments: PaymentBook::default(),
            wallet,
            running: false,
            refuses_htlcs: false,
        });
        Ok(self.nodes.len() - 1)
    }

    /// Mines blocks, each with all of the mempool.
    pub(crate) fn mine(&mut self, blocks: u32) {
        for _ in 0..blocks {
            for txid in self.chain.mine() {
                self.tell_transaction(&txid);
            }
            self.follow_openings();
            self.follow_closings();
        }
    }

    /// A node by its place.
    pub(crate) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id)
    }

    /// A node by its place, to be changed.
    pub(crate) fn node_mut(&mut self, id: NodeId) -> Option<&mut Node> {
        self.nodes.get_mut(id)
    }

    /// A node that is being asked: its ports cannot outlive it.
    pub(crate) fn known(&self, id: NodeId) -> Result<&Node, Status> {
        self.node(id).ok_or_else(lost)
    }

    /// The same, to be changed.
    pub(crate) fn known_mut(&mut self, id: NodeId) -> Result<&mut Node, Status> {
        self.node_mut(id).ok_or_else(lost)
    }

    /// Who has this key, if anybody here.
    pub(crate) fn find(&self, key: &PublicKey) -> Option<NodeId> {
        self.nodes
            .iter()
            .position(|node| node.identity.pubkey == *key)
    }

    /// Whether a channel can carry anything: its ends are connected.
    pub(crate) fn is_up(&self, channel: &Channel) -> bool {
        let (opener, peer) = channel.ends();
        channel.is_open() && self.links.connect(opener, peer)
    }

    /// Connects a node that is up to everybody with whom it has a channel, as lnd does by itself.
    pub(crate) fn reconnect(&mut self, id: NodeId) {
        if !self.node(id).is_some_and(Node::is_active) {
            return;
        }
        let peers: Vec<NodeId> = self
            .channels
            .iter()
            .filter(|channel| !matches!(channel.phase, Phase::Closed(_)))
            .filter_map(|channel| channel.peer_of(id))
            .filter(|peer| self.node(*peer).is_some_and(Node::is_active))
            .collect();
        for peer in peers {
            self.link(id, peer);
        }
    }

    /// Connects two nodes and lets their channels know.
    pub(crate) fn link(&mut self, dialler: NodeId, dialled: NodeId) {
        if !self.links.connect(dialler, dialled) {
            self.links.add(dialler, dialled);
            self.tell_link(dialler, dialled, Event::Active);
        }
    }

    /// Cuts a node off.
    pub(crate) fn unlink(&mut self, id: NodeId) {
        let peers: Vec<NodeId> = self.links.of(id).map(|(peer, _)| peer).collect();
        self.links.drop_all(id);
        for peer in peers {
            self.tell_link(id, peer, Event::Inactive);
        }
    }

    /// The chain and a node on it, which draws addresses.
    pub(crate) fn chain_and_node(&mut self, id: NodeId) -> Result<(&Chain, &mut Node), Status> {
        let node = self.nodes.get_mut(id).ok_or_else(lost)?;
        Ok((&self.chain, node))
    }

    /// The open channels of a node with the node at their other end.
    pub(crate) fn channels_of(&self, id: NodeId) -> impl Iterator<Item = (&Channel, &Node)> {
        self.all_channels_of(id)
            .filter(|(channel, _)| channel.is_open())
    }

    /// The same, whether they are open yet or still.
    pub(crate) fn all_channels_of(&self, id: NodeId) -> impl Iterator<Item = (&Channel, &Node)> {
        self.channels
            .iter()
            .filter_map(move |channel| Some((channel, self.node(channel.peer_of(id)?)?)))
    }

    /// A way for a payment.
    pub(crate) fn route(
        &self,
        wanted: &Wanted,
    ) -> Result<Vec<super::route::Hop>, PaymentFailureReason> {
        super::route::find(&self.channels, &|channel| self.is_up(channel), wanted)
    }
}

fn lost() -> Status {
    Status::internal("the devnet has lost this node")
}
