//! The configuration from environment variables: the names of the replaced product, and a few of our own.

use super::manager::RawManager;
use super::raw_service::RawService;
use super::resilience::RawResilience;
use super::{ManagerConfig, ServiceKind, invalid};
use crate::error::Error;

/// Looks one variable up; the caller decides where.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl ManagerConfig {
    /// Reads the variables. A service exists when any of its variables is set.
    pub(crate) fn from_environment(lookup: Lookup<'_>) -> Result<Self, Error> {
        let get = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let timeout_ms = number::<u64>("GRPC_TIMEOUT_SECONDS", &get)?
            .map(|seconds| seconds.saturating_mul(1000));
        let max_message_bytes = number::<usize>("GRPC_MAX_MESSAGE_LENGTH", &get)?;
        let mut failures = Vec::new();
        let mut service = |kind: ServiceKind| match from_variables(kind, &get) {
            Ok(raw) => raw,
            Err(error) => {
                failures.push((kind.name(), error.with_service(kind.name())));
                None
            }
        };
        let raw = RawManager {
            lnd: service(ServiceKind::Lnd),
            tapd: service(ServiceKind::Tapd),
            arkd: service(ServiceKind::Arkd),
            timeout_ms,
            max_message_bytes,
            operation_secret: get("ARKGRPC_OPERATION_SECRET"),
            state_dir: get("ARKGRPC_STATE_DIR"),
        };
        let mut config = raw.check()?;
        for (name, error) in failures {
            config.services.insert(name, Err(error));
        }
        Ok(config)
    }
}

fn from_variables(
    kind: ServiceKind,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<RawService>, Error> {
    let prefix = kind.name().to_uppercase();
    let name = |suffix: &str| format!("{prefix}_{suffix}");
    let link = if kind == ServiceKind::Lnd {
        get("LND_CONNECT")
    } else {
        None
    };
    let parts = (
        get(&name("HOST")),
        get(&name("PORT")),
        get(&name("TLS_CERT")),
        get(&name("MACAROON")),
    );
    // Looked up in any case, so that what is looked up does not hang on what is set.
    let resilience = RawResilience::from_variables(kind.name(), get, &|name| number(name, get));
    if link.is_none()
        && parts.0.is_none()
        && parts.1.is_none()
        && parts.2.is_none()
        && parts.3.is_none()
    {
        return Ok(None);
    }
    Ok(Some(RawService {
        host: parts.0,
        port: number::<u16>(&name("PORT"), get)?,
        tls_cert: parts.2.map(Into::into),
        macaroon: parts.3,
        lndconnect: link,
        resilience: Some(resilience?),
        ..RawService::default()
    }))
}

fn number<T: std::str::FromStr>(
    name: &str,
    get: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<T>, Error> {
    get(name)
        .map(|text| {
            text.trim().parse().map_err(|_| {
                invalid(
                    name,
                    "not a whole number in range",
                    "set it to a whole number or unset it",
                )
            })
        })
        .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn read(pairs: &[(&str, &str)]) -> Result<ManagerConfig, Error> {
        let map: HashMap<String, String> = pairs
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect();
        ManagerConfig::from_environment(&|name| map.get(name).cloned())
    }

    #[test]
    fn absent_means_not_configured() {
        assert!(read(&[]).unwrap().services.is_empty());
    }

    #[test]
    fn defaults_fill_the_gaps() {
        let config = read(&[("LND_TLS_CERT", "/x"), ("ARKD_HOST", "localhost")]).unwrap();
        assert_eq!(
            config.services["lnd"].as_ref().unwrap().target.display(),
            "localhost:10009"
        );
        assert_eq!(
            config.services["arkd"].as_ref().unwrap().target.display(),
            "localhost:7070"
        );
    }

    #[test]
    fn a_bad_port_hurts_its_own_service_alone() {
        let config = read(&[
            ("LND_PORT", "x"),
            ("TAPD_TLS_CERT", "/x"),
            ("GRPC_TIMEOUT_SECONDS", "7"),
        ])
        .unwrap();
        let error = config.services["lnd"].as_ref().unwrap_err();
        assert!(error.message().contains("LND_PORT"), "{error}");
        assert!(config.services["tapd"].is_ok());
        assert_eq!(config.timeout.unwrap().as_secs(), 7);
    }

    #[test]
    fn resilience_is_set_per_service_and_makes_none() {
        let pairs = [
            ("LND_TLS_CERT", "/x"),
            ("ARKGRPC_LND_BREAKER", "observe"),
            ("ARKGRPC_LND_BREAKER_THRESHOLD", "9"),
            ("ARKGRPC_LND_MAX_WRITES", "3"),
            ("ARKGRPC_TAPD_BREAKER", "disabled"),
        ];
        let config = read(&pairs).unwrap();
        let set = config.services["lnd"].as_ref().unwrap().resilience;
        assert_eq!(set.breaker.name(), "observe");
        assert_eq!((set.breaker_threshold, set.max_writes), (9, 3));
        assert!(!config.services.contains_key("tapd"));
        let wrong = [("LND_TLS_CERT", "/x"), ("ARKGRPC_LND_MAX_READS", "many")];
        let config = read(&wrong).unwrap();
        let error = config.services["lnd"].as_ref().unwrap_err();
        assert!(error.message().contains("ARKGRPC_LND_MAX_READS"), "{error}");
    }

    #[test]
    fn bad_common_values_are_named() {
        let error = read(&[("GRPC_MAX_MESSAGE_LENGTH", "4MB")]).unwrap_err();
        assert!(
            error.message().contains("GRPC_MAX_MESSAGE_LENGTH"),
            "{error}"
        );
    }
}
