//! Why a call is not let in to a service.

use std::time::Duration;

use super::lanes::Lane;

/// How long to stay away when the line is full: it moves as fast as the daemon answers.
const WHILE_FULL: Duration = Duration::from_secs(1);

/// Why nothing of a call was sent.
#[derive(Clone, Debug)]
pub(crate) struct NotAdmitted {
    pub(crate) barrier: Barrier,
    pub(crate) message: String,
    pub(crate) retry_after: Duration,
}

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Barrier {
    /// The circuit breaker.
    CircuitOpen,
    /// The same, by the configuration.
    ForcedOpen,
    /// Too many calls of this kind.
    Overloaded,
}

impl NotAdmitted {
    pub(super) fn circuit_open(
        service: &str,
        retry_after: Duration,
        forced: bool,
        last_failure: &str,
    ) -> Self {
        let (barrier, message) = if forced {
            let message = format!("the configuration keeps all calls away from {service}");
            (Barrier::ForcedOpen, message)
        } else {
            let message = format!(
                "{service} was out of reach several times in a row; nothing was sent. The last \
                 failure: {last_failure}"
            );
            (Barrier::CircuitOpen, message)
        };
        Self {
            barrier,
            message,
            retry_after,
        }
    }

    pub(super) fn line_full(service: &str, lane: Lane, limit: u32) -> Self {
        Self::overloaded(format!(
            "{limit} calls to {service} are under way in the {} lane, and the line before it is full",
            lane.name()
        ))
    }

    pub(super) fn late(lane: Lane, limit: u32) -> Self {
        Self::overloaded(format!(
            "the deadline of the call passed while it waited for one of the {limit} places of the {} \
             lane; nothing was sent",
            lane.name()
        ))
    }

    fn overloaded(message: String) -> Self {
        Self {
            barrier: Barrier::Overloaded,
            message,
            retry_after: WHILE_FULL,
        }
    }
}
