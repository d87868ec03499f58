//! The server's certificates: the one that clients know, and another one.

use std::sync::Arc;

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A certificate, and the configuration that serves it.
pub struct Identity {
    pub pem: String,
    config: Arc<ServerConfig>,
}

pub struct Identities {
    pub usual: Identity,
    pub other: Identity,
}

impl Identities {
    pub fn make() -> Result<Self> {
        Ok(Self {
            usual: Identity::make()?,
            other: Identity::make()?,
        })
    }
}

impl Identity {
    /// Self-signed and marked as an authority, as the daemons make theirs.
    fn make() -> Result<Self> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self {
            pem: certificate.pem(),
            config: Arc::new(config),
        })
    }

    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }
}
