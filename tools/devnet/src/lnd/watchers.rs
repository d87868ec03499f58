//! Everybody who waits for a kind of news.

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// The receivers of messages of one kind.
pub(crate) struct Watchers<T>(Vec<UnboundedSender<T>>);

impl<T> Default for Watchers<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Clone> Watchers<T> {
    /// One more.
    pub(crate) fn add(&mut self) -> UnboundedReceiver<T> {
        self.add_with(Vec::new())
    }

    /// One more, who gets these first.
    pub(crate) fn add_with(&mut self, backlog: Vec<T>) -> UnboundedReceiver<T> {
        let (sender, receiver) = unbounded_channel();
        for message in backlog {
            // The receiver is right here, so this cannot fail.
            drop(sender.send(message));
        }
        self.0.push(sender);
        receiver
    }

    /// Tells everybody; whoever has gone is forgotten.
    pub(crate) fn tell(&mut self, message: &T) {
        self.0
            .retain(|watcher| watcher.send(message.clone()).is_ok());
    }

    /// How many there are; those who left since the last news count still.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// Ends all their streams.
    pub(crate) fn end(&mut self) {
        self.0.clear();
    }
}
