//! What one request says about the way to the daemon, for the circuit breaker. A refusal of the daemon
//! is a sign of life; only a way that fails counts.

use std::error::Error as StdError;
use std::time::Duration;

use tonic::Code;

use super::attempt::Attempt;
use super::breaker::Verdict;
use super::outcome::{Answer, Fault};
use crate::transport::DialFault;

/// A deadline of ours that passes says something about the daemon only after this much silence.
const SILENCE: Duration = Duration::from_secs(10);

/// The verdict of a request that failed after `lasted`; `status` as tonic gave it, if it did.
pub(super) fn of_fault(
    fault: &Fault,
    status: Option<&tonic::Status>,
    attempt: &Attempt,
    lasted: Duration,
) -> Verdict {
    match fault {
        Fault::Dial(error) if error.fault == DialFault::Configuration => Verdict::Ignored,
        Fault::Dial(_) | Fault::Malformed(_) => Verdict::Failed,
        Fault::Lost(_) if status.is_some_and(was_not_processed) => Verdict::Ignored,
        Fault::Lost(_) => Verdict::Failed,
        Fault::TooLarge(_) => Verdict::Alive,
        Fault::Answered(answer) => of_answer(answer),
        Fault::DeadlineExceeded => of_deadline(attempt, lasted),
        Fault::Stale | Fault::Cancelled | Fault::NotAdmitted(_) => Verdict::Ignored,
    }
}

/// The verdict of a request that was answered after `lasted`.
pub(super) fn of_success(lasted: Duration, slow: Option<Duration>) -> Verdict {
    if slow.is_some_and(|slow| lasted > slow) {
        Verdict::Weak
    } else {
        Verdict::Alive
    }
}

fn of_answer(answer: &Answer) -> Verdict {
    match Code::from_i32(answer.code) {
        Code::Unavailable | Code::DeadlineExceeded => Verdict::Failed,
        // arkd wraps much in this code: it counts for the rate alone.
        Code::Internal => Verdict::Weak,
        Code::PermissionDenied | Code::ResourceExhausted | Code::Unauthenticated => {
            Verdict::Ignored
        }
        // The mutant of the tests.
        _ if cfg!(feature = "count-refusals") => Verdict::Failed,
        _ => Verdict::Alive,
    }
}

/// A payment that is held for long is no silent daemon: its stream has spoken, or pings are answered.
fn of_deadline(attempt: &Attempt, lasted: Duration) -> Verdict {
    // An idle connection was silent before, which says nothing about this request.
    let silent = attempt.silent_for().map(|silent| silent.min(lasted));
    match silent {
        Some(silent) if silent >= SILENCE && !attempt.spoke() => Verdict::Failed,
        _ => Verdict::Ignored,
    }
}

/// Whether the peer says, in the way of HTTP/2, that it did not look at the request. It never proves it.
fn was_not_processed(status: &tonic::Status) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = status.source();
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<h2::Error>() {
            let refused = error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
            // h2 gives this to streams above the last one alone.
            return error.is_remote() && (refused || error.is_go_away());
        }
        next = error.source();
    }
    false
}

#[cfg(all(test, not(feature = "count-refusals")))]
mod tests {
    use super::*;
    use crate::transport::ConnectionError;

    fn answered(code: i32) -> Verdict {
        let fault = Fault::Answered(Answer {
            code,
            ..Answer::default()
        });
        of_fault(&fault, None, &Attempt::new(), Duration::ZERO)
    }

    #[test]
    fn business_errors_are_signs_of_life() {
        for code in 1..=16 {
            let expected = match code {
                4 | 14 => Verdict::Failed,
                13 => Verdict::Weak,
                7 | 8 | 16 => Verdict::Ignored,
                _ => Verdict::Alive,
            };
            assert_eq!(answered(code), expected, "{code}");
        }
    }

    #[test]
    fn a_way_that_fails_counts_and_what_we_ended_does_not() {
        let of = |fault: Fault| of_fault(&fault, None, &Attempt::new(), Duration::from_secs(60));
        assert_eq!(of(Fault::Lost("x".into())), Verdict::Failed);
        assert_eq!(of(Fault::Malformed("x".into())), Verdict::Failed);
        assert_eq!(of(Fault::TooLarge("x".into())), Verdict::Alive);
        assert_eq!(of(Fault::Stale), Verdict::Ignored);
        assert_eq!(of(Fault::Cancelled), Verdict::Ignored);
        assert_eq!(
            of(Fault::DeadlineExceeded),
            Verdict::Ignored,
            "it never got to a connection"
        );
    }

    #[test]
    fn a_slow_answer_is_weak_only_where_that_is_asked_for() {
        let second = Duration::from_secs(1);
        assert_eq!(of_success(second, None), Verdict::Alive);
        assert_eq!(of_success(second, Some(second)), Verdict::Alive);
        assert_eq!(of_success(second * 2, Some(second)), Verdict::Weak);
    }

    #[test]
    fn a_deadline_counts_after_silence_alone() {
        let of = |lasted: u64, silent: u64, spoke: bool| {
            let attempt = Attempt::silent_for_test(Duration::from_secs(silent), spoke);
            of_fault(
                &Fault::DeadlineExceeded,
                None,
                &attempt,
                Duration::from_secs(lasted),
            )
        };
        assert_eq!(of(11, 11, false), Verdict::Failed);
        assert_eq!(of(60, 9, false), Verdict::Ignored, "a ping was answered");
        assert_eq!(of(9, 600, false), Verdict::Ignored, "idle before");
        assert_eq!(of(60, 60, true), Verdict::Ignored, "its stream has spoken");
    }

    /// The status of a request whose stream the peer resets.
    async fn reset_by_the_peer(reason: h2::Reason) -> tonic::Status {
        let (ours, theirs) = tokio::io::duplex(65_536);
        let peer = tokio::spawn(async move {
            let mut connection = h2::server::handshake(theirs).await.unwrap();
            let (_, mut answer) = connection.accept().await.unwrap().unwrap();
            answer.send_reset(reason);
            while connection.accept().await.is_some() {}
        });
        let (mut sender, connection) = hyper::client::conn::http2::handshake(
            hyper_util::rt::TokioExecutor::new(),
            hyper_util::rt::TokioIo::new(ours),
        )
        .await
        .unwrap();
        let driver = tokio::spawn(connection);
        let request = http::Request::post("https://localhost/x")
            .body(http_body_util::Empty::<bytes::Bytes>::new())
            .unwrap();
        let error = sender.send_request(request).await.unwrap_err();
        peer.abort();
        driver.abort();
        tonic::Status::from_error(Box::new(ConnectionError::Broken(error)))
    }

    #[tokio::test]
    async fn a_stream_that_the_peer_refuses_says_nothing_about_the_way() {
        let of = |status: &tonic::Status| {
            let fault = Fault::Lost("x".into());
            of_fault(&fault, Some(status), &Attempt::new(), Duration::ZERO)
        };
        let refused = reset_by_the_peer(h2::Reason::REFUSED_STREAM).await;
        assert_eq!(of(&refused), Verdict::Ignored);
        let reset = reset_by_the_peer(h2::Reason::INTERNAL_ERROR).await;
        assert_eq!(of(&reset), Verdict::Failed);
    }
}
