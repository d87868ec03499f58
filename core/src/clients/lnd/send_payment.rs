//! send_payment: what happened is asked first, then paid once, and every doubt is settled by lnd's own
//! record of the payment hash.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tonic::Streaming;

use super::context::Context;
use super::payment_request::PaymentRequest;
use super::payment_tracking::{Patience, Tracked, Watched, first_update, succeeded, track, watch};
use super::payment_verdict;
use super::payment_view::PaymentView;
use super::recognition::ready_for_write;
use super::writing::{WriteFailure, write};
use crate::clients::json::{Millisatoshis, Satoshis};
use crate::error::{Error, Executed, Status};
use crate::resilience::{Attempt, AttemptError, Fault};
use crate::transport::generated::lnrpc::Payment;
use crate::transport::generated::routerrpc::SendPaymentRequest;

/// Left between lnd's own time limit and ours, so that its verdict still arrives.
const VERDICT_TIME_S: u64 = 5;
/// lnd's default number of parts.
const MAX_PARTS: u32 = 16;
/// Sending again after lnd said that nothing was started.
const SENDS: u32 = 3;

/// What to pay.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SendPaymentParams {
    /// BOLT11 invoice.
    payment_request: String,
    /// Amount in satoshis; required when the invoice names none, else equal to the invoice's.
    #[serde(default)]
    amount: Option<Satoshis>,
    /// The same in millisatoshis, in place of amount.
    #[serde(default)]
    amount_msat: Option<Millisatoshis>,
    /// Most that may be paid in fees, millisatoshis; default 1 % of the amount + 50 satoshis.
    #[serde(default)]
    fee_limit_msat: Option<Millisatoshis>,
}

impl SendPaymentParams {
    pub(super) fn payment_request(&self) -> &str {
        &self.payment_request
    }
}

/// The successful payment.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct SendPaymentResult {
    #[serde(flatten)]
    pub(super) payment: PaymentView,
    /// Whether an earlier call had paid it.
    pub(super) already_paid: bool,
    /// The fee limit of this call, millisatoshis; null when nothing was sent.
    pub(super) fee_limit_msat: Option<Millisatoshis>,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
}

pub(crate) async fn send_payment(
    context: &Context,
    params: SendPaymentParams,
) -> Result<SendPaymentResult, Error> {
    let request = PaymentRequest::read(&params.payment_request)?;
    let amount_msat = request.amount_msat(params.amount, params.amount_msat)?;
    let fee_limit_msat = fee_limit(context, params.fee_limit_msat, amount_msat)?;
    let payer = Payer {
        context,
        request,
        amount_msat,
        fee_limit_msat,
    };
    let outcome = payer.run().await;
    let unresolved = outcome
        .as_ref()
        .err()
        .is_some_and(|error| error.executed() == Executed::Unknown);
    context
        .node()
        .set_unresolved(payer.request.payment_hash.0, unresolved);
    outcome.map_err(|error| payer.with_recipe(error))
}

/// The caller's limit, or 1 % + 50 satoshis; never above the configured cap.
fn fee_limit(
    context: &Context,
    given: Option<Millisatoshis>,
    amount_msat: u64,
) -> Result<u64, Error> {
    let cap = context.node().config.max_fee_limit_msat;
    match (given, cap) {
        (Some(given), Some(cap)) if given.0 > cap => Err(Error::local(
            Status::InvalidArgument,
            format!(
                "field `fee_limit_msat`: {} is above the configured cap of {cap}",
                given.0
            ),
            "give at most lnd.max_fee_limit_msat of the configuration",
        )),
        (Some(given), _) => Ok(given.0),
        (None, cap) => {
            let usual = amount_msat / 100 + 50_000;
            Ok(cap.map_or(usual, |cap| usual.min(cap)))
        }
    }
}

struct Payer<'a> {
    context: &'a Context,
    request: PaymentRequest,
    amount_msat: u64,
    fee_limit_msat: u64,
}

