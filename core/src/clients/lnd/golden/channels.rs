//! Channels, their balances, and peers.

use std::collections::HashMap;

use super::super::channel_view::ChannelView;
use super::super::connect_peer::ConnectPeerResult;
use super::super::list_channels::ListChannelsResult;
use super::super::list_closed_channels::{ClosedChannelView, ListClosedChannelsResult};
use super::super::list_peers::{ListPeersResult, PeerView};
use super::super::{get_lightning_balance, list_pending_channels};
use super::check;
use crate::clients::json::PublicKey;
use crate::transport::generated::lnrpc::pending_channels_response::{
    ForceClosedChannel, PendingChannel, PendingOpenChannel, WaitingCloseChannel,
};
use crate::transport::generated::lnrpc::{
    Amount, Channel, ChannelBalanceResponse, ChannelCloseSummary, ChannelConstraints, Feature,
    Htlc, Peer, PendingChannelsResponse, TimestampedError,
};

fn key() -> String {
    "03".to_owned() + &"cd".repeat(32)
}

fn point(index: u32) -> String {
    format!("{}:{index}", "ef".repeat(32))
}

fn channel() -> Channel {
    Channel {
        active: true,
        remote_pubkey: key(),
        channel_point: point(1),
        chan_id: 490_359_092_379_649,
        capacity: 1_000_000,
        local_balance: 896_530,
        remote_balance: 100_000,
        commit_fee: 2810,
        commit_weight: 772,
        fee_per_kw: 2500,
        unsettled_balance: 400,
        total_satoshis_sent: 5000,
        num_updates: 12,
        pending_htlcs: vec![Htlc {
            amount: 400,
            hash_lock: vec![2; 32],
            expiration_height: 530,
            htlc_index: 3,
            locked_in: true,
            ..Htlc::default()
        }],
        private: true,
        initiator: true,
        chan_status_flags: "ChanStatusDefault".into(),
        lifetime: 86_400,
        uptime: 86_000,
        commitment_type: 3,
        local_constraints: Some(ChannelConstraints {
            csv_delay: 144,
            chan_reserve_sat: 10_000,
            dust_limit_sat: 354,
            max_pending_amt_msat: u64::MAX,
            min_htlc_msat: 1,
            max_accepted_htlcs: 483,
        }),
        alias_scids: vec![17_592_186_044_416_000_000],
        memo: "order-21".into(),
        ..Channel::default()
    }
}

#[test]
fn balances_are_golden() {
    let amount = |msat: u64| {
        Some(Amount {
            sat: msat / 1000,
            msat,
        })
    };
    let balance = ChannelBalanceResponse {
        local_balance: amount(896_530_500),
        remote_balance: amount(100_000_000),
        unsettled_local_balance: amount(400_500),
        unsettled_remote_balance: amount(0),
        pending_open_local_balance: amount(20_000_000),
        pending_open_remote_balance: None,
    };
    check(
        "get_lightning_balance",
        get_lightning_balance::view(balance),
    );
}

#[test]
fn open_channels_are_golden() {
    let channels = vec![ChannelView::from(channel())];
    check("list_channels", ListChannelsResult { channels });
}

#[test]
fn pending_channels_are_golden() {
    let channel = |index| {
        Some(PendingChannel {
            remote_node_pub: key(),
            channel_point: point(index),
            capacity: 1_000_000,
            local_balance: 996_530,
            initiator: 1,
            commitment_type: 3,
            chan_status_flags: "ChanStatusDefault".into(),
            ..PendingChannel::default()
        })
    };
    let pending = PendingChannelsResponse {
        total_limbo_balance: 1_993_060,
        pending_open_channels: vec![PendingOpenChannel {
            channel: channel(0),
            commit_fee: 2810,
            confirmations_until_active: 3,
            confirmation_height: 0,
        }],
        waiting_close_channels: vec![WaitingCloseChannel {
            channel: channel(1),
            limbo_balance: 996_530,
            closing_txid: String::new(),
        }],
        pending_force_closing_channels: vec![ForceClosedChannel {
            channel: channel(2),
            closing_txid: "ba".repeat(32),
            limbo_balance: 996_530,
            maturity_height: 600,
            blocks_til_maturity: -2,
            recovered_balance: 0,
        }],
    };
    check(
        "list_pending_channels",
        list_pending_channels::view(pending),
    );
}

#[test]
fn closed_channels_are_golden() {
    let closed = ChannelCloseSummary {
        channel_point: point(1),
        chan_id: 490_359_092_379_649,
        closing_tx_hash: "ba".repeat(32),
        remote_pubkey: key(),
        capacity: 1_000_000,
        close_height: 520,
        settled_balance: 896_530,
        close_type: 1,
        open_initiator: 1,
        ..ChannelCloseSummary::default()
    };
    let canceled = ChannelCloseSummary {
        channel_point: point(2),
        closing_tx_hash: "00".repeat(32),
        close_type: 4,
        ..ChannelCloseSummary::default()
    };
    let channels = [closed, canceled].map(ClosedChannelView::from).into();
    check(
        "list_closed_channels",
        ListClosedChannelsResult { channels },
    );
}

#[test]
fn peers_are_golden() {
    let feature = Feature {
        name: "static-remote-key".into(),
        is_required: false,
        is_known: true,
    };
    let peer = Peer {
        pub_key: key(),
        address: "127.0.0.1:9735".into(),
        bytes_sent: 1234,
        bytes_recv: 4321,
        sat_sent: 5000,
        ping_time: 181,
        sync_type: 1,
        features: HashMap::from([(13, feature)]),
        errors: vec![TimestampedError {
            timestamp: 1_790_000_000,
            error: "link failed".into(),
        }],
        flap_count: 2,
        last_flap_ns: 1_790_000_000_123_456_789,
        ..Peer::default()
    };
    let peers = vec![PeerView::from(peer)];
    check("list_peers", ListPeersResult { peers });
    let connected = ConnectPeerResult {
        pubkey: PublicKey::from_text(&key()).unwrap(),
        connected: true,
        replayed: false,
        operation_id: Some("order-22".into()),
    };
    check("connect_peer", connected);
}
