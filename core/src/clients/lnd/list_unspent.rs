//! list_unspent: the outputs that the node's wallet can spend.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::address_type;
use super::context::Context;
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::Satoshis;
use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::{ListUnspentRequest, Utxo};

/// Which outputs; all confirmed ones by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListUnspentParams {
    /// With at least so many confirmations (default 1; 0 shows unconfirmed ones too).
    #[serde(default)]
    min_confs: Option<u32>,
    /// With at most so many confirmations (default: no limit).
    #[serde(default)]
    max_confs: Option<u32>,
}

/// The outputs.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListUnspentResult {
    /// In lnd's order. Locked ones are not among them.
    pub(super) utxos: Vec<UtxoView>,
}

/// One unspent output.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct UtxoView {
    /// `txid:index`, as send_onchain takes it.
    outpoint: String,
    /// Its transaction, in display order.
    txid: String,
    /// Its position in that.
    output_index: u32,
    /// Satoshis.
    amount_sat: Satoshis,
    /// Its address.
    address: String,
    /// `p2wkh`, `np2wkh` or `p2tr`.
    address_type: String,
    /// Script, hex.
    pk_script: String,
    /// 0 while no block contains it.
    confirmations: i64,
}

pub(crate) async fn list_unspent(
    context: &Context,
    params: ListUnspentParams,
) -> Result<ListUnspentResult, Error> {
    let message = range(&params)?;
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.list_unspent(request).await };
    let answer = context.query(client, message, ask).await?;
    Ok(ListUnspentResult {
        utxos: answer.utxos.into_iter().map(UtxoView::from).collect(),
    })
}

fn range(params: &ListUnspentParams) -> Result<ListUnspentRequest, Error> {
    let (min, max) = (
        params.min_confs.unwrap_or(1),
        params.max_confs.unwrap_or(i32::MAX as u32),
    );
    match (i32::try_from(min), i32::try_from(max)) {
        (Ok(min_confs), Ok(max_confs)) if min_confs <= max_confs => Ok(ListUnspentRequest {
            min_confs,
            max_confs,
            account: String::new(),
        }),
        _ => Err(Error::local(
            Status::InvalidArgument,
            format!("field `max_confs`: {max}, with min_confs {min}"),
            "give min_confs up to max_confs, both from 0 to 2147483647",
        )),
    }
}

impl From<Utxo> for UtxoView {
    fn from(utxo: Utxo) -> Self {
        let outpoint = utxo.outpoint.unwrap_or_default();
        Self {
            outpoint: format!("{}:{}", outpoint.txid_str, outpoint.output_index),
            txid: outpoint.txid_str,
            output_index: outpoint.output_index,
            amount_sat: Satoshis(positive(utxo.amount_sat)),
            address: utxo.address,
            address_type: address_type::name(utxo.address_type),
            pk_script: utxo.pk_script,
            confirmations: utxo.confirmations,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_is_confirmed_outputs_unless_said_otherwise() {
        let range = |min_confs, max_confs| {
            range(&ListUnspentParams {
                min_confs,
                max_confs,
            })
        };
        let usual = range(None, None).unwrap();
        assert_eq!((usual.min_confs, usual.max_confs), (1, i32::MAX));
        assert_eq!(range(Some(0), Some(0)).unwrap().max_confs, 0);
        for (min, max) in [(Some(2), Some(1)), (None, Some(0)), (Some(u32::MAX), None)] {
            assert!(range(min, max).is_err(), "{min:?} {max:?}");
        }
    }
}
