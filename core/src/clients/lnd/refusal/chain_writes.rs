//! Texts about channels that open and close, and about payments on the chain.

use super::Text;
use crate::error::Status;

pub(super) const TEXTS: &[Text] = &[
    (
        "channels cannot be created before the wallet is fully synced",
        Status::NotReady,
        "wait until lnd's wallet is in sync with its chain, then call again",
    ),
    (
        "peer {word} is not online",
        Status::PeerOffline,
        "connect to the peer first, with connect_peer, then call again",
    ),
    (
        "peer {word} disconnected",
        Status::PeerOffline,
        "the peer went away just now: connect to it again, then call again",
    ),
    (
        "reservation timed out waiting for peer",
        Status::PeerOffline,
        "the peer did not answer for 10 minutes: choose another one",
    ),
    (
        "received funding error from {word}",
        Status::PeerRefused,
        "the message says why the peer refuses; change the amount or choose another peer",
    ),
    (
        "not enough witness outputs to create funding transaction",
        Status::InsufficientFunds,
        "fund the node's wallet, wait for confirmations, or choose a smaller amount",
    ),
    (
        "insufficient funds available to construct transaction",
        Status::InsufficientFunds,
        "fund the node's wallet, wait for confirmations, or choose a smaller amount",
    ),
    (
        "reserved wallet balance invalidated",
        Status::InsufficientFunds,
        "lnd keeps a reserve to close its channels in need: leave it in the wallet",
    ),
    (
        "channel is too small, the minimum channel size is",
        Status::DaemonInvalidArgument,
        "choose a larger amount: the message names lnd's smallest channel",
    ),
    (
        "funding amount is too large, the max channel size is",
        Status::DaemonInvalidArgument,
        "choose a smaller amount: the message names lnd's largest channel",
    ),
    (
        "cannot open channel to self",
        Status::DaemonInvalidArgument,
        "the key is this node's own: give another node's",
    ),
    (
        "transaction output is dust",
        Status::DaemonInvalidArgument,
        "choose a larger amount: the network does not relay outputs this small",
    ),
    (
        "address: {word} is not valid for this network",
        Status::DaemonInvalidArgument,
        "give an address of the node's network",
    ),
    (
        "invalid separator index ",
        Status::DaemonInvalidArgument,
        "copy the whole address again, of the node's network",
    ),
    (
        "cannot send coins to pubkeys",
        Status::DaemonInvalidArgument,
        "copy the whole address again, of the node's network",
    ),
    (
        "channel not found",
        Status::NotFound,
        "take channel_point or channel_id from list_channels",
    ),
    (
        "unable to gracefully close channel while peer is offline",
        Status::PeerOffline,
        "connect to the peer, or close with force: true, which locks the funds for a while",
    ),
    (
        "cannot co-op close channel with active htlcs",
        Status::ChannelState,
        "wait until the payments on their way are decided, or close with force: true",
    ),
    (
        "cannot co-op close frozen channel",
        Status::ChannelState,
        "wait until the height that the message names",
    ),
    (
        "cannot close channel with state",
        Status::ChannelState,
        "the message names the state; list_channels shows it too",
    ),
];
