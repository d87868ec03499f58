//! One call of a user, from its start to its end: deadline, cancellation, and the attempts it made.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio_util::sync::CancellationToken;

use super::attempt::{Attempt, Effect};
use super::cancel::CancelToken;
use super::deadline::Deadline;
use super::outcome::{Fault, classify};
use super::retry;
use crate::locks::Mutex;

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
    /// Writes whose latch still matters when the call is given up from outside.
    writes: Mutex<Vec<Attempt>>,
    /// Whether an earlier try of the operation, outside of this call, may have been executed.
    doubt: AtomicBool,
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
            writes: Mutex::new(Vec::new()),
            doubt: AtomicBool::new(false),
        }
    }

    pub(crate) fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.attempts.load(Ordering::Relaxed)
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
        let pause = retry::pause(number + 1);
        let allowed = self.retry
            && number < retry::ATTEMPTS
            && retry::allowed(effect, &error.fault, error.handed)
            && self.deadline.remaining() > pause + retry::LEAST_TIME;
        if allowed {
            tracing::debug!(target: "arkgrpc::retry", number, fault = ?error.fault, "trying again");
        }
        allowed && self.pause(pause).await.is_ok()
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
        let attempt = Attempt::new();
        self.attempts.fetch_add(1, Ordering::Relaxed);
        if effect == Effect::Write {
            self.writes.lock().push(attempt.clone());
        }
        let fault = match self.within(send(attempt.clone())).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(status)) => classify(&status, &attempt),
            Err(fault) => fault,
        };
        Err(AttemptError {
            fault,
            handed: !attempt.revoke(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn call(span: Duration) -> Call {
        Call::new(Deadline::after(span), None, CancellationToken::new(), true)
    }

    fn run<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(future)
    }

    fn unavailable() -> tonic::Status {
        tonic::Status::from_error(Box::new(std::io::Error::other("broken")))
    }

    #[test]
    fn an_unsent_request_is_repeated_three_times_in_all() {
        let call = call(Duration::from_secs(20));
        let outcome = run(call.request(Effect::Write, |_| async { Err::<(), _>(unavailable()) }));
        assert!(!outcome.unwrap_err().handed);
        assert_eq!(call.attempts(), 3);
        assert!(call.withdraw());
    }

    #[test]
    fn a_past_deadline_and_a_triggered_token_send_nothing() {
        let sent = Arc::new(AtomicU32::new(0));
        let send = |_| {
            sent.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<Result<(), tonic::Status>>()
        };
        let late = call(Duration::ZERO);
        let error = run(late.request(Effect::Write, send)).unwrap_err();
        assert!(matches!(error.fault, Fault::DeadlineExceeded) && !error.handed);
        let token = CancelToken::new();
        token.trigger();
        let cancelled = Call::new(
            Deadline::after(Duration::from_secs(5)),
            Some(token),
            CancellationToken::new(),
            true,
        );
        let error = run(cancelled.request(Effect::Read, send)).unwrap_err();
        assert!(matches!(error.fault, Fault::Cancelled));
    }

    #[test]
    fn closing_ends_a_running_call() {
        let closing = CancellationToken::new();
        let call = Call::new(
            Deadline::after(Duration::from_secs(60)),
            None,
            closing.clone(),
            true,
        );
        run(async {
            let request = call.request(Effect::Read, |_| {
                closing.cancel();
                std::future::pending::<Result<(), tonic::Status>>()
            });
            assert!(matches!(request.await.unwrap_err().fault, Fault::Cancelled));
        });
    }
}
