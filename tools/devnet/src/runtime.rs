//! The devnet's own tokio runtime on its own thread: callers stay synchronous and may themselves
//! run inside another runtime, and dropping the devnet leaves no thread behind.

use std::{
    future::Future,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use tokio::{runtime, sync::oneshot};

use crate::error::DevnetError;

const WORKERS: usize = 2;

/// A runtime that lives until this is dropped.
pub(crate) struct Runtime {
    handle: runtime::Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Runtime {
    /// Starts the thread and waits until its runtime runs.
    pub(crate) fn start() -> Result<Self, DevnetError> {
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let body = move || {
            let built = runtime::Builder::new_multi_thread()
                .worker_threads(WORKERS)
                .thread_name("devnet")
                .enable_all()
                .build();
            match built {
                Ok(runtime) => {
                    let told = started.send(Ok(runtime.handle().clone()));
                    if told.is_ok() {
                        // Both a message and a dropped sender end the wait.
                        runtime.block_on(async { stopped.await.ok() });
                    }
                }
                Err(error) => drop(started.send(Err(error))),
            }
        };
        let thread = thread::Builder::new()
            .name("devnet".to_owned())
            .spawn(body)
            .map_err(DevnetError::io("cannot start a thread"))?;
        let handle = starting
            .recv()
            .map_err(|_| DevnetError::Ended)?
            .map_err(DevnetError::io("cannot start the runtime"))?;
        Ok(Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Where tasks are started.
    pub(crate) fn handle(&self) -> &runtime::Handle {
        &self.handle
    }

    /// Runs a future there and blocks the calling thread for its result.
    pub(crate) fn wait<F>(&self, future: F) -> Result<F::Output, DevnetError>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (done, result) = mpsc::channel();
        self.handle.spawn(async move {
            // The receiver waits below; it can only be gone together with the caller.
            drop(done.send(future.await));
        });
        result.recv().map_err(|_| DevnetError::Ended)
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in there was reported on its own thread; nothing is left to do about it here.
            drop(thread.join());
        }
    }
}
