//! list_pending_channels: channels that are being opened or closed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channel_terms::{commitment_type, funding, initiator};
use super::context::Context;
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::Satoshis;
use crate::clients::json::absent::{number, text};
use crate::error::Error;
use crate::transport::generated::lnrpc::pending_channels_response::{
    ForceClosedChannel, PendingChannel, PendingOpenChannel, WaitingCloseChannel,
};
use crate::transport::generated::lnrpc::{PendingChannelsRequest, PendingChannelsResponse};

/// Takes nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPendingChannelsParams {}

/// Channels on their way into or out of life. They have no channel_id here: lnd names them by their
/// funding output.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListPendingChannelsResult {
    /// Tied up in channels that are being closed, satoshis.
    total_limbo_balance: Satoshis,
    /// Funding transaction not confirmed deeply enough.
    pending_open_channels: Vec<PendingOpenView>,
    /// Closing transaction broadcast or being negotiated, not confirmed.
    waiting_close_channels: Vec<WaitingCloseView>,
    /// Force closed and confirmed, money not back yet.
    pending_force_closing_channels: Vec<ForceClosingView>,
}

/// What all of them have.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PendingChannelView {
    /// Key of the peer, 66 hex digits.
    remote_pubkey: String,
    /// Funding output, `txid:index`.
    channel_point: String,
    /// Its transaction.
    funding_txid: Option<String>,
    /// Its index.
    funding_output_index: Option<u32>,
    /// Size, satoshis.
    capacity: Satoshis,
    /// The node's own side, satoshis.
    local_balance: Satoshis,
    /// The peer's side, satoshis.
    remote_balance: Satoshis,
    /// Who opened it: `local`, `remote` or `both`; null when lnd does not know.
    initiator: Option<String>,
    /// As in list_channels.
    commitment_type: String,
    /// lnd's flags.
    chan_status_flags: String,
    /// Whether it is kept from the public graph.
    private: bool,
    /// Note of the one who opened it; null when there is none.
    memo: Option<String>,
}

/// One that is being opened.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PendingOpenView {
    #[serde(flatten)]
    channel: PendingChannelView,
    /// Fee of the commitment transaction, satoshis.
    commit_fee: Satoshis,
    /// Blocks until it can be used; null before the first confirmation and from lnd before 0.20.
    confirmations_until_active: Option<u32>,
    /// Height of the funding transaction; null before.
    confirmation_height: Option<u32>,
}

/// One whose closing transaction is not confirmed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct WaitingCloseView {
    #[serde(flatten)]
    channel: PendingChannelView,
    /// Tied up until it is closed, satoshis.
    limbo_balance: Satoshis,
    /// Closing transaction; null while it is negotiated.
    closing_txid: Option<String>,
}

/// One that was force closed.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ForceClosingView {
    #[serde(flatten)]
    channel: PendingChannelView,
    /// Closing transaction.
    closing_txid: String,
    /// Tied up until it matures, satoshis.
    limbo_balance: Satoshis,
    /// Height at which the node's money can be taken back; null when not known yet.
    maturity_height: Option<u32>,
    /// Blocks until then; 0 or less when it may be taken now.
    blocks_til_maturity: i32,
    /// Taken back so far, satoshis.
    recovered_balance: Satoshis,
}

pub(crate) async fn list_pending_channels(
    context: &Context,
    _params: ListPendingChannelsParams,
) -> Result<ListPendingChannelsResult, Error> {
    let client = context.node().lightning();
    let ask =
        |mut client: Lightning, request| async move { client.pending_channels(request).await };
    let message = PendingChannelsRequest::default();
    Ok(view(context.query(client, message, ask).await?))
}

pub(super) fn view(pending: PendingChannelsResponse) -> ListPendingChannelsResult {
    let opening = pending.pending_open_channels.into_iter();
    let waiting = pending.waiting_close_channels.into_iter();
    let forced = pending.pending_force_closing_channels.into_iter();
    ListPendingChannelsResult {
        total_limbo_balance: Satoshis(positive(pending.total_limbo_balance)),
        pending_open_channels: opening.map(pending_open).collect(),
        waiting_close_channels: waiting.map(waiting_close).collect(),
        pending_force_closing_channels: forced.map(force_closing).collect(),
    }
}

fn channel(channel: Option<PendingChannel>) -> PendingChannelView {
    let channel = channel.unwrap_or_default();
    let (funding_txid, funding_output_index) = funding(&channel.channel_point);
    PendingChannelView {
        remote_pubkey: channel.remote_node_pub,
        channel_point: channel.channel_point,
        funding_txid,
        funding_output_index,
        capacity: Satoshis(positive(channel.capacity)),
        local_balance: Satoshis(positive(channel.local_balance)),
        remote_balance: Satoshis(positive(channel.remote_balance)),
        initiator: initiator(channel.initiator),
        commitment_type: commitment_type(channel.commitment_type),
        chan_status_flags: channel.chan_status_flags,
        private: channel.private,
        memo: text(channel.memo),
    }
}

fn pending_open(open: PendingOpenChannel) -> PendingOpenView {
    PendingOpenView {
        channel: channel(open.channel),
        commit_fee: Satoshis(positive(open.commit_fee)),
        confirmations_until_active: number(open.confirmations_until_active),
        confirmation_height: number(open.confirmation_height),
    }
}

fn waiting_close(waiting: WaitingCloseChannel) -> WaitingCloseView {
    WaitingCloseView {
        channel: channel(waiting.channel),
        limbo_balance: Satoshis(positive(waiting.limbo_balance)),
        closing_txid: text(waiting.closing_txid),
    }
}

fn force_closing(forced: ForceClosedChannel) -> ForceClosingView {
    ForceClosingView {
        channel: channel(forced.channel),
        closing_txid: forced.closing_txid,
        limbo_balance: Satoshis(positive(forced.limbo_balance)),
        maturity_height: number(forced.maturity_height),
        blocks_til_maturity: forced.blocks_til_maturity,
        recovered_balance: Satoshis(positive(forced.recovered_balance)),
    }
}
