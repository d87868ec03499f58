//! The wallet on the chain: balances, addresses, outputs, transactions, fees.

use super::super::estimate_fee::EstimateFeeResult;
use super::super::list_transactions::ListTransactionsResult;
use super::super::list_unspent::{ListUnspentResult, UtxoView};
use super::super::new_address::NewAddressResult;
use super::super::transaction_view::TransactionView;
use super::super::{get_lightning_balance, get_onchain_balance, get_total_balance};
use super::check;
use crate::clients::json::{Decimal, Satoshis};
use crate::transport::generated::lnrpc::{
    Amount, ChannelBalanceResponse, OutPoint, OutputDetail, PreviousOutPoint, Transaction, Utxo,
    WalletBalanceResponse,
};

#[test]
fn balances_are_golden() {
    let onchain = get_onchain_balance::view(WalletBalanceResponse {
        total_balance: 2_000_000_000,
        confirmed_balance: 1_999_000_000,
        unconfirmed_balance: 1_000_000,
        locked_balance: 5000,
        reserved_balance_anchor_chan: 10_000,
    });
    let sat = |sat| {
        Some(Amount {
            sat,
            msat: sat * 1000,
        })
    };
    let lightning = get_lightning_balance::view(ChannelBalanceResponse {
        local_balance: sat(896_530),
        remote_balance: sat(100_000),
        ..ChannelBalanceResponse::default()
    });
    check(
        "get_total_balance",
        get_total_balance::view(&lightning, &onchain),
    );
    check("get_onchain_balance", onchain);
}

#[test]
fn addresses_are_golden() {
    let address = NewAddressResult {
        address: "bcrt1pmfr3p9j00pfxjh0zmgp99y8zftmd3s5pmedqhyptwy6lm87hf5sspknck9".into(),
        address_type: "p2tr".into(),
        operation_id: Some("5e".repeat(16)),
    };
    check("new_address", address);
}

#[test]
fn outputs_are_golden() {
    let utxo = Utxo {
        address_type: 4,
        address: "bcrt1p…".into(),
        amount_sat: 50_000,
        pk_script: "5120".to_owned() + &"ab".repeat(32),
        outpoint: Some(OutPoint {
            txid_str: "ef".repeat(32),
            output_index: 1,
            ..OutPoint::default()
        }),
        confirmations: 6,
    };
    let utxos = vec![UtxoView::from(utxo)];
    check("list_unspent", ListUnspentResult { utxos });
}

#[test]
fn transactions_are_golden() {
    let output = OutputDetail {
        address: "bcrt1q…".into(),
        pk_script: "0014".to_owned() + &"ab".repeat(20),
        output_index: 1,
        amount: 49_000,
        is_our_address: false,
    };
    let spent = PreviousOutPoint {
        outpoint: format!("{}:0", "ef".repeat(32)),
        is_our_output: true,
    };
    let unconfirmed = Transaction {
        tx_hash: "ba".repeat(32),
        amount: -49_141,
        time_stamp: 1_790_000_000,
        total_fees: 141,
        raw_tx_hex: "0200".into(),
        label: "order-23".into(),
        output_details: vec![output],
        previous_outpoints: vec![spent],
        ..Transaction::default()
    };
    let result = ListTransactionsResult {
        transactions: vec![TransactionView::from(unconfirmed)],
        more: false,
        next_offset: Decimal(1),
    };
    check("list_transactions", result);
}

#[test]
fn estimates_are_golden() {
    let estimate = EstimateFeeResult {
        fee_sat: Satoshis(3525),
        sat_per_vbyte: 25,
        target_conf: 6,
    };
    check("estimate_fee", estimate);
}
