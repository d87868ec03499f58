//! How a transaction of the node's wallet is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::invoice_view::positive;
use crate::clients::json::Satoshis;
use crate::clients::json::absent::{number, text};
use crate::transport::generated::lnrpc::{OutputDetail, PreviousOutPoint, Transaction};

/// One transaction that touches the wallet.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct TransactionView {
    /// Its id in display order.
    tx_hash: String,
    /// What it did to the wallet, satoshis: negative when money went out, fee included.
    amount: i64,
    /// 0 while no block contains it.
    num_confirmations: i32,
    /// The block; null while none contains it.
    block_hash: Option<String>,
    /// Height of the block; null while none contains it.
    block_height: Option<i32>,
    /// Time of the block, or when the wallet first saw it; unix seconds.
    time_stamp: i64,
    /// Fee in satoshis, as far as the wallet paid it.
    total_fees: Satoshis,
    /// The label that it was given; null when there is none.
    label: Option<String>,
    /// Where it pays to.
    output_details: Vec<OutputView>,
    /// What it spends.
    previous_outpoints: Vec<SpentView>,
    /// The whole transaction, hex.
    raw_tx_hex: String,
}

/// One output.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct OutputView {
    /// Null when its script has none.
    address: Option<String>,
    /// Script, hex.
    pk_script: String,
    /// Position in the transaction.
    output_index: i64,
    /// Satoshis.
    amount: Satoshis,
    /// Whether it belongs to the wallet.
    is_our_address: bool,
}

/// One input.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SpentView {
    /// The output that it spends, `txid:index`.
    outpoint: String,
    /// Whether that belonged to the wallet.
    is_our_output: bool,
}

impl From<Transaction> for TransactionView {
    fn from(transaction: Transaction) -> Self {
        let outputs = transaction.output_details.into_iter().map(output);
        let spent = transaction.previous_outpoints.into_iter().map(spent);
        Self {
            tx_hash: transaction.tx_hash,
            amount: transaction.amount,
            num_confirmations: transaction.num_confirmations,
            block_hash: text(transaction.block_hash),
            block_height: number(transaction.block_height),
            time_stamp: transaction.time_stamp,
            total_fees: Satoshis(positive(transaction.total_fees)),
            label: text(transaction.label),
            output_details: outputs.collect(),
            previous_outpoints: spent.collect(),
            raw_tx_hex: transaction.raw_tx_hex,
        }
    }
}

fn output(output: OutputDetail) -> OutputView {
    OutputView {
        address: text(output.address),
        pk_script: output.pk_script,
        output_index: output.output_index,
        amount: Satoshis(positive(output.amount)),
        is_our_address: output.is_our_address,
    }
}

fn spent(spent: PreviousOutPoint) -> SpentView {
    SpentView {
        outpoint: spent.outpoint,
        is_our_output: spent.is_our_output,
    }
}
