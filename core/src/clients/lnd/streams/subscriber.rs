//! What a stream works with: its look-ups, its subscription, its way to the reader, and the decision
//! whether a failure is waited out or ends it.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::metadata::{Ascii, MetadataKey, MetadataValue};
use tonic::{Request, Response, Streaming};

use serde::Serialize;

use super::super::context::Context;
use super::super::node::Node;
use super::super::refusal;
use crate::clients::StreamMessage;
use crate::clients::registry::{MethodRow, Printable};
use crate::clients::stream_feed::MessageFeed;
use crate::error::{Error, Status};
use crate::resilience::{AttemptError, Call, CancelToken, Deadline, Fault, Policies, Subscription};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A round that lasted so long was no failure of the stream itself.
const CALM: Duration = Duration::from_secs(30);
/// So often in a row lnd may refuse in words that this library does not know.
const STRIKES: u32 = 5;

/// How the caller wants the stream to be run.
pub(crate) struct Terms {
    pub(crate) cancel: CancelToken,
    pub(crate) closing: CancellationToken,
    /// Time limit of one look-up.
    pub(crate) limit: Duration,
    pub(crate) retry: bool,
    pub(crate) policies: Arc<Policies>,
    pub(crate) metadata: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
}

/// One stream at work.
pub(crate) struct Subscriber {
    node: Arc<Node>,
    row: &'static MethodRow,
    terms: Terms,
    feed: Arc<MessageFeed>,
    /// Failures since the last message.
    failures: AtomicU32,
}

/// A kind of stream.
pub(super) trait Source: Send {
    /// Tells what is on record and was not told yet; called first, and after each interruption.
    fn catch_up(
        &mut self,
        subscriber: &Subscriber,
    ) -> impl Future<Output = Result<(), AttemptError>> + Send;

    /// Subscribes and tells what comes. Returns without an error to catch up again.
    fn follow(
        &mut self,
        subscriber: &Subscriber,
    ) -> impl Future<Output = Result<(), AttemptError>> + Send;
}

/// Runs a stream until it cannot go on, and tells why.
pub(super) async fn watch(subscriber: &Subscriber, mut source: impl Source) -> Error {
    loop {
        let began = Instant::now();
        let version = subscriber.node.credentials_version();
        let outcome = match source.catch_up(subscriber).await {
            Ok(()) => source.follow(subscriber).await,
            Err(failure) => Err(failure),
        };
        let Err(failure) = outcome else { continue };
        if began.elapsed() >= CALM {
            subscriber.progress();
        }
        if let Err(error) = subscriber.endure(&failure, version).await {
            return error;
        }
    }
}

impl Subscriber {
    pub(crate) fn new(
        node: Arc<Node>,
        row: &'static MethodRow,
        terms: Terms,
        feed: Arc<MessageFeed>,
    ) -> Self {
        Self {
            node,
            row,
            terms,
            feed,
            failures: AtomicU32::new(0),
        }
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// For one look-up, with a time limit of its own.
    pub(super) fn context(&self) -> Context {
        let call = Call::new(
            Deadline::after(self.terms.limit),
            Some(self.terms.cancel.clone()),
            self.terms.closing.clone(),
            self.terms.retry,
        )
        .under(&self.terms.policies);
        Context::new(Arc::new(call), Arc::clone(&self.node), self.row, None, None)
            .with_metadata(self.terms.metadata.clone())
    }

    /// Subscribes; `send` is the client's method.
    pub(super) fn subscribe<M, T, Fut>(
        &self,
        message: M,
        send: impl FnOnce(Request<M>) -> Fut,
    ) -> Subscription<T>
    where
        Fut: Future<Output = Result<Response<Streaming<T>>, tonic::Status>> + Send + 'static,
    {
        let context = self.context();
        Subscription::new(|attempt| send(context.request(attempt, message)))
    }

    /// lnd has answered: an interruption, if there was one, is over.
    pub(super) fn answering(&self) {
        self.node.pulse().hear();
        self.feed.answering();
    }

    /// A message came over the subscription.
    pub(super) fn progress(&self) {
        self.failures.store(0, Ordering::Relaxed);
    }

    /// Tells an item, or counts it as dropped.
    pub(super) fn offer<T: Serialize + Send + 'static>(&self, item: T) {
        self.feed.offer(boxed(item));
    }

