//! One HTTP/2 connection to a daemon, dialled when first needed and again when it broke. All callers
//! that need a dial share one; after a failed one they fail fast until gRPC's backoff has passed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::time::Instant;
use tonic::body::Body;
use tower_service::Service;

use super::activity::Witness;
use super::backoff::Backoff;
use super::credentials::Credentials;
use super::dial::{Dialed, Dialer};
use super::dial_error::{DialError, DialFault};
use super::runtime::Helm;
use crate::config::ServiceConfig;
use crate::error::{Error, Status};
use crate::locks::Mutex;
use crate::telemetry::Counter;

const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("arkgrpc/", env!("CARGO_PKG_VERSION")));
const MACAROON: HeaderName = HeaderName::from_static("macaroon");

/// Cheap to clone; all clones are the same connection.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    credentials: Credentials,
    state: Mutex<State>,
    longest_backoff: Duration,
    helm: Arc<Helm>,
    made: Counter,
    failed: Counter,
}

struct State {
    slot: Slot,
    backoff: Backoff,
    last_error: Option<DialError>,
    generation: u64,
}

type PendingDial = Shared<BoxFuture<'static, Result<Live, DialError>>>;

enum Slot {
    Empty,
    Dialing(PendingDial),
    Live(Live),
}

#[derive(Clone)]
struct Live {
    dialed: Dialed,
    generation: u64,
}

/// Put into a request's extensions: send it on exactly this dial of the connection or not at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequireGeneration(pub(crate) u64);

/// Why a request got no response.
#[derive(Debug)]
pub(crate) enum ConnectionError {
    /// Nothing was sent: there was no connection.
    Dial(DialError),
    /// Nothing was sent: the connection is not the required one any more.
    Stale,
    /// It broke while in use.
    Broken(hyper::Error),
}

impl std::fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ConnectionError::Dial(error) => error.fmt(f),
            ConnectionError::Stale => f.write_str("the connection was replaced"),
            ConnectionError::Broken(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConnectionError::Broken(error) => Some(error),
            _ => None,
        }
    }
}

impl Connection {
    /// Checks certificate and macaroon files; does not dial. Dials go on by `helm` when their caller
    /// has given up.
    pub(crate) fn new(config: &ServiceConfig, helm: &Arc<Helm>) -> Result<Self, Error> {
        let dialer = Dialer::new(config).map_err(|error| {
            Error::local(
                Status::CredentialsUnreadable,
                error.to_string(),
                error.hint().to_owned(),
            )
        })?;
        let longest_backoff = Duration::from_secs(if config.target.is_local() { 30 } else { 120 });
        Ok(Self(Arc::new(Inner {
            dialer,
            credentials: Credentials::load(config.macaroon.clone())?,
            state: Mutex::new(State {
                slot: Slot::Empty,
                backoff: Backoff::new(longest_backoff),
                last_error: None,
                generation: 0,
            }),
            longest_backoff,
            helm: Arc::clone(helm),
            made: Counter::default(),
            failed: Counter::default(),
        })))
    }

    /// The number of the dial that requests now travel on, and how long the peer has been silent on it;
    /// dials if necessary.
    pub(crate) async fn generation(&self) -> Result<(u64, Duration), DialError> {
        let live = self.live().await?;
        Ok((live.generation, live.dialed.activity.silent_for()))
    }

    /// Reads the macaroon file again; true when it holds something new.
    pub(crate) fn reload_credentials(&self) -> bool {
        self.0.credentials.reload()
    }

    /// Another number once another macaroon is shown.
    pub(crate) fn credentials_version(&self) -> u64 {
        self.0.credentials.version()
    }

    /// Forgets connection and backoff: the next call dials.
    pub(crate) fn reset(&self) {
        let mut state = self.0.state.lock();
        state.slot = Slot::Empty;
        state.backoff = Backoff::new(self.0.longest_backoff);
        state.last_error = None;
    }

    /// Ends the pause after a failed dial: the next call dials. Further failures still lengthen it.
    pub(crate) fn forgive(&self) {
        self.0.state.lock().backoff.forgive();
    }

