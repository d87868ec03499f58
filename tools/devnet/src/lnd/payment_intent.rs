//! From a request to pay to what is to be paid: lnd's checks, in its order and with its texts.

use std::time::Duration;

use tokio::time::Instant;
use tonic::Status;

use super::{
    amount::from_pair,
    network::{Network, NodeId},
    payment::Intent,
    payment_request,
};
use crate::{clock, proto::routerrpc::SendPaymentRequest};

const DEFAULT_TIMEOUT: u64 = 60;

impl Network {
    /// lnd's checks of a payment request, in its order.
    pub(crate) fn intent(
        &self,
        payer: NodeId,
        request: &SendPaymentRequest,
    ) -> Result<Intent, Status> {
        let fee_limit_msat = from_pair(0, request.fee_limit_msat)?;
        let asked_msat = from_pair(0, request.amt_msat)?;
        if request.payment_request.is_empty() {
            // Without one lnd wants a destination key, a field that this API does not carry.
            return Err(Status::unknown("invalid vertex length of 0, want 33"));
        }
        let invoice = payment_request::read(&request.payment_request)?;
        if clock::unix_seconds() > invoice.valid_until {
            let end = clock::as_go_prints(invoice.valid_until);
            return Err(Status::unknown(format!(
                "invoice expired. Valid until {end}"
            )));
        }
        if invoice.payment_secret.is_none() {
            return Err(Status::unknown(
                "payment request must contain either a payment address or blinded paths",
            ));
        }
        let amount_msat = amount(invoice.amount_msat, asked_msat)?;
        let own = self.known(payer)?.identity.pubkey;
        if invoice.destination == own && !request.allow_self_payment {
            return Err(Status::unknown("self-payments not allowed"));
        }
        Ok(Intent {
            payment_request: request.payment_request.clone(),
            hash: invoice.payment_hash,
            secret: invoice.payment_secret,
            destination: invoice.destination,
            amount_msat,
            fee_limit_msat,
            final_delta: invoice.final_delta,
            deadline: deadline(request.timeout_seconds),
        })
    }
}

/// lnd takes zero for a minute, and a negative number for no end at all.
fn deadline(timeout_seconds: i32) -> Option<Instant> {
    let seconds = match u64::try_from(timeout_seconds) {
        Ok(0) => DEFAULT_TIMEOUT,
        Ok(seconds) => seconds,
        Err(_) => return None,
    };
    Instant::now().checked_add(Duration::from_secs(seconds))
}

/// The amount is either in the payment request or the payer's choice, never both.
fn amount(invoiced_msat: Option<u64>, asked_msat: u64) -> Result<u64, Status> {
    match (invoiced_msat, asked_msat) {
        (None, 0) => Err(Status::unknown(
            "amount must be specified when paying a zero amount invoice",
        )),
        (Some(_), 1..) => Err(Status::unknown(
            "amount must not be specified when paying a non-zero amount invoice",
        )),
        (None, asked) => Ok(asked),
        (Some(invoiced), 0) => Ok(invoiced),
    }
}
