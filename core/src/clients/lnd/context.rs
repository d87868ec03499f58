//! What a method of lnd works with: the call's time and cancellation, the node, the row, the operation.

use std::future::Future;
use std::sync::Arc;

use tonic::metadata::{Ascii, MetadataKey, MetadataValue};

use super::node::Node;
use super::refusal;
use crate::clients::failure;
use crate::clients::options::Operation;
use crate::clients::registry::MethodRow;
use crate::config::Secret;
use crate::error::Error;
use crate::resilience::{Attempt, AttemptError, Call, Effect, Fault};
use crate::state::StateDirectory;
use crate::transport::RequireGeneration;

/// One call of one method.
pub(crate) struct Context {
    call: Arc<Call>,
    node: Arc<Node>,
    row: &'static MethodRow,
    operation: Option<Operation>,
    operation_secret: Result<Option<Secret>, Error>,
    state: Option<StateDirectory>,
    metadata: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
}

impl Context {
    pub(crate) fn new(
        call: Arc<Call>,
        node: Arc<Node>,
        row: &'static MethodRow,
        operation: Option<Operation>,
        operation_secret: Option<Secret>,
    ) -> Self {
        Self {
            call,
            node,
            row,
            operation,
            operation_secret: Ok(operation_secret),
            state: None,
            metadata: Vec::new(),
        }
    }

    pub(crate) fn with_metadata(
        mut self,
        metadata: Vec<(MetadataKey<Ascii>, MetadataValue<Ascii>)>,
    ) -> Self {
        self.metadata = metadata;
        self
    }

    /// The state directory, and the secret that is kept there or why it cannot be had.
    pub(crate) fn with_state(
        mut self,
        state: Option<StateDirectory>,
        secret: Result<Option<Secret>, Error>,
    ) -> Self {
        self.state = state;
        self.operation_secret = secret;
        self
    }

    /// Where the journal is, if there is one.
    pub(super) fn state(&self) -> Option<&StateDirectory> {
        self.state.as_ref()
    }

    /// The name of the method that was called.
    pub(super) fn method(&self) -> &'static str {
        self.row.name
    }

    pub(super) fn call(&self) -> &Call {
        &self.call
    }

    /// Refuses a write, before anything of its call is sent, that lnd is known not to be fit for.
    pub(super) fn admit(&self) -> Result<(), Error> {
        // Once something was sent, its outcome tells more than an earlier probe; and without time left the
        // deadline is the reason.
        let late = self.call.attempts() > 0 || self.call.deadline().remaining().is_zero();
        if late || self.call.passes() {
            return Ok(());
        }
        self.node.pulse().admit(self.row)
    }

    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    pub(super) fn operation(&self) -> Option<&Operation> {
        self.operation.as_ref()
    }

    pub(super) fn operation_id(&self) -> Option<String> {
        self.operation
            .as_ref()
            .map(|operation| operation.id.clone())
    }

    /// The secret from which preimages derive; none is configured or kept.
    pub(super) fn operation_secret(&self) -> Result<Option<&Secret>, Error> {
        self.operation_secret
            .as_ref()
            .map(Option::as_ref)
            .map_err(Clone::clone)
    }

    /// A request of this call that carries the attempt's latch and the caller's metadata.
    pub(super) fn request<T>(&self, attempt: &Attempt, message: T) -> tonic::Request<T> {
        let mut request = attempt.request(message);
        for (name, value) in &self.metadata {
            request.metadata_mut().append(name.clone(), value.clone());
        }
        request
    }

    /// The same, to be sent on one dial of the connection or not at all.
    pub(super) fn request_on<T>(
        &self,
        attempt: &Attempt,
        generation: u64,
        message: T,
    ) -> tonic::Request<T> {
        let mut request = self.request(attempt, message);
        request
            .extensions_mut()
            .insert(RequireGeneration(generation));
        request
    }

    /// The caller's view of a failed attempt of this method.
    pub(super) fn error(&self, failure: &AttemptError) -> Error {
        failure::error(self.row, failure, refusal::explain)
    }

    /// The same for a read on behalf of a write of which nothing is sent.
    pub(super) fn unsent_error(&self, failure: AttemptError) -> Error {
        self.error(&AttemptError {
            handed: false,
            ..failure
        })
    }

    /// Makes a read; when the macaroon is refused and its file has changed, once more with the new one.
    pub(super) async fn read<T, F, Fut>(&self, send: F) -> Result<T, AttemptError>
    where
        F: Fn(Attempt) -> Fut,
        Fut: Future<Output = Result<T, tonic::Status>>,
    {
        let version = self.node.credentials_version();
        let outcome = self.call.request(Effect::Read, &send).await;
        match &outcome {
            Err(AttemptError {
                fault: Fault::Answered(answer),
                ..
            }) if refusal::is_about_credentials(answer)
                && self.node.has_other_credentials(version) =>
            {
                self.call.request(Effect::Read, &send).await
            }
            _ => outcome,
        }
    }

    /// One request that only reads; `send` is the client's method.
    pub(super) async fn ask<C, M, T, F, Fut>(
        &self,
        client: C,
        message: M,
        send: F,
    ) -> Result<T, AttemptError>
    where
        C: Clone,
        M: Clone,
        F: Fn(C, tonic::Request<M>) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let attempt = |attempt: Attempt| {
            let answer = send(client.clone(), self.request(&attempt, message.clone()));
            async move { answer.await.map(tonic::Response::into_inner) }
        };
        self.read(attempt).await
    }

    /// The same for a method that is nothing but this request.
    pub(super) async fn query<C, M, T, F, Fut>(
        &self,
        client: C,
        message: M,
        send: F,
    ) -> Result<T, Error>
    where
        C: Clone,
        M: Clone,
        F: Fn(C, tonic::Request<M>) -> Fut,
        Fut: Future<Output = Result<tonic::Response<T>, tonic::Status>>,
    {
        let outcome = self.ask(client, message, send).await;
        outcome.map_err(|failure| self.error(&failure))
    }
}
