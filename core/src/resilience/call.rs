//! One call of a user, from its start to its end: deadline, cancellation, and the attempts it made.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio_util::sync::CancellationToken;

use super::admission::NotAdmitted;
use super::attempt::{Attempt, Effect};
use super::begun::Begun;
use super::cancel::CancelToken;
use super::deadline::Deadline;
use super::lanes::Place;
use super::outcome::{Fault, classify};
use super::policies::Policies;
use super::retry;
use crate::locks::Mutex;
use crate::transport::DialError;

/// A request that brought no result.
#[derive(Clone, Debug)]
pub(crate) struct AttemptError {
    pub(crate) fault: Fault,
    /// Whether its last attempt was given to a connection: it may have been executed.
    pub(crate) handed: bool,
}

/// Shared by the worker that runs the call and the thread that waits for it.
pub(crate) struct Call {
    deadline: Deadline,
    cancel: CancelToken,
    closing: CancellationToken,
    retry: bool,
    attempts: AtomicU32,
    retries: AtomicU32,
    /// Writes whose latch still matters when the call is given up from outside.
    writes: Mutex<Vec<Attempt>>,
    /// Whether an earlier try of the operation, outside of this call, may have been executed.
    doubt: AtomicBool,
    policies: Option<Arc<Policies>>,
    /// Its place in flight, until the call ends or starts flying.
    place: Mutex<Option<Place>>,
    /// Whether the breaker is asked before a repeat.
    passing: AtomicBool,
    /// Why none of its requests is sent.
    barred: Mutex<Option<NotAdmitted>>,
    is_barred: AtomicBool,
}

impl Call {
    pub(crate) fn new(
        deadline: Deadline,
        cancel: Option<CancelToken>,
        closing: CancellationToken,
        retry: bool,
    ) -> Self {
        Self {
            deadline,
            cancel: cancel.unwrap_or_default(),
            closing,
            retry,
            attempts: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            writes: Mutex::new(Vec::new()),
            doubt: AtomicBool::new(false),
            policies: None,
            place: Mutex::new(None),
            passing: AtomicBool::new(false),
            barred: Mutex::new(None),
            is_barred: AtomicBool::new(false),
        }
    }

    /// The same call, accounted for by a service's policies.
    pub(crate) fn under(mut self, policies: &Arc<Policies>) -> Self {
        self.policies = Some(Arc::clone(policies));
        self
    }

    pub(super) fn policies(&self) -> Option<&Arc<Policies>> {
        self.policies.as_ref()
    }

    pub(super) fn hold(&self, place: Place) {
        *self.place.lock() = Some(place);
    }

    /// Gives the place in flight to the next in line: the call has ended, or waits for something that
    /// costs the daemon nothing.
    pub(crate) fn leave_lane(&self) {
        drop(self.place.lock().take());
    }

    /// The call is urgent: a breaker that opens meanwhile does not stop its repeats.
    pub(crate) fn pass(&self) {
        self.passing.store(true, Ordering::Release);
    }

    /// None of its requests will be sent.
    pub(crate) fn bar(&self, reason: NotAdmitted) {
        *self.barred.lock() = Some(reason);
        self.is_barred.store(true, Ordering::Release);
    }

    fn barrier(&self) -> Option<Fault> {
        if !self.is_barred.load(Ordering::Acquire) {
            return None;
        }
        self.barred.lock().clone().map(Fault::NotAdmitted)
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
    }

    /// Attempts that followed a failed one of the same request.
    pub(crate) fn retries(&self) -> u32 {
        self.retries.load(Ordering::Relaxed)
    }

    /// Says whether something outside of this call's own requests may have been executed.
    pub(crate) fn set_doubt(&self, doubt: bool) {
        self.doubt.store(doubt, Ordering::Release);
    }

    pub(crate) fn is_in_doubt(&self) -> bool {
        self.doubt.load(Ordering::Acquire)
    }

    /// Withdraws every write that was not handed over yet; true when none was handed over.
    pub(crate) fn withdraw(&self) -> bool {
        self.writes.lock().iter().all(Attempt::revoke)
    }

