//! What a node does with its coins on the chain: balance, addresses, coins, fees, and sending.

use std::collections::HashSet;

use bitcoin::{
    Address, OutPoint, ScriptBuf, Transaction, TxOut, Txid, opcodes::all::OP_PUSHNUM_1,
    script::Builder,
};
use tonic::Status;

use super::{
    amount, chain_address,
    coin_selection::{Selection, Shortage, select, sweep_fee},
    fee_rate::{FeeRate, min_confs},
    network::{Network, NodeId},
    wallet::{Coin, Kind},
};
use crate::{
    chain::{pay, spend, transaction},
    proto::lnrpc::{
        self, AddressType, EstimateFeeRequest, EstimateFeeResponse, ListUnspentRequest,
        ListUnspentResponse, NewAddressRequest, NewAddressResponse, SendCoinsRequest,
        SendCoinsResponse, Utxo, WalletBalanceRequest, WalletBalanceResponse,
    },
};

const MAX_LABEL: usize = 500;
/// lnd's label for what a user sends without one.
const EXTERNAL: &str = "external";
const MAX_SAT: u64 = 21_000_000 * 100_000_000;
const SHORT: &str = "insufficient funds available to construct transaction";
pub(crate) const RESERVED: &str = "reserved wallet balance invalidated: transaction would leave \
     insufficient funds for fee bumping anchor channel closings (see debug log for details)";

impl Network {
    /// WalletBalance.
    pub(crate) fn wallet_balance(
        &self,
        id: NodeId,
        request: &WalletBalanceRequest,
    ) -> Result<WalletBalanceResponse, Status> {
        let wallet = &self.known(id)?.onchain;
        let min_confs = u32::try_from(request.min_confs).unwrap_or_default().max(1);
        let total = wallet.balance(&self.chain, 0);
        let confirmed = wallet.balance(&self.chain, min_confs);
        Ok(WalletBalanceResponse {
            total_balance: amount::signed(total),
            confirmed_balance: amount::signed(confirmed),
            unconfirmed_balance: amount::signed(total - confirmed),
            reserved_balance_anchor_chan: amount::signed(self.reserved_sat(id, 0)),
            ..WalletBalanceResponse::default()
        })
    }

    /// NewAddress.
    pub(crate) fn new_address(
        &mut self,
        id: NodeId,
        request: &NewAddressRequest,
    ) -> Result<NewAddressResponse, Status> {
        let Ok(wanted) = AddressType::try_from(request.r#type) else {
            let number = request.r#type;
            return Err(Status::unknown(format!("unknown address type: {number}")));
        };
        check_account(&request.account)?;
        let (kind, advance) = match wanted {
            AddressType::WitnessPubkeyHash => (Kind::Witness, true),
            AddressType::NestedPubkeyHash => (Kind::Nested, true),
            AddressType::TaprootPubkey => (Kind::Taproot, true),
            AddressType::UnusedWitnessPubkeyHash => (Kind::Witness, false),
            AddressType::UnusedNestedPubkeyHash => (Kind::Nested, false),
            AddressType::UnusedTaprootPubkey => (Kind::Taproot, false),
        };
        let (chain, node) = self.chain_and_node(id)?;
        let address = match advance {
            true => node.onchain.next_address(kind)?,
            false => node.onchain.unused_address(kind, chain)?,
        };
        Ok(NewAddressResponse {
            address: address.to_string(),
        })
    }

    /// ListUnspent.
    pub(crate) fn list_unspent(
        &self,
        id: NodeId,
        request: &ListUnspentRequest,
    ) -> Result<ListUnspentResponse, Status> {
        check_account(&request.account)?;
        let (Ok(min), Ok(max)) = (
            u32::try_from(request.min_confs),
            u32::try_from(request.max_confs),
        ) else {
            return Err(Status::unknown(match request.min_confs < 0 {
                true => "min confirmations must be >= 0",
                false => "max confirmations must be >= min confirmations",
            }));
        };
        if min > max {
            return Err(Status::unknown(
                "max confirmations must be >= min confirmations",
            ));
        }
        let coins = self.known(id)?.onchain.coins(&self.chain, min);
        let utxos = coins
            .iter()
            .filter(|coin| coin.confirmations <= max)
            .map(coin_view)
            .collect();
        Ok(ListUnspentResponse { utxos })
    }

    /// EstimateFee; it draws no address.
    pub(crate) fn estimate_fee(
        &self,
        id: NodeId,
        request: &EstimateFeeRequest,
    ) -> Result<EstimateFeeResponse, Status> {
        let outputs: Vec<TxOut> = request
            .addr_to_amount
            .iter()
            .map(|(address, sat)| output(*sat, chain_address::script_of_pair(address)?))
            .collect::<Result<_, _>>()?;
        let [output] = outputs.as_slice() else {
            return Err(match outputs.is_empty() {
                true => Status::unknown("no outputs"),
                false => Status::unimplemented("the devnet estimates one output at a time"),
            });
        };
        let rate = FeeRate::by_target(u32::try_from(request.target_conf).unwrap_or(u32::MAX))?;
        let min_confs = min_confs(request.min_confs, request.spend_unconfirmed)?;
        let coins = self.known(id)?.onchain.coins(&self.chain, min_confs);
        let selection = select(&coins, output, &change_of_size(), rate).map_err(short)?;
        Ok(EstimateFeeResponse {
            fee_sat: amount::signed(selection.fee_sat),
            sat_per_vbyte: rate.sat_per_vbyte(),
        })
    }