    /// Tells an item if there is room for it.
    pub(super) fn put<T: Serialize + Send + 'static>(&self, item: T) -> bool {
        self.feed.put(boxed(item)).is_ok()
    }

    /// Tells an item as soon as there is room. Not while a subscription is open: it would stand still.
    pub(super) async fn put_in_time<T: Serialize + Send + 'static>(&self, item: T) {
        let mut waiting = boxed(item);
        while let Err(back) = self.feed.put(waiting) {
            waiting = back;
            self.feed.room().await;
        }
    }

    /// Until the reader has caught up.
    pub(super) async fn room(&self) {
        self.feed.room().await;
    }

    /// Waits until it makes sense to try again, or tells why it does not. `version`: of the credentials,
    /// before the try that failed.
    async fn endure(&self, failure: &AttemptError, version: u64) -> Result<(), Error> {
        let error = self.context().error(failure);
        let failures = self.failures.fetch_add(1, Ordering::Relaxed) + 1;
        let verdict = self.judge(&failure.fault, error.status(), failures, version);
        let (Some(pause), true) = (verdict, self.terms.retry) else {
            return Err(error);
        };
        tracing::debug!(target: "arkgrpc::stream", stream = self.row.name, %error, "interrupted");
        self.feed.interrupted(error.message().to_owned());
        tokio::time::sleep(pause).await;
        Ok(())
    }

    /// The pause before the next try; none when another try would come to the same.
    fn judge(
        &self,
        fault: &Fault,
        status: Status,
        failures: u32,
        version: u64,
    ) -> Option<Duration> {
        if let Fault::Answered(answer) = fault
            && refusal::is_about_credentials(answer)
        {
            return self
                .node
                .has_other_credentials(version)
                .then_some(FIRST_PAUSE);
        }
        pause_after(fault, status, failures)
    }
}

fn boxed<T: Serialize + Send + 'static>(item: T) -> Box<dyn Printable> {
    Box::new(StreamMessage::item(item))
}

/// A subscription that failed.
pub(super) fn broken(fault: Fault) -> AttemptError {
    AttemptError {
        fault,
        handed: true,
    }
}

fn pause_after(fault: &Fault, status: Status, failures: u32) -> Option<Duration> {
    let growing = FIRST_PAUSE
        .saturating_mul(1 << failures.saturating_sub(1).min(10))
        .min(LONGEST_PAUSE);
    match fault {
        Fault::Dial(error) if error.is_permanent() => None,
        Fault::Dial(error) => Some(error.retry_after.unwrap_or(FIRST_PAUSE).max(FIRST_PAUSE)),
        Fault::Stale | Fault::Lost(_) | Fault::DeadlineExceeded | Fault::NotAdmitted(_) => {
            Some(growing)
        }
        Fault::Malformed(_) | Fault::TooLarge(_) | Fault::Cancelled => None,
        Fault::Answered(answer) if answer.is_transient() => Some(growing),
        Fault::Answered(_) => match status {
            Status::NotReady
            | Status::WalletLocked
            | Status::WalletMissing
            | Status::ResourceExhausted => Some(growing),
            // lnd says most things under one code: what it may mean for a moment is given a few tries.
            Status::DaemonUnknown | Status::DaemonInternal => {
                (failures < STRIKES).then_some(growing)
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resilience::Answer;

    fn answered(code: i32) -> Fault {
        Fault::Answered(Answer {
            code,
            message: "x".into(),
            ..Answer::default()
        })
    }

    #[test]
    fn what_will_not_pass_ends_the_stream() {
        let ends = |status| pause_after(&answered(2), status, 1).is_none();
        assert!(ends(Status::PermissionMissing) && ends(Status::Unimplemented));
        assert!(!ends(Status::NotReady) && !ends(Status::WalletLocked));
        assert!(pause_after(&Fault::Malformed("x".into()), Status::MalformedAnswer, 1).is_none());
    }

    #[test]
    fn unknown_words_of_the_daemon_are_given_a_few_tries() {
        let tries = |failures| pause_after(&answered(2), Status::DaemonUnknown, failures).is_some();
        assert!((1..STRIKES).all(tries));
        assert!(!tries(STRIKES));
        assert!(pause_after(&answered(14), Status::DaemonUnavailable, 1000).is_some());
    }

    #[test]
    fn pauses_grow_and_stay_bounded() {
        let lost = Fault::Lost("x".into());
        let pause = |failures| pause_after(&lost, Status::ConnectionLost, failures).unwrap();
        assert_eq!(pause(1), FIRST_PAUSE);
        assert!(pause(2) > pause(1));
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
