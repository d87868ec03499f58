//! The families that a manager shows, made from its counters, its connections and what else is known
//! about its services.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lnd;
use super::metrics::Metrics;
use crate::error::{Error, Status};
use crate::resilience::{Policies, Snapshot};
use crate::telemetry::{Family, Kind, Value, as_json, as_prometheus_text};

/// How the numbers are written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsFormat {
    /// The text that Prometheus scrapes.
    Prometheus,
    /// One JSON object.
    Json,
}

impl MetricsFormat {
    pub(super) fn print(self, families: &[Family]) -> String {
        match self {
            MetricsFormat::Prometheus => as_prometheus_text(families),
            MetricsFormat::Json => as_json(families),
        }
    }
}

/// The policies of the services that can be called.
type ServicePolicies = BTreeMap<&'static str, Arc<Policies>>;

/// The services of a manager; an error where the configuration of one is wrong.
type Services = BTreeMap<&'static str, Result<Arc<lnd::Node>, Error>>;

const BREAKER_STATES: [&str; 3] = ["closed", "open", "half_open"];
const HEALTH_STATES: [&str; 5] = ["up", "degraded", "read_only", "down", "closed"];

pub(super) fn families(
    metrics: &Metrics,
    services: &Services,
    policies: &ServicePolicies,
    lost_log_lines: u64,
) -> Vec<Family> {
    let mut families = method_families(metrics, services);
    families.extend(stream_families(metrics, services));
    families.extend(connection_families(services));
    families.extend(policy_families(policies));
    families.push(health_family(services));
    let mut lost = Family::new(
        "arkgrpc_log_lines_dropped_total",
        Kind::Counter,
        "Log lines of this process that were dropped because the log callback was too slow.",
    );
    lost.add(&[], Value::Number(lost_log_lines));
    families.push(lost);
    families
}

fn method_families(metrics: &Metrics, services: &Services) -> Vec<Family> {
    let mut calls = Family::new(
        "arkgrpc_calls_total",
        Kind::Counter,
        "Calls that ended, by the status that they returned.",
    );
    let mut latency = Family::new(
        "arkgrpc_call_duration_seconds",
        Kind::Histogram,
        "Time from the beginning of a call to its answer, retries and waiting included.",
    );
    let mut attempts = Family::new(
        "arkgrpc_attempts_total",
        Kind::Counter,
        "Requests that ended calls had made to the daemon, or had tried to.",
    );
    let mut retries = Family::new(
        "arkgrpc_retries_total",
        Kind::Counter,
        "Those of the attempts that followed a failed one.",
    );
    let mut in_flight = Family::new(
        "arkgrpc_calls_in_flight",
        Kind::Gauge,
        "Calls that have not ended yet.",
    );
    for (row, counters) in metrics.methods() {
        if !services.contains_key(row.service) {
            continue;
        }
        let place = [("service", row.service), ("method", row.name)];
        for (status, count) in counters.ended() {
            if count == 0 && status != Status::Ok {
                continue;
            }
            let labels = [place[0], place[1], ("status", status.name())];
            calls.add(&labels, Value::Number(count));
        }
        let reading = counters.latency.read();
        // Twenty series a method: only for those that somebody calls.
        if reading.count() > 0 {
            latency.add(&place, Value::Histogram(reading));
        }
        attempts.add(&place, Value::Number(counters.attempts.get()));
        retries.add(&place, Value::Number(counters.retries.get()));
        in_flight.add(&place, Value::Number(counters.in_flight.get()));
    }
    vec![calls, latency, attempts, retries, in_flight]
}

fn stream_families(metrics: &Metrics, services: &Services) -> Vec<Family> {
    let mut open = Family::new(
        "arkgrpc_streams_open",
        Kind::Gauge,
        "Streams not freed yet.",
    );
    let mut opened = Family::new(
        "arkgrpc_streams_opened_total",
        Kind::Counter,
        "Streams that were opened.",
    );
    for (stream, counters) in metrics.streams() {
        let place = [("service", stream.row.service), ("stream", stream.row.name)];
        if services.contains_key(stream.row.service) {
            open.add(&place, Value::Number(counters.open.get()));
            opened.add(&place, Value::Number(counters.opened.get()));
        }
    }
    vec![open, opened]
}

