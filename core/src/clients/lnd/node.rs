//! One lnd: its two connections, and who it is. Reads and writes travel apart, so that a broken read
//! makes no write ambiguous.

use std::collections::HashSet;
use std::time::Duration;

use http::Uri;

use super::context::Context;
use super::refusal;
use crate::clients::failure;
use crate::config::ServiceConfig;
use crate::error::{Error, Status};
use crate::locks::Mutex;
use crate::resilience::{Answer, Attempt, AttemptError, Effect, Fault, Observed};
use crate::transport::Connection;
use crate::transport::generated::lnrpc::lightning_client::LightningClient;
use crate::transport::generated::lnrpc::state_client::StateClient;
use crate::transport::generated::lnrpc::{GetInfoRequest, GetInfoResponse, GetStateRequest};
use crate::transport::generated::routerrpc::router_client::RouterClient;

/// A connection that has been silent for longer is asked before a write goes out on it.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// The answers of writes and of reads that decide about writes are never lost to a small limit.
const WRITE_RECEIVE_LIMIT: usize = 200 * 1024 * 1024;

pub(super) type Channel = Observed<Connection>;

/// Who answers at the configured address.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) pubkey: String,
    /// `mainnet`, `testnet`, `testnet4`, `signet`, `simnet` or `regtest`; empty when lnd names none.
    pub(super) network: String,
}

/// One lnd.
pub(crate) struct Node {
    pub(crate) config: ServiceConfig,
    read: Connection,
    write: Connection,
    identity: Mutex<Option<Identity>>,
    /// The dial of the write connection on which the daemon was last recognised.
    recognised: Mutex<Option<u64>>,
    /// Payments of this process whose fate is not known, by hash.
    unresolved: Mutex<HashSet<[u8; 32]>>,
}

impl Node {
    /// Checks the credential files; does not dial.
    pub(crate) fn new(config: ServiceConfig) -> Result<Self, Error> {
        Ok(Self {
            read: Connection::new(&config)?,
            write: Connection::new(&config)?,
            config,
            identity: Mutex::new(None),
            recognised: Mutex::new(None),
            unresolved: Mutex::new(HashSet::new()),
        })
    }

    /// Forgets connections, backoff and identity.
    pub(crate) fn reset(&self) {
        self.read.reset();
        self.write.reset();
        *self.recognised.lock() = None;
        *self.identity.lock() = None;
    }

    pub(super) fn lightning(&self) -> LightningClient<Channel> {
        LightningClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(self.config.receive_limit)
    }

    pub(super) fn state(&self) -> StateClient<Channel> {
        StateClient::with_origin(Observed(self.read.clone()), origin())
    }

