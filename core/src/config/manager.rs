//! The whole configuration: up to three services and what they share.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::raw_service::RawService;
use super::{Secret, ServiceConfig, ServiceKind, invalid, strict_json};
use crate::error::Error;

/// What a manager is made from. A service whose own values are wrong keeps its error.
#[derive(Debug, Default)]
pub(crate) struct ManagerConfig {
    pub(crate) services: BTreeMap<&'static str, Result<ServiceConfig, Error>>,
    /// Takes the place of the rows' deadlines for reads and quick writes.
    pub(crate) timeout: Option<Duration>,
    /// Key from which the preimages of invoices with an operation_id derive.
    pub(crate) operation_secret: Option<Secret>,
    /// Where the library keeps what it must not forget.
    pub(crate) state_dir: Option<PathBuf>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawManager {
    #[serde(deserialize_with = "strict_json::object")]
    pub(crate) lnd: Option<RawService>,
    #[serde(deserialize_with = "strict_json::object")]
    pub(crate) tapd: Option<RawService>,
    #[serde(deserialize_with = "strict_json::object")]
    pub(crate) arkd: Option<RawService>,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) max_message_bytes: Option<usize>,
    pub(crate) operation_secret: Option<String>,
    pub(crate) state_dir: Option<String>,
}

/// Certificates given as text may be long; nothing else is.
const MAX_CONFIG_BYTES: u64 = 1024 * 1024;

impl ManagerConfig {
    /// Reads the JSON form.
    pub(crate) fn from_json(text: &str) -> Result<Self, Error> {
        let raw: RawManager = strict_json::parse(text, MAX_CONFIG_BYTES)
            .map_err(|error| error.with_hint("the header lists the keys of the configuration"))?;
        raw.check()
    }
}

impl RawManager {
    pub(crate) fn check(self) -> Result<ManagerConfig, Error> {
        let timeout = match self.timeout_ms {
            None => None,
            Some(ms @ 1..=86_400_000) => Some(Duration::from_millis(ms)),
            Some(_) => {
                return Err(invalid(
                    "timeout_ms",
                    "out of range",
                    "give 1 to 86400000 milliseconds",
                ));
            }
        };
        let operation_secret = self
            .operation_secret
            .as_deref()
            .map(parse_secret)
            .transpose()?;
        let state_dir = self.state_dir.map(parse_directory).transpose()?;
        let mut services = BTreeMap::new();
        for (kind, raw) in [
            (ServiceKind::Lnd, self.lnd),
            (ServiceKind::Tapd, self.tapd),
            (ServiceKind::Arkd, self.arkd),
        ] {
            if let Some(mut raw) = raw {
                raw.max_message_bytes = raw.max_message_bytes.or(self.max_message_bytes);
                let checked = raw
                    .check(kind)
                    .map_err(|error| error.with_service(kind.name()));
                services.insert(kind.name(), checked);
            }
        }
        Ok(ManagerConfig {
            services,
            timeout,
            operation_secret,
            state_dir,
        })
    }
}

/// At least 32 bytes: a guessable one would let a payer compute the preimage of an unpaid invoice.
fn parse_secret(text: &str) -> Result<Secret, Error> {
    let valid = "give at least 32 random bytes as hex (64 digits or more)";
    let bytes =
        hex::decode(text.trim()).map_err(|_| invalid("operation_secret", "not hex", valid))?;
    if bytes.len() < 32 {
        return Err(invalid("operation_secret", "shorter than 32 bytes", valid));
    }
    Ok(Secret::new(bytes))
}

/// A relative path would mean another directory in each process that shares it.
fn parse_directory(text: String) -> Result<PathBuf, Error> {
    let path = PathBuf::from(text);
    if path.is_absolute() {
        return Ok(path);
    }
    Err(invalid(
        "state_dir",
        "not an absolute path",
        "give the absolute path of a directory that exists",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Status;

    #[test]
    fn one_bad_service_leaves_the_others() {
        let config =
            ManagerConfig::from_json(r#"{"lnd":{"tls_cert":"/x"},"tapd":{"port":1}}"#).unwrap();
        assert!(config.services["lnd"].is_ok());
        assert!(config.services["tapd"].is_err());
        assert!(!config.services.contains_key("arkd"));
    }

    #[test]
    fn unknown_keys_are_refused_with_the_valid_ones() {
        let error = ManagerConfig::from_json(r#"{"lnd":{"hots":"x"}}"#).unwrap_err();
        assert_eq!(error.status(), Status::InvalidArgument);
        assert!(
            error.message().contains("hots") && error.message().contains("host"),
            "{error}"
        );
    }

    #[test]
    fn a_service_is_an_object() {
        for text in [r#"{"lnd":[]}"#, r#"{"lnd":"x"}"#, r#"{"lnd":1}"#] {
            let error = ManagerConfig::from_json(text).unwrap_err();
            assert!(error.message().contains("`lnd`"), "{text}: {error}");
        }
        assert!(
            ManagerConfig::from_json(r#"{"lnd":null}"#)
                .unwrap()
                .services
                .is_empty()
        );
    }

    #[test]
    fn the_state_directory_is_an_absolute_path() {
        let read = |text: &str| ManagerConfig::from_json(text).map(|config| config.state_dir);
        assert_eq!(
            read(r#"{"state_dir":"/var/lib/x"}"#).unwrap(),
            Some("/var/lib/x".into())
        );
        assert_eq!(read("{}").unwrap(), None);
        for text in [r#"{"state_dir":"x"}"#, r#"{"state_dir":""}"#] {
            assert_eq!(read(text).unwrap_err().status(), Status::InvalidConfig);
        }
    }

    #[test]
    fn short_secrets_are_refused_and_not_shown() {
        let error = ManagerConfig::from_json(r#"{"operation_secret":"deadbeefcafe"}"#).unwrap_err();
        assert!(!error.to_json().to_string().contains("deadbeef"));
        assert!(
            ManagerConfig::from_json(&format!(r#"{{"operation_secret":"{}"}}"#, "ab".repeat(32)))
                .is_ok()
        );
    }
}