    /// SendCoins.
    pub(crate) fn send_coins(
        &mut self,
        id: NodeId,
        request: &SendCoinsRequest,
    ) -> Result<SendCoinsResponse, Status> {
        let rate = FeeRate::wanted(request.sat_per_vbyte, request.target_conf)?;
        let min_confs = min_confs(request.min_confs, request.spend_unconfirmed)?;
        let script = chain_address::script(&request.addr)?;
        let label = label(&request.label)?;
        let chosen = outpoints(&request.outpoints)?;
        let coins = self.known(id)?.onchain.coins(&self.chain, min_confs);
        let transaction = if request.send_all {
            if request.amount != 0 {
                return Err(Status::unknown("amount set while SendAll is active"));
            }
            let coins = only(coins, &chosen).map_err(|missing| {
                Status::unknown(format!(
                    "unable to fetch+lock wallet utxos: unknown utxo: item {missing} not found"
                ))
            })?;
            self.sweep(id, &coins, script, rate)?
        } else {
            let output = output(request.amount, script)?;
            let coins = only(coins, &chosen).map_err(|missing| {
                Status::unknown(format!(
                    "selected outpoint not eligible for spending: {missing}"
                ))
            })?;
            self.pay_from(id, &coins, !chosen.is_empty(), output, rate)?
        };
        let txid = self.publish(id, transaction, label)?;
        Ok(SendCoinsResponse {
            txid: txid.to_string(),
        })
    }

    fn pay_from(
        &mut self,
        id: NodeId,
        coins: &[Coin],
        all: bool,
        output: TxOut,
        rate: FeeRate,
    ) -> Result<Transaction, Status> {
        let change = self.change_script(id)?;
        let mut selection = select(coins, &output, &change, rate).map_err(short)?;
        if all {
            selection = take_all(coins, &output, &change, rate, selection);
        }
        let transaction = selection.into_transaction(output, change);
        match self.left_after(id, &transaction)? < self.reserved_sat(id, 0) {
            true => Err(Status::unknown(RESERVED)),
            false => Ok(transaction),
        }
    }

    /// Everything into one output, but for what must be kept for closing channels.
    fn sweep(
        &mut self,
        id: NodeId,
        coins: &[Coin],
        script: ScriptBuf,
        rate: FeeRate,
    ) -> Result<Transaction, Status> {
        let sum: u64 = coins.iter().map(|coin| coin.sat).sum();
        let inputs = || coins.iter().map(|coin| spend(coin.outpoint)).collect();
        let into = |kept: Vec<TxOut>| {
            let kept_sat: u64 = kept.iter().map(|output| output.value.to_sat()).sum();
            let scripts = kept.iter().map(|output| &output.script_pubkey);
            let fee = sweep_fee(coins, scripts.chain([&script]), rate);
            let rest = sum.checked_sub(kept_sat + fee).filter(|rest| *rest > 0);
            let Some(rest) = rest else {
                let (sum, out) = (amount::in_bitcoin(sum), amount::in_bitcoin(kept_sat + fee));
                return Err(Status::unknown(format!(
                    "insufficient input to create sweep tx: input_sum={sum}, output_sum={out}"
                )));
            };
            let mut outputs = kept;
            outputs.push(pay(rest, script.clone()));
            Ok(transaction(inputs(), outputs))
        };
        let whole = into(Vec::new())?;
        let reserved = self.reserved_sat(id, 0);
        if self.left_after(id, &whole)? >= reserved {
            return Ok(whole);
        }
        let change = self.change_script(id)?;
        into(vec![pay(reserved, change)])
    }

    /// What the wallet holds once a transaction is out.
    pub(crate) fn left_after(&self, id: NodeId, transaction: &Transaction) -> Result<u64, Status> {
        let wallet = &self.known(id)?.onchain;
        let spent: HashSet<OutPoint> = transaction
            .input
            .iter()
            .map(|input| input.previous_output)
            .collect();
        let kept = wallet.coins(&self.chain, 0);
        let kept = kept.iter().filter(|coin| !spent.contains(&coin.outpoint));
        let back = transaction.output.iter();
        let back = back.filter(|output| wallet.owns(&output.script_pubkey));
        let back = back.map(|output| output.value.to_sat());
        Ok(kept.map(|coin| coin.sat).chain(back).sum())
    }

    /// A script of the wallet's own for what comes back.
    pub(crate) fn change_script(&mut self, id: NodeId) -> Result<ScriptBuf, Status> {
        let address: Address = self.known_mut(id)?.onchain.next_address(Kind::Change)?;
        Ok(address.script_pubkey())
    }