    /// For reads that decide about a write.
    pub(super) fn deciding_lightning(&self) -> LightningClient<Channel> {
        LightningClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    /// For reads that decide about a payment.
    pub(super) fn deciding_router(&self) -> RouterClient<Channel> {
        RouterClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    pub(super) fn writing_lightning(&self) -> LightningClient<Channel> {
        LightningClient::with_origin(Observed(self.write.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    pub(super) fn writing_router(&self) -> RouterClient<Channel> {
        RouterClient::with_origin(Observed(self.write.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    /// Reads the macaroon file again; true when it holds something new.
    pub(super) fn reload_credentials(&self) -> bool {
        let read = self.read.reload_credentials();
        self.write.reload_credentials() || read
    }

    /// Who the node said it is; none when its macaroon does not let us ask.
    pub(super) fn identity(&self) -> Option<Identity> {
        self.identity.lock().clone()
    }

    pub(super) fn is_unresolved(&self, hash: &[u8; 32]) -> bool {
        self.unresolved.lock().contains(hash)
    }

    pub(super) fn set_unresolved(&self, hash: [u8; 32], unresolved: bool) {
        let mut set = self.unresolved.lock();
        if unresolved {
            set.insert(hash)
        } else {
            set.remove(&hash)
        };
    }

    /// Makes sure that a write has a live connection to the right daemon, and names that connection's
    /// dial: the write goes out on it or not at all. One cheap read on a new or long silent connection
    /// finds dead ones while nothing is at stake yet.
    pub(super) async fn ready_for_write(&self, context: &Context) -> Result<u64, Error> {
        let mut number = 1;
        loop {
            let failure = match self.recognise(context).await {
                Ok(generation) => return Ok(generation),
                Err(Refused::Error(error)) => return Err(error),
                Err(Refused::Attempt(failure)) => failure,
            };
            let renewed = matches!(&failure.fault, Fault::Answered(answer)
                if refusal::is_about_credentials(answer))
                && number == 1
                && self.reload_credentials();
            if !renewed
                && !context
                    .call()
                    .try_again(Effect::Read, number, &failure)
                    .await
            {
                // Nothing of the write itself was sent.
                return Err(context.error(&AttemptError {
                    handed: false,
                    ..failure
                }));
            }
            number += 1;
        }
    }

    async fn recognise(&self, context: &Context) -> Result<u64, Refused> {
        let dialled = context.call().within(self.write.generation()).await;
        let (generation, silent) = dialled
            .and_then(|outcome| outcome.map_err(Fault::Dial))
            .map_err(|fault| {
                Refused::Attempt(AttemptError {
                    fault,
                    handed: false,
                })
            })?;
        let known = *self.recognised.lock() == Some(generation);
        if known && silent < STALE_AFTER {
            return Ok(generation);
        }
        match context
            .call()
            .once(Effect::Read, &|attempt| {
                self.ask(context, attempt, generation)
            })
            .await
        {
            Ok(info) => self.compare(&info)?,
            Err(AttemptError {
                fault: Fault::Answered(answer),
                ..
            }) if refusal::is_permission(&answer) => {
                self.ask_state(context, generation).await?;
            }
            Err(failure) => return Err(self.wrong_service(failure)),
        }
        *self.recognised.lock() = Some(generation);
        Ok(generation)
    }

    async fn ask(
        &self,
        context: &Context,
        attempt: Attempt,
        generation: u64,
    ) -> Result<GetInfoResponse, tonic::Status> {
        let request = context.request_on(&attempt, generation, GetInfoRequest {});
        let answer = self.writing_lightning().get_info(request).await;
        answer.map(tonic::Response::into_inner)
    }

    /// What remains when the macaroon does not allow GetInfo: that it is an lnd, not which one.
    async fn ask_state(&self, context: &Context, generation: u64) -> Result<(), Refused> {
        let client = StateClient::with_origin(Observed(self.write.clone()), origin());
        let ask = |attempt: Attempt| {
            let request = context.request_on(&attempt, generation, GetStateRequest {});
            let mut client = client.clone();
            async move { client.get_state(request).await.map(|_| ()) }
        };
        context
            .call()
            .once(Effect::Read, &ask)
            .await
            .map_err(|failure| self.wrong_service(failure))
    }

    fn wrong_service(&self, failure: AttemptError) -> Refused {
        match &failure.fault {
            Fault::Answered(Answer { code: 12, message }) => Refused::Error(Error::server(
                Status::WrongPeer,
                format!("what answers there is no lnd: {}", failure::clean(message)),
                "check host and port: lnd's gRPC port is 10009 by default",
            )),
            _ => Refused::Attempt(failure),
        }
    }

    /// A different node at the same address must not get the same payments.
    fn compare(&self, info: &GetInfoResponse) -> Result<(), Refused> {
        let network = info
            .chains
            .first()
            .map_or("", |chain| chain.network.as_str())
            .to_owned();
        let found = Identity {
            pubkey: info.identity_pubkey.clone(),
            network,
        };
        if let Some(wanted) = &self.config.network
            && !found.network.is_empty()
            && *wanted != found.network
        {
            return Err(Refused::Error(Error::local(
                Status::WrongPeer,
                format!(
                    "the node is on {}, the configuration says {wanted}",
                    found.network
                ),
                "correct lnd.network or the node's address",
            )));
        }
        let mut identity = self.identity.lock();
        if let Some(known) = identity
            .as_ref()
            .filter(|known| known.pubkey != found.pubkey)
        {
            return Err(Refused::Error(Error::local(
                Status::WrongPeer,
                format!(
                    "another node answers now: {} instead of {}; nothing was sent to it",
                    found.pubkey, known.pubkey
                ),
                "if the change is intended, call arkgrpc_manager_reconnect for lnd",
            )));
        }
        *identity = Some(found);
        Ok(())
    }
}

enum Refused {
    Error(Error),
    Attempt(AttemptError),
}

/// gRPC needs an authority; daemons do not look at it.
fn origin() -> Uri {
    Uri::from_static("https://localhost")
}
