//! Changes of health on their way to those who read them. Nobody waits here: what a reader does not
//! fetch in time is counted as dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Wake, Waker};

use tokio_util::sync::CancellationToken;

use super::health_view::HealthEventView;
use super::stream::{cancelled, over};
use super::stream_feed::MessageFeed;
use super::stream_message::StreamMessage;
use crate::locks::Mutex;
use crate::resilience::CancelToken;

/// Tells every subscriber every change, in one order.
#[derive(Default)]
pub(crate) struct Hub {
    state: Mutex<State>,
    ended: CancellationToken,
}

#[derive(Default)]
struct State {
    subscribers: Vec<Weak<MessageFeed>>,
    /// The latest change of each kind and service: what a new subscriber is told first.
    latest: Vec<HealthEventView>,
}

impl Hub {
    pub(crate) fn publish(&self, event: HealthEventView) {
        tracing::info!(
            target: "arkgrpc::health", service = event.service, event = event.event,
            from = event.from, to = event.to, reason = event.reason, "changed"
        );
        let mut state = self.state.lock();
        state.subscribers.retain(|feed| match feed.upgrade() {
            Some(feed) => {
                offer(&feed, event.clone());
                true
            }
            None => false,
        });
        let same =
            |known: &HealthEventView| (known.event, known.service) == (event.event, event.service);
        state.latest.retain(|known| !same(known));
        state.latest.push(event);
    }

    /// A feed that begins with the present states and misses no change from then on.
    pub(super) fn subscribe(&self) -> Arc<MessageFeed> {
        let feed = Arc::<MessageFeed>::default();
        let mut state = self.state.lock();
        for known in &state.latest {
            let present = HealthEventView {
                from: None,
                ..known.clone()
            };
            offer(&feed, present);
        }
        if self.ended.is_cancelled() {
            feed.end(over());
        }
        state.subscribers.push(Arc::downgrade(&feed));
        feed
    }

    /// Cancelled once there will be no more events.
    pub(super) fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// There will be no more events; those that are there can still be read.
    pub(super) fn end(&self) {
        let mut state = self.state.lock();
        self.ended.cancel();
        for feed in state.subscribers.drain(..) {
            if let Some(feed) = feed.upgrade() {
                feed.end(over());
            }
        }
    }
}

fn offer(feed: &MessageFeed, event: HealthEventView) {
    feed.offer(Box::new(StreamMessage::item(event)));
}

/// Wakes the reader of a feed when its token is triggered, on the thread that triggers it: events need
/// no task, so that an open stream of them leaves the runtime at rest.
pub(super) struct CancelWatch {
    _registered: Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

struct Abandon {
    feed: Weak<MessageFeed>,
    cancel: CancelToken,
}

impl Wake for Abandon {
    fn wake(self: Arc<Self>) {
        if let Some(feed) = self.feed.upgrade()
            && self.cancel.is_triggered()
        {
            feed.abandon(cancelled());
        }
    }
}

impl CancelWatch {
    pub(super) fn new(cancel: &CancelToken, feed: &Arc<MessageFeed>) -> Self {
        let token = cancel.clone();
        let mut triggered: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(async move { token.triggered().await });
        let waker = Waker::from(Arc::new(Abandon {
            feed: Arc::downgrade(feed),
            cancel: cancel.clone(),
        }));
        // Being asked once is what registers the waker.
        let now = triggered.as_mut().poll(&mut Context::from_waker(&waker));
        if matches!(now, Poll::Ready(())) {
            feed.abandon(cancelled());
        }
        Self {
            _registered: Mutex::new(triggered),
        }
    }
}
