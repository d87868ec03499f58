//! The TLS identity of a simulated daemon: a self-signed ECDSA P-256 certificate that is marked as
//! a CA and yet serves as leaf, which is what lnd, tapd and arkd do and what strict verifiers
//! refuse.

use std::{fs, path::Path, sync::Arc};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use time::{Duration, OffsetDateTime};

use crate::error::DevnetError;

/// lnd backdates its certificate by a day, against clocks that are late.
const BACKDATED: Duration = Duration::hours(24);
const VALID_FOR: Duration = Duration::days(14 * 30);

/// A certificate with its key, ready to serve.
pub(crate) struct Identity {
    certificate: CertificateDer<'static>,
    key: Vec<u8>,
}

impl Identity {
    /// Makes a new one and writes the certificate where clients look for it.
    pub(crate) fn create(organisation: &str, file: &Path) -> Result<Self, DevnetError> {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).map_err(refused)?;
        params
            .distinguished_name
            .push(DnType::OrganizationName, organisation);
        params
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
            KeyUsagePurpose::KeyCertSign,
        ];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.not_before = OffsetDateTime::now_utc() - BACKDATED;
        params.not_after = OffsetDateTime::now_utc() + VALID_FOR;
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(refused)?;
        let certificate = params.self_signed(&key).map_err(refused)?;
        fs::write(file, certificate.pem())
            .map_err(DevnetError::io("cannot write the certificate"))?;
        Ok(Self {
            certificate: certificate.der().clone(),
            key: key.serialize_der(),
        })
    }

    /// A server configuration that offers these application protocols.
    pub(crate) fn server_config(
        &self,
        protocols: &[&[u8]],
    ) -> Result<Arc<ServerConfig>, DevnetError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(refused)?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)
            .map_err(refused)?;
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Ok(Arc::new(config))
    }
}

fn refused(error: impl std::fmt::Display) -> DevnetError {
    DevnetError::Certificate(error.to_string())
}
