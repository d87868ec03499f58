//! A manager as its owner sees it: three services, unknown ones, a broken one beside sound ones, reconnect,
//! close, and what it tells of health. Without a daemon: the peer is a port that nobody listens on.

use std::net::TcpListener;

use serde_json::Value;

use super::*;
use crate::error::{Executed, Status};
use crate::resilience::CancelToken;

const LONG: Duration = Duration::from_secs(20);

fn hooks() -> HostHooks {
    HostHooks {
        thread_start: || {},
        while_driving: |drive| drive(),
        may_drive: || true,
    }
}

/// A port that was free a moment ago.
fn closed_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn service(port: u16) -> Value {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    json!({ "host": "127.0.0.1", "port": port, "tls_cert_pem": made.cert.pem() })
}

fn manager(config: &Value) -> Manager {
    Manager::new(&config.to_string(), hooks()).unwrap()
}

fn with_lnd() -> Manager {
    manager(&json!({ "lnd": service(closed_port()) }))
}

fn lnd(manager: &Manager) -> Client {
    manager.client("lnd").unwrap()
}

fn status<T>(outcome: Result<T, Error>) -> Status {
    outcome.map_or_else(|error| error.status(), |_| Status::Ok)
}

fn patient(timeout: Duration) -> CallOptions {
    CallOptions {
        timeout: Some(timeout),
        wait_for_ready: true,
        ..CallOptions::default()
    }
}

fn health_of(manager: &Manager, service: &str) -> Value {
    let told: Value = serde_json::from_str(&manager.health().unwrap().json).unwrap();
    told["services"][service].clone()
}

/// The items of a stream until one leads to the state.
fn events_until(events: &Stream, to: &str) -> Vec<Value> {
    let mut seen = Vec::new();
    while seen.last().is_none_or(|item: &Value| item["to"] != to) {
        let message: Value = serde_json::from_str(&events.next(LONG).unwrap().json).unwrap();
        assert_eq!(message["type"], "item", "{message}");
        seen.push(message["item"].clone());
    }
    seen
}

#[test]
fn three_services_stand_beside_each_other() {
    let manager = manager(&json!({
        "lnd": service(closed_port()),
        "tapd": service(closed_port()),
        "arkd": service(closed_port()),
    }));
    for kind in ServiceKind::ALL {
        let client = manager.client(kind.name());
        match client {
            Ok(client) => assert!(client.info().contains(kind.name())),
            Err(error) => {
                assert_eq!(error.status(), Status::Unsupported);
                assert_eq!(error.to_json()["service"], kind.name());
            }
        }
    }
    assert!(manager.client("lnd").is_ok());
    let told: Value = serde_json::from_str(&manager.health().unwrap().json).unwrap();
    assert_eq!(told["services"].as_object().unwrap().len(), 3);
}

#[test]
fn an_unknown_service_and_an_absent_one_are_told_apart() {
    let manager = with_lnd();
    assert_eq!(status(manager.client("btcd")), Status::UnknownService);
    assert_eq!(status(manager.client("LND")), Status::UnknownService);
    assert_eq!(status(manager.client("tapd")), Status::NotConfigured);
    assert_eq!(
        status(manager.reconnect(Some("btcd"))),
        Status::UnknownService
    );
    assert_eq!(
        status(manager.reconnect(Some("tapd"))),
        Status::NotConfigured
    );
}

#[test]
fn one_broken_service_does_not_break_the_others() {
    let mut broken = service(closed_port());
    broken["host"] = "no such host!".into();
    let manager = manager(&json!({ "lnd": service(closed_port()), "tapd": broken }));
    assert_eq!(status(manager.client("tapd")), Status::InvalidConfig);
    assert!(manager.client("lnd").is_ok());
    let told = health_of(&manager, "tapd");
    assert_eq!(told["status"], "down");
    assert_eq!(told["code"], "INVALID_CONFIG");
    assert_eq!(health_of(&manager, "lnd")["status"], Value::Null);
    let checked = manager.health_check_all(LONG).unwrap().json;
    let checked: Value = serde_json::from_str(&checked).unwrap();
    assert_eq!(checked["services"]["tapd"]["code"], "INVALID_CONFIG");
    assert_eq!(checked["services"]["lnd"]["code"], "CONNECT_FAILED");
}

#[test]
fn reconnecting_ends_the_pause_before_the_next_dial() {
    let manager = with_lnd();
    let client = lnd(&manager);
    let once = || {
        let options = CallOptions {
            no_retry: true,
            ..CallOptions::default()
        };
        client.call("get_info", "{}", options).unwrap_err()
    };
    assert_eq!(once().retry_after(), None);
    assert!(once().retry_after().is_some(), "it backs off");
    manager.reconnect(None).unwrap();
    assert_eq!(once().retry_after(), None);
}

#[test]
fn a_closed_manager_refuses_and_says_so() {
    let manager = with_lnd();
    let client = lnd(&manager);
    manager.close(Duration::ZERO).unwrap();
    let call = client.call("get_info", "{}", CallOptions::default());
    assert_eq!(status(call), Status::Closed);
    assert_eq!(status(manager.client("lnd")), Status::Closed);
    assert_eq!(status(manager.events(None)), Status::Closed);
    assert_eq!(status(manager.health_check_all(LONG)), Status::Closed);
    assert_eq!(health_of(&manager, "lnd")["status"], "closed");
    manager.close(Duration::ZERO).unwrap();
}

