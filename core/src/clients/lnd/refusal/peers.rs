//! What lnd says about connections to other nodes.

use super::Text;
use crate::error::Status;

pub(super) const TEXTS: &[Text] = &[
    (
        "already connected to peer: ",
        Status::AlreadyExists,
        "the connection exists: nothing has to be done",
    ),
    (
        "cannot make connection to self",
        Status::DaemonInvalidArgument,
        "give the address of another node",
    ),
    (
        "dial tcp ",
        Status::PeerUnreachable,
        "check host and port, and that the other node is running and can be reached from lnd's machine",
    ),
    (
        "dial proxy failed: ",
        Status::PeerUnreachable,
        "check lnd's Tor proxy",
    ),
    (
        "lookup ",
        Status::PeerUnreachable,
        "lnd's machine cannot resolve the host: check its spelling, or give an IP address",
    ),
    (
        "read tcp ",
        Status::PeerUnreachable,
        "the other node broke off the handshake: check that the pubkey is the one of that host",
    ),
    (
        "tor v2 onion services ",
        Status::DaemonInvalidArgument,
        "give the node's v3 onion address",
    ),
];
