//! What a wallet tells of the transactions that touch it.

use bitcoin::{Txid, consensus::encode::serialize};
use tokio::sync::mpsc::UnboundedReceiver;
use tonic::Status;

use super::{
    amount,
    network::{Network, NodeId},
    onchain::address_of,
    wallet::Wallet,
};
use crate::{
    chain::Broadcast,
    proto::lnrpc::{
        GetTransactionsRequest, OutputDetail, PreviousOutPoint, Transaction, TransactionDetails,
    },
};

/// Up to the tip and the mempool.
const TO_MEMPOOL: i32 = -1;

impl Network {
    /// GetTransactions.
    pub(crate) fn get_transactions(
        &self,
        id: NodeId,
        request: &GetTransactionsRequest,
    ) -> Result<TransactionDetails, Status> {
        let end = match request.end_height {
            0 => TO_MEMPOOL,
            end => end,
        };
        let mut touching: Vec<_> = self
            .chain
            .transactions()
            .filter_map(|(txid, _)| self.transaction_view(id, txid))
            .filter(|view| in_range(view.block_height, request.start_height, end))
            .collect();
        // Blocks in their order, then the mempool.
        touching.sort_by_key(|view| match view.block_height {
            0 => i32::MAX,
            height => height,
        });
        if end != TO_MEMPOOL && end < request.start_height {
            touching.reverse();
        }
        let offset = request.index_offset as usize;
        let size = match request.max_transactions as usize {
            0 => usize::MAX,
            size => size,
        };
        let count = touching.len().saturating_sub(offset).min(size);
        let mut transactions: Vec<_> = touching.into_iter().skip(offset).take(size).collect();
        // A page is shown by its confirmations, however it was counted out.
        transactions.sort_by_key(|view| view.num_confirmations);
        Ok(TransactionDetails {
            transactions,
            first_index: if count == 0 { 0 } else { offset as u64 },
            last_index: if count == 0 {
                0
            } else {
                (offset + count - 1) as u64
            },
        })
    }

    /// SubscribeTransactions: from now on, whatever heights the request names.
    pub(crate) fn subscribe_transactions(
        &mut self,
        id: NodeId,
    ) -> Result<UnboundedReceiver<Transaction>, Status> {
        Ok(self.known_mut(id)?.transaction_watchers.add())
    }

    /// Tells everybody whose wallet a transaction touches that it is out, or in a block.
    pub(crate) fn tell_transaction(&mut self, txid: &Txid) {
        for id in 0..self.nodes.len() {
            if let Some(view) = self.transaction_view(id, txid)
                && let Some(node) = self.node_mut(id)
            {
                node.transaction_watchers.tell(&view);
            }
        }
    }

    /// A transaction as a node's wallet sees it, if it touches the wallet.
    pub(crate) fn transaction_view(&self, id: NodeId, txid: &Txid) -> Option<Transaction> {
        let wallet = &self.node(id)?.onchain;
        let broadcast = self.chain.get(txid)?;
        let (received, sent) = flows(wallet, broadcast);
        // A wallet also keeps what its node has broadcast, even if it moves nothing of its own.
        if received == 0 && sent == 0 && !wallet.labels.contains_key(txid) {
            return None;
        }
        let transaction = &broadcast.transaction;
        let place = broadcast.place.as_ref();
        let confirmations = self.chain.confirmations(txid);
        Some(Transaction {
            tx_hash: txid.to_string(),
            amount: amount::signed(received) - amount::signed(sent),
            num_confirmations: i32::try_from(confirmations).unwrap_or(i32::MAX),
            block_hash: place.map(|place| place.block.clone()).unwrap_or_default(),
            block_height: place.map_or(0, |place| i32::try_from(place.height).unwrap_or(i32::MAX)),
            time_stamp: place.map_or(broadcast.seen_at, |place| place.mined_at),
            total_fees: amount::signed(fee(wallet, broadcast)),
            raw_tx_hex: hex::encode(serialize(transaction)),
            label: wallet.labels.get(txid).cloned().unwrap_or_default(),
            output_details: outputs(wallet, broadcast),
            previous_outpoints: inputs(wallet, broadcast),
        })
    }
}

fn in_range(height: i32, start: i32, end: i32) -> bool {
    match end {
        TO_MEMPOOL => height == 0 || height >= start,
        _ => height != 0 && (start.min(end)..=start.max(end)).contains(&height),
    }
}

/// What a transaction brings to a wallet and takes from it.
fn flows(wallet: &Wallet, broadcast: &Broadcast) -> (u64, u64) {
    let sum = |outputs: &[bitcoin::TxOut]| {
        outputs
            .iter()
            .filter(|output| wallet.owns(&output.script_pubkey))
            .map(|output| output.value.to_sat())
            .sum()
    };
    (sum(&broadcast.transaction.output), sum(&broadcast.spent))
}

/// The wallet knows the fee only of transactions all of whose inputs it knows.
fn fee(wallet: &Wallet, broadcast: &Broadcast) -> u64 {
    let spent = &broadcast.spent;
    let all_own = spent
        .iter()
        .all(|output| wallet.owns(&output.script_pubkey));
    if spent.is_empty() || !all_own {
        return 0;
    }
    let paid_in: u64 = spent.iter().map(|output| output.value.to_sat()).sum();
    let outputs = broadcast.transaction.output.iter();
    paid_in - outputs.map(|output| output.value.to_sat()).sum::<u64>()
}

fn outputs(wallet: &Wallet, broadcast: &Broadcast) -> Vec<OutputDetail> {
    let detail = |(index, output): (i64, &bitcoin::TxOut)| OutputDetail {
        address: address_of(&output.script_pubkey),
        pk_script: hex::encode(output.script_pubkey.as_bytes()),
        output_index: index,
        amount: amount::signed(output.value.to_sat()),
        is_our_address: wallet.owns(&output.script_pubkey),
    };
    (0..)
        .zip(&broadcast.transaction.output)
        .map(detail)
        .collect()
}

fn inputs(wallet: &Wallet, broadcast: &Broadcast) -> Vec<PreviousOutPoint> {
    let inputs = broadcast.transaction.input.iter().enumerate();
    inputs
        .map(|(place, input)| PreviousOutPoint {
            outpoint: input.previous_output.to_string(),
            is_our_output: broadcast
                .spent
                .get(place)
                .is_some_and(|output| wallet.owns(&output.script_pubkey)),
        })
        .collect()
}
