//! get_lightning_balance: what the node's channels hold.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::node::Lightning;
use crate::clients::json::{Millisatoshis, Satoshis};
use crate::error::Error;
use crate::transport::generated::lnrpc::{Amount, ChannelBalanceRequest, ChannelBalanceResponse};

/// Takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetLightningBalanceParams {}

/// Sums over all channels.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct GetLightningBalanceResult {
    /// The node's own side of its open channels, without what is under way; part of it is the reserve
    /// that each channel keeps, so not all can be spent.
    pub(super) local_balance: Option<Satoshis>,
    /// The peers' side of them.
    pub(super) remote_balance: Option<Satoshis>,
    /// The node's own side of channels that are being opened.
    pending_open_local: Option<Satoshis>,
    /// The peers' side of them.
    pending_open_remote: Option<Satoshis>,
    /// Under way in payments from the node (lnd: unsettled_local_balance).
    pending_htlc_local: Option<Satoshis>,
    /// Under way in payments to the node (lnd: unsettled_remote_balance).
    pending_htlc_remote: Option<Satoshis>,
    /// local_balance in millisatoshis.
    local_balance_msat: Option<Millisatoshis>,
    /// remote_balance in millisatoshis.
    remote_balance_msat: Option<Millisatoshis>,
    /// pending_open_local in millisatoshis.
    pending_open_local_msat: Option<Millisatoshis>,
    /// pending_open_remote in millisatoshis.
    pending_open_remote_msat: Option<Millisatoshis>,
    /// pending_htlc_local in millisatoshis.
    pending_htlc_local_msat: Option<Millisatoshis>,
    /// pending_htlc_remote in millisatoshis.
    pending_htlc_remote_msat: Option<Millisatoshis>,
}

pub(crate) async fn get_lightning_balance(
    context: &Context,
    _params: GetLightningBalanceParams,
) -> Result<GetLightningBalanceResult, Error> {
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.channel_balance(request).await };
    let balance = context.query(client, ChannelBalanceRequest {}, ask).await?;
    Ok(view(balance))
}

pub(super) fn view(balance: ChannelBalanceResponse) -> GetLightningBalanceResult {
    let sat = |amount: &Option<Amount>| amount.map(|amount| Satoshis(amount.sat));
    let msat = |amount: &Option<Amount>| amount.map(|amount| Millisatoshis(amount.msat));
    GetLightningBalanceResult {
        local_balance: sat(&balance.local_balance),
        remote_balance: sat(&balance.remote_balance),
        pending_open_local: sat(&balance.pending_open_local_balance),
        pending_open_remote: sat(&balance.pending_open_remote_balance),
        pending_htlc_local: sat(&balance.unsettled_local_balance),
        pending_htlc_remote: sat(&balance.unsettled_remote_balance),
        local_balance_msat: msat(&balance.local_balance),
        remote_balance_msat: msat(&balance.remote_balance),
        pending_open_local_msat: msat(&balance.pending_open_local_balance),
        pending_open_remote_msat: msat(&balance.pending_open_remote_balance),
        pending_htlc_local_msat: msat(&balance.unsettled_local_balance),
        pending_htlc_remote_msat: msat(&balance.unsettled_remote_balance),
    }
}
