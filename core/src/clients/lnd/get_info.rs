//! get_info: who the node is and how far it is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::feature_view::{FeatureView, features};
use crate::error::Error;
use crate::resilience::{Attempt, AttemptError};
use crate::transport::generated::lnrpc::{GetInfoRequest, GetInfoResponse};

/// Takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetInfoParams {}

/// The node's own view of itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GetInfoResult {
    /// Identity key, 66 hex digits.
    identity_pubkey: String,
    /// Name that the operator gave.
    alias: String,
    /// Colour that the operator gave, `#rrggbb`.
    color: String,
    /// Version of lnd.
    version: String,
    /// Commit that it was built from.
    commit_hash: String,
    /// `mainnet`, `testnet`, `testnet4`, `signet`, `simnet` or `regtest`; null when lnd names none.
    network: Option<String>,
    /// Height of the best block that the node knows.
    block_height: u32,
    /// Hash of that block, 64 hex digits in display order.
    block_hash: String,
    /// Time of that block's header, unix seconds.
    best_header_timestamp: i64,
    /// Whether the node is in sync with its chain backend.
    synced_to_chain: bool,
    /// Whether it is in sync with the channel graph; false means that routes may be missed.
    synced_to_graph: bool,
    /// Whether its wallet is in sync; lnd before 0.21 does not say and shows false.
    wallet_synced: bool,
    /// Channels that can forward now.
    num_active_channels: u32,
    /// Channels whose peer is away.
    num_inactive_channels: u32,
    /// Channels being opened or closed.
    num_pending_channels: u32,
    /// Connected peers.
    num_peers: u32,
    /// Addresses under which others reach it, `pubkey@host:port`.
    uris: Vec<String>,
    /// Protocol features that it announces, by bit (BOLT 9).
    features: Vec<FeatureView>,
}

pub(crate) async fn get_info(
    context: &Context,
    _params: GetInfoParams,
) -> Result<GetInfoResult, Error> {
    ask(context)
        .await
        .map(view)
        .map_err(|failure| context.error(&failure))
}

/// lnd's own answer.
pub(super) async fn ask(context: &Context) -> Result<GetInfoResponse, AttemptError> {
    let client = context.node().lightning();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let request = context.request(&attempt, GetInfoRequest {});
        async move {
            client
                .get_info(request)
                .await
                .map(tonic::Response::into_inner)
        }
    };
    context.read(send).await
}

pub(super) fn view(info: GetInfoResponse) -> GetInfoResult {
    GetInfoResult {
        identity_pubkey: info.identity_pubkey,
        alias: info.alias,
        color: info.color,
        version: info.version,
        commit_hash: info.commit_hash,
        network: info.chains.into_iter().next().map(|chain| chain.network),
        block_height: info.block_height,
        block_hash: info.block_hash,
        best_header_timestamp: info.best_header_timestamp,
        synced_to_chain: info.synced_to_chain,
        synced_to_graph: info.synced_to_graph,
        wallet_synced: info.wallet_synced,
        num_active_channels: info.num_active_channels,
        num_inactive_channels: info.num_inactive_channels,
        num_pending_channels: info.num_pending_channels,
        num_peers: info.num_peers,
        uris: info.uris,
        features: features(info.features),
    }
}