    /// Runs a future until the call's deadline or cancellation.
    pub(crate) async fn within<T>(&self, future: impl Future<Output = T>) -> Result<T, Fault> {
        // Before anything else, so that a triggered token or a past deadline sends nothing.
        if self.cancel.is_triggered() || self.closing.is_cancelled() {
            return Err(Fault::Cancelled);
        }
        if self.deadline.remaining().is_zero() {
            return Err(Fault::DeadlineExceeded);
        }
        let cancelled = select(
            Box::pin(self.cancel.triggered()),
            Box::pin(self.closing.cancelled()),
        );
        let ended = select(Box::pin(self.deadline.passed()), cancelled);
        match select(Box::pin(future), ended).await {
            Either::Left((value, _)) => Ok(value),
            Either::Right((Either::Left(_), _)) => Err(Fault::DeadlineExceeded),
            Either::Right((Either::Right(_), _)) => Err(Fault::Cancelled),
        }
    }

    /// Sleeps, unless the call ends first.
    pub(crate) async fn pause(&self, span: Duration) -> Result<(), Fault> {
        self.within(tokio::time::sleep(span)).await
    }

    /// Makes a request, and again as far as [`retry`] allows.
    pub(crate) async fn request<T, F, Fut>(
        &self,
        effect: Effect,
        send: F,
    ) -> Result<T, AttemptError>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, tonic::Status>>,
    {
        let mut number = 1;
        loop {
            match self.once(effect, &send).await {
                Ok(value) => return Ok(value),
                Err(error) if self.try_again(effect, number, &error).await => number += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// After attempt `number` failed: pauses and says true when another one may follow.
    pub(crate) async fn try_again(
        &self,
        effect: Effect,
        number: u32,
        error: &AttemptError,
    ) -> bool {
        let (fault, handed) = (&error.fault, error.handed);
        let pause = retry::pause_after(fault, number + 1);
        let allowed = self.retry
            && self.pay(effect, fault, handed)
            && number < retry::ATTEMPTS
            && retry::allowed(effect, fault, handed)
            && self.is_let_through()
            && self.deadline.remaining() > pause + retry::LEAST_TIME;
        if allowed {
            tracing::debug!(target: "arkgrpc::retry", number, fault = ?error.fault, "trying again");
        }
        let again = allowed && self.pause(pause).await.is_ok();
        self.retries.fetch_add(u32::from(again), Ordering::Relaxed);
        again
    }

    /// Pays for a failure from the budget; false when there are too many failures to repeat one.
    fn pay(&self, effect: Effect, fault: &Fault, handed: bool) -> bool {
        let charged = retry::is_charged(effect, fault, handed);
        match &self.policies {
            Some(policies) if charged => policies.pay_for_retry(),
            _ => true,
        }
    }

    fn is_let_through(&self) -> bool {
        let refusing = self.policies().is_some_and(|it| it.is_refusing());
        !refusing || self.passing.load(Ordering::Acquire)
    }

    /// Waits for a connection. One that cannot be had counts as a request that failed.
    pub(crate) async fn connect<T>(
        &self,
        dial: impl Future<Output = Result<T, DialError>>,
    ) -> Result<T, Fault> {
        if let Some(fault) = self.barrier() {
            return Err(fault);
        }
        let begun = self.begin_request();
        let outcome = self.within(dial).await;
        let outcome = outcome.and_then(|dialled| dialled.map_err(Fault::Dial));
        if let (Some(begun), Err(fault)) = (begun, &outcome) {
            begun.failed(fault, None, &Attempt::new());
        }
        outcome
    }

    /// Whether the caller allows repeats at all.
    pub(crate) fn may_repeat(&self) -> bool {
        self.retry
    }

    /// Makes a request once.
    pub(crate) async fn once<T, F, Fut>(&self, effect: Effect, send: &F) -> Result<T, AttemptError>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, tonic::Status>>,
    {
        if let Some(fault) = self.barrier() {
            return Err(AttemptError {
                fault,
                handed: false,
            });
        }
        let attempt = Attempt::new();
        self.attempts.fetch_add(1, Ordering::Relaxed);
        let begun = self.begin_request();
        if effect == Effect::Write {
            self.writes.lock().push(attempt.clone());
        }
        let (fault, status) = match self.within(send(attempt.clone())).await {
            Ok(Ok(value)) => {
                if let Some(begun) = begun {
                    begun.succeeded(effect);
                }
                return Ok(value);
            }
            Ok(Err(status)) => (classify(&status, &attempt), Some(status)),
            Err(fault) => (fault, None),
        };
        if let Some(begun) = begun {
            begun.failed(&fault, status.as_ref(), &attempt);
        }
        Err(AttemptError {
            fault,
            handed: !attempt.revoke(),
        })
    }

    fn begin_request(&self) -> Option<Begun<'_>> {
        self.policies.as_deref().map(Begun::now)
    }
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
