//! The commit latch: proof that a request was never sent, and the record of whether the peer answered.
//!
//! A gRPC status cannot tell "never sent" from "done, answer lost": the same fault has other codes in
//! other builds, and every code occurs in both cases. So each attempt carries a three-state latch in its
//! request body: fresh until the body is about to give its bytes away, then handed; or revoked by the
//! caller, after which the body gives nothing. Who moves it from fresh decides: a caller that manages to
//! revoke knows that no handler can ever see the message.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::body::Body;
use tower_service::Service;

use super::mutant::Mutant;
use crate::transport::Witness;

const FRESH: u8 = 0;
const HANDED: u8 = 1;
const REVOKED: u8 = 2;

/// Whether a request changes something at the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    Read,
    Write,
}

/// One attempt to send one request. Clones are the same attempt.
#[derive(Clone, Debug)]
pub(crate) struct Attempt(Arc<Marks>);

#[derive(Debug)]
struct Marks {
    latch: AtomicU8,
    answered: AtomicBool,
    /// A message of the answer has come.
    spoke: AtomicBool,
    connection: Witness,
}

impl Attempt {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Marks {
            latch: AtomicU8::new(FRESH),
            answered: AtomicBool::new(false),
            spoke: AtomicBool::new(false),
            connection: Witness::default(),
        }))
    }

    /// A request that carries this attempt's latch.
    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.extensions_mut().insert(self.clone());
        request.extensions_mut().insert(self.0.connection.clone());
        request
    }

    /// True: the message was not sent and never will be. False: it was given to the connection.
    pub(crate) fn revoke(&self) -> bool {
        if Mutant::FreshLatch.is_on() {
            return true;
        }
        self.move_from_fresh(REVOKED) != HANDED
    }

    fn hand_over(&self) -> bool {
        self.move_from_fresh(HANDED) != REVOKED
    }

    /// The state after trying to leave `FRESH` for `to`.
    fn move_from_fresh(&self, to: u8) -> u8 {
        match self
            .0
            .latch
            .compare_exchange(FRESH, to, Ordering::AcqRel, Ordering::Acquire)
        {
            Ok(_) => to,
            Err(present) => present,
        }
    }

    /// Whether the peer sent a gRPC status of its own.
    pub(crate) fn answered(&self) -> bool {
        self.0.answered.load(Ordering::Acquire)
    }

    /// Whether a message of the answer has come, be it the first of many.
    pub(crate) fn spoke(&self) -> bool {
        self.0.spoke.load(Ordering::Acquire)
    }

    /// How long the peer has sent nothing on the connection that this went out on, answers to pings
    /// included; `None`: it did not get to a connection.
    pub(crate) fn silent_for(&self) -> Option<Duration> {
        self.0.connection.silent_for()
    }

    /// On a connection that has been silent for so long; `spoke`: after a first message.
    #[cfg(test)]
    pub(super) fn silent_for_test(span: Duration, spoke: bool) -> Self {
        Self(Arc::new(Marks {
            latch: AtomicU8::new(HANDED),
            answered: AtomicBool::new(false),
            spoke: AtomicBool::new(spoke),
            connection: Witness::silent_for_test(span),
        }))
    }

    #[cfg(test)]
    pub(super) fn note_status_for_test(&self) {
        self.0.answered.store(true, Ordering::Release);
    }

    fn note_status(&self, headers: &mut HeaderMap) {
        if headers.contains_key("grpc-status") {
            self.0.answered.store(true, Ordering::Release);
        }
        // Malformed details make tonic's client panic; without them the status itself still counts.
        let well_formed = |value: &http::HeaderValue| {
            let bytes = value.as_bytes();
            STANDARD_NO_PAD.decode(bytes).is_ok() || STANDARD.decode(bytes).is_ok()
        };
        if headers
            .get("grpc-status-details-bin")
            .is_some_and(|value| !well_formed(value))
        {
            headers.remove("grpc-status-details-bin");
        }
    }
}

