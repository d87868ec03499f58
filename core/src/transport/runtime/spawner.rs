//! Starts what goes on beside all calls, from any thread.

use std::future::Future;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::helm::Helm;

/// Does not keep the runtime alive: what is started after its end is dropped.
#[derive(Clone)]
pub(crate) struct Spawner {
    handle: Handle,
    helm: Arc<Helm>,
}

impl Spawner {
    pub(super) fn new(handle: Handle, helm: Arc<Helm>) -> Self {
        Self { handle, helm }
    }

    /// Lets a future run until it ends or the runtime is shut down.
    pub(crate) fn spawn<F>(&self, future: F) -> tokio::task::JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let going = self.helm.going();
        self.handle.spawn(async move {
            let _going = going;
            future.await;
        })
    }
}
