//! Following a payment that lnd knows, over broken streams and restarts, until it is decided or the
//! call's time is up.

use std::time::Duration;

use tonic::Streaming;

use super::context::Context;
use crate::clients::json::Hex32;
use crate::error::Status;
use crate::resilience::{AttemptError, Fault};
use crate::transport::generated::lnrpc::Payment;
use crate::transport::generated::lnrpc::payment::PaymentStatus;
use crate::transport::generated::routerrpc::TrackPaymentRequest;

/// Between two look-ups of a payment whose stream broke.
const LOOK_AGAIN: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is known of a payment.
pub(super) enum Tracked {
    /// It succeeded or failed.
    Decided(Payment),
    /// lnd said that it is under way; then the call's time was up or it was cancelled.
    Flying(Payment, Fault),
    /// lnd has not started one with this hash.
    NotFound,
    /// lnd could not be asked.
    Unasked(AttemptError),
}

/// How a stream of updates ended.
pub(super) enum Watched {
    Decided(Payment),
    Interrupted(Payment, Fault),
    Broke(Payment),
}

/// Whether to go on when lnd cannot be asked at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Report it: nothing is at stake.
    Once,
    /// Until the call's time is up: something may have been paid.
    UntilDeadline,
}

/// Asks lnd about the payment and follows it.
pub(super) async fn track(context: &Context, hash: Hex32, patience: Patience) -> Tracked {
    let mut seen: Option<Payment> = None;
    loop {
        let failure = match open(context, hash).await {
            Ok((first, stream)) => match watch(context, first, stream).await {
                Watched::Decided(payment) => return Tracked::Decided(payment),
                Watched::Interrupted(payment, fault) => return Tracked::Flying(payment, fault),
                Watched::Broke(payment) => {
                    seen = Some(payment);
                    AttemptError {
                        fault: Fault::Lost("the stream ended".to_owned()),
                        handed: true,
                    }
                }
            },
            Err(failure) => failure,
        };
        if context.error(&failure).status() == Status::NotFound {
            return Tracked::NotFound;
        }
        if let (Some(payment), Fault::DeadlineExceeded | Fault::Cancelled) = (&seen, &failure.fault)
        {
            return Tracked::Flying(payment.clone(), failure.fault);
        }
        if seen.is_none() && (patience == Patience::Once || !may_pass(&failure.fault)) {
            return Tracked::Unasked(failure);
        }
        if let Err(fault) = context.call().pause(pause_after(&failure.fault)).await {
            return match seen {
                Some(payment) => Tracked::Flying(payment, fault),
                None => Tracked::Unasked(AttemptError {
                    fault,
                    handed: true,
                }),
            };
        }
    }
}

/// The payment as lnd has it now, without waiting for its end; `None`: lnd has not started one.
pub(super) async fn peek(context: &Context, hash: Hex32) -> Result<Option<Payment>, AttemptError> {
    match open(context, hash).await {
        Ok((payment, _)) => Ok(Some(payment)),
        Err(failure) if context.error(&failure).status() == Status::NotFound => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Reads updates until the payment is decided or the stream ends.
pub(super) async fn watch(
    context: &Context,
    first: Payment,
    mut stream: Streaming<Payment>,
) -> Watched {
    let mut latest = first;
    // The payment flies by itself now: the next one may start.
    context.call().leave_lane();
    loop {
        if is_decided(&latest) {
            return Watched::Decided(latest);
        }
        match context.call().within(stream.message()).await {
            Ok(Ok(Some(update))) => latest = update,
            Ok(Ok(None) | Err(_)) => return Watched::Broke(latest),
            Err(fault) => return Watched::Interrupted(latest, fault),
        }
    }
}

async fn open(
    context: &Context,
    hash: Hex32,
) -> Result<(Payment, Streaming<Payment>), AttemptError> {
    let client = context.node().deciding_router();
    let send = |attempt| {
        let mut client = client.clone();
        let message = TrackPaymentRequest {
            payment_hash: hash.0.to_vec(),
            no_inflight_updates: false,
        };
        let request = context.request(&attempt, message);
        async move { first_update(client.track_payment_v2(request).await?.into_inner()).await }
    };
    context.read(send).await
}

/// lnd sends the present state at once.
pub(super) async fn first_update(
    mut stream: Streaming<Payment>,
) -> Result<(Payment, Streaming<Payment>), tonic::Status> {
    match stream.message().await? {
        Some(first) => Ok((first, stream)),
        None => Err(tonic::Status::from_error(
            "the stream ended without an update".into(),
        )),
    }
}

pub(super) fn is_decided(payment: &Payment) -> bool {
    succeeded(payment) || payment.status == PaymentStatus::Failed as i32
}

pub(super) fn succeeded(payment: &Payment) -> bool {
    payment.status == PaymentStatus::Succeeded as i32
}

/// Whether asking again later may bring an answer. Credentials and certificates may be put right, a
/// wallet may be unlocked; only the end of the call is final.
fn may_pass(fault: &Fault) -> bool {
    !matches!(
        fault,
        Fault::DeadlineExceeded | Fault::Cancelled | Fault::TooLarge(_)
    )
}

fn pause_after(fault: &Fault) -> Duration {
    match fault {
        Fault::Dial(error) => error
            .retry_after
            .unwrap_or(LOOK_AGAIN)
            .clamp(LOOK_AGAIN, LONGEST_PAUSE),
        _ => LOOK_AGAIN,
    }
}