impl Payer<'_> {
    async fn run(&self) -> Result<SendPaymentResult, Error> {
        let node = self.context.node();
        let hash = self.request.payment_hash;
        let earlier = node.is_unresolved(&hash.0);
        self.context.call().set_doubt(earlier);
        ready_for_write(self.context)
            .await
            .map_err(|error| doubt(error, earlier))?;
        self.request.check_network(node.identity().as_ref())?;
        let before = match track(self.context, hash, Patience::Once).await {
            Tracked::Decided(payment) if succeeded(&payment) => return self.paid(&payment, true),
            Tracked::Decided(payment) => Some(payment.payment_index),
            Tracked::Flying(payment, fault) => {
                return Err(payment_verdict::in_flight(&payment, &fault));
            }
            Tracked::NotFound => None,
            Tracked::Unasked(failure) => {
                // Nothing of this call was sent.
                let unsent = AttemptError {
                    handed: false,
                    ..failure
                };
                return Err(doubt(self.context.error(&unsent), earlier));
            }
        };
        self.request
            .check_expiry()
            .map_err(|error| doubt(error, earlier))?;
        self.pay(before, earlier).await
    }

    /// Sends, at most once at a time, until the payment is decided. `before` is the index of the failed
    /// payment that lnd knew already: an answer about that one says nothing about ours. `earlier`: a
    /// request of an earlier call may still arrive, after whatever happens to those of this one.
    async fn pay(&self, before: Option<u64>, earlier: bool) -> Result<SendPaymentResult, Error> {
        let hash = self.request.payment_hash;
        // Noted before it is so: whoever calls after this call was given up has to know of it.
        self.context.node().set_unresolved(hash.0, true);
        let mut handed = 0;
        loop {
            let lost = match self.send().await {
                Ok((first, stream)) => {
                    handed += 1;
                    match watch(self.context, first, stream).await {
                        Watched::Decided(payment) => {
                            return self.decided(&payment, handed == 1 && !earlier);
                        }
                        Watched::Interrupted(payment, fault) => {
                            return Err(payment_verdict::in_flight(&payment, &fault));
                        }
                        Watched::Broke(_) => broken_stream(),
                    }
                }
                Err(WriteFailure::NotStarted(error)) => {
                    return Err(doubt(error, earlier || handed > 0));
                }
                Err(WriteFailure::Attempt(failure)) => {
                    let error = self.context.error(&failure);
                    let exists = error.status() == Status::AlreadyExists;
                    if error.executed() == Executed::No && !exists {
                        return Err(doubt(error, earlier || handed > 0));
                    }
                    // lnd refused this request because it has the payment: this one did not start it.
                    handed += u32::from(!exists);
                    failure
                }
            };
            let last_word = handed <= 1 && !earlier;
            match self.settle(before, handed, last_word, &lost).await {
                Some(outcome) => return outcome,
                None if handed < SENDS && self.may_send_again(&lost) => {}
                None => return Err(self.unknown(&lost)),
            }
        }
    }

    /// lnd dedupes by the hash, so sending again cannot pay twice; after a refusal in lnd's own words it
    /// would only be refused again.
    fn may_send_again(&self, lost: &AttemptError) -> bool {
        self.context.call().may_repeat() && !matches!(lost.fault, Fault::Answered(_))
    }

    async fn send(&self) -> Result<(Payment, Streaming<Payment>), WriteFailure> {
        let client = self.context.node().writing_router();
        let send = |attempt: Attempt, generation| {
            let mut client = client.clone();
            let request = self
                .context
                .request_on(&attempt, generation, self.message());
            async move { first_update(client.send_payment_v2(request).await?.into_inner()).await }
        };
        write(self.context, send).await
    }

    fn message(&self) -> SendPaymentRequest {
        let remaining = self.context.call().deadline().remaining().as_secs();
        let timeout = remaining.saturating_sub(VERDICT_TIME_S).max(1);
        let amount = if self.request.names_amount() {
            0
        } else {
            self.amount_msat
        };
        SendPaymentRequest {
            payment_request: self.request.text.clone(),
            timeout_seconds: i32::try_from(timeout).unwrap_or(i32::MAX),
            amt_msat: i64::try_from(amount).unwrap_or(i64::MAX),
            fee_limit_msat: i64::try_from(self.fee_limit_msat).unwrap_or(i64::MAX),
            max_parts: MAX_PARTS,
            ..SendPaymentRequest::default()
        }
    }

    /// Asks lnd what became of requests without an answer; `None`: nothing was started.
    async fn settle(
        &self,
        before: Option<u64>,
        handed: u32,
        last_word: bool,
        lost: &AttemptError,
    ) -> Option<Result<SendPaymentResult, Error>> {
        match track(
            self.context,
            self.request.payment_hash,
            Patience::UntilDeadline,
        )
        .await
        {
            Tracked::Decided(payment) if succeeded(&payment) => {
                Some(self.paid(&payment, handed == 0))
            }
            Tracked::Decided(payment)
                if before.is_none_or(|index| payment.payment_index > index) =>
            {
                Some(self.decided(&payment, last_word))
            }
            Tracked::Decided(_) | Tracked::NotFound => None,
            Tracked::Flying(payment, fault) => {
                Some(Err(payment_verdict::in_flight(&payment, &fault)))
            }
            Tracked::Unasked(_) => Some(Err(self.unknown(lost))),
        }
    }

    fn decided(&self, payment: &Payment, last_word: bool) -> Result<SendPaymentResult, Error> {
        if succeeded(payment) {
            return self.paid(payment, false);
        }
        Err(payment_verdict::failed(payment, last_word))
    }

    fn paid(&self, payment: &Payment, earlier: bool) -> Result<SendPaymentResult, Error> {
        if earlier && u64::try_from(payment.value_msat) != Ok(self.amount_msat) {
            return Err(Error::local(
                Status::AlreadyExists,
                format!(
                    "the invoice was paid earlier with {} msat instead of {} msat; nothing was sent now",
                    payment.value_msat, self.amount_msat
                ),
                "ask the payee for a new invoice for the rest",
            )
            .with_result(payment_verdict::shown(payment)));
        }
        Ok(SendPaymentResult {
            payment: PaymentView::from(payment),
            already_paid: earlier,
            fee_limit_msat: Some(Millisatoshis(self.fee_limit_msat)).filter(|_| !earlier),
            operation_id: self.context.operation_id(),
        })
    }

    fn unknown(&self, lost: &AttemptError) -> Error {
        self.context
            .error(lost)
            .with_executed(Executed::Unknown)
            .with_retryable(false)
    }

    fn with_recipe(&self, error: Error) -> Error {
        if error.executed() != Executed::Unknown {
            return error;
        }
        let request = &self.request;
        let recipe = payment_verdict::recipe(request.payment_hash, Some(request.decisive_after()));
        error.with_reconcile(recipe)
    }
}

/// An error of something that did not happen, while something earlier may have.
fn doubt(error: Error, earlier: bool) -> Error {
    if earlier {
        error.with_executed(Executed::Unknown).with_retryable(false)
    } else {
        error
    }
}

fn broken_stream() -> AttemptError {
    AttemptError {
        fault: Fault::Lost("the stream of updates ended before a verdict".to_owned()),
        handed: true,
    }
}
