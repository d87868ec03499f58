//! A daemon's endless answer. It may take for ever to begin: gRPC servers send even their headers with
//! the first message only, so that "accepted, nothing happened yet" cannot be told from "on its way".

use std::future::Future;

use futures_util::future::BoxFuture;
use tonic::Streaming;

use super::attempt::Attempt;
use super::outcome::{Fault, classify};

type Opening<T> = BoxFuture<'static, Result<Streaming<T>, tonic::Status>>;

/// Messages of one request. Ended by being dropped.
pub(crate) struct Subscription<T> {
    state: State<T>,
    attempt: Attempt,
}

enum State<T> {
    Opening(Opening<T>),
    Open(Box<Streaming<T>>),
    Over,
}

impl<T> Subscription<T> {
    /// Nothing is sent before the first `next`.
    pub(crate) fn new<Fut>(send: impl FnOnce(&Attempt) -> Fut) -> Self
    where
        Fut: Future<Output = Result<tonic::Response<Streaming<T>>, tonic::Status>> + Send + 'static,
    {
        let attempt = Attempt::new();
        let answer = send(&attempt);
        let opening = async move { answer.await.map(tonic::Response::into_inner) };
        Self {
            state: State::Opening(Box::pin(opening)),
            attempt,
        }
    }

    /// The next message, or why there will be none. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<T, Fault> {
        loop {
            let outcome = match &mut self.state {
                State::Opening(opening) => match opening.await {
                    Ok(stream) => {
                        self.state = State::Open(Box::new(stream));
                        continue;
                    }
                    Err(status) => Err(status),
                },
                State::Open(stream) => stream.message().await,
                State::Over => Ok(None),
            };
            return match outcome {
                Ok(Some(message)) => Ok(message),
                Ok(None) => {
                    self.state = State::Over;
                    Err(Fault::Lost("the daemon ended the stream".to_owned()))
                }
                Err(status) => {
                    self.state = State::Over;
                    Err(classify(&status, &self.attempt))
                }
            };
        }
    }
}
