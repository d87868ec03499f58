//! From the configured TLS mode to a rustls configuration, read again when the file has changed.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use super::dial_error::{DialError, DialFault};
use super::pin::PinVerifier;
use crate::config::{PemSource, TlsMode};
use crate::locks::Mutex;

/// The TLS side of a dialler.
#[derive(Debug)]
pub(super) struct Certificates {
    mode: TlsMode,
    loaded: Mutex<Loaded>,
}

#[derive(Clone, Debug)]
struct Loaded {
    /// The certificates that the present configuration was made from, to notice a change.
    certificates: Vec<CertificateDer<'static>>,
    client: Option<Arc<ClientConfig>>,
}

impl Certificates {
    /// Reads everything now, so that a missing or malformed file is found before the first call.
    pub(super) fn load(mode: TlsMode) -> Result<Self, DialError> {
        let loaded = Mutex::new(load(&mode)?);
        Ok(Self { mode, loaded })
    }

    /// The configuration to dial with; none for plaintext.
    pub(super) fn client(&self) -> Option<Arc<ClientConfig>> {
        self.loaded.lock().client.clone()
    }

    /// Reads the file again; true when it holds something new. A file that cannot be read now changes
    /// nothing: the daemon may be about to write it.
    pub(super) fn reload(&self) -> bool {
        if !matches!(
            self.mode,
            TlsMode::Pin(PemSource::File(_)) | TlsMode::Ca(PemSource::File(_))
        ) {
            return false;
        }
        let Ok(fresh) = load(&self.mode) else {
            return false;
        };
        let mut loaded = self.loaded.lock();
        let changed = loaded.certificates != fresh.certificates;
        if changed {
            *loaded = fresh;
        }
        changed
    }
}

fn load(mode: &TlsMode) -> Result<Loaded, DialError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| configuration(format_args!("TLS cannot be set up: {error}")))?;
    let (certificates, mut client) = match mode {
        TlsMode::Plaintext => {
            return Ok(Loaded {
                certificates: Vec::new(),
                client: None,
            });
        }
        TlsMode::Pin(source) => {
            let pinned = read(source)?;
            let verifier = PinVerifier::new(pinned.clone(), provider);
            let builder = builder
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier));
            (pinned, builder.with_no_client_auth())
        }
        TlsMode::Ca(source) => {
            let authorities = read(source)?;
            let roots = roots(authorities.iter().cloned())?;
            (
                authorities,
                builder.with_root_certificates(roots).with_no_client_auth(),
            )
        }
        TlsMode::System => {
            let found = rustls_native_certs::load_native_certs();
            let roots = roots(found.certs.into_iter())?;
            (
                Vec::new(),
                builder.with_root_certificates(roots).with_no_client_auth(),
            )
        }
    };
    client.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Loaded {
        certificates,
        client: Some(Arc::new(client)),
    })
}

fn roots(
    authorities: impl Iterator<Item = CertificateDer<'static>>,
) -> Result<RootCertStore, DialError> {
    let mut store = RootCertStore::empty();
    let (added, _) = store.add_parsable_certificates(authorities);
    if added == 0 {
        return Err(configuration("no usable certificate authority was found"));
    }
    Ok(store)
}

fn read(source: &PemSource) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let (text, place) = match source {
        PemSource::Der(bytes) => return Ok(vec![CertificateDer::from(bytes.clone())]),
        PemSource::Pem(text) => (text.clone().into_bytes(), "tls_cert_pem".to_owned()),
        PemSource::File(path) => {
            let text = std::fs::read(path).map_err(|error| {
                configuration(format_args!(
                    "the certificate file {} cannot be read: {error}",
                    path.display()
                ))
            })?;
            (text, path.display().to_string())
        }
    };
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| {
            configuration(format_args!("{place} is not well-formed PEM: {error:?}"))
        })?;
    if certificates.is_empty() {
        return Err(configuration(format_args!("{place} holds no certificate")));
    }
    Ok(certificates)
}

fn configuration(message: impl std::fmt::Display) -> DialError {
    DialError::new(
        DialFault::Configuration,
        message,
        "give tls_cert the path of the daemon's tls.cert (PEM), readable by this process",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        rcgen::generate_simple_self_signed(["localhost".to_owned()])
            .unwrap()
            .cert
            .pem()
    }

    #[test]
    fn garbage_is_found_at_once() {
        for text in [
            "",
            "garbage",
            "-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----\n",
        ] {
            assert!(
                Certificates::load(TlsMode::Pin(PemSource::Pem(text.to_owned()))).is_err(),
                "{text}"
            );
        }
        assert!(Certificates::load(TlsMode::Pin(PemSource::File("/nonexistent".into()))).is_err());
    }

    #[test]
    fn a_changed_file_is_noticed_once() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), pem()).unwrap();
        let source = PemSource::File(file.path().to_owned());
        let certificates = Certificates::load(TlsMode::Pin(source)).unwrap();
        assert!(!certificates.reload());
        std::fs::write(file.path(), pem()).unwrap();
        assert!(certificates.reload());
        assert!(!certificates.reload());
        std::fs::remove_file(file.path()).unwrap();
        assert!(!certificates.reload());
    }
}
