//! `wait_for_ready`: before its first request a call waits, within its deadline, until its service is fit
//! for it, where it would fail at once otherwise.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;

use super::failure;
use super::health_monitor::{Monitor, Watched};
use super::registry::{Class, MethodRow, Needs};
use crate::error::{Error, Status};
use crate::resilience::{Call, Fault, Policies};
use crate::transport::DialError;

const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// A daemon to which a call can be connected.
pub(crate) trait Reachable: Watched {
    /// Dials what a method of the class needs, unless it is connected already.
    fn connect(&self, class: Class) -> impl Future<Output = Result<(), DialError>> + Send;
}

/// What a patient call waits by.
pub(super) struct Patience<D> {
    pub(super) monitor: Arc<Monitor>,
    pub(super) daemon: Arc<D>,
    pub(super) policies: Arc<Policies>,
    pub(super) call: Arc<Call>,
}

impl<D: Reachable> Patience<D> {
    /// Waits; what was in the way when the call's time was up or waiting became senseless.
    pub(super) async fn wait(self, row: &'static MethodRow) -> Option<Error> {
        let pulse = self.daemon.pulse();
        loop {
            let mut news = Box::pin(pulse.news());
            // From here on no news are missed, although nobody waits yet.
            news.as_mut().enable();
            let obstacle = self.obstacle(row).await?;
            if is_lasting(obstacle.status()) {
                return Some(obstacle);
            }
            self.monitor.wake(pulse);
            let pause = obstacle.retry_after().unwrap_or(LONGEST_PAUSE);
            let pause = tokio::time::sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
            let waited = self.call.within(select(news, Box::pin(pause))).await;
            if waited.is_err() {
                return Some(obstacle);
            }
        }
    }

    async fn obstacle(&self, row: &'static MethodRow) -> Option<Error> {
        let pulse = self.daemon.pulse();
        if !pulse.is_known() {
            return Some(unknown(row));
        }
        let needs = match row.needs {
            Needs::Answering => Needs::ServerActive,
            needs => needs,
        };
        if let Err(error) = pulse.obstacle(row, needs) {
            return Some(error);
        }
        if let Err(refusal) = self.policies.admit() {
            return Some(failure::not_admitted(&refusal));
        }
        match self.call.within(self.daemon.connect(row.class)).await {
            Ok(Err(error)) => Some(unreachable(row, error)),
            // Connected, or the call is over: its first step finds that out.
            Ok(Ok(())) | Err(_) => None,
        }
    }
}

/// A read that waited in vain ends here. A write goes on all the same: its method alone knows what is proven
/// about earlier tries, and its first step fails.
pub(super) fn settle(
    row: &MethodRow,
    call: &Call,
    obstacle: Option<Error>,
) -> Result<Option<Error>, Error> {
    match obstacle {
        Some(error) if row.class != Class::Read => Ok(Some(error)),
        Some(error) if is_lasting(error.status()) => {
            Err(error.with_effort(0, call.deadline().elapsed()))
        }
        Some(error) if call.deadline().remaining().is_zero() => {
            let late = failure::deadline_exceeded()
                .with_retryable(true)
                .with_effort(0, call.deadline().elapsed());
            Err(explain(late, Some(&error)))
        }
        // Cancelled, or closing: the call finds that out.
        _ => Ok(None),
    }
}

/// The error of the method, with what was waited for in vain.
pub(super) fn explain(error: Error, obstacle: Option<&Error>) -> Error {
    match obstacle {
        Some(obstacle) if error.status() == Status::DeadlineExceeded => {
            let hint = format!(
                "it waited to be ready: {}; {}",
                obstacle.message(),
                obstacle.hint()
            );
            error.with_hint(hint)
        }
        _ => error,
    }
}

fn unknown(row: &MethodRow) -> Error {
    let message = format!("{} has not been asked yet how it is", row.service);
    Error::local(Status::NotReady, message, "raise timeout_ms")
}

fn unreachable(row: &MethodRow, error: DialError) -> Error {
    failure::describe(row, &Fault::Dial(error), |_, _| {
        (Status::ConnectFailed, String::new())
    })
}

/// Waiting does not mend it.
fn is_lasting(status: Status) -> bool {
    matches!(
        status,
        Status::TlsFailed | Status::WrongPeer | Status::CredentialsUnreadable
    )
}