    /// Broadcasts a transaction of a node under a label.
    pub(crate) fn publish(
        &mut self,
        id: NodeId,
        transaction: Transaction,
        label: String,
    ) -> Result<Txid, Status> {
        let txid = transaction.compute_txid();
        self.known_mut(id)?.onchain.labels.insert(txid, label);
        let txid = self.chain.broadcast(transaction).map_err(Status::unknown)?;
        self.tell_transaction(&txid);
        Ok(txid)
    }
}

/// An output, if nodes would relay it.
fn output(sat: i64, script: ScriptBuf) -> Result<TxOut, Status> {
    match u64::try_from(sat) {
        Err(_) => Err(Status::unknown("transaction output amount is negative")),
        Ok(sat) if sat > MAX_SAT => Err(Status::unknown(
            "transaction output amount exceeds maximum value",
        )),
        Ok(sat) if sat < script.minimal_non_dust().to_sat() => {
            Err(Status::unknown("transaction output is dust"))
        }
        Ok(sat) => Ok(pay(sat, script)),
    }
}

fn label(text: &str) -> Result<String, Status> {
    match text.len() {
        0 => Ok(EXTERNAL.to_owned()),
        length if length > MAX_LABEL => Err(Status::unknown(format!(
            "label length: {length} exceeds limit of {MAX_LABEL}"
        ))),
        _ => Ok(text.to_owned()),
    }
}

/// The coins that a request names. Like lnd it reads the hash as text alone.
pub(crate) fn outpoints(named: &[lnrpc::OutPoint]) -> Result<Vec<OutPoint>, Status> {
    let mut outpoints = Vec::new();
    for outpoint in named {
        let digits = format!("{:0>64}", outpoint.txid_str);
        let txid: Txid = digits
            .parse()
            .map_err(|_| Status::unknown("can't create outpoints cannot create chainhash"))?;
        let vout = outpoint.output_index;
        outpoints.push(OutPoint { txid, vout });
    }
    let different: HashSet<_> = outpoints.iter().collect();
    match different.len() == outpoints.len() {
        true => Ok(outpoints),
        false => Err(Status::unknown(
            "selected outpoints contain duplicate values",
        )),
    }
}

/// All coins, or those that were chosen; the error is a chosen one that is not there.
pub(crate) fn only(coins: Vec<Coin>, chosen: &[OutPoint]) -> Result<Vec<Coin>, OutPoint> {
    let find = |outpoint: &OutPoint| {
        let coin = coins.iter().find(|coin| coin.outpoint == *outpoint);
        coin.cloned().ok_or(*outpoint)
    };
    match chosen.is_empty() {
        true => Ok(coins),
        false => chosen.iter().map(find).collect(),
    }
}

/// Chosen coins are spent all of them, needed or not.
pub(crate) fn take_all(
    coins: &[Coin],
    output: &TxOut,
    change: &ScriptBuf,
    rate: FeeRate,
    least: Selection,
) -> Selection {
    let sum: u64 = coins.iter().map(|coin| coin.sat).sum();
    let rest = sum - output.value.to_sat();
    let fee = sweep_fee(coins, [&output.script_pubkey, change].into_iter(), rate);
    match rest.checked_sub(fee) {
        Some(change_sat) if change_sat >= change.minimal_non_dust().to_sat() => Selection {
            inputs: coins.iter().map(|coin| coin.outpoint).collect(),
            change_sat,
            fee_sat: fee,
        },
        _ if least.inputs.len() == coins.len() => least,
        _ => Selection {
            inputs: coins.iter().map(|coin| coin.outpoint).collect(),
            change_sat: 0,
            fee_sat: rest,
        },
    }
}

/// A script of a change output's kind and size, for where none may be drawn.
fn change_of_size() -> ScriptBuf {
    Builder::new()
        .push_opcode(OP_PUSHNUM_1)
        .push_slice([0; 32])
        .into_script()
}

fn short(_: Shortage) -> Status {
    Status::unknown(SHORT)
}

fn check_account(account: &str) -> Result<(), Status> {
    match account {
        "" | "default" => Ok(()),
        other => Err(Status::unknown(format!("account name '{other}' not found"))),
    }
}

fn coin_view(coin: &Coin) -> Utxo {
    Utxo {
        address_type: coin.kind.address_type().into(),
        address: address_of(&coin.script),
        amount_sat: amount::signed(coin.sat),
        pk_script: hex::encode(coin.script.as_bytes()),
        outpoint: Some(lnrpc::OutPoint {
            txid_bytes: bytes_of(&coin.outpoint.txid),
            txid_str: coin.outpoint.txid.to_string(),
            output_index: coin.outpoint.vout,
        }),
        confirmations: i64::from(coin.confirmations),
    }
}

/// The hash as it travels, which is the other way round than it is displayed.
pub(crate) fn bytes_of(txid: &Txid) -> Vec<u8> {
    let bytes: &[u8] = txid.as_ref();
    bytes.to_vec()
}

/// The address of a script; empty if it has none.
pub(crate) fn address_of(script: &ScriptBuf) -> String {
    Address::from_script(script, bitcoin::Network::Regtest)
        .map(|address| address.to_string())
        .unwrap_or_default()
}