    /// Leaves a connection on which nothing came for so long: the next call dials. Requests that are
    /// under way on it go on.
    pub(crate) fn give_up_if_silent(&self, span: Duration) {
        let mut state = self.0.state.lock();
        let silent =
            matches!(&state.slot, Slot::Live(live) if live.dialed.activity.silent_for() >= span);
        if silent {
            state.slot = Slot::Empty;
        }
    }

    /// Whether a request can go out without a dial.
    pub(crate) fn is_live(&self) -> bool {
        matches!(&self.0.state.lock().slot, Slot::Live(live) if !live.dialed.sender.is_closed())
    }

    /// How often it was dialled since the manager was made: with success, and without.
    pub(crate) fn dials(&self) -> (u64, u64) {
        (self.0.made.get(), self.0.failed.get())
    }

    async fn live(&self) -> Result<Live, DialError> {
        let pending = {
            let mut state = self.0.state.lock();
            match &state.slot {
                Slot::Live(live) if !live.dialed.sender.is_closed() => return Ok(live.clone()),
                Slot::Dialing(pending) => pending.clone(),
                _ => self.start_dial(&mut state)?,
            }
        };
        pending.await
    }

    fn start_dial(&self, state: &mut State) -> Result<PendingDial, DialError> {
        let started = Instant::now();
        if let (Some(left), Some(error)) = (state.backoff.remaining(started), &state.last_error) {
            return Err(error.clone().while_backing_off(left));
        }
        state.generation += 1;
        let generation = state.generation;
        let inner = Arc::clone(&self.0);
        let going = self.0.helm.going();
        // Spawned, so that the dial goes on when the caller that started it gives up.
        let task = tokio::spawn(async move {
            let outcome = inner
                .dialer
                .dial()
                .await
                .map(|dialed| Live { dialed, generation });
            inner.finish_dial(generation, started, &outcome);
            drop(going);
            outcome
        });
        let pending = task
            .map(|joined| {
                joined.unwrap_or_else(|_| {
                    Err(DialError::new(
                        DialFault::Unreachable,
                        "the dial was abandoned because the manager is closing",
                        "make a new manager",
                    ))
                })
            })
            .boxed()
            .shared();
        state.slot = Slot::Dialing(pending.clone());
        Ok(pending)
    }
}

impl Inner {
    fn finish_dial(&self, generation: u64, started: Instant, outcome: &Result<Live, DialError>) {
        match outcome {
            Ok(_) => self.made.one(),
            Err(_) => self.failed.one(),
        }
        let mut state = self.state.lock();
        if state.generation != generation || !matches!(state.slot, Slot::Dialing(_)) {
            return;
        }
        match outcome {
            Ok(live) => {
                state.slot = Slot::Live(live.clone());
                state.backoff.succeeded();
                state.last_error = None;
            }
            Err(error) => {
                tracing::debug!(target: "arkgrpc::transport", %error, "dial failed");
                state.slot = Slot::Empty;
                state.backoff.failed(started);
                state.last_error = Some(error.clone());
            }
        }
    }
}

impl Service<Request<Body>> for Connection {
    type Response = Response<Incoming>;
    type Error = ConnectionError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectionError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectionError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let connection = self.clone();
        Box::pin(async move {
            let mut live = connection.live().await.map_err(ConnectionError::Dial)?;
            let required = request.extensions().get::<RequireGeneration>();
            if required.is_some_and(|required| required.0 != live.generation) {
                return Err(ConnectionError::Stale);
            }
            if let Some(witness) = request.extensions().get::<Witness>() {
                witness.saw(&live.dialed.activity);
            }
            let headers = request.headers_mut();
            headers.insert(http::header::USER_AGENT, USER_AGENT);
            if let Some(macaroon) = connection.0.credentials.header() {
                headers.insert(MACAROON, macaroon);
            }
            live.dialed
                .sender
                .send_request(request)
                .await
                .map_err(ConnectionError::Broken)
        })
    }
}
