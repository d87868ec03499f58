//! Looks up payments: lnd keeps the latest try to pay each payment hash.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::context::Context;
use super::super::payment_request::PaymentRequest;
use super::super::payment_tracking::{is_decided, peek, succeeded};
use super::super::payment_verdict;
use super::super::send_payment::SendPaymentParams;
use super::finding::{Finding, Sought, State};
use crate::error::Error;

pub(super) async fn sent(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: SendPaymentParams = sought.original()?;
    let request = PaymentRequest::read(wanted.payment_request())?;
    let after = request.decisive_after();
    let past = unix_now() > after;
    let later = Some(after).filter(|_| !past);
    let found = peek(context, request.payment_hash).await;
    let Some(payment) = found.map_err(|failure| context.error(&failure))? else {
        return Ok(Finding {
            state: State::NotFound,
            decisive: past,
            decisive_after: later,
            result: None,
        });
    };
    let done = succeeded(&payment);
    let flying = !is_decided(&payment);
    Ok(Finding {
        state: if done {
            State::Done
        } else if flying {
            State::InFlight
        } else {
            State::Failed
        },
        // A request still on its way may try a failed payment again.
        decisive: done || (past && !flying),
        decisive_after: later.filter(|_| !done && !flying),
        result: Some(payment_verdict::shown(&payment)),
    })
}

fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs())
}
