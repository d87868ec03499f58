//! Floor 3: what may be repeated, until when, and what is proven about a request. One concern a file.

mod admission;
mod attempt;
mod begun;
mod breaker;
mod breaker_window;
mod budget;
mod call;
mod cancel;
mod deadline;
mod feed;
mod lanes;
mod line;
mod outcome;
mod policies;
mod policies_view;
mod pushback;
mod retry;
mod subscription;
mod transitions;
mod verdict;

pub(crate) use admission::{Barrier, NotAdmitted};
pub(crate) use attempt::{Attempt, Effect, Observed};
pub(crate) use call::{AttemptError, Call};
pub use cancel::CancelToken;
pub(crate) use deadline::Deadline;
pub(crate) use feed::{Entry, Feed, Reconnection, Taken};
pub(crate) use lanes::Entry as LaneEntry;
pub use lanes::Lane;
pub(crate) use outcome::{Answer, Fault};
pub(crate) use policies::{Policies, ProbePermit};
pub(crate) use policies_view::Snapshot as PoliciesSnapshot;
pub(crate) use subscription::Subscription;
