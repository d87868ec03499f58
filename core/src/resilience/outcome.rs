//! What one attempt came to, told apart by evidence and never by a code that may have been made locally.

use std::error::Error as StdError;

use tonic::Code;

use super::attempt::Attempt;
use crate::transport::{ConnectionError, DialError};

/// The daemon's own refusal.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) message: String,
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