#[test]
fn a_manager_that_makes_no_call_has_no_thread() {
    let manager = with_lnd();
    let _client = lnd(&manager);
    manager.health().unwrap();
    assert!(manager.0.runtime.get().is_none());
}

#[test]
fn a_daemon_that_is_away_degrades_then_is_down_and_every_step_is_told() {
    let manager = with_lnd();
    let client = lnd(&manager);
    let events = manager.events(None).unwrap();
    // It waits, so that the daemon is asked at once and again.
    let waited = client
        .call("get_info", "{}", patient(Duration::from_secs(4)))
        .unwrap_err();
    assert_eq!(waited.status(), Status::DeadlineExceeded);
    assert!(waited.hint().contains("down"), "{}", waited.hint());
    let seen = events_until(&events, "down");
    let steps: Vec<_> = seen.iter().map(|item| &item["to"]).collect();
    assert_eq!(steps, ["degraded", "down"]);
    assert_eq!(seen[0]["from"], Value::Null);
    assert_eq!(seen[1]["from"], "degraded");
    assert_eq!(seen[1]["code"], "CONNECT_FAILED");

    let refused = client
        .call("add_invoice", r#"{"amount":1}"#, CallOptions::default())
        .unwrap_err();
    assert_eq!(refused.status(), Status::ServiceDown);
    assert_eq!(refused.executed(), Executed::No);
    assert_eq!(refused.attempts(), 0);
    assert!(refused.retryable());
    assert!(refused.retry_after().unwrap() <= Duration::from_millis(1500));

    manager.reconnect(Some("lnd")).unwrap();
    let tried = client.call("add_invoice", r#"{"amount":1}"#, CallOptions::default());
    assert_eq!(
        status(tried),
        Status::ConnectFailed,
        "somebody knows better"
    );
    assert_eq!(events_until(&events, "degraded").len(), 1);
    let again = client.call("get_info", "{}", patient(Duration::from_secs(4)));
    assert_eq!(status(again), Status::DeadlineExceeded);
    assert_eq!(
        events_until(&events, "down").last().unwrap()["from"],
        "degraded"
    );

    let late = manager.events(None).unwrap();
    let present = events_until(&late, "down");
    assert_eq!(present.len(), 1, "the present state alone");
    assert_eq!(present[0]["from"], Value::Null);

    manager.close(Duration::ZERO).unwrap();
    for stream in [&events, &late] {
        events_until(stream, "closed");
        assert_eq!(status(stream.next(LONG)), Status::End);
    }
}

#[test]
fn a_token_ends_the_events_and_wakes_their_reader() {
    let manager = with_lnd();
    let cancel = CancelToken::new();
    let events = manager.events(Some(cancel.clone())).unwrap();
    let reader = events.clone();
    let reading = std::thread::spawn(move || status(reader.next(LONG)));
    cancel.trigger();
    assert_eq!(reading.join().unwrap(), Status::Cancelled);
    let late = manager.events(Some(cancel)).unwrap();
    assert_eq!(status(late.next(LONG)), Status::Cancelled);
}

#[test]
fn an_open_stream_of_events_leaves_the_runtime_at_rest() {
    let manager = with_lnd();
    let _events = manager.events(None).unwrap();
    let runtime = manager.0.runtime().unwrap();
    let ours = std::thread::current().id();
    let limit = Instant::now() + LONG;
    // Only a caller who finds nothing under way drives by itself.
    while runtime.run_here(true, limit, async { std::thread::current().id() }) != Ok(ours) {
        assert!(Instant::now() < limit, "the worker never rests");
        std::thread::yield_now();
    }
}

#[test]
fn old_answers_are_refused_where_they_would_mislead() {
    let manager = with_lnd();
    let client = lnd(&manager);
    let options = || CallOptions {
        allow_stale: true,
        ..CallOptions::default()
    };
    let refused = client.call("list_payments", "{}", options());
    assert_eq!(status(refused), Status::InvalidArgument);
    let stream = client.stream("invoices", "{}", options());
    assert_eq!(status(stream), Status::InvalidArgument);
    let none_yet = client.call("get_info", "{}", options());
    assert_eq!(status(none_yet), Status::ConnectFailed);
}

#[test]
fn a_breaker_that_opens_is_an_event_and_has_the_daemon_asked() {
    let manager = with_lnd();
    let client = lnd(&manager);
    let events = manager.events(None).unwrap();
    let limit = Instant::now() + LONG;
    let open = |manager: &Manager| health_of(manager, "lnd")["breaker"]["state"] == "open";
    while !open(&manager) {
        assert!(Instant::now() < limit, "it never opens");
        let call = client.call("get_info", "{}", CallOptions::default());
        assert!(call.is_err());
    }
    let seen = events_until(&events, "degraded");
    let opened = seen.iter().find(|item| item["event"] == "breaker");
    let opened = opened.expect("told before what the probe found");
    assert_eq!(
        (&opened["from"], &opened["to"]),
        (&json!("closed"), &json!("open"))
    );
    assert!(opened["retry_after_ms"].as_u64().unwrap() > 0);
    let asked = health_of(&manager, "lnd");
    assert_eq!(asked["code"], "CONNECT_FAILED");
    assert!(asked["last_probe_age_ms"].as_u64().is_some());
}
