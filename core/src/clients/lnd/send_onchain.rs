//! send_onchain: pays to an address once. lnd keeps no key for it, so the operation_id stands in the
//! transaction's label; its absence never proves anything, but the same inputs cannot be spent twice.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::context::Context;
use super::fee_choice::{self, FeeChoice};
use super::once::{Look, Once, Proof, make_once};
use super::operation_claim::{Journal, conflict};
use super::operation_tag::{carries, tagged};
use super::wallet_books::{self, spent_by};
use super::writing::{WriteFailure, write};
use crate::clients::json::{OutPoint, Satoshis};
use crate::error::{Error, Executed, Status};
use crate::resilience::Attempt;
use crate::state::{Progress, Record};
use crate::transport::generated::lnrpc::{OutPoint as WireOutPoint, SendCoinsRequest, Transaction};

const LONGEST_ADDRESS: usize = 128;

/// What to pay.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendOnchainParams {
    /// Address on the node's network.
    address: String,
    /// Amount in satoshis; absent with send_all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    amount: Option<Satoshis>,
    /// Sends all that the wallet, or the given outpoints, hold.
    #[serde(default)]
    send_all: bool,
    /// Fee in satoshis for each virtual byte, 1 to 10000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sat_per_byte: Option<u64>,
    /// Blocks within which it should confirm, in place of sat_per_byte; default 6.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target_conf: Option<u32>,
    /// Outputs of the wallet to spend, `txid:vout`, all of them; with these a repeat cannot pay twice.
    #[serde(default)]
    outpoints: Vec<OutPoint>,
    /// Text kept with the transaction on this node; the operation_id is added to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    /// Allows unconfirmed outputs of the wallet as inputs.
    #[serde(default)]
    spend_unconfirmed: bool,
}

/// The transaction.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SendOnchainResult {
    pub(super) txid: String,
    pub(super) address: String,
    /// Paid to the address, satoshis; null with send_all until the transaction is in lnd's books.
    pub(super) amount: Option<i64>,
    /// Fee in satoshis; null while lnd has not told it.
    pub(super) total_fees: Option<i64>,
    /// Blocks on top; null while lnd has not told them.
    pub(super) num_confirmations: Option<i32>,
    /// The text that lnd keeps, with the operation_id.
    pub(super) label: String,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
    /// Whether an earlier call had sent it.
    pub(super) replayed: bool,
}

pub(crate) async fn send_onchain(
    context: &Context,
    params: SendOnchainParams,
) -> Result<SendOnchainResult, Error> {
    let id = context.operation_id().unwrap_or_default();
    let sending = Sending::check(params, &id)?;
    let (sent, replayed) = make_once(context, &sending).await?;
    Ok(SendOnchainResult {
        operation_id: context.operation_id(),
        replayed,
        ..sent
    })
}

/// A checked order.
pub(super) struct Sending {
    params: SendOnchainParams,
    operation_id: String,
    /// 0 with send_all.
    amount: i64,
    outpoints: Vec<OutPoint>,
    label: String,
    fee: FeeChoice,
}

impl Sending {
    pub(super) fn check(params: SendOnchainParams, operation_id: &str) -> Result<Self, Error> {
        let invalid = |field: &str, wrong: &str, valid: &str| {
            Err(Error::local(
                Status::InvalidArgument,
                format!("field `{field}`: {wrong}"),
                valid.to_owned(),
            ))
        };
        let address = &params.address;
        let plain = address.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if address.is_empty() || address.len() > LONGEST_ADDRESS || !plain {
            let valid = "give an address of the node's network, such as bcrt1… on regtest";
            return invalid("address", "not an address", valid);
        }
        let amount = match (params.amount, params.send_all) {
            (Some(_), true) => {
                return invalid("amount", "given beside send_all", "give one of the two");
            }
            (None, true) => 0,
            (Some(Satoshis(0)) | None, false) => {
                let valid = "give the amount in satoshis, or send_all: true";
                return invalid("amount", "missing or 0", valid);
            }
            (Some(amount), false) => i64::try_from(amount.0).unwrap_or(i64::MAX),
        };
        let mut outpoints = params.outpoints.clone();
        outpoints.sort();
        outpoints.dedup();
        if outpoints.len() != params.outpoints.len() {
            return invalid("outpoints", "one stands twice", "name each output once");
        }
        let own = params.label.as_deref().unwrap_or_default();
        Ok(Self {
            label: tagged("label", own, operation_id)?,
            fee: fee_choice::choose(params.sat_per_byte, params.target_conf)?,
            operation_id: operation_id.to_owned(),
            amount,
            outpoints,
            params,
        })
    }

    fn message(&self) -> SendCoinsRequest {
        let outpoint = |point: &OutPoint| WireOutPoint {
            txid_str: point.txid_text(),
            output_index: point.index,
            ..WireOutPoint::default()
        };
        SendCoinsRequest {
            addr: self.params.address.clone(),
            amount: self.amount,
            target_conf: self.fee.target_conf,
            sat_per_vbyte: self.fee.sat_per_vbyte,
            send_all: self.params.send_all,
            label: self.label.clone(),
            min_confs: i32::from(!self.params.spend_unconfirmed),
            spend_unconfirmed: self.params.spend_unconfirmed,
            outpoints: self.outpoints.iter().map(outpoint).collect(),
        }
    }

