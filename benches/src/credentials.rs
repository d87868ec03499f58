//! What lets a client in: a self-signed certificate that is marked as an authority, as lnd makes it, and
//! a macaroon, both as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, PKCS_ECDSA_P256_SHA256};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ServerConfig};

use crate::pin::Pinned;

/// A directory with the files.
#[derive(Args, Clone, Debug)]
pub struct Credentials {
    /// Where certificate, key and macaroon are
    #[arg(long = "credentials")]
    directory: PathBuf,
}

impl Credentials {
    /// Makes new ones.
    pub fn create(directory: &Path) -> Result<Self> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key)?;
        let credentials = Self {
            directory: directory.to_owned(),
        };
        // As long as lnd's admin macaroon; daemons compare, and so does ours.
        let macaroon: Vec<u8> = [2]
            .into_iter()
            .chain((0..267).map(|_| fastrand::u8(..)))
            .collect();
        fs::write(credentials.certificate(), certificate.pem())?;
        fs::write(credentials.key(), key.serialize_pem())?;
        fs::write(credentials.macaroon(), macaroon)?;
        Ok(credentials)
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn certificate(&self) -> PathBuf {
        self.directory.join("tls.cert")
    }

    pub fn macaroon(&self) -> PathBuf {
        self.directory.join("measured.macaroon")
    }

    fn key(&self) -> PathBuf {
        self.directory.join("tls.key")
    }

    /// The macaroon as clients send it.
    pub fn macaroon_in_hex(&self) -> Result<String> {
        let bytes = fs::read(self.macaroon()).context("cannot read the macaroon")?;
        Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    pub fn server(&self) -> Result<ServerConfig> {
        let key = PrivateKeyDer::from_pem_file(self.key()).context("cannot read the key")?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.pinned()?], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    /// Accepts this certificate and no other.
    pub fn client(&self) -> Result<ClientConfig> {
        let provider = Arc::new(ring::default_provider());
        let pinned = Pinned::new(self.pinned()?, Arc::clone(&provider));
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(pinned))
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(config)
    }

    fn pinned(&self) -> Result<CertificateDer<'static>> {
        CertificateDer::from_pem_file(self.certificate()).context("cannot read the certificate")
    }
}
