//! list_peers: the nodes to which this one is connected.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::feature_view::{FeatureView, features};
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::absent::number;
use crate::clients::json::{Decimal, Satoshis};
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::peer::SyncType;
use crate::transport::generated::lnrpc::{ListPeersRequest, Peer};

/// How much to tell.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPeersParams {
    /// Only the latest error of each peer (default true); false shows all that lnd keeps, up to ten.
    #[serde(default = "only_the_latest")]
    latest_error: bool,
}

fn only_the_latest() -> bool {
    true
}

/// The peers.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListPeersResult {
    /// In no particular order.
    pub(super) peers: Vec<PeerView>,
}

/// One connected peer.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PeerView {
    /// Its key, 66 hex digits.
    pub_key: String,
    /// Where it is connected, `host:port`.
    address: String,
    /// Whether it called us.
    inbound: bool,
    /// Bytes sent to it in this connection.
    bytes_sent: u64,
    /// Bytes received from it in this connection.
    bytes_recv: u64,
    /// Satoshis sent to it through channels with it.
    sat_sent: Satoshis,
    /// Satoshis received from it through channels with it.
    sat_recv: Satoshis,
    /// Round trip of the last ping, microseconds; null before the first.
    ping_time: Option<i64>,
    /// How the graph is kept in step with it: `active`, `passive`, `pinned` or `unknown`.
    sync_type: String,
    /// Features that it announces.
    features: Vec<FeatureView>,
    /// Errors that it sent, oldest first.
    errors: Vec<PeerErrorView>,
    /// How often its connection broke and came back.
    flap_count: i32,
    /// When it last did, unix nanoseconds; null when it never did.
    last_flap_ns: Option<Decimal>,
}

/// One error that a peer sent.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PeerErrorView {
    /// Unix seconds.
    timestamp: u64,
    /// The peer's own words: not to be trusted.
    error: String,
}

pub(crate) async fn list_peers(
    context: &Context,
    params: ListPeersParams,
) -> Result<ListPeersResult, Error> {
    let peers = connected(context, params.latest_error).await;
    let peers = peers.map_err(|failure| context.error(&failure))?;
    Ok(ListPeersResult {
        peers: peers.into_iter().map(PeerView::from).collect(),
    })
}

/// lnd's own list.
pub(super) async fn connected(
    context: &Context,
    latest_error: bool,
) -> Result<Vec<Peer>, AttemptError> {
    let client = context.node().deciding_lightning();
    let ask = |mut client: Lightning, request| async move { client.list_peers(request).await };
    let answer = context.ask(client, ListPeersRequest { latest_error }, ask);
    Ok(answer.await?.peers)
}

impl From<Peer> for PeerView {
    fn from(peer: Peer) -> Self {
        let errors = peer.errors.into_iter().map(|error| PeerErrorView {
            timestamp: error.timestamp,
            error: error.error,
        });
        Self {
            sync_type: sync_type(peer.sync_type),
            pub_key: peer.pub_key,
            address: peer.address,
            inbound: peer.inbound,
            bytes_sent: peer.bytes_sent,
            bytes_recv: peer.bytes_recv,
            sat_sent: Satoshis(positive(peer.sat_sent)),
            sat_recv: Satoshis(positive(peer.sat_recv)),
            ping_time: number(peer.ping_time),
            features: features(peer.features),
            errors: errors.collect(),
            flap_count: peer.flap_count,
            last_flap_ns: number(positive(peer.last_flap_ns)).map(Decimal),
        }
    }
}

fn sync_type(number: i32) -> String {
    match SyncType::try_from(number) {
        Ok(SyncType::UnknownSync) => "unknown".to_owned(),
        Ok(SyncType::ActiveSync) => "active".to_owned(),
        Ok(SyncType::PassiveSync) => "passive".to_owned(),
        Ok(SyncType::PinnedSync) => "pinned".to_owned(),
        Err(_) => format!("unknown_{number}"),
    }
}
