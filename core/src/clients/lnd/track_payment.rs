//! track_payment: follows an outgoing payment until it is decided.

use schemars::JsonSchema;
use serde::Deserialize;

use super::context::Context;
use super::payment_tracking::{Patience, Tracked, succeeded, track};
use super::payment_verdict;
use super::payment_view::PaymentView;
use crate::clients::json::Hex32;
use crate::error::{Error, Executed};

/// Which payment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TrackPaymentParams {
    /// Payment hash, 64 hex digits.
    payment_hash: Hex32,
}

pub(crate) type TrackPaymentResult = PaymentView;

pub(crate) async fn track_payment(
    context: &Context,
    params: TrackPaymentParams,
) -> Result<TrackPaymentResult, Error> {
    let hash = params.payment_hash;
    let node = context.node();
    match track(context, hash, Patience::Once).await {
        Tracked::Decided(payment) => {
            node.set_unresolved(hash.0, false);
            if succeeded(&payment) {
                return Ok(PaymentView::from(&payment));
            }
            // A read: it says what the payment came to, and did nothing itself.
            Err(payment_verdict::failed(&payment, true).with_retryable(false))
        }
        Tracked::Flying(payment, fault) => Err(payment_verdict::in_flight(&payment, &fault)
            .with_executed(Executed::No)
            .with_reconcile(payment_verdict::recipe(hash, None))),
        Tracked::NotFound => Err(not_found(hash)),
        Tracked::Unasked(failure) => Err(context.error(&failure)),
    }
}

fn not_found(hash: Hex32) -> Error {
    Error::server(
        crate::error::Status::NotFound,
        format!("this node has not started a payment with hash {hash}"),
        "a request that is still on its way may start it later; it is decided two minutes after the \
         invoice's expiry",
    )
}
