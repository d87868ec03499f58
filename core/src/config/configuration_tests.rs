//! The configuration as a whole: what is taken when nothing is said, every variable of the environment, and
//! values that are refused by name. The fields' own rules are tested where they are read.

use std::collections::HashMap;
use std::time::Duration;

use super::*;

fn from_variables(pairs: &[(&str, &str)]) -> Result<ManagerConfig, Error> {
    let set: HashMap<&str, &str> = pairs.iter().copied().collect();
    ManagerConfig::from_environment(&|name| set.get(name).map(|value| (*value).to_owned()))
}

fn service(config: &ManagerConfig, name: &str) -> ServiceConfig {
    config.services[name].as_ref().unwrap().clone()
}

#[test]
fn defaults_are_those_of_the_daemons() {
    let json =
        r#"{"lnd":{"tls_cert":"/l"},"tapd":{"tls_cert":"/t"},"arkd":{"tls_mode":"plaintext"}}"#;
    let config = ManagerConfig::from_json(json).unwrap();
    for (name, target) in [
        ("lnd", "localhost:10009"),
        ("tapd", "localhost:10029"),
        ("arkd", "localhost:7070"),
    ] {
        let service = service(&config, name);
        assert_eq!(service.target.display(), target);
        assert_eq!(service.connect_timeout, Duration::from_secs(5));
        assert_eq!(service.receive_limit, 200 * 1024 * 1024);
        assert!(service.macaroon.is_none() && service.proxy.is_none());
        assert_eq!(service.resilience.breaker_threshold, 5);
        assert_eq!(service.resilience.breaker_recovery, Duration::from_secs(5));
    }
    assert!(config.timeout.is_none() && config.state_dir.is_none());
    assert!(ManagerConfig::from_json("").unwrap().services.is_empty());
}

#[test]
fn variables_of_all_services_are_read() {
    let mut pairs = Vec::new();
    let names: Vec<[String; 4]> = ["ARKD", "TAPD", "LND"]
        .iter()
        .map(|name| ["HOST", "PORT", "TLS_CERT", "MACAROON"].map(|part| format!("{name}_{part}")))
        .collect();
    for [host, port, certificate, macaroon] in &names {
        pairs.push((host.as_str(), "node.example"));
        pairs.push((port.as_str(), "4711"));
        pairs.push((certificate.as_str(), "/certificate.pem"));
        pairs.push((macaroon.as_str(), "/a.macaroon"));
    }
    pairs.push(("GRPC_MAX_MESSAGE_LENGTH", "4194304"));
    pairs.push(("GRPC_TIMEOUT_SECONDS", "30"));
    let config = from_variables(&pairs).unwrap();
    assert_eq!(config.timeout, Some(Duration::from_secs(30)));
    for kind in ServiceKind::ALL {
        let service = service(&config, kind.name());
        assert_eq!(service.target.display(), "node.example:4711");
        assert_eq!(service.receive_limit, 4_194_304);
        assert!(matches!(service.tls, TlsMode::Pin(PemSource::File(_))));
        assert!(matches!(service.macaroon, Some(MacaroonSource::File(_))));
    }
}

#[test]
fn bad_values_are_refused_by_name() {
    for (json, named) in [
        (r#"{"timeout_ms":0}"#, "timeout_ms"),
        (r#"{"operation_secret":"00"}"#, "operation_secret"),
        (r#"{"state_dir":"here"}"#, "state_dir"),
        (r#"{"lnd":{"ports":1}}"#, "ports"),
        (r#"{"lnd":7}"#, "lnd"),
    ] {
        let error = ManagerConfig::from_json(json).unwrap_err();
        assert!(error.message().contains(named), "{json}: {error}");
    }
    for (json, named) in [
        (r#"{"lnd":{"tls_cert":"/x","port":0}}"#, "port"),
        (r#"{"lnd":{"tls_mode":"plaintext"}}"#, "tls_mode"),
        (
            r#"{"lnd":{"tls_cert":"/x","connect_timeout_ms":0}}"#,
            "connect_timeout_ms",
        ),
        (r#"{"lnd":{"tls_cert":"/x","proxy":"http://x"}}"#, "proxy"),
    ] {
        let config = ManagerConfig::from_json(json).unwrap();
        let error = config.services["lnd"].as_ref().unwrap_err();
        assert!(error.message().contains(named), "{json}: {error}");
    }
    for (variable, value) in [
        ("GRPC_TIMEOUT_SECONDS", "soon"),
        ("GRPC_MAX_MESSAGE_LENGTH", "-1"),
    ] {
        let error = from_variables(&[("LND_TLS_CERT", "/x"), (variable, value)]).unwrap_err();
        assert!(error.message().contains(variable), "{error}");
    }
}