/// A connection whose requests and answers are observed by the attempt that they carry.
#[derive(Clone)]
pub(crate) struct Observed<S>(pub(crate) S);

impl<S, B> Service<Request<Body>> for Observed<S>
where
    S: Service<Request<Body>, Response = Response<B>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
    B: Send + 'static,
{
    type Response = Response<AnswerBody<B>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // A request without one would be unaccounted for, so it gets one that nobody can revoke.
        let attempt = request
            .extensions_mut()
            .remove::<Attempt>()
            .unwrap_or_else(Attempt::new);
        let latch = attempt.clone();
        let request = request.map(|body| Body::new(LatchBody { body, latch }));
        let response = self.0.call(request);
        Box::pin(async move {
            let (mut parts, body) = response.await?.into_parts();
            attempt.note_status(&mut parts.headers);
            Ok(Response::from_parts(parts, AnswerBody { body, attempt }))
        })
    }
}

/// The request was revoked before its bytes were asked for.
#[derive(Debug)]
struct Revoked;

impl std::fmt::Display for Revoked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the request was withdrawn before it was sent")
    }
}

impl std::error::Error for Revoked {}

/// A request body that asks its latch before it gives bytes away.
struct LatchBody {
    body: Body,
    latch: Attempt,
}

impl HttpBody for LatchBody {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) if frame.is_data() && !self.latch.hand_over() => {
                Poll::Ready(Some(Err(tonic::Status::from_error(Box::new(Revoked)))))
            }
            _ => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A response body that tells its attempt about the status in the trailers.
pub(crate) struct AnswerBody<B> {
    body: B,
    attempt: Attempt,
}

impl<B: HttpBody + Unpin> HttpBody for AnswerBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match polled {
            Poll::Ready(Some(Ok(mut frame))) => {
                match frame.trailers_mut() {
                    Some(trailers) => self.attempt.note_status(trailers),
                    None => self.attempt.0.spoke.store(true, Ordering::Release),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            other => other,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_move_the_latch_decides() {
        let handed = Attempt::new();
        assert!(handed.hand_over());
        assert!(!handed.revoke());
        assert!(
            handed.hand_over(),
            "further frames of the same message go out"
        );

        let revoked = Attempt::new();
        assert!(revoked.revoke());
        assert!(revoked.revoke(), "asking again gives the same answer");
        assert!(!revoked.hand_over());
    }

    #[test]
    fn a_race_has_exactly_one_winner() {
        for _ in 0..2000 {
            let attempt = Attempt::new();
            let other = attempt.clone();
            let thread = std::thread::spawn(move || other.hand_over());
            let revoked = attempt.revoke();
            assert_ne!(revoked, thread.join().unwrap());
        }
    }

    #[test]
    fn a_revoked_body_gives_no_data() {
        let attempt = Attempt::new();
        let full = http_body_util::Full::new(Bytes::from_static(b"x"));
        let mut body = LatchBody {
            body: Body::new(full),
            latch: attempt.clone(),
        };
        attempt.revoke();
        let mut context = Context::from_waker(std::task::Waker::noop());
        match Pin::new(&mut body).poll_frame(&mut context) {
            Poll::Ready(Some(Err(_))) => {}
            _ => panic!("data came out of a revoked body"),
        }
    }

    #[test]
    fn malformed_details_are_taken_out() {
        let attempt = Attempt::new();
        let mut headers = HeaderMap::new();
        headers.insert("grpc-status", "2".parse().unwrap());
        headers.insert("grpc-status-details-bin", "!!".parse().unwrap());
        attempt.note_status(&mut headers);
        assert!(attempt.answered());
        assert!(!headers.contains_key("grpc-status-details-bin"));
        headers.insert("grpc-status-details-bin", "AQID".parse().unwrap());
        attempt.note_status(&mut headers);
        assert!(headers.contains_key("grpc-status-details-bin"));
    }
}
