//! How an outgoing payment is shown.

use schemars::JsonSchema;
use serde::Serialize;

use super::invoice_view::positive;
use crate::clients::json::{Decimal, Hex32, Millisatoshis, Satoshis};
use crate::transport::generated::lnrpc::htlc_attempt::HtlcStatus;
use crate::transport::generated::lnrpc::payment::PaymentStatus;
use crate::transport::generated::lnrpc::{Payment, PaymentFailureReason};

/// One payment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct PaymentView {
    /// Payment hash.
    payment_hash: Option<Hex32>,
    /// Amount without fee, whole satoshis (rounded down).
    value: Satoshis,
    /// Amount without fee, millisatoshis.
    value_msat: Millisatoshis,
    /// Fee paid, whole satoshis (rounded down).
    fee: Satoshis,
    /// Fee paid, millisatoshis.
    fee_msat: Millisatoshis,
    /// Proof of payment; null unless succeeded.
    payment_preimage: Option<Hex32>,
    /// The invoice.
    payment_request: String,
    /// `in_flight`, `succeeded`, `failed` or `initiated`.
    status: String,
    /// Why it failed: `timeout`, `no_route`, `error`, `incorrect_payment_details`,
    /// `insufficient_balance` or `canceled`; null unless failed.
    failure_reason: Option<String>,
    /// Unix seconds.
    creation_time: i64,
    /// When its last part was settled, unix seconds; null unless succeeded.
    completion_time: Option<i64>,
    /// lnd's number of this try to pay.
    payment_index: Decimal,
}

const NANOSECONDS: i64 = 1_000_000_000;

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        let succeeded = payment.status == PaymentStatus::Succeeded as i32;
        let failed = payment.status == PaymentStatus::Failed as i32;
        let settled = payment
            .htlcs
            .iter()
            .filter(|part| part.status == HtlcStatus::Succeeded as i32);
        let completed = settled.map(|part| part.resolve_time_ns).max();
        Self {
            payment_hash: Hex32::from_text(&payment.payment_hash),
            value: Satoshis(positive(payment.value_sat)),
            value_msat: Millisatoshis(positive(payment.value_msat)),
            fee: Satoshis(positive(payment.fee_sat)),
            fee_msat: Millisatoshis(positive(payment.fee_msat)),
            payment_preimage: Hex32::from_text(&payment.payment_preimage).filter(|_| succeeded),
            payment_request: payment.payment_request.clone(),
            status: status_name(payment.status),
            failure_reason: Some(reason_name(payment.failure_reason)).filter(|_| failed),
            creation_time: payment.creation_time_ns / NANOSECONDS,
            completion_time: completed
                .filter(|_| succeeded)
                .map(|time| time / NANOSECONDS),
            payment_index: Decimal(payment.payment_index),
        }
    }
}

fn status_name(status: i32) -> String {
    match PaymentStatus::try_from(status) {
        Ok(PaymentStatus::InFlight) => "in_flight".to_owned(),
        Ok(PaymentStatus::Succeeded) => "succeeded".to_owned(),
        Ok(PaymentStatus::Failed) => "failed".to_owned(),
        Ok(PaymentStatus::Initiated) => "initiated".to_owned(),
        _ => format!("unknown_{status}"),
    }
}

pub(super) fn reason_name(reason: i32) -> String {
    match PaymentFailureReason::try_from(reason) {
        Ok(PaymentFailureReason::FailureReasonNone) => "none".to_owned(),
        Ok(PaymentFailureReason::FailureReasonTimeout) => "timeout".to_owned(),
        Ok(PaymentFailureReason::FailureReasonNoRoute) => "no_route".to_owned(),
        Ok(PaymentFailureReason::FailureReasonError) => "error".to_owned(),
        Ok(PaymentFailureReason::FailureReasonIncorrectPaymentDetails) => {
            "incorrect_payment_details".to_owned()
        }
        Ok(PaymentFailureReason::FailureReasonInsufficientBalance) => {
            "insufficient_balance".to_owned()
        }
        Ok(PaymentFailureReason::FailureReasonCanceled) => "canceled".to_owned(),
        Err(_) => format!("unknown_{reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_success_shows_a_preimage() {
        let mut payment = Payment {
            payment_hash: "ab".repeat(32),
            payment_preimage: "00".repeat(32),
            status: PaymentStatus::Failed as i32,
            failure_reason: PaymentFailureReason::FailureReasonNoRoute as i32,
            ..Payment::default()
        };
        let view = PaymentView::from(&payment);
        assert!(view.payment_preimage.is_none());
        assert_eq!(view.failure_reason.as_deref(), Some("no_route"));
        payment.status = PaymentStatus::Succeeded as i32;
        let view = PaymentView::from(&payment);
        assert!(view.payment_preimage.is_some() && view.failure_reason.is_none());
    }

    #[test]
    fn unknown_numbers_are_kept() {
        let payment = Payment {
            status: 42,
            ..Payment::default()
        };
        assert_eq!(PaymentView::from(&payment).status, "unknown_42");
    }
}