    /// What the transaction pays to the address; `None`: not what was ordered.
    fn paid(&self, transaction: &Transaction) -> Option<i64> {
        let mut outputs = transaction.output_details.iter();
        let wanted = &self.params.address;
        outputs
            .find(|output| {
                output.address.eq_ignore_ascii_case(wanted)
                    && (self.params.send_all || output.amount == self.amount)
            })
            .map(|output| output.amount)
    }

    fn view(&self, transaction: &Transaction, amount: i64) -> SendOnchainResult {
        SendOnchainResult {
            txid: transaction.tx_hash.clone(),
            address: self.params.address.clone(),
            amount: Some(amount),
            total_fees: Some(transaction.total_fees),
            num_confirmations: Some(transaction.num_confirmations),
            label: transaction.label.clone(),
            operation_id: None,
            replayed: false,
        }
    }

    /// What the books say, given all transactions of the wallet.
    fn judge(
        &self,
        transactions: &[Transaction],
        record: Option<&Record>,
    ) -> Result<Look<(), SendOnchainResult>, Error> {
        let outcome = record.and_then(|record| record.outcome.as_deref());
        let ours = |it: &&Transaction| {
            carries(&it.label, &self.operation_id) || outcome == Some(it.tx_hash.as_str())
        };
        if let Some(found) = transactions.iter().find(ours) {
            return match self.paid(found) {
                Some(amount) => Ok(Look::Found(self.view(found, amount))),
                None => Err(conflict("set of parameters").with_result(shown(found))),
            };
        }
        let spender = transactions
            .iter()
            .find(|it| spent_by(it, &self.outpoints) > 0);
        let tried = record.is_some_and(|record| record.progress == Progress::Sending);
        match spender {
            // The same inputs to the same address: ours, though its label is gone.
            Some(found) if tried && spent_by(found, &self.outpoints) == self.outpoints.len() => {
                match self.paid(found) {
                    Some(amount) => Ok(Look::Found(self.view(found, amount))),
                    None => Err(spent(found, tried)),
                }
            }
            Some(found) => Err(spent(found, tried)),
            None if !tried => Ok(Look::Absent((), Proof::NotExecuted)),
            None if self.outpoints.is_empty() => Ok(Look::Absent((), Proof::Nothing)),
            None => Ok(Look::Absent((), Proof::RepeatIsHarmless)),
        }
    }
}

impl Once for Sending {
    type Plan = ();
    type Done = SendOnchainResult;

    const JOURNAL: Journal = Journal::Required;

    fn canonical(&self) -> Value {
        json!({
            "address": self.params.address,
            "amount": self.amount,
            "send_all": self.params.send_all,
            "fee": self.fee,
            "outpoints": self.outpoints,
            "label": self.label,
            "spend_unconfirmed": self.params.spend_unconfirmed,
        })
    }

    fn original(&self) -> Value {
        serde_json::to_value(&self.params).unwrap_or_default()
    }

    fn unlooked(&self) -> Option<()> {
        Some(())
    }

    async fn look(
        &self,
        context: &Context,
        record: Option<&Record>,
    ) -> Result<Look<(), SendOnchainResult>, Error> {
        let books = wallet_books::transactions(context).await;
        let books = books.map_err(|failure| context.unsent_error(failure))?;
        self.judge(&books, record)
    }

    fn plan_in_journal(&self, _plan: &()) -> (Vec<String>, u32) {
        (self.outpoints.iter().map(OutPoint::to_string).collect(), 0)
    }

    async fn send(&self, context: &Context, _plan: &()) -> Result<SendOnchainResult, WriteFailure> {
        let client = context.node().writing_lightning();
        let send = |attempt: Attempt, generation| {
            let mut client = client.clone();
            let request = context.request_on(&attempt, generation, self.message());
            async move { client.send_coins(request).await }
        };
        let sent = write(context, send).await?.into_inner();
        Ok(SendOnchainResult {
            txid: sent.txid,
            address: self.params.address.clone(),
            amount: Some(self.amount).filter(|_| !self.params.send_all),
            total_fees: None,
            num_confirmations: None,
            label: self.label.clone(),
            operation_id: None,
            replayed: false,
        })
    }

    fn outcome(done: &SendOnchainResult) -> Option<String> {
        Some(done.txid.clone()).filter(|txid| !txid.is_empty())
    }

    fn decisive_after(&self, _attempted: u64) -> Option<u64> {
        None
    }
}

fn shown(transaction: &Transaction) -> Value {
    json!({ "txid": transaction.tx_hash, "num_confirmations": transaction.num_confirmations })
}

/// Another transaction has the inputs. Once it is confirmed an earlier try of ours is ruled out.
fn spent(by: &Transaction, tried: bool) -> Error {
    let ruled_out = !tried || by.num_confirmations > 0;
    Error::local(
        Status::InputsSpent,
        format!(
            "field `outpoints`: transaction {} spends of them already; nothing was sent",
            by.tx_hash
        ),
        "choose other outputs, with a fresh operation_id",
    )
    .with_executed(if ruled_out {
        Executed::No
    } else {
        Executed::Unknown
    })
    .with_result(shown(by))
}

#[cfg(test)]
#[path = "send_onchain_tests.rs"]
mod tests;
