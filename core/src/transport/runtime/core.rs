//! The tokio runtime itself, which may be dropped on any thread, that of a caller included.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};

/// `None` only while it is being dropped.
pub(super) struct Core(Option<Runtime>);

impl Core {
    pub(super) fn new(thread_start: fn()) -> io::Result<(Self, tokio::runtime::Handle)> {
        let runtime = Builder::new_current_thread()
            .max_blocking_threads(2)
            .thread_name("arkgrpc")
            // Given, so that the environment is not asked for it.
            .thread_stack_size(2 * 1024 * 1024)
            .on_thread_start(thread_start)
            .enable_io()
            .enable_time()
            .build()?;
        let handle = runtime.handle().clone();
        Ok((Self(Some(runtime)), handle))
    }

    pub(super) fn block_on<F: Future>(&self, future: F) -> Option<F::Output> {
        self.0.as_ref().map(|runtime| runtime.block_on(future))
    }

    /// Drops all tasks; waits for name resolution that is under way.
    pub(super) fn shut_down(mut self, bound: Duration) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(bound);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
