//! A node for money to be lost at: an lnd as far as a client can tell, quick, with a ledger, and with
//! faults by lot.

mod fault;
mod ledger;
mod port;
mod services;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use arkgrpc_scenarios::polling::before_next_look;
use parking_lot::Mutex;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::runtime::Runtime;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

pub use fault::Fault;
pub use ledger::{Ledger, Payable};
pub use services::NODE_KEY;

const LOOK: Duration = Duration::from_millis(5);

/// Closes its port and connections when dropped.
pub struct Node {
    inner: Arc<Inner>,
    pub address: SocketAddr,
    pub certificate: String,
    accepting: tokio::task::JoinHandle<()>,
}

struct Inner {
    ledger: Arc<Ledger>,
    lot: Mutex<fastrand::Rng>,
    drawn: Mutex<BTreeMap<&'static str, u64>>,
    /// Requests that are being executed, or will be.
    executing: Arc<AtomicU64>,
    closing: Notify,
}

/// A request on its way to the ledger.
struct Executing(Arc<AtomicU64>);

impl Drop for Executing {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Inner {
    fn draw(&self, path: &str) -> Fault {
        let fault = fault::draw(&mut self.lot.lock(), path);
        self.count(fault.name());
        fault
    }

    fn count(&self, name: &'static str) {
        *self.drawn.lock().entry(name).or_default() += 1;
    }

    fn work(&self) -> Executing {
        self.executing.fetch_add(1, Ordering::AcqRel);
        Executing(Arc::clone(&self.executing))
    }
}

impl Node {
    pub fn start(runtime: &Runtime, seed: u64) -> Result<Self> {
        let (acceptor, certificate) = identity()?;
        let _inside = runtime.enter();
        let socket = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_nonblocking(true)?;
        let address = socket.local_addr()?;
        let listener = tokio::net::TcpListener::from_std(socket)?;
        let inner = Arc::new(Inner {
            ledger: Arc::new(Ledger::new(seed)),
            lot: Mutex::new(fastrand::Rng::with_seed(seed ^ 0x6d6f_6e65_7900)),
            drawn: Mutex::default(),
            executing: Arc::default(),
            closing: Notify::new(),
        });
        let accepting = runtime.spawn(port::accept_all(Arc::clone(&inner), listener, acceptor));
        Ok(Self {
            inner,
            address,
            certificate,
            accepting,
        })
    }

    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    /// How often which fault was drawn.
    pub fn drawn(&self) -> BTreeMap<&'static str, u64> {
        self.inner.drawn.lock().clone()
    }

    /// Waits until nothing is on its way to the ledger any more.
    pub fn wait_until_still(&self, limit: Duration) -> Result<()> {
        let end = Instant::now() + limit;
        while self.inner.executing.load(Ordering::Acquire) > 0 {
            ensure!(
                Instant::now() < end,
                "the node is still at work after {limit:?}"
            );
            before_next_look(LOOK);
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.accepting.abort();
        self.inner.closing.notify_waiters();
    }
}

/// A certificate that is marked as a CA and serves as leaf, as lnd's is.
fn identity() -> Result<(TlsAcceptor, String)> {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let private = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .context("the node's certificate")?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok((TlsAcceptor::from(Arc::new(config)), certificate.pem()))
}
