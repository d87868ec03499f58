//! Which coins a transaction spends, what it costs and what comes back as change.

use bitcoin::{OutPoint, Script, ScriptBuf, Transaction, TxOut};

use super::{
    fee_rate::FeeRate,
    wallet::{Coin, Kind},
};
use crate::chain::{pay, spend, transaction};

/// Weight of a transaction apart from its inputs and outputs.
const OVERHEAD: u64 = 42;

/// The inputs and the change of a transaction.
#[derive(Debug)]
pub(crate) struct Selection {
    pub inputs: Vec<OutPoint>,
    pub change_sat: u64,
    pub fee_sat: u64,
}

/// The coins do not suffice.
#[derive(Debug)]
pub(crate) struct Shortage {
    pub needed_sat: u64,
    pub available_sat: u64,
}

/// Takes coins from the front until they pay for this output and the fee.
pub(crate) fn select(
    coins: &[Coin],
    output: &TxOut,
    change: &Script,
    rate: FeeRate,
) -> Result<Selection, Shortage> {
    let wanted = output.value.to_sat();
    let mut needed = wanted;
    loop {
        let taken = take(coins, needed)?;
        let sum: u64 = taken.iter().map(|coin| coin.sat).sum();
        let bare = OVERHEAD + inputs_weight(taken) + output_weight(&output.script_pubkey);
        let without_change = rate.fee(bare);
        let with_change = rate.fee(bare + output_weight(change));
        let rest = sum - wanted;
        if rest < without_change {
            needed = wanted + without_change;
            continue;
        }
        let left = rest.saturating_sub(with_change);
        let change_sat = match left < change.minimal_non_dust().to_sat() {
            true => 0,
            false => left,
        };
        return Ok(Selection {
            inputs: taken.iter().map(|coin| coin.outpoint).collect(),
            change_sat,
            fee_sat: rest - change_sat,
        });
    }
}

fn take(coins: &[Coin], needed_sat: u64) -> Result<&[Coin], Shortage> {
    let mut sum = 0;
    for (place, coin) in coins.iter().enumerate() {
        sum += coin.sat;
        if sum >= needed_sat {
            return Ok(coins.get(..=place).unwrap_or(coins));
        }
    }
    Err(Shortage {
        needed_sat,
        available_sat: sum,
    })
}

/// What spending all of these coins into these scripts costs.
pub(crate) fn sweep_fee<'a>(
    coins: &[Coin],
    outputs: impl Iterator<Item = &'a ScriptBuf>,
    rate: FeeRate,
) -> u64 {
    let outputs: u64 = outputs.map(|script| output_weight(script)).sum();
    rate.fee(OVERHEAD + inputs_weight(coins) + outputs)
}

fn inputs_weight(coins: &[Coin]) -> u64 {
    let weight = |coin: &Coin| match coin.kind {
        Kind::Witness => 272,
        Kind::Nested => 364,
        Kind::Taproot | Kind::Change => 230,
    };
    coins.iter().map(weight).sum()
}

fn output_weight(script: &Script) -> u64 {
    // Value, length and script, each byte of which weighs four.
    4 * (8 + 1 + script.len() as u64)
}

impl Selection {
    /// The transaction: the output first, then the change.
    pub(crate) fn into_transaction(self, output: TxOut, change: ScriptBuf) -> Transaction {
        let mut outputs = vec![output];
        if self.change_sat > 0 {
            outputs.push(pay(self.change_sat, change));
        }
        transaction(self.inputs.into_iter().map(spend).collect(), outputs)
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