fn connection_families(services: &Services) -> Vec<Family> {
    let mut dials = Family::new(
        "arkgrpc_dials_total",
        Kind::Counter,
        "Connections that were dialled, by outcome: made or failed.",
    );
    let mut reconnects = Family::new(
        "arkgrpc_reconnects_total",
        Kind::Counter,
        "Connections that were made in place of an earlier one.",
    );
    let mut live = Family::new(
        "arkgrpc_connections_live",
        Kind::Gauge,
        "1 while the connection is there, 0 while it would have to be dialled first.",
    );
    for (service, node) in usable(services) {
        for (name, connection) in node.connections() {
            let place = [("service", service), ("connection", name)];
            let (made, failed) = connection.dials();
            for (outcome, count) in [("made", made), ("failed", failed)] {
                let labels = [place[0], place[1], ("outcome", outcome)];
                dials.add(&labels, Value::Number(count));
            }
            reconnects.add(&place, Value::Number(made.saturating_sub(1)));
            live.add(&place, Value::Number(u64::from(connection.is_live())));
        }
    }
    vec![dials, reconnects, live]
}

fn policy_families(policies: &ServicePolicies) -> Vec<Family> {
    let mut breaker = Family::new(
        "arkgrpc_breaker_state",
        Kind::Gauge,
        "1 for the state that the circuit breaker of the service is in, 0 for the others.",
    );
    let mut opened = Family::new(
        "arkgrpc_breaker_opened_total",
        Kind::Counter,
        "How often the circuit breaker opened.",
    );
    let mut refused = Family::new(
        "arkgrpc_breaker_refused_total",
        Kind::Counter,
        "Calls that the circuit breaker refused.",
    );
    let mut lanes = lane_families();
    for (service, policies) in policies {
        let now = policies.snapshot();
        let place = [("service", *service)];
        add_states(&mut breaker, service, &BREAKER_STATES, Some(now.breaker));
        opened.add(&place, Value::Number(now.opened));
        refused.add(&place, Value::Number(now.refused));
        add_lanes(&mut lanes, service, &now);
    }
    let mut families = vec![breaker, opened, refused];
    families.extend(lanes);
    families
}

fn lane_families() -> [Family; 4] {
    [
        Family::new(
            "arkgrpc_lane_in_flight",
            Kind::Gauge,
            "Calls that hold a place of the lane.",
        ),
        Family::new(
            "arkgrpc_lane_places",
            Kind::Gauge,
            "Places of the lane, taken or free.",
        ),
        Family::new(
            "arkgrpc_lane_waiting",
            Kind::Gauge,
            "Calls that wait for a place of the lane.",
        ),
        Family::new(
            "arkgrpc_lane_refused_total",
            Kind::Counter,
            "Calls that got no place of the lane in time.",
        ),
    ]
}

fn add_lanes(families: &mut [Family; 4], service: &'static str, now: &Snapshot) {
    let lanes = [
        ("read", &now.reads),
        ("write", &now.writes),
        ("payment", &now.payments),
    ];
    for (name, lane) in lanes {
        let numbers = [
            u64::from(lane.in_flight),
            u64::from(lane.limit),
            u64::from(lane.waiting),
            lane.refused,
        ];
        for (family, number) in families.iter_mut().zip(numbers) {
            family.add(
                &[("service", service), ("lane", name)],
                Value::Number(number),
            );
        }
    }
}

fn health_family(services: &Services) -> Family {
    let mut health = Family::new(
        "arkgrpc_health_state",
        Kind::Gauge,
        "1 for the state that the health monitor last saw the service in, 0 for the others.",
    );
    for (service, node) in usable(services) {
        add_states(
            &mut health,
            service,
            &HEALTH_STATES,
            node.pulse().view().status,
        );
    }
    health
}

fn add_states(
    family: &mut Family,
    service: &'static str,
    states: &[&'static str],
    present: Option<&'static str>,
) {
    for state in states.iter().filter(|_| present.is_some()) {
        let labels = [("service", service), ("state", *state)];
        let is_present = present == Some(*state);
        family.add(&labels, Value::Number(u64::from(is_present)));
    }
}

fn usable(services: &Services) -> impl Iterator<Item = (&'static str, &lnd::Node)> {
    let nodes = services.iter();
    nodes.filter_map(|(name, node)| Some((*name, &**node.as_ref().ok()?)))
}

#[cfg(test)]
#[path = "metrics_report_tests.rs"]
mod tests;
