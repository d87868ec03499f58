//! One daemon's checked configuration: target, certificate, macaroon and limits.

use std::path::PathBuf;
use std::time::Duration;

use super::{ResilienceConfig, Secret, Target};

/// The daemons that a manager may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ServiceKind {
    Lnd,
    Tapd,
    Arkd,
}

impl ServiceKind {
    pub(crate) const ALL: [ServiceKind; 3] =
        [ServiceKind::Arkd, ServiceKind::Lnd, ServiceKind::Tapd];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            ServiceKind::Lnd => "lnd",
            ServiceKind::Tapd => "tapd",
            ServiceKind::Arkd => "arkd",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn default_port(self) -> u16 {
        match self {
            ServiceKind::Lnd => 10009,
            ServiceKind::Tapd => 10029,
            ServiceKind::Arkd => 7070,
        }
    }
}

/// A PEM text, from a file that may be read again, or given once.
#[derive(Clone, Debug)]
pub(crate) enum PemSource {
    File(PathBuf),
    Pem(String),
    /// One certificate, as lndconnect carries it.
    Der(Vec<u8>),
}

/// How the daemon's certificate is recognised.
#[derive(Clone, Debug)]
pub(crate) enum TlsMode {
    /// Exactly one of these certificates.
    Pin(PemSource),
    /// Issued by one of these authorities, for the host's name.
    Ca(PemSource),
    /// Issued by an authority that the operating system trusts.
    System,
    /// No TLS.
    Plaintext,
}

/// Where the macaroon comes from.
#[derive(Clone, Debug)]
pub(crate) enum MacaroonSource {
    File(PathBuf),
    Given(Secret),
}

/// Everything that reaching one daemon takes.
#[derive(Clone, Debug)]
pub(crate) struct ServiceConfig {
    pub(crate) kind: ServiceKind,
    pub(crate) target: Target,
    pub(crate) tls: TlsMode,
    pub(crate) macaroon: Option<MacaroonSource>,
    /// SOCKS5 proxy; names are resolved there.
    pub(crate) proxy: Option<(String, u16)>,
    pub(crate) connect_timeout: Duration,
    /// The largest answer to a plain read, in bytes.
    pub(crate) receive_limit: usize,
    /// Upper bound of what a payment may pay in fees.
    pub(crate) max_fee_limit_msat: Option<u64>,
    /// The network that the node must be on.
    pub(crate) network: Option<String>,
    pub(crate) resilience: ResilienceConfig,
}
