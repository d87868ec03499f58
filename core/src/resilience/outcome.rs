//! What one attempt came to, told apart by evidence and never by a code that may have been made locally.

use std::error::Error as StdError;

use tonic::Code;

use super::admission::NotAdmitted;
use super::attempt::Attempt;
use super::pushback::Pushback;
use crate::transport::{ConnectionError, DialError};

/// The daemon's own refusal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) message: String,
    /// What it says about repeating the request.
    pub(crate) pushback: Option<Pushback>,
}

impl Answer {
    /// Whether a read may be tried again at once.
    pub(crate) fn is_transient(&self) -> bool {
        self.code == Code::Unavailable as i32 || self.code == Code::Aborted as i32
    }
}

/// Why an attempt brought no result.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// There was no connection.
    Dial(DialError),
    /// The connection was replaced before the request was sent.
    Stale,
    /// The connection broke, or the peer reset the call.
    Lost(String),
    /// What came back is no gRPC answer.
    Malformed(String),
    /// The answer is larger than the receive limit.
    TooLarge(String),
    /// The daemon refused.
    Answered(Answer),
    /// The call's deadline passed.
    DeadlineExceeded,
    /// The caller's token was triggered, or the manager is closing.
    Cancelled,
    /// Kept away from the daemon by the library itself; nothing was sent.
    NotAdmitted(NotAdmitted),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Dial(error) => error.fmt(f),
            Self::Stale => f.write_str("the connection was replaced"),
            Self::Lost(text) => write!(f, "the connection broke: {text}"),
            Self::Malformed(text) => write!(f, "no gRPC answer: {text}"),
            Self::TooLarge(text) => f.write_str(text),
            Self::Answered(answer) => {
                write!(f, "the daemon answered with gRPC code {}", answer.code)
            }
            Self::DeadlineExceeded => f.write_str("no sign of life before the deadline of a call"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::NotAdmitted(reason) => f.write_str(&reason.message),
        }
    }
}

/// Reads a tonic status in the light of what the attempt saw.
pub(super) fn classify(status: &tonic::Status, attempt: &Attempt) -> Fault {
    if let Some(error) = find::<ConnectionError>(status) {
        return match error {
            ConnectionError::Dial(error) => Fault::Dial(error.clone()),
            ConnectionError::Stale => Fault::Stale,
            ConnectionError::Broken(error) => Fault::Lost(chain(error)),
        };
    }
    if let Some(error) = status.source() {
        return Fault::Lost(chain(error));
    }
    // Without a source the status was sent by the peer, or made by tonic from what the peer sent.
    if status.code() == Code::OutOfRange && status.message().contains("message length too large") {
        return Fault::TooLarge(status.message().to_owned());
    }
    if !attempt.answered() {
        return Fault::Malformed(status.message().to_owned());
    }
    if status.code() == Code::Ok || is_decoding_failure(status) {
        return Fault::Malformed(status.message().to_owned());
    }
    Fault::Answered(Answer {
        code: status.code() as i32,
        message: status.message().to_owned(),
        pushback: Pushback::read(status.metadata().as_ref()),
    })
}

/// tonic reports an undecodable message under a code that daemons use too.
fn is_decoding_failure(status: &tonic::Status) -> bool {
    status.code() == Code::Internal
        && (status
            .message()
            .starts_with("failed to decode Protobuf message")
            || status
                .message()
                .starts_with("protocol error: received message with")
            || status.message() == "Missing response message.")
}

fn find<E: StdError + 'static>(status: &tonic::Status) -> Option<&E> {
    let mut next = status.source();
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The messages of an error and its causes, without repeats.
fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let message = cause.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered() -> Attempt {
        let attempt = Attempt::new();
        attempt.note_status_for_test();
        attempt
    }

    #[test]
    fn a_status_of_the_peer_is_an_answer() {
        let status = tonic::Status::new(Code::Unknown, "wallet locked");
        assert!(matches!(classify(&status, &answered()), Fault::Answered(a) if a.code == 2));
    }

    #[test]
    fn the_same_code_without_a_status_of_the_peer_is_not() {
        let status = tonic::Status::new(Code::Unavailable, "grpc-status header missing");
        assert!(matches!(
            classify(&status, &Attempt::new()),
            Fault::Malformed(_)
        ));
    }

    #[test]
    fn a_source_means_that_the_way_failed() {
        let broken = std::io::Error::other("reset");
        let status = tonic::Status::from_error(Box::new(broken));
        assert!(matches!(classify(&status, &Attempt::new()), Fault::Lost(_)));
        let stale = tonic::Status::from_error(Box::new(ConnectionError::Stale));
        assert!(matches!(classify(&stale, &Attempt::new()), Fault::Stale));
    }
}
