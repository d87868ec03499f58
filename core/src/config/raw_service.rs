//! One daemon's configuration as it stands in the JSON, and its checks: as far as possible without the
//! network, each refusal naming the key.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::resilience::RawResilience;
use super::service::{MacaroonSource, PemSource, ServiceConfig, ServiceKind, TlsMode};
use super::{Secret, Target, invalid, lndconnect, strict_json};
use crate::error::Error;

/// The keys of one service.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawService {
    pub(crate) host: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) unix_socket: Option<PathBuf>,
    pub(crate) tls_mode: Option<String>,
    pub(crate) tls_cert: Option<PathBuf>,
    pub(crate) tls_cert_pem: Option<String>,
    pub(crate) macaroon: Option<String>,
    pub(crate) lndconnect: Option<String>,
    pub(crate) proxy: Option<String>,
    pub(crate) connect_timeout_ms: Option<u64>,
    pub(crate) max_message_bytes: Option<usize>,
    pub(crate) max_fee_limit_msat: Option<u64>,
    pub(crate) network: Option<String>,
    pub(crate) allow_insecure_remote: bool,
    #[serde(deserialize_with = "strict_json::object")]
    pub(crate) resilience: Option<RawResilience>,
}

/// What every daemon's own clients accept; smaller limits fail on long lists.
const RECEIVE_LIMIT: usize = 200 * 1024 * 1024;

impl RawService {
    /// Checks the values and reads the credential files once, so that a missing one is found now.
    pub(crate) fn check(self, kind: ServiceKind) -> Result<ServiceConfig, Error> {
        let key = |name: &str| format!("{}.{name}", kind.name());
        let link = self
            .lndconnect
            .as_deref()
            .map(|text| lndconnect::parse(&key("lndconnect"), text));
        let link = link.transpose()?;
        if link.is_some() && (self.host.is_some() || self.unix_socket.is_some()) {
            return Err(invalid(
                &key("lndconnect"),
                "it stands beside host or unix_socket",
                "give the address once: by lndconnect, or by host and port",
            ));
        }
        let target = self.target(kind, link.as_ref())?;
        let proxy = self
            .proxy
            .as_deref()
            .map(|text| parse_proxy(&key("proxy"), text))
            .transpose()?;
        let tls = self.tls(kind, link.as_ref())?;
        let macaroon = match (&self.macaroon, link.and_then(|link| link.macaroon)) {
            (Some(_), Some(_)) => {
                return Err(invalid(
                    &key("macaroon"),
                    "lndconnect carries one already",
                    "give the macaroon once",
                ));
            }
            (Some(text), None) => Some(MacaroonSource::detect(&key("macaroon"), text)?),
            (None, given) => given.map(MacaroonSource::Given),
        };
        let config = ServiceConfig {
            kind,
            connect_timeout: self.connect_timeout(&key("connect_timeout_ms"), proxy.is_some())?,
            receive_limit: self.receive_limit(&key("max_message_bytes"))?,
            max_fee_limit_msat: self.max_fee_limit_msat,
            network: self.network.clone(),
            resilience: self
                .resilience
                .clone()
                .unwrap_or_default()
                .check(kind.name())?,
            target,
            tls,
            macaroon,
            proxy,
        };
        self.refuse_plaintext(&config)?;
        Ok(config)
    }

    fn target(
        &self,
        kind: ServiceKind,
        link: Option<&lndconnect::LndConnect>,
    ) -> Result<Target, Error> {
        if let Some(path) = &self.unix_socket {
            if self.host.is_some() || self.port.is_some() {
                return Err(invalid(
                    &format!("{}.unix_socket", kind.name()),
                    "it stands beside host or port",
                    "give either unix_socket, or host and port",
                ));
            }
            return Ok(Target::Unix { path: path.clone() });
        }
        let (host, port) = match link {
            Some(link) => (link.host.as_str(), link.port.or(self.port)),
            None => (self.host.as_deref().unwrap_or("localhost"), self.port),
        };
        Target::tcp(
            &format!("{}.host", kind.name()),
            host,
            port.unwrap_or(kind.default_port()),
        )
    }

