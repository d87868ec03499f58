//! The caller's way to end a call early.

use tokio_util::sync::CancellationToken;

/// Sticky: once triggered, every call that carries it ends. May serve many calls at once.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(CancellationToken);

impl CancelToken {
    /// A token that has not been triggered.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that carry this token, now and later. Any thread, any number of times.
    pub fn trigger(&self) {
        self.0.cancel();
    }

    /// Whether it was triggered.
    pub fn is_triggered(&self) -> bool {
        self.0.is_cancelled()
    }

    pub(crate) async fn triggered(&self) {
        self.0.cancelled().await;
    }
}
