//! A channel between two simulated nodes: balances in millisatoshis, reserves, and the HTLCs in
//! flight. The commitment fee is constant here; lnd's grows with each HTLC.

use bitcoin::OutPoint;

use super::{
    amount::MSAT,
    channel_phase::{Phase, Terms},
    identity::NodeId,
    watchers::Watchers,
};
use crate::proto::lnrpc::{CloseStatusUpdate, OpenStatusUpdate};

/// A hundredth of the capacity must stay on each side.
const RESERVE_FRACTION: u64 = 100;

/// One side of a channel.
struct End {
    node: NodeId,
    balance_msat: u64,
    sent_msat: u64,
    received_msat: u64,
    next_htlc: u64,
}

/// An HTLC that is neither settled nor failed.
pub(crate) struct Htlc {
    pub index: u64,
    pub from: NodeId,
    pub amount_msat: u64,
    pub hash: [u8; 32],
    pub expiry: u32,
}

/// A channel; the first side opened it and pays its fees.
pub(crate) struct Channel {
    /// Zero until the funding transaction has its place in a block.
    pub id: u64,
    pub point: OutPoint,
    pub terms: Terms,
    pub phase: Phase,
    pub updates: u64,
    pub htlcs: Vec<Htlc>,
    /// Those who wait for it to open, and to close.
    pub openers: Watchers<OpenStatusUpdate>,
    pub closers: Watchers<CloseStatusUpdate>,
    ends: [End; 2],
}

/// A channel as one of its ends sees it.
pub(crate) struct Balances {
    pub local_msat: u64,
    pub remote_msat: u64,
    pub incoming_msat: u64,
    pub outgoing_msat: u64,
    pub sent_msat: u64,
    pub received_msat: u64,
}

impl Channel {
    /// A channel whose funding transaction is on its way.
    pub(crate) fn new(point: OutPoint, (opener, peer): (NodeId, NodeId), terms: Terms) -> Self {
        let end = |node, sat: u64| End {
            node,
            balance_msat: sat * MSAT,
            sent_msat: 0,
            received_msat: 0,
            next_htlc: 0,
        };
        let ends = [end(opener, terms.kept_sat()), end(peer, terms.pushed_sat)];
        Self {
            id: 0,
            point,
            terms,
            phase: Phase::Pending,
            updates: 0,
            htlcs: Vec::new(),
            openers: Watchers::default(),
            closers: Watchers::default(),
            ends,
        }
    }

    /// The other side, if this node has one here.
    pub(crate) fn peer_of(&self, node: NodeId) -> Option<NodeId> {
        let [opener, peer] = &self.ends;
        match node {
            _ if node == opener.node => Some(peer.node),
            _ if node == peer.node => Some(opener.node),
            _ => None,
        }
    }

    /// Who opened it, and with whom.
    pub(crate) fn ends(&self) -> (NodeId, NodeId) {
        let [opener, peer] = &self.ends;
        (opener.node, peer.node)
    }

    /// Whether this node opened it.
    pub(crate) fn is_opener(&self, node: NodeId) -> bool {
        self.ends[0].node == node
    }

    /// What must stay on each side.
    pub(crate) fn reserve_sat(&self) -> u64 {
        self.terms.capacity_sat / RESERVE_FRACTION
    }

    /// Whether it is open, though perhaps not up.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open)
    }

    /// What this node can send.
    pub(crate) fn spendable_msat(&self, node: NodeId) -> u64 {
        let reserve = self.reserve_sat() * MSAT;
        self.ends
            .iter()
            .find(|end| end.node == node)
            .map_or(0, |end| end.balance_msat.saturating_sub(reserve))
    }

    /// The channel from this node's side.
    pub(crate) fn balances(&self, node: NodeId) -> Balances {
        let [first, second] = &self.ends;
        let (local, remote) = if first.node == node {
            (first, second)
        } else {
            (second, first)
        };
        let in_flight = |from: NodeId| {
            self.htlcs
                .iter()
                .filter(|htlc| htlc.from == from)
                .map(|htlc| htlc.amount_msat)
                .sum()
        };
        Balances {
            local_msat: local.balance_msat,
            remote_msat: remote.balance_msat,
            incoming_msat: in_flight(remote.node),
            outgoing_msat: in_flight(local.node),
            sent_msat: local.sent_msat,
            received_msat: local.received_msat,
        }
    }

    /// Puts an HTLC in flight; the caller has looked whether the sender can.
    pub(crate) fn lock(
        &mut self,
        from: NodeId,
        amount_msat: u64,
        hash: [u8; 32],
        expiry: u32,
    ) -> u64 {
        let mut index = 0;
        if let Some(end) = self.end(from) {
            end.balance_msat = end.balance_msat.saturating_sub(amount_msat);
            index = end.next_htlc;
            end.next_htlc += 1;
        }
        self.htlcs.push(Htlc {
            index,
            from,
            amount_msat,
            hash,
            expiry,
        });
        self.updates += 1;
        index
    }

    /// Ends an HTLC: settled, it goes to the peer; failed, back to its sender.
    pub(crate) fn resolve(&mut self, from: NodeId, index: u64, settled: bool) {
        let same = |htlc: &Htlc| htlc.from == from && htlc.index == index;
        let Some(place) = self.htlcs.iter().position(same) else {
            return;
        };
        let amount = self.htlcs.remove(place).amount_msat;
        self.updates += 1;
        let receiver = if settled {
            self.peer_of(from)
        } else {
            Some(from)
        };
        if let Some(end) = receiver.and_then(|node| self.end(node)) {
            end.balance_msat += amount;
            if settled {
                end.received_msat += amount;
            }
        }
        if settled && let Some(end) = self.end(from) {
            end.sent_msat += amount;
        }
    }

    fn end(&mut self, node: NodeId) -> Option<&mut End> {
        self.ends.iter_mut().find(|end| end.node == node)
    }
}
