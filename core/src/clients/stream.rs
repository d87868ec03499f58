//! A stream as its reader holds it: a task on the manager's runtime fills a feed, `next` empties it.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio_util::sync::CancellationToken;

use super::options::Success;
use super::registry::{MethodRow, Printable, StreamRow};
use super::stream_feed::MessageFeed;
use super::stream_message::StreamMessage;
use crate::error::{Error, Status};
use crate::resilience::{CancelToken, Entry, Taken};

/// A stream. Clones are the same one; it ends with the last of them.
#[derive(Clone)]
pub struct Stream(Arc<Inner>);

struct Inner {
    place: Place,
    feed: Arc<MessageFeed>,
    ends: Ends,
    /// Of the manager: its runtime fills the feed.
    _keep_alive: Arc<dyn Send + Sync>,
}

/// Whose stream it is, for errors and messages.
struct Place {
    service: &'static str,
    name: &'static str,
    gap: &'static str,
}

impl Stream {
    /// The events of a manager, which no task reads from a daemon.
    pub(super) fn of_events(
        feed: Arc<MessageFeed>,
        ends: Ends,
        keep_alive: Arc<dyn Send + Sync>,
    ) -> Self {
        let place = Place {
            service: "manager",
            name: "events",
            gap: "none",
        };
        Self(Arc::new(Inner {
            place,
            feed,
            ends,
            _keep_alive: keep_alive,
        }))
    }

    pub(super) fn new(
        stream: &'static StreamRow,
        feed: Arc<MessageFeed>,
        ends: Ends,
        keep_alive: Arc<dyn Send + Sync>,
    ) -> Self {
        Self(Arc::new(Inner {
            place: Place {
                service: stream.row.service,
                name: stream.row.name,
                gap: stream.gap,
            },
            feed,
            ends,
            _keep_alive: keep_alive,
        }))
    }

    /// Waits for the next message.
    pub fn next(&self, timeout: Duration) -> Result<Success, Error> {
        let inner = &self.0;
        let started = Instant::now();
        inner.ends.apply(&inner.feed);
        let place = |error: Error| {
            error
                .with_place(inner.place.service, inner.place.name)
                .with_effort(0, started.elapsed())
        };
        let message: Box<dyn Printable> = match inner.feed.take(started + timeout) {
            Taken::Entry(Entry::Item(message)) => message,
            Taken::Entry(Entry::Lag(dropped)) => Box::new(StreamMessage::lag(dropped)),
            Taken::Entry(Entry::Reconnected(told)) => {
                Box::new(StreamMessage::reconnected(told, inner.place.gap))
            }
            Taken::Nothing(outage) => return Err(place(nothing_new(timeout, outage))),
            Taken::Ended(error) => return Err(place(error)),
        };
        message.print().map(Success::new).map_err(place)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ends.left.cancel();
    }
}

/// Everything that ends a stream from outside.
#[derive(Clone)]
pub(super) struct Ends {
    pub(super) cancel: CancelToken,
    pub(super) closing: CancellationToken,
    /// Nobody reads any more.
    left: CancellationToken,
}

impl Ends {
    pub(super) fn new(cancel: CancelToken, closing: CancellationToken) -> Self {
        Self {
            cancel,
            closing,
            left: CancellationToken::new(),
        }
    }

    /// Ends the feed if one of them has come; the task may not have had its turn since.
    fn apply(&self, feed: &MessageFeed) {
        if self.cancel.is_triggered() {
            feed.abandon(cancelled());
        } else if self.closing.is_cancelled() {
            feed.end(over());
        }
    }

    /// The task behind a stream: runs it until it ends or is ended, and tells the reader why.
    pub(super) fn drive(
        &self,
        watching: impl Future<Output = Error> + Send + 'static,
        feed: Arc<MessageFeed>,
        row: &'static MethodRow,
    ) -> impl Future<Output = ()> + Send + 'static {
        let ends = self.clone();
        // A task that is thrown away with its runtime, even before it ran at all, must not leave its
        // reader waiting.
        let feed = Told(feed);
        async move {
            // As a whole: a capture of its field alone would be dropped without a word.
            let feed = feed;
            let watching = Box::pin(AssertUnwindSafe(watching).catch_unwind());
            let ended = select(
                Box::pin(ends.cancel.triggered()),
                select(
                    Box::pin(ends.closing.cancelled()),
                    Box::pin(ends.left.cancelled()),
                ),
            );
            match select(watching, ended).await {
                Either::Left((Ok(error), _)) => {
                    tracing::debug!(target: "arkgrpc::stream", stream = row.name, %error, "ended");
                    ends.apply(&feed.0);
                    feed.0.end(error);
                }
                Either::Left((Err(_), _)) => feed.0.end(defect()),
                Either::Right(_) => ends.apply(&feed.0),
            }
        }
    }
}

struct Told(Arc<MessageFeed>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.end(over());
    }
}

fn nothing_new(timeout: Duration, outage: Option<(Duration, String)>) -> Error {
    let span = timeout.as_millis();
    let message = match outage {
        None => format!("nothing new in {span} ms"),
        Some((lasting, reason)) => format!(
            "nothing new in {span} ms; the daemon has not been reached for {} ms: {reason}",
            lasting.as_millis()
        ),
    };
    Error::local(
        Status::Timeout,
        message,
        "call arkgrpc_stream_next again: the stream lives on, and reconnects by itself",
    )
    .with_retryable(true)
}

pub(super) fn over() -> Error {
    Error::local(
        Status::End,
        "the stream is over: its manager was closed",
        "open it again from a new manager; invoices go on after the indexes of the last item",
    )
}

pub(super) fn cancelled() -> Error {
    Error::local(
        Status::Cancelled,
        "the stream was cancelled by its token",
        "free it, and open another one if more is wanted",
    )
}

fn defect() -> Error {
    Error::local(
        Status::Panic,
        "a defect of this library was caught in a stream; the manager goes on working",
        "report it with the version and the stream's name, and open the stream again",
    )
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
