//! The one Lightning network that all simulated lnd nodes share, behind one lock: chain, nodes and
//! channels.

use std::sync::Arc;

use bitcoin::secp256k1::PublicKey;
use parking_lot::Mutex;
use tonic::Status;

use super::{
    channel::Channel, identity::Identity, invoice::InvoiceBook, payment::PaymentBook, peers::Links,
    route::Wanted,
};
use crate::{
    chain::Chain,
    error::DevnetError,
    proto::lnrpc::{PaymentFailureReason, WalletState},
    random::random_bytes,
};

pub(crate) use super::identity::NodeId;
/// The network as its nodes hold it.
pub(crate) type Shared = Arc<Mutex<Network>>;

/// What a node keeps, running or not.
pub(crate) struct Node {
    pub identity: Identity,
    /// Where its peers would reach it.
    pub peer_address: String,
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
    ) -> NodeId {
        self.nodes.push(Node {
            identity,
            peer_address,
            invoices: InvoiceBook::default(),
            payments: PaymentBook::default(),
            wallet,
            running: false,
            refuses_htlcs: false,
        });
        self.nodes.len() - 1
    }

    /// Opens a channel and lets six blocks pass over it.
    pub(crate) fn open_channel(
        &mut self,
        opener: NodeId,
        peer: NodeId,
        capacity_sat: u64,
        pushed_sat: u64,
    ) -> Result<(), DevnetError> {
        self.chain.mine(6);
        let funding = random_bytes::<32>()?;
        // Block height, place of the transaction in the block, output.
        let id = (u64::from(self.chain.height()) << 40) | (1 << 16);
        let point = format!("{}:0", hex::encode(funding));
        self.channels.push(Channel::open(
            (id, point),
            (opener, peer),
            capacity_sat,
            pushed_sat,
        ));
        self.reconnect(opener);
        Ok(())
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
        self.links.connect(opener, peer)
    }

    /// Connects a node that is up to everybody with whom it has a channel, as lnd does by itself.
    pub(crate) fn reconnect(&mut self, id: NodeId) {
        if !self.node(id).is_some_and(Node::is_active) {
            return;
        }
        let peers: Vec<NodeId> = self
            .channels
            .iter()
            .filter_map(|channel| channel.peer_of(id))
            .filter(|peer| self.node(*peer).is_some_and(Node::is_active))
            .collect();
        for peer in peers {
            self.links.add(id, peer);
        }
    }

    /// The channels of a node with the node at their other end.
    pub(crate) fn channels_of(&self, id: NodeId) -> impl Iterator<Item = (&Channel, &Node)> {
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
