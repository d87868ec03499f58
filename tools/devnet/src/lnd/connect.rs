//! ConnectPeer: lnd's checks, and who is found at an address.

use std::net::ToSocketAddrs;

use bitcoin::secp256k1::PublicKey;
use tonic::Status;

use super::{
    guard::from_hex,
    network::{Network, Node, NodeId},
};
use crate::proto::lnrpc::{ConnectPeerRequest, ConnectPeerResponse};

const DEFAULT_PORT: u16 = 9735;

impl Network {
    /// ConnectPeer.
    pub(crate) fn connect_peer(
        &mut self,
        id: NodeId,
        request: &ConnectPeerRequest,
    ) -> Result<ConnectPeerResponse, Status> {
        let Some(wanted) = &request.addr else {
            return Err(Status::unknown("need: lnc pubkeyhash@hostname"));
        };
        let bytes = from_hex(&wanted.pubkey).map_err(Status::unknown)?;
        let key = PublicKey::from_slice(&bytes).map_err(|_| {
            let length = bytes.len();
            Status::unknown(format!("malformed public key: invalid length: {length}"))
        })?;
        if key == self.known(id)?.identity.pubkey {
            return Err(Status::unknown("cannot make connection to self"));
        }
        let address = resolve(&wanted.host)?;
        let peer = self.find(&key);
        if let Some(peer) = peer.filter(|peer| self.links.connect(id, *peer)) {
            let address = &self.known(peer)?.peer_address;
            return Err(Status::unknown(format!(
                "already connected to peer: {key}@{address}"
            )));
        }
        let listening = self
            .nodes
            .iter()
            .position(|node| node.peer_address == address && Node::is_active(node));
        match listening {
            Some(found) if Some(found) == peer => self.link(id, found),
            // With a permanent connection lnd tries on in the background and says nothing.
            _ if request.perm => {}
            // Whoever listens there cannot read what is meant for another key.
            Some(_) => return Err(Status::unknown("EOF")),
            None => {
                return Err(Status::unknown(format!(
                    "dial tcp {address}: connect: connection refused"
                )));
            }
        }
        Ok(ConnectPeerResponse {
            status: format!("connection to {key}@{address} initiated"),
        })
    }
}

fn resolve(host: &str) -> Result<String, Status> {
    let with_port = match host.rsplit_once(':') {
        Some(_) => host.to_owned(),
        None => format!("{host}:{DEFAULT_PORT}"),
    };
    let name = with_port.rsplit_once(':').map_or("", |(name, _)| name);
    let mut found = with_port
        .to_socket_addrs()
        .map_err(|_| Status::unknown(format!("lookup {name}: no such host")))?;
    found
        .find(std::net::SocketAddr::is_ipv4)
        .map(|address| address.to_string())
        .ok_or_else(|| Status::unknown(format!("lookup {name}: no such host")))
}
