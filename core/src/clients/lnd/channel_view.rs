//! How an open channel is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::channel_terms::{commitment_type, funding};
use super::invoice_view::positive;
use crate::clients::json::absent::{number, text};
use crate::clients::json::{Decimal, Millisatoshis, Satoshis};
use crate::transport::generated::lnrpc::{Channel, ChannelConstraints, Htlc};

/// One open channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ChannelView {
    /// lnd's short channel id; an alias while a zero-conf channel is unconfirmed.
    channel_id: Decimal,
    /// Key of the peer, 66 hex digits.
    remote_pubkey: String,
    /// Size of the channel, satoshis.
    capacity: Satoshis,
    /// The node's own side, without what is under way and without the commitment fee.
    local_balance: Satoshis,
    /// The peer's side.
    remote_balance: Satoshis,
    /// Whether it is kept from the public graph.
    private: bool,
    /// Whether the peer is online and the channel can carry payments.
    active: bool,
    /// Transaction that funded it.
    funding_txid: Option<String>,
    /// Its output.
    funding_output_index: Option<u32>,
    /// The two together, `txid:index`.
    channel_point: String,
    /// Name that the peer announces; null unless asked for with peer_alias_lookup.
    peer_alias: Option<String>,
    /// Note of the one who opened it, kept on this node alone; null when there is none.
    memo: Option<String>,
    /// Fee of the commitment transaction, satoshis.
    commit_fee: Satoshis,
    /// Its weight.
    commit_weight: i64,
    /// Its fee rate, satoshis per 1000 weight units.
    fee_per_kw: i64,
    /// Under way in both directions, satoshis.
    unsettled_balance: Satoshis,
    /// Paid out through it since it was opened, satoshis.
    total_satoshis_sent: Satoshis,
    /// Received through it since it was opened, satoshis.
    total_satoshis_received: Satoshis,
    /// How often its state has changed.
    num_updates: u64,
    /// Payments under way.
    pending_htlcs: Vec<HtlcView>,
    /// Whether this node opened it.
    initiator: bool,
    /// lnd's flags, `ChanStatusDefault` in good order.
    chan_status_flags: String,
    /// Seconds since the channel was first seen by this run of lnd.
    lifetime: i64,
    /// Seconds of these in which the peer was online.
    uptime: i64,
    /// Where this node's side goes at a cooperative close; null when not fixed.
    close_address: Option<String>,
    /// `legacy`, `static_remote_key`, `anchors`, `script_enforced_lease`, `simple_taproot`,
    /// `simple_taproot_overlay`, `simple_taproot_final` or `unknown_commitment_type`.
    commitment_type: String,
    /// Given to the peer at opening, satoshis.
    push_amount_sat: Satoshis,
    /// Height until which it cannot be closed cooperatively; null when it can.
    thaw_height: Option<u32>,
    /// What the node must keep to.
    local_constraints: Option<ConstraintsView>,
    /// What the peer must keep to.
    remote_constraints: Option<ConstraintsView>,
    /// Other ids under which it can be named.
    alias_scids: Vec<Decimal>,
    /// Whether it could be used before it was confirmed.
    zero_conf: bool,
    /// The id of a zero-conf channel once it is confirmed; null before and for others.
    zero_conf_confirmed_scid: Option<Decimal>,
}

/// One payment under way in a channel.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HtlcView {
    /// Whether it comes in.
    incoming: bool,
    /// Satoshis.
    amount: Satoshis,
    /// Payment hash.
    hash_lock: String,
    /// Height at which it expires.
    expiration_height: u32,
    /// Its number in the channel.
    htlc_index: Decimal,
    /// Channel through which it came or goes on; null when this node is its end.
    forwarding_channel: Option<Decimal>,
    /// Its number in that channel; null when this node is its end.
    forwarding_htlc_index: Option<Decimal>,
    /// Whether both commitment transactions carry it.
    locked_in: bool,
}

/// Limits of one side.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ConstraintsView {
    /// Blocks that this side waits for its money after a force close.
    csv_delay: u32,
    /// What it must leave in the channel.
    chan_reserve_sat: Satoshis,
    /// Smallest output of its commitment transaction.
    dust_limit_sat: Satoshis,
    /// Most that may be under way to it; lnd shows huge numbers for "no limit".
    max_pending_amt_msat: Decimal,
    /// Smallest payment that it accepts.
    min_htlc_msat: Millisatoshis,
    /// Most payments that may be under way to it.
    max_accepted_htlcs: u32,
}

impl From<Channel> for ChannelView {
    fn from(channel: Channel) -> Self {
        let sat = |amount| Satoshis(positive(amount));
        let (funding_txid, funding_output_index) = funding(&channel.channel_point);
        Self {
            channel_id: Decimal(channel.chan_id),
            remote_pubkey: channel.remote_pubkey,
            capacity: sat(channel.capacity),
            local_balance: sat(channel.local_balance),
            remote_balance: sat(channel.remote_balance),
            private: channel.private,
            active: channel.active,
            funding_txid,
            funding_output_index,
            channel_point: channel.channel_point,
            peer_alias: text(channel.peer_alias),
            memo: text(channel.memo),
            commit_fee: sat(channel.commit_fee),
            commit_weight: channel.commit_weight,
            fee_per_kw: channel.fee_per_kw,
            unsettled_balance: sat(channel.unsettled_balance),
            total_satoshis_sent: sat(channel.total_satoshis_sent),
            total_satoshis_received: sat(channel.total_satoshis_received),
            num_updates: channel.num_updates,
            pending_htlcs: channel.pending_htlcs.iter().map(htlc).collect(),
            initiator: channel.initiator,
            chan_status_flags: channel.chan_status_flags,
            lifetime: channel.lifetime,
            uptime: channel.uptime,
            close_address: text(channel.close_address),
            commitment_type: commitment_type(channel.commitment_type),
            push_amount_sat: Satoshis(channel.push_amount_sat),
            thaw_height: number(channel.thaw_height),
            local_constraints: channel.local_constraints.map(constraints),
            remote_constraints: channel.remote_constraints.map(constraints),
            alias_scids: channel.alias_scids.into_iter().map(Decimal).collect(),
            zero_conf: channel.zero_conf,
            zero_conf_confirmed_scid: number(channel.zero_conf_confirmed_scid).map(Decimal),
        }
    }
}

fn htlc(htlc: &Htlc) -> HtlcView {
    let onward = number(htlc.forwarding_channel).map(Decimal);
    HtlcView {
        incoming: htlc.incoming,
        amount: Satoshis(positive(htlc.amount)),
        hash_lock: hex::encode(&htlc.hash_lock),
        expiration_height: htlc.expiration_height,
        htlc_index: Decimal(htlc.htlc_index),
        forwarding_htlc_index: onward.map(|_| Decimal(htlc.forwarding_htlc_index)),
        forwarding_channel: onward,
        locked_in: htlc.locked_in,
    }
}

fn constraints(limits: ChannelConstraints) -> ConstraintsView {
    ConstraintsView {
        csv_delay: limits.csv_delay,
        chan_reserve_sat: Satoshis(limits.chan_reserve_sat),
        dust_limit_sat: Satoshis(limits.dust_limit_sat),
        max_pending_amt_msat: Decimal(limits.max_pending_amt_msat),
        min_htlc_msat: Millisatoshis(limits.min_htlc_msat),
        max_accepted_htlcs: limits.max_accepted_htlcs,
    }
}