    fn tls(
        &self,
        kind: ServiceKind,
        link: Option<&lndconnect::LndConnect>,
    ) -> Result<TlsMode, Error> {
        let key = format!("{}.tls_mode", kind.name());
        let given = match (
            &self.tls_cert,
            &self.tls_cert_pem,
            link.and_then(|l| l.certificate.clone()),
        ) {
            (Some(path), None, None) => Some(PemSource::File(path.clone())),
            (None, Some(text), None) => Some(PemSource::Pem(text.clone())),
            (None, None, Some(der)) => Some(PemSource::Der(der)),
            (None, None, None) => None,
            _ => {
                return Err(invalid(
                    &format!("{}.tls_cert", kind.name()),
                    "more than one certificate source is given",
                    "give one of tls_cert (a file), tls_cert_pem and an lndconnect certificate",
                ));
            }
        };
        match (self.tls_mode.as_deref(), given) {
            (None | Some("pin"), Some(source)) => Ok(TlsMode::Pin(source)),
            (Some("ca"), Some(source)) => Ok(TlsMode::Ca(source)),
            (Some("system"), None) => Ok(TlsMode::System),
            (Some("plaintext"), None) => Ok(TlsMode::Plaintext),
            (None, None) if kind == ServiceKind::Arkd => Ok(TlsMode::Plaintext),
            (None | Some("pin" | "ca"), None) => Err(invalid(
                &format!("{}.tls_cert", kind.name()),
                "no certificate is given",
                "give tls_cert, the path of the daemon's tls.cert; or set tls_mode to \"system\" for a \
                 publicly signed one",
            )),
            (Some("system" | "plaintext"), Some(_)) => Err(invalid(
                &key,
                "a certificate is given beside a mode that uses none",
                "leave tls_cert out, or set tls_mode to \"pin\" or \"ca\"",
            )),
            (Some(_), _) => Err(invalid(
                &key,
                "no such mode",
                "use \"pin\", \"ca\", \"system\" or, for arkd alone, \"plaintext\"",
            )),
        }
    }

    fn connect_timeout(&self, key: &str, proxied: bool) -> Result<Duration, Error> {
        match self.connect_timeout_ms {
            None => Ok(Duration::from_secs(if proxied { 20 } else { 5 })),
            Some(ms @ 1..=600_000) => Ok(Duration::from_millis(ms)),
            Some(_) => Err(invalid(
                key,
                "out of range",
                "give 1 to 600000 milliseconds",
            )),
        }
    }

    fn receive_limit(&self, key: &str) -> Result<usize, Error> {
        match self.max_message_bytes {
            None => Ok(RECEIVE_LIMIT),
            Some(bytes) if (1024..=2 << 30).contains(&bytes) => Ok(bytes),
            Some(_) => Err(invalid(
                key,
                "out of range",
                "give 1024 to 2147483648 bytes",
            )),
        }
    }

    fn refuse_plaintext(&self, config: &ServiceConfig) -> Result<(), Error> {
        if !matches!(config.tls, TlsMode::Plaintext) {
            return Ok(());
        }
        let key = format!("{}.tls_mode", config.kind.name());
        if config.kind != ServiceKind::Arkd {
            return Err(invalid(
                &key,
                "this daemon has no plaintext port, and whoever listens there \
                instead must not get a macaroon",
                "give tls_cert, the path of the daemon's tls.cert",
            ));
        }
        if config.target.is_local() && config.proxy.is_none() {
            return Ok(());
        }
        if !self.allow_insecure_remote {
            return Err(invalid(
                &key,
                "plaintext to another machine",
                "use TLS; or set allow_insecure_remote and accept that everybody on the way can read",
            ));
        }
        if config.macaroon.is_some() {
            return Err(invalid(
                &format!("{}.macaroon", config.kind.name()),
                "a macaroon would travel in plaintext to another machine",
                "use TLS",
            ));
        }
        Ok(())
    }
}

