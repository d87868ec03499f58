//! The other side: certificates as the daemons make them, and listeners that speak just enough.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::config::{PemSource, ServiceConfig, ServiceKind, Target, TlsMode};

/// The frame that every HTTP/2 server begins with: empty settings.
pub(super) const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// A certificate with its key.
pub(super) struct Made {
    pub(super) pem: String,
    der: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Self-signed and marked as an authority, like lnd's own.
pub(super) fn like_lnd() -> Made {
    let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    Made {
        pem: cert.pem(),
        der: cert.der().clone(),
        key: key.serialize_der().try_into().unwrap(),
    }
}

/// An authority's certificate as PEM, and a leaf that it issued for `name`.
pub(super) fn issued(name: &str) -> (String, Made) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&key, &authority)
        .unwrap();
    let made = Made {
        pem: leaf.pem(),
        der: leaf.der().clone(),
        key: key.serialize_der().try_into().unwrap(),
    };
    (authority.pem(), made)
}

#[derive(Debug)]
struct Fixed(Arc<CertifiedKey>);

impl ResolvesServerCert for Fixed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A TLS server with this certificate, and this key, which need not belong together.
pub(super) fn acceptor(certificate: &Made, key: &Made, alpn: &[u8]) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let signer = provider
        .key_provider
        .load_private_key(key.key.clone_key())
        .unwrap();
    let certified = CertifiedKey::new(vec![certificate.der.clone()], signer);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Fixed(Arc::new(certified))));
    config.alpn_protocols = vec![alpn.to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// A listener that does `serve` with every connection, and counts them.
pub(super) async fn listen<F, Fut>(serve: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(tokio::net::TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&accepted);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream));
        }
    });
    (address, accepted)
}

/// Greets as an HTTP/2 server does and then only reads.
pub(super) async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = stream.write_all(SETTINGS).await;
    let _ = stream.flush().await;
    let mut sink = [0; 1024];
    while matches!(stream.read(&mut sink).await, Ok(read) if read > 0) {}
}

/// A listener that greets over TLS.
pub(super) async fn listen_tls(acceptor: TlsAcceptor) -> (SocketAddr, Arc<AtomicUsize>) {
    listen(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                greet(stream).await;
            }
        }
    })
    .await
}

/// A configuration for what listens there.
pub(super) fn config(address: SocketAddr, tls: TlsMode) -> ServiceConfig {
    ServiceConfig {
        resilience: crate::config::ResilienceConfig::default(),
        kind: ServiceKind::Lnd,
        target: Target::tcp("host", "localhost", address.port()).unwrap(),
        tls,
        macaroon: None,
        proxy: None,
        connect_timeout: std::time::Duration::from_secs(5),
        receive_limit: 1 << 20,
        max_fee_limit_msat: None,
        network: None,
    }
}

pub(super) fn pin(pem: &str) -> TlsMode {
    TlsMode::Pin(PemSource::Pem(pem.to_owned()))
}
