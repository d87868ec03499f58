//! estimate_fee: what a transaction of the wallet would cost, tried out without making it.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_view::positive;
use super::node::Lightning;
use crate::clients::json::Satoshis;
use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::EstimateFeeRequest;

/// As send_onchain uses it when no fee rate is given.
const USUAL_TARGET: u32 = 6;
/// Fee estimators look no further ahead.
const LONGEST_TARGET: u32 = 1008;

/// What would be sent.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateFeeParams {
    /// Where to.
    address: String,
    /// Satoshis.
    amount: Satoshis,
    /// Blocks within which it should confirm, 1 to 1008 (default 6).
    #[serde(default)]
    target_conf: Option<u32>,
    /// Least confirmations of the outputs that may be spent (default 1).
    #[serde(default)]
    min_confs: Option<u32>,
    /// Whether unconfirmed outputs may be spent.
    #[serde(default)]
    spend_unconfirmed: bool,
}

/// What it would cost.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EstimateFeeResult {
    /// Fee of the whole transaction, satoshis.
    pub(super) fee_sat: Satoshis,
    /// Fee rate, satoshis per virtual byte (rounded down).
    pub(super) sat_per_vbyte: u64,
    /// The number of blocks that was asked for.
    pub(super) target_conf: u32,
}

pub(crate) async fn estimate_fee(
    context: &Context,
    params: EstimateFeeParams,
) -> Result<EstimateFeeResult, Error> {
    let target_conf = params.target_conf.unwrap_or(USUAL_TARGET);
    let message = request(&params, target_conf)?;
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.estimate_fee(request).await };
    let answer = context.query(client, message, ask).await?;
    Ok(EstimateFeeResult {
        fee_sat: Satoshis(positive(answer.fee_sat)),
        sat_per_vbyte: answer.sat_per_vbyte,
        target_conf,
    })
}

fn request(params: &EstimateFeeParams, target_conf: u32) -> Result<EstimateFeeRequest, Error> {
    let invalid = |field: &str, wrong: String, valid: &str| {
        Error::local(
            Status::InvalidArgument,
            format!("field `{field}`: {wrong}"),
            valid.to_owned(),
        )
    };
    if params.amount.0 == 0 {
        let valid = "give 1 satoshi or more";
        return Err(invalid("amount", "0".to_owned(), valid));
    }
    if !(1..=LONGEST_TARGET).contains(&target_conf) {
        let valid = "give 1 to 1008 blocks";
        return Err(invalid(
            "target_conf",
            format!("{target_conf} blocks"),
            valid,
        ));
    }
    let min_confs = params.min_confs.unwrap_or(0);
    if params.spend_unconfirmed && min_confs > 0 {
        let valid = "leave min_confs out, or set spend_unconfirmed to false";
        return Err(invalid(
            "min_confs",
            "given beside spend_unconfirmed".to_owned(),
            valid,
        ));
    }
    let amount = i64::try_from(params.amount.0).unwrap_or(i64::MAX);
    Ok(EstimateFeeRequest {
        addr_to_amount: HashMap::from([(params.address.trim().to_owned(), amount)]),
        target_conf: i32::try_from(target_conf).unwrap_or(i32::MAX),
        min_confs: i32::try_from(min_confs).unwrap_or(i32::MAX),
        spend_unconfirmed: params.spend_unconfirmed,
    })
}
