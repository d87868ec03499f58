//! What a manager's metrics show, and what they never do.

use serde_json::{Value as Json, json};

use super::super::Manager;
use super::super::options::CallOptions;
use super::*;
use crate::transport::HostHooks;

const STRANGER: &str = "pay_lnbc1stranger";

fn manager() -> Manager {
    let config = json!({
        "lnd": { "host": "127.0.0.1", "port": 1, "tls_mode": "system" },
    });
    let hooks = HostHooks {
        thread_start: || {},
        while_driving: |drive| drive(),
        may_drive: || true,
    };
    Manager::new(&config.to_string(), hooks).unwrap()
}

fn shown(manager: &Manager) -> (Json, String) {
    let json = manager.metrics(MetricsFormat::Json, 3).json;
    let text = manager.metrics(MetricsFormat::Prometheus, 3).json;
    (serde_json::from_str(&json).unwrap(), text)
}

/// The sample of a family that has these labels.
fn sample(json: &Json, family: &str, labels: &[(&str, &str)]) -> Option<Json> {
    let samples = json[family]["samples"].as_array().unwrap().iter();
    let mut fitting = samples.filter(|it| {
        labels
            .iter()
            .all(|(name, value)| it["labels"][name] == *value)
    });
    fitting.next().cloned()
}

#[test]
fn a_fresh_manager_shows_zeros_and_nothing_that_it_does_not_know() {
    let (json, text) = shown(&manager());
    let info = [("service", "lnd"), ("method", "get_info"), ("status", "OK")];
    assert_eq!(
        sample(&json, "arkgrpc_calls_total", &info).unwrap()["value"],
        0
    );
    assert_eq!(json["arkgrpc_call_duration_seconds"]["samples"], json!([]));
    assert_eq!(json["arkgrpc_health_state"]["samples"], json!([]));
    let closed = [("service", "lnd"), ("state", "closed")];
    let closed = sample(&json, "arkgrpc_breaker_state", &closed).unwrap();
    assert_eq!(closed["value"], 1);
    let payments = [("service", "lnd"), ("lane", "payment")];
    let places = sample(&json, "arkgrpc_lane_places", &payments).unwrap();
    assert_eq!(places["value"], 256);
    assert!(text.contains("arkgrpc_log_lines_dropped_total 3\n"));
    assert!(!text.contains("tapd"), "a service that is not configured");
}

#[test]
fn a_failed_call_is_counted_everywhere_and_a_strange_name_nowhere() {
    let manager = manager();
    let client = manager.client("lnd").unwrap();
    let failed = client.call("get_info", "{}", CallOptions::default());
    assert_eq!(failed.unwrap_err().status(), Status::ConnectFailed);
    let wrong = client.call("get_info", "{\"x\":1}", CallOptions::default());
    assert_eq!(wrong.unwrap_err().status(), Status::InvalidArgument);
    client
        .call(STRANGER, "{}", CallOptions::default())
        .unwrap_err();
    let (json, text) = shown(&manager);
    let value = |family, labels: &[_]| sample(&json, family, labels).unwrap()["value"].clone();
    let place = [("service", "lnd"), ("method", "get_info")];
    for status in ["CONNECT_FAILED", "INVALID_ARGUMENT"] {
        let labels = [place[0], place[1], ("status", status)];
        assert_eq!(value("arkgrpc_calls_total", &labels), 1, "{status}");
    }
    let spans = sample(&json, "arkgrpc_call_duration_seconds", &place).unwrap();
    assert_eq!(spans["count"], 2);
    assert_eq!(value("arkgrpc_calls_in_flight", &place), 0);
    let failed = [
        ("service", "lnd"),
        ("connection", "read"),
        ("outcome", "failed"),
    ];
    assert!(value("arkgrpc_dials_total", &failed).as_u64().unwrap() >= 1);
    assert!(value("arkgrpc_attempts_total", &place).as_u64().unwrap() >= 1);
    assert!(!text.contains(STRANGER) && !json.to_string().contains(STRANGER));
    manager.close(std::time::Duration::from_secs(1)).unwrap();
    let closed = "arkgrpc_health_state{service=\"lnd\",state=\"closed\"} 1";
    let after = shown(&manager).1;
    let counts = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::to_owned);
        lines
            .filter(|it| !it.contains("arkgrpc_health_state"))
            .collect()
    };
    assert_eq!(
        counts(&after),
        counts(&text),
        "a closed manager still tells"
    );
    assert!(after.contains(closed) && !text.contains(closed));
}

#[test]
fn a_known_state_is_one_and_the_others_are_zero() {
    let mut family = Family::new("x", Kind::Gauge, "X.");
    add_states(&mut family, "lnd", &BREAKER_STATES, Some("open"));
    let shown: Vec<_> = family
        .samples
        .iter()
        .map(|sample| (sample.labels[1].1, sample.value.clone()))
        .collect();
    let number = Value::Number;
    assert_eq!(
        shown,
        [
            ("closed", number(0)),
            ("open", number(1)),
            ("half_open", number(0))
        ]
    );
}
