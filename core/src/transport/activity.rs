//! Watches a byte stream: whether the peer ever spoke, and when last. A connection counts as made only
//! once the peer's first bytes arrived: they are its HTTP/2 settings.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What is known about the peer's bytes.
#[derive(Debug)]
pub(super) struct Activity {
    since: Instant,
    /// Milliseconds after `since`, plus one; 0 when nothing came yet.
    last_read: AtomicU64,
    spoke: Notify,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            since: Instant::now(),
            last_read: AtomicU64::new(0),
            spoke: Notify::new(),
        })
    }

    /// Waits until the peer's first byte.
    pub(super) async fn first_byte(&self) {
        let waiting = self.spoke.notified();
        if self.last_read.load(Ordering::Acquire) == 0 {
            waiting.await;
        }
    }

    /// How long the peer has been silent.
    pub(super) fn silent_for(&self) -> Duration {
        let last = self.last_read.load(Ordering::Acquire).saturating_sub(1);
        self.since
            .elapsed()
            .saturating_sub(Duration::from_millis(last))
    }

    fn note(&self) {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        if self.last_read.swap(now.saturating_add(1), Ordering::AcqRel) == 0 {
            self.spoke.notify_waiters();
            self.spoke.notify_one();
        }
    }
}

/// Put into a request's extensions: learns on which connection the request went out, so that its sender
/// can tell a silent peer from a slow answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness(Arc<OnceLock<Arc<Activity>>>);

impl Witness {
    pub(super) fn saw(&self, activity: &Arc<Activity>) {
        // A request goes out once: a second connection is not possible.
        let _ = self.0.set(Arc::clone(activity));
    }

    /// On a connection that has been silent for so long.
    #[cfg(test)]
    pub(crate) fn silent_for_test(span: Duration) -> Self {
        let witness = Self::default();
        let since = Instant::now().checked_sub(span).unwrap();
        witness.saw(&Arc::new(Activity {
            since,
            last_read: AtomicU64::new(1),
            spoke: Notify::new(),
        }));
        witness
    }

    /// How long the peer has been silent on that connection; `None`: the request never got to one.
    pub(crate) fn silent_for(&self) -> Option<Duration> {
        self.0.get().map(|activity| activity.silent_for())
    }
}

/// A byte stream that reports to its [`Activity`].
pub(super) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.activity.note();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