impl MacaroonSource {
    /// Tells a path from hex and from base64 by content: binary macaroons begin with the byte 2.
    pub(crate) fn detect(key: &str, text: &str) -> Result<Self, Error> {
        let text = text.trim();
        let plausible = |bytes: &Vec<u8>| bytes.len() >= 16 && bytes.first() == Some(&2);
        if text.is_empty() {
            return Err(invalid(
                key,
                "it is empty",
                "give a file path, hex or base64",
            ));
        }
        let decoded = hex::decode(text)
            .ok()
            .filter(plausible)
            .or_else(|| STANDARD.decode(text).ok().filter(plausible))
            .or_else(|| {
                URL_SAFE_NO_PAD
                    .decode(text.trim_end_matches('='))
                    .ok()
                    .filter(plausible)
            });
        if let Some(bytes) = decoded {
            return Ok(MacaroonSource::Given(Secret::new(bytes)));
        }
        if text.len() > 4096 || text.contains('\0') {
            return Err(invalid(
                key,
                "neither a path nor a macaroon in hex or base64",
                "give a file path, hex or base64",
            ));
        }
        Ok(MacaroonSource::File(PathBuf::from(text)))
    }
}

fn parse_proxy(key: &str, text: &str) -> Result<(String, u16), Error> {
    let valid = "give socks5h://HOST:PORT, such as socks5h://127.0.0.1:9050 for Tor";
    let rest = ["socks5h://", "socks5://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme))
        .ok_or_else(|| invalid(key, "not a SOCKS5 proxy", valid))?;
    let (host, port) = rest
        .trim_end_matches('/')
        .rsplit_once(':')
        .ok_or_else(|| invalid(key, "no port", valid))?;
    let port = port.parse().map_err(|_| invalid(key, "bad port", valid))?;
    match Target::tcp(key, host, port)? {
        Target::Tcp { host, port } => Ok((host, port)),
        Target::Unix { .. } => Err(invalid(key, "not a TCP address", valid)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    fn check(json: &str, kind: ServiceKind) -> Result<ServiceConfig, Error> {
        serde_json::from_str::<RawService>(json)
            .unwrap()
            .check(kind)
    }

    #[test]
    fn a_certificate_means_a_pin() {
        let config = check(r#"{"tls_cert":"/x"}"#, ServiceKind::Lnd).unwrap();
        assert!(matches!(config.tls, TlsMode::Pin(PemSource::File(_))));
        assert_eq!(config.target.display(), "localhost:10009");
    }

    #[test]
    fn plaintext_is_for_a_local_arkd_alone() {
        let plain = r#"{"tls_mode":"plaintext"}"#;
        assert!(check(plain, ServiceKind::Lnd).is_err());
        assert!(check(plain, ServiceKind::Tapd).is_err());
        assert!(check(plain, ServiceKind::Arkd).is_ok());
        let remote = r#"{"tls_mode":"plaintext","host":"10.0.0.1"}"#;
        assert!(check(remote, ServiceKind::Arkd).is_err());
        let allowed = r#"{"tls_mode":"plaintext","host":"10.0.0.1","allow_insecure_remote":true}"#;
        assert!(check(allowed, ServiceKind::Arkd).is_ok());
    }

    #[test]
    fn contradictions_and_gaps_are_named() {
        for (json, key) in [
            ("{}", "lnd.tls_cert"),
            (r#"{"tls_cert":"/x","tls_cert_pem":"y"}"#, "lnd.tls_cert"),
            (r#"{"tls_mode":"none"}"#, "lnd.tls_mode"),
            (
                r#"{"tls_cert":"/x","connect_timeout_ms":0}"#,
                "lnd.connect_timeout_ms",
            ),
            (r#"{"tls_cert":"/x","proxy":"http://x"}"#, "lnd.proxy"),
            (r#"{"tls_cert":"/x","macaroon":" "}"#, "lnd.macaroon"),
            (
                r#"{"tls_cert":"/x","host":"a","unix_socket":"/s"}"#,
                "lnd.unix_socket",
            ),
        ] {
            let error = check(json, ServiceKind::Lnd).unwrap_err();
            assert_eq!(error.status(), Status::InvalidConfig);
            assert!(error.message().contains(key), "{json}: {error}");
        }
    }

    #[test]
    fn macaroons_are_told_by_content() {
        let bytes = [&[2u8][..], &[7; 40]].concat();
        for text in [
            hex::encode(&bytes),
            STANDARD.encode(&bytes),
            URL_SAFE_NO_PAD.encode(&bytes),
        ] {
            assert!(matches!(
                MacaroonSource::detect("k", &text).unwrap(),
                MacaroonSource::Given(_)
            ));
        }
        assert!(matches!(
            MacaroonSource::detect("k", "/a/b").unwrap(),
            MacaroonSource::File(_)
        ));
    }
}
