//! estimate_route_fee: what a payment would cost, from lnd's graph or by a probe.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_view::positive;
use super::node::Router;
use super::payment_request::bare;
use super::payment_view::reason_name;
use crate::clients::json::{Millisatoshis, PublicKey, Satoshis};
use crate::error::{Error, Status};
use crate::transport::generated::lnrpc::PaymentFailureReason;
use crate::transport::generated::routerrpc::{RouteFeeRequest, RouteFeeResponse};

/// Left between lnd's own time limit and ours, so that its verdict still arrives.
const VERDICT_TIME_S: u64 = 2;

/// Whom to pay: an invoice, or a destination and an amount.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EstimateRouteFeeParams {
    /// BOLT11 invoice with an amount. lnd probes: it sends a payment that cannot be settled along the
    /// route, which locks the amount for as long as that takes.
    #[serde(default)]
    payment_request: Option<String>,
    /// Key of the payee, 66 hex digits, in place of an invoice: lnd then looks into its graph only.
    #[serde(default)]
    destination: Option<PublicKey>,
    /// Satoshis; goes with destination.
    #[serde(default)]
    amount: Option<Satoshis>,
}

/// What it would cost.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct EstimateRouteFeeResult {
    /// Fee of the route, millisatoshis.
    pub(super) routing_fee_msat: Millisatoshis,
    /// Blocks for which the money is locked if the payee does not answer.
    pub(super) time_lock_delay: i64,
}

pub(crate) async fn estimate_route_fee(
    context: &Context,
    params: EstimateRouteFeeParams,
) -> Result<EstimateRouteFeeResult, Error> {
    let remaining = context.call().deadline().remaining().as_secs();
    let timeout = remaining.saturating_sub(VERDICT_TIME_S).max(1);
    let message = request(&params, u32::try_from(timeout).unwrap_or(u32::MAX))?;
    let client = context.node().router();
    let ask = |mut client: Router, request| async move { client.estimate_route_fee(request).await };
    verdict(&context.query(client, message, ask).await?)
}

fn request(params: &EstimateRouteFeeParams, timeout: u32) -> Result<RouteFeeRequest, Error> {
    match (&params.payment_request, params.destination, params.amount) {
        (Some(invoice), None, None) => Ok(RouteFeeRequest {
            payment_request: bare(invoice).to_owned(),
            timeout,
            ..RouteFeeRequest::default()
        }),
        (None, Some(destination), Some(amount)) if amount.0 > 0 => Ok(RouteFeeRequest {
            dest: destination.0.to_vec(),
            amt_sat: i64::try_from(amount.0).unwrap_or(i64::MAX),
            ..RouteFeeRequest::default()
        }),
        _ => Err(Error::local(
            Status::InvalidArgument,
            "field `payment_request`: neither an invoice alone nor a destination with an amount",
            "give payment_request, or destination and amount (1 satoshi or more)",
        )),
    }
}

/// No route is no fee: not an answer of 0.
fn verdict(answer: &RouteFeeResponse) -> Result<EstimateRouteFeeResult, Error> {
    if answer.failure_reason == PaymentFailureReason::FailureReasonNone as i32 {
        return Ok(EstimateRouteFeeResult {
            routing_fee_msat: Millisatoshis(positive(answer.routing_fee_msat)),
            time_lock_delay: answer.time_lock_delay,
        });
    }
    let reason = reason_name(answer.failure_reason);
    Err(Error::server(
        Status::NoRoute,
        format!("the payee cannot be reached with this amount: {reason}"),
        "try a smaller amount, or later; check with list_channels that enough can be sent",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(text: &str) -> EstimateRouteFeeParams {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn one_of_the_two_ways_to_ask() {
        let key = format!("02{}", "ab".repeat(32));
        let good = [
            r#"{"payment_request":"LIGHTNING:lnbcrt1"}"#.to_owned(),
            format!(r#"{{"destination":"{key}","amount":5}}"#),
        ];
        assert_eq!(
            request(&params(&good[0]), 9).unwrap().payment_request,
            "lnbcrt1"
        );
        assert_eq!(request(&params(&good[1]), 9).unwrap().amt_sat, 5);
        for bad in [
            "{}".to_owned(),
            r#"{"payment_request":"lnbcrt1","amount":5}"#.to_owned(),
            format!(r#"{{"destination":"{key}"}}"#),
            format!(r#"{{"destination":"{key}","amount":0}}"#),
        ] {
            assert!(request(&params(&bad), 9).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_failed_probe_is_no_fee_of_zero() {
        let failed = RouteFeeResponse {
            failure_reason: PaymentFailureReason::FailureReasonNoRoute as i32,
            ..RouteFeeResponse::default()
        };
        let error = verdict(&failed).unwrap_err();
        assert_eq!(error.status(), Status::NoRoute);
        assert!(error.message().contains("no_route"));
    }
}
