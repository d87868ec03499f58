//! What a manager tells of health, held against files that people can read, and against the schemas that
//! `arkgrpc_methods()` hands out. `ARKGRPC_WRITE_GOLDEN=1` writes the files anew.

use std::path::PathBuf;

use serde_json::Value;

use super::*;
use crate::clients::StreamMessage;
use crate::clients::registry::methods_json;

fn check(name: &str, told: impl Serialize) {
    let told = serde_json::to_value(told).unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let file = root.join(format!("../tests/golden/manager/{name}.json"));
    if std::env::var_os("ARKGRPC_WRITE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, format!("{told:#}\n")).unwrap();
    }
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(told, golden, "{name} differs from its golden file");
    let published: Value = serde_json::from_str(&methods_json()).unwrap();
    let validator = jsonschema::validator_for(&published["manager"][name]).unwrap();
    let errors: Vec<_> = validator.iter_errors(&told).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

fn info() -> NodeView {
    NodeView {
        identity_pubkey: "02".to_owned() + &"ab".repeat(32),
        alias: "alice".into(),
        version: "0.21.2-beta".into(),
        block_height: 446,
        synced_to_chain: false,
        synced_to_graph: true,
    }
}

fn all<T>(lnd: T, tapd: T) -> Services<T> {
    Services {
        services: BTreeMap::from([("lnd", lnd), ("tapd", tapd)]),
    }
}

#[test]
fn data_structures_of_a_health_check_are_golden() {
    let syncing = CheckView {
        status: "read_only",
        reason: Some("the node is not in sync with its chain".into()),
        hint: Some("wait until lnd has caught up".into()),
        code: None,
        state: Some("server_active".into()),
        latency_ms: Some(1.25),
        info: Some(info()),
    };
    let down = CheckView {
        status: "down",
        reason: Some("connection refused".into()),
        hint: Some("is the daemon running?".into()),
        code: Some("CONNECT_FAILED"),
        state: None,
        latency_ms: None,
        info: None,
    };
    check("health_check_all", all(syncing, down));
}

#[test]
fn data_structures_of_health_are_golden() {
    let back = HealthView {
        status: Some("up"),
        since: Some(1_790_000_000),
        last_probe_age_ms: Some(1200),
        reason: None,
        hint: None,
        code: None,
        state: Some("server_active".into()),
        latency_ms: Some(1.25),
        info: Some(info()),
        last_error: Some(LastErrorView {
            code: "CONNECT_FAILED",
            message: "connection refused".into(),
            age_ms: 62_000,
        }),
        breaker: Some(BreakerView {
            state: "closed",
            mode: "normal",
            failures_in_a_row: 0,
            calls_in_window: 12,
            failures_in_window: 1,
            retry_after_ms: None,
            opened: 1,
            refused: 7,
        }),
    };
    let unasked = HealthView {
        status: None,
        since: None,
        last_probe_age_ms: None,
        reason: None,
        hint: None,
        code: None,
        state: None,
        latency_ms: None,
        info: None,
        last_error: None,
        breaker: None,
    };
    check("health", all(back, unasked));
}

#[test]
fn data_structures_of_events_are_golden() {
    let event = HealthEventView {
        event: "health",
        service: "lnd",
        from: Some("up"),
        to: "degraded",
        at: 1_790_000_000,
        reason: Some("connection refused".into()),
        code: Some("CONNECT_FAILED"),
        retry_after_ms: None,
    };
    check("events", StreamMessage::item(event));
}
