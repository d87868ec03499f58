//! Calls on their way to the runtime. Handing in wakes the driver only when the line was empty: under
//! load many calls share one wake, which is a system call.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::locks::Mutex;

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

pub(super) struct Submissions {
    /// `None` once the runtime is shut down.
    line: Mutex<Option<Vec<Task>>>,
    arrived: Notify,
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            line: Mutex::new(Some(Vec::new())),
            arrived: Notify::new(),
        }
    }
}

impl Submissions {
    /// After [`Submissions::close`] the task is dropped instead.
    pub(super) fn hand_in(&self, task: Task) {
        let mut line = self.line.lock();
        let Some(tasks) = line.as_mut() else {
            drop(line);
            drop(task);
            return;
        };
        tasks.push(task);
        let first = tasks.len() == 1;
        drop(line);
        if first {
            self.arrived.notify_one();
        }
    }

    /// Runs inside the runtime and takes in what was handed in.
    pub(super) async fn admit(self: Arc<Self>) {
        let mut tasks = Vec::new();
        loop {
            self.arrived.notified().await;
            match self.line.lock().as_mut() {
                Some(line) => std::mem::swap(line, &mut tasks),
                None => return,
            }
            for task in tasks.drain(..) {
                tokio::spawn(task);
            }
        }
    }

    /// Drops what waits and all that comes.
    pub(super) fn close(&self) {
        let waiting = self.line.lock().take();
        drop(waiting);
        self.arrived.notify_one();
    }
}
