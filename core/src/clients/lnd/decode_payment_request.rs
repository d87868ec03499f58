//! decode_payment_request: what a BOLT11 invoice says, read by lnd for its own network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::feature_view::{FeatureView, features};
use super::invoice_view::positive;
use super::node::Lightning;
use super::payment_request::bare;
use crate::clients::json::absent::text;
use crate::clients::json::{Decimal, Hex32, Millisatoshis, Satoshis};
use crate::error::Error;
use crate::transport::generated::lnrpc::{HopHint, PayReq, PayReqString, RouteHint};

/// Which invoice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecodePaymentRequestParams {
    /// BOLT11 invoice, with or without `lightning:` before it.
    payment_request: String,
}

/// What it says.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DecodePaymentRequestResult {
    /// Key of the payee, 66 hex digits.
    destination: String,
    /// Payment hash.
    payment_hash: Option<Hex32>,
    /// Amount asked for, whole satoshis (rounded down); 0 when the payer chooses.
    num_satoshis: Satoshis,
    /// Amount asked for, millisatoshis.
    num_msat: Millisatoshis,
    /// When it was made, unix seconds.
    timestamp: i64,
    /// Seconds after timestamp.
    expiry: i64,
    /// The payee's text.
    description: String,
    /// Hash of a longer description; null when there is none.
    description_hash: Option<Hex32>,
    /// Address on the chain that may be paid in its place; null when there is none.
    fallback_addr: Option<String>,
    /// Blocks that the last hop must have left.
    cltv_expiry: i64,
    /// Ways over private channels to the payee.
    route_hints: Vec<RouteHintView>,
    /// Secret of the invoice that a payment must carry.
    payment_addr: Option<Hex32>,
    /// Features that the payee asks for.
    features: Vec<FeatureView>,
}

/// One way to the payee.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RouteHintView {
    /// Its channels, in the order of the payment.
    hop_hints: Vec<HopHintView>,
}

/// One channel of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HopHintView {
    /// Key of the node where it begins.
    node_id: String,
    /// Its short channel id.
    chan_id: Decimal,
    /// Fee for each payment, millisatoshis.
    fee_base_msat: u32,
    /// Fee in millionths of the amount.
    fee_proportional_millionths: u32,
    /// Blocks that it needs.
    cltv_expiry_delta: u32,
}

pub(crate) async fn decode_payment_request(
    context: &Context,
    params: DecodePaymentRequestParams,
) -> Result<DecodePaymentRequestResult, Error> {
    let message = PayReqString {
        pay_req: bare(&params.payment_request).to_owned(),
    };
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.decode_pay_req(request).await };
    Ok(view(context.query(client, message, ask).await?))
}

pub(super) fn view(request: PayReq) -> DecodePaymentRequestResult {
    DecodePaymentRequestResult {
        destination: request.destination,
        payment_hash: Hex32::from_text(&request.payment_hash),
        num_satoshis: Satoshis(positive(request.num_satoshis)),
        num_msat: Millisatoshis(positive(request.num_msat)),
        timestamp: request.timestamp,
        expiry: request.expiry,
        description: request.description,
        description_hash: Hex32::from_text(&request.description_hash),
        fallback_addr: text(request.fallback_addr),
        cltv_expiry: request.cltv_expiry,
        route_hints: request.route_hints.into_iter().map(hint).collect(),
        payment_addr: Hex32::from_slice(&request.payment_addr),
        features: features(request.features),
    }
}

fn hint(hint: RouteHint) -> RouteHintView {
    RouteHintView {
        hop_hints: hint.hop_hints.into_iter().map(hop).collect(),
    }
}

fn hop(hop: HopHint) -> HopHintView {
    HopHintView {
        node_id: hop.node_id,
        chan_id: Decimal(hop.chan_id),
        fee_base_msat: hop.fee_base_msat,
        fee_proportional_millionths: hop.fee_proportional_millionths,
        cltv_expiry_delta: hop.cltv_expiry_delta,
    }
}
