//! The feed between a stream's task and its reader.

use super::registry::Printable;
use crate::resilience::Feed;

/// So many messages wait for their reader.
const CAPACITY: usize = 1024;

/// Messages that are printed where they are read, so that a large one does not hold up the worker.
pub(crate) struct MessageFeed(Feed<Box<dyn Printable>>);

impl Default for MessageFeed {
    fn default() -> Self {
        Self(Feed::new(CAPACITY))
    }
}

impl std::ops::Deref for MessageFeed {
    type Target = Feed<Box<dyn Printable>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}
