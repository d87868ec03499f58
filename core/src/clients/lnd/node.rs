//! One lnd: its two connections, and who it is. Reads and writes travel apart, so that a broken read
//! makes no write ambiguous.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;

use crate::clients::health_pulse::Pulse;
use crate::clients::registry::Class;
use crate::config::ServiceConfig;
use crate::error::{Error, Status};
use crate::locks::Mutex;
use crate::resilience::Observed;
use crate::transport::generated::invoicesrpc::invoices_client::InvoicesClient;
use crate::transport::generated::lnrpc::GetInfoResponse;
use crate::transport::generated::lnrpc::lightning_client::LightningClient;
use crate::transport::generated::lnrpc::state_client::StateClient;
use crate::transport::generated::routerrpc::router_client::RouterClient;
use crate::transport::{Connection, DialError, Helm};

/// The answers of writes and of reads that decide about writes are never lost to a small limit.
const WRITE_RECEIVE_LIMIT: usize = 200 * 1024 * 1024;

pub(super) type Channel = Observed<Connection>;
/// The main service.
pub(super) type Lightning = LightningClient<Channel>;
/// The service that pays.
pub(super) type Router = RouterClient<Channel>;

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
    /// How it is doing.
    pulse: Pulse,
    /// Payments of this process whose fate is not known, by hash.
    unresolved: Mutex<HashSet<[u8; 32]>>,
}

impl Node {
    /// Checks the credential files; does not dial.
    pub(crate) fn new(config: ServiceConfig, helm: &Arc<Helm>) -> Result<Self, Error> {
        Ok(Self {
            read: Connection::new(&config, helm)?,
            write: Connection::new(&config, helm)?,
            config,
            identity: Mutex::new(None),
            recognised: Mutex::new(None),
            pulse: Pulse::default(),
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

    /// Its connections by what travels on them.
    pub(crate) fn connections(&self) -> [(&'static str, &Connection); 2] {
        [("read", &self.read), ("write", &self.write)]
    }

    /// Whether a method of this class can be made without a dial.
    pub(crate) fn is_live_for(&self, class: Class) -> bool {
        self.read.is_live() && (class == Class::Read || self.write.is_live())
    }

    pub(crate) fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Dials what a method of the class needs, unless it is connected already.
    pub(super) async fn connected(&self, class: Class) -> Result<(), DialError> {
        self.read.generation().await?;
        if class != Class::Read {
            self.write.generation().await?;
        }
        Ok(())
    }

    /// Ends the pause before the next dial for reads.
    pub(super) fn let_reads_dial(&self) {
        self.read.forgive();
    }

    /// The same for writes.
    pub(super) fn let_writes_dial(&self) {
        self.write.forgive();
    }

    /// Has the next read dial if nothing came on the present connection for so long.
    pub(super) fn give_up_if_silent(&self, span: Duration) {
        self.read.give_up_if_silent(span);
    }

    pub(super) fn lightning(&self) -> Lightning {
        LightningClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(self.config.receive_limit)
    }

    pub(super) fn router(&self) -> Router {
        RouterClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(self.config.receive_limit)
    }

    pub(super) fn state(&self) -> StateClient<Channel> {
        StateClient::with_origin(Observed(self.read.clone()), origin())
    }

    /// For reads that decide about a write.
    pub(super) fn deciding_lightning(&self) -> Lightning {
        LightningClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    /// For reads that decide about a payment.
    pub(super) fn deciding_router(&self) -> Router {
        RouterClient::with_origin(Observed(self.read.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    pub(super) fn writing_lightning(&self) -> Lightning {
        LightningClient::with_origin(Observed(self.write.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    pub(super) fn writing_router(&self) -> Router {
        RouterClient::with_origin(Observed(self.write.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    pub(super) fn writing_invoices(&self) -> InvoicesClient<Channel> {
        InvoicesClient::with_origin(Observed(self.write.clone()), origin())
            .max_decoding_message_size(WRITE_RECEIVE_LIMIT)
    }

    /// Another number once another macaroon is shown: taken before a request, it tells afterwards whether
    /// the request carried the present one.
    pub(super) fn credentials_version(&self) -> u64 {
        self.read.credentials_version() + self.write.credentials_version()
    }

    /// Reads the macaroon file again; true when there is another macaroon than at `version`, be it that a
    /// call beside this one has read it.
    pub(super) fn has_other_credentials(&self, version: u64) -> bool {
        self.read.reload_credentials();
        self.write.reload_credentials();
        self.credentials_version() != version
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

    pub(super) fn writing_state(&self) -> StateClient<Channel> {
        StateClient::with_origin(Observed(self.write.clone()), origin())
    }

    /// The dial of the connection for writes, and how long the daemon has been silent on it.
    pub(super) async fn write_generation(&self) -> Result<(u64, Duration), DialError> {
        self.write.generation().await
    }

    pub(super) fn is_recognised(&self, generation: u64) -> bool {
        *self.recognised.lock() == Some(generation)
    }

    pub(super) fn set_recognised(&self, generation: u64) {
        *self.recognised.lock() = Some(generation);
    }

    /// A different node at the same address must not get the same payments.
    pub(super) fn note_identity(&self, info: &GetInfoResponse) -> Result<(), Error> {
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
            return Err(Error::local(
                Status::WrongPeer,
                format!(
                    "the node is on {}, the configuration says {wanted}",
                    found.network
                ),
                "correct lnd.network or the node's address",
            ));
        }
        let mut identity = self.identity.lock();
        if let Some(known) = identity
            .as_ref()
            .filter(|known| known.pubkey != found.pubkey)
        {
            return Err(Error::local(
                Status::WrongPeer,
                format!(
                    "another node answers now: {} instead of {}; nothing was sent to it",
                    found.pubkey, known.pubkey
                ),
                "if the change is intended, call arkgrpc_manager_reconnect for lnd",
            ));
        }
        *identity = Some(found);
        Ok(())
    }
}

/// gRPC needs an authority; daemons do not look at it.
fn origin() -> Uri {
    Uri::from_static("https://localhost")
}
