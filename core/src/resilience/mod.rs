//! Floor 3: what may be repeated, until when, and what is proven about a request. One concern a file.

mod attempt;
mod call;
mod cancel;
mod deadline;
mod outcome;
mod retry;

pub(crate) use attempt::{Attempt, Effect, Observed};
pub(crate) use call::{AttemptError, Call};
pub use cancel::CancelToken;
pub(crate) use deadline::Deadline;
pub(crate) use outcome::{Answer, Fault};
