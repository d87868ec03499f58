//! The writes on the chain.

use super::check;
use crate::clients::json::Decimal;
use crate::clients::lnd::close_channel::CloseChannelResult;
use crate::clients::lnd::opened_channel::{self, OpenChannelResult};
use crate::clients::lnd::send_onchain::SendOnchainResult;
use crate::transport::generated::lnrpc::Channel;

#[test]
fn an_opened_channel_is_golden() {
    let channel = Channel {
        active: true,
        remote_pubkey: "02".to_owned() + &"ab".repeat(32),
        channel_point: "cd".repeat(32) + ":1",
        chan_id: 9_007_199_254_740_993,
        capacity: 60_000,
        local_balance: 56_530,
        private: true,
        memo: "Miete [arkgrpc:order-19]".into(),
        ..Channel::default()
    };
    let result = OpenChannelResult {
        operation_id: Some("order-19".into()),
        replayed: true,
        ..opened_channel::from_open(channel)
    };
    assert_eq!(result.channel_id, Some(Decimal(9_007_199_254_740_993)));
    check("open_channel", result);
}

#[test]
fn a_payment_on_the_chain_is_golden() {
    let result = SendOnchainResult {
        txid: "cd".repeat(32),
        address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080".into(),
        amount: Some(12_345),
        total_fees: None,
        num_confirmations: None,
        label: "[arkgrpc:order-20]".into(),
        operation_id: Some("order-20".into()),
        replayed: false,
    };
    check("send_onchain", result);
}

#[test]
fn a_close_is_golden() {
    let result = CloseChannelResult {
        channel_point: "cd".repeat(32) + ":1",
        closing_txid: Some("ef".repeat(32)),
        state: "closing",
        operation_id: Some("order-21".into()),
        replayed: false,
    };
    check("close_channel", result);
}
