//! The errors of payments: failed, still flying, or not known — each with what is proven and what to do.

use serde_json::json;

use super::payment_view::PaymentView;
use crate::clients::json::Hex32;
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::Fault;
use crate::transport::generated::lnrpc::{Payment, PaymentFailureReason};

/// The recipe that settles every doubt about a payment.
pub(super) fn recipe(hash: Hex32, decisive_after: Option<u64>) -> Reconcile {
    Reconcile {
        method: "track_payment",
        params: json!({ "payment_hash": hash }),
        decisive_after,
    }
}

/// lnd has the payment under way and the call's time is up.
pub(super) fn in_flight(payment: &Payment, fault: &Fault) -> Error {
    let (status, message) = match fault {
        Fault::Cancelled => (
            Status::Cancelled,
            "the call was cancelled while the payment is under way",
        ),
        _ => (
            Status::InFlight,
            "the payment is still under way at the deadline",
        ),
    };
    Error::local(
        status,
        message,
        "do not pay by other means: follow it with track_payment until it is decided",
    )
    .with_executed(Executed::Unknown)
    .with_result(shown(payment))
}

/// The payment ended without paying. `last_word`: no other try of ours can still succeed.
pub(super) fn failed(payment: &Payment, last_word: bool) -> Error {
    let reason = PaymentView::from(payment);
    let text = serde_json::to_value(&reason)
        .ok()
        .and_then(|view| {
            view.get("failure_reason")
                .and_then(|v| v.as_str().map(str::to_owned))
        })
        .unwrap_or_else(|| "unknown".to_owned());
    let executed = if last_word {
        Executed::No
    } else {
        Executed::Unknown
    };
    Error::server(
        Status::PaymentFailed,
        format!("the payment failed: {text}"),
        hint(payment.failure_reason),
    )
    .with_executed(executed)
    .with_retryable(last_word)
    .with_result(shown(payment))
}

fn hint(reason: i32) -> &'static str {
    match PaymentFailureReason::try_from(reason) {
        Ok(PaymentFailureReason::FailureReasonTimeout) => {
            "no part got through in time; try again with a longer timeout_ms"
        }
        Ok(PaymentFailureReason::FailureReasonNoRoute) => {
            "no route with enough capacity within the fee limit: raise fee_limit_msat, open a channel, or \
             wait until the graph is in sync"
        }
        Ok(PaymentFailureReason::FailureReasonIncorrectPaymentDetails) => {
            "the payee does not know the invoice, cancelled it, or wants another amount: ask for a new one"
        }
        Ok(PaymentFailureReason::FailureReasonInsufficientBalance) => {
            "the channels cannot send that much (reserve and fee included); a channel opened or used \
             moments ago may need a second"
        }
        Ok(PaymentFailureReason::FailureReasonCanceled) => "somebody cancelled it at the node",
        _ => "look at lnd's log",
    }
}

pub(super) fn shown(payment: &Payment) -> serde_json::Value {
    serde_json::to_value(PaymentView::from(payment)).unwrap_or_default()
}
