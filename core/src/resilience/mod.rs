//! Floor 3: what may be repeated, until when, and what is proven about a request. One concern a file.

mod attempt;
mod call;
mod cancel;
mod deadline;
mod feed;
mod mutant;
mod outcome;
mod retry;
mod subscription;

pub(crate) use attempt::{Attempt, Effect, Observed};
pub(crate) use call::{AttemptError, Call};
pub use cancel::CancelToken;
pub(crate) use deadline::Deadline;
pub(crate) use feed::{Entry, Feed, Reconnection, Taken};
pub(crate) use outcome::{Answer, Fault};
pub(crate) use subscription::Subscription;
