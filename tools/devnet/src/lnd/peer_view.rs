//! What a node tells of its peers.

use tonic::Status;

use super::{
    amount,
    network::{Network, Node, NodeId},
    view::features,
};
use crate::proto::lnrpc::{ListPeersResponse, Peer, peer::SyncType};

/// Nothing travels between simulated nodes, so the way there and back takes lnd's unit once.
const PING_MICROSECONDS: i64 = 1;

impl Network {
    /// ListPeers.
    pub(crate) fn list_peers(&self, id: NodeId) -> Result<ListPeersResponse, Status> {
        self.known(id)?;
        let peers = self
            .links
            .of(id)
            .filter_map(|(peer, inbound)| Some(self.peer_view(id, peer, self.node(peer)?, inbound)))
            .collect();
        Ok(ListPeersResponse { peers })
    }

    fn peer_view(&self, id: NodeId, peer_id: NodeId, peer: &Node, inbound: bool) -> Peer {
        let shared = self
            .channels
            .iter()
            .filter(|channel| channel.peer_of(id) == Some(peer_id))
            .map(|channel| channel.balances(id));
        let (sent, received) = shared.fold((0, 0), |(sent, received), balances| {
            (sent + balances.sent_msat, received + balances.received_msat)
        });
        Peer {
            pub_key: peer.identity.pubkey.to_string(),
            address: peer.peer_address.clone(),
            sat_sent: amount::sat(sent),
            sat_recv: amount::sat(received),
            inbound,
            ping_time: PING_MICROSECONDS,
            sync_type: SyncType::ActiveSync.into(),
            features: features(),
            ..Peer::default()
        }
    }
}
