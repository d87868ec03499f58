//! What open_channel shows of a channel, made from each of the places where lnd keeps it.

use schemars::JsonSchema;
use serde::Serialize;

use super::channel_books::{Pending, Stage};
use super::channel_terms::funding;
use crate::clients::json::{Decimal, OutPoint};
use crate::transport::generated::lnrpc::channel_point::FundingTxid;
use crate::transport::generated::lnrpc::{Channel, ChannelCloseSummary, ChannelPoint};

/// The channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OpenChannelResult {
    /// Short id; null until the funding is confirmed.
    pub(super) channel_id: Option<Decimal>,
    /// Funding output, `txid:vout`: names the channel from the first moment on.
    pub(super) channel_point: String,
    pub(super) remote_pubkey: String,
    /// Size in satoshis.
    pub(super) capacity: i64,
    /// Balances in satoshis; null while lnd has not told them.
    pub(super) local_balance: Option<i64>,
    pub(super) remote_balance: Option<i64>,
    /// Null for a channel that is closed.
    pub(super) private: Option<bool>,
    /// Whether it can be used now.
    pub(super) active: bool,
    pub(super) funding_txid: Option<String>,
    pub(super) funding_output_index: Option<u32>,
    /// lnd's id of the negotiation, hex; null when the channel was found in its books.
    pub(super) pending_chan_id: Option<String>,
    /// `opening`, `open`, `closing` or `closed`.
    pub(super) state: &'static str,
    /// The text that lnd keeps, with the operation_id; null for a channel that is closed.
    pub(super) memo: Option<String>,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
    /// Whether an earlier call had opened it.
    pub(super) replayed: bool,
}

pub(super) fn funding_point(point: ChannelPoint) -> Option<OutPoint> {
    match point.funding_txid? {
        FundingTxid::FundingTxidBytes(txid) => OutPoint::from_wire(&txid, point.output_index),
        FundingTxid::FundingTxidStr(txid) => {
            OutPoint::from_text(&format!("{txid}:{}", point.output_index))
        }
    }
}

pub(super) fn from_pending(pending: Pending) -> OpenChannelResult {
    let state = match pending.stage {
        Stage::Opening => "opening",
        Stage::Closing => "closing",
    };
    let channel = pending.channel;
    OpenChannelResult {
        local_balance: Some(channel.local_balance),
        remote_balance: Some(channel.remote_balance),
        private: Some(channel.private),
        memo: Some(channel.memo),
        ..named(
            channel.channel_point,
            channel.remote_node_pub,
            channel.capacity,
            state,
        )
    }
}

pub(super) fn from_open(channel: Channel) -> OpenChannelResult {
    OpenChannelResult {
        channel_id: Some(Decimal(channel.chan_id)),
        local_balance: Some(channel.local_balance),
        remote_balance: Some(channel.remote_balance),
        private: Some(channel.private),
        active: channel.active,
        memo: Some(channel.memo),
        ..named(
            channel.channel_point,
            channel.remote_pubkey,
            channel.capacity,
            "open",
        )
    }
}

pub(super) fn from_closed(channel: &ChannelCloseSummary) -> OpenChannelResult {
    OpenChannelResult {
        channel_id: Some(Decimal(channel.chan_id)).filter(|id| id.0 != 0),
        ..named(
            channel.channel_point.clone(),
            channel.remote_pubkey.clone(),
            channel.capacity,
            "closed",
        )
    }
}

/// What is known of every channel.
pub(super) fn named(
    channel_point: String,
    remote_pubkey: String,
    capacity: i64,
    state: &'static str,
) -> OpenChannelResult {
    let (funding_txid, funding_output_index) = funding(&channel_point);
    OpenChannelResult {
        channel_id: None,
        remote_pubkey,
        capacity,
        local_balance: None,
        remote_balance: None,
        private: None,
        active: false,
        funding_txid,
        funding_output_index,
        channel_point,
        pending_chan_id: None,
        state,
        memo: None,
        operation_id: None,
        replayed: false,
    }
}
