//! `wait_for_ready`: before its first request a call waits, within its deadline, until its service is fit
//! for it, where it would fail at once otherwise.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;

use super::failure;
use super::health_monitor::{Monitor, Watched};
use super::registry::{Class, MethodRow, Needs};
use crate::error::{Error, Status};
use crate::resilience::{Call, Fault};
use crate::transport::DialError;

const LONGEST_PAUSE: Duration = Duration::from_secs(1);
const SHORTEST_PAUSE: Duration = Duration::from_millis(50);

/// A daemon to which a call can be connected.
pub(crate) trait Reachable: Watched {
    /// Dials what a method of the class needs, unless it is connected already.
    fn connect(&self, class: Class) -> impl Future<Output = Result<(), DialError>> + Send;
}

/// What a patient call waits by.
pub(super) type Patience<D> = (Arc<Monitor>, Arc<D>, Arc<Call>);

/// Runs a method, after waiting if that is wanted.
pub(super) async fn run<D: Reachable, T>(
    patience: Option<Patience<D>>,
    row: &'static MethodRow,
    method: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some((monitor, daemon, call)) = patience else {
        return method.await;
    };
    let obstacle = wait(&monitor, &daemon, row, &call).await;
    method
        .await
        .map_err(|error| explain(error, obstacle.as_ref()))
}

/// Waits; what was in the way when the call's time was up or waiting became senseless. The method then
/// runs all the same: it alone knows what is proven about earlier tries, and its first step fails.
async fn wait<D: Reachable>(
    monitor: &Arc<Monitor>,
    daemon: &Arc<D>,
    row: &'static MethodRow,
    call: &Call,
) -> Option<Error> {
    let pulse = daemon.pulse();
    let needs = match row.needs {
        Needs::Answering => Needs::ServerActive,
        needs => needs,
    };
    loop {
        let mut news = Box::pin(pulse.news());
        // From here on no news are missed, although nobody waits yet.
        news.as_mut().enable();
        let obstacle = if pulse.is_known() {
            match pulse.obstacle(row, needs) {
                Ok(()) => match call.within(daemon.connect(row.class)).await {
                    Ok(Ok(())) => return None,
                    Ok(Err(error)) => unreachable(row, error),
                    Err(_) => return None,
                },
                Err(error) => error,
            }
        } else {
            unknown(row)
        };
        if is_lasting(obstacle.status()) {
            return Some(obstacle);
        }
        monitor.wake(pulse);
        let pause = obstacle.retry_after().unwrap_or(LONGEST_PAUSE);
        let pause = tokio::time::sleep(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE));
        if call.within(select(news, Box::pin(pause))).await.is_err() {
            return Some(obstacle);
        }
    }
}

/// The error of the method, with what was waited for in vain.
fn explain(error: Error, obstacle: Option<&Error>) -> Error {
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
