//! Two nodes with a channel and what tests ask of them together.

use arkgrpc_devnet::{
    Devnet, DevnetOptions, NodeAccess,
    proto::lnrpc::{Payment, PaymentFailureReason, payment::PaymentStatus},
};

use super::{Grpc, Rest};

/// A devnet with a client of each of its two nodes.
pub struct Pair {
    pub devnet: Devnet,
    pub alice: Grpc,
    pub bob: Grpc,
}

impl Pair {
    pub async fn new() -> Self {
        let devnet = Devnet::start(DevnetOptions::default()).unwrap();
        let alice = Grpc::connect(&devnet.node("alice").unwrap()).await;
        let bob = Grpc::connect(&devnet.node("bob").unwrap()).await;
        Self { devnet, alice, bob }
    }

    /// Both nodes' own and their peer's balance in the channel.
    pub async fn balances(&self) -> [i64; 4] {
        let [alice, bob] = ["alice", "bob"].map(|name| Rest::new(&self.devnet.node(name).unwrap()));
        [
            alice.balance("local_balance").await,
            alice.balance("remote_balance").await,
            bob.balance("local_balance").await,
            bob.balance("remote_balance").await,
        ]
    }
}

/// How a payment ended.
pub fn end(updates: &[Payment]) -> (PaymentStatus, PaymentFailureReason) {
    let last = updates.last().unwrap();
    (last.status(), last.failure_reason())
}

/// A devnet with its two nodes.
pub fn nodes() -> (Devnet, NodeAccess, NodeAccess) {
    let devnet = Devnet::start(DevnetOptions::default()).unwrap();
    let (alice, bob) = (devnet.node("alice").unwrap(), devnet.node("bob").unwrap());
    (devnet, alice, bob)
}
