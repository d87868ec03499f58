//! The policies of a service on made-up time: what the circuit breaker does to callers.

use std::sync::atomic::{AtomicU32, AtomicU64};

use super::*;
use crate::resilience::Barrier;

/// Seconds by hand.
#[derive(Clone)]
struct Hands(Arc<AtomicU64>, Instant);

impl Hands {
    fn new() -> Self {
        Self(Arc::default(), Instant::now())
    }

    fn pass(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }

    fn clock(&self) -> Clock {
        let Self(passed, start) = self.clone();
        Box::new(move || start + Duration::from_secs(passed.load(Ordering::Relaxed)))
    }
}

fn policies(mode: BreakerMode) -> (Arc<Policies>, Hands) {
    let hands = Hands::new();
    let config = ResilienceConfig {
        breaker: mode,
        ..ResilienceConfig::default()
    };
    (Policies::with_clock("lnd", &config, hands.clock()), hands)
}

fn fail(policies: &Policies, times: u32) {
    for number in 0..times {
        policies.record(policies.stamp(), Verdict::Failed, || {
            format!("connection refused ({number})")
        });
    }
}

#[test]
fn circuit_breaker_opens_at_the_threshold_and_refuses_with_reason_and_time() {
    let (policies, hands) = policies(BreakerMode::Normal);
    fail(&policies, 4);
    assert!(policies.admit().is_ok());
    fail(&policies, 1);
    let refusal = policies.admit().unwrap_err();
    assert_eq!(refusal.barrier, Barrier::CircuitOpen);
    assert!(
        refusal.message.contains("connection refused (0)"),
        "{refusal:?}"
    );
    let first = refusal.retry_after;
    assert!((4..=6).contains(&first.as_secs()), "{first:?}");
    hands.pass(2);
    let later = policies.admit().unwrap_err().retry_after;
    assert_eq!(first - later, Duration::from_secs(2));
    assert_eq!(policies.snapshot().refused, 2);
}

#[test]
fn circuit_breaker_lets_one_probe_out_and_closes_on_its_success() {
    let (policies, hands) = policies(BreakerMode::Normal);
    assert!(policies.try_probe().is_none(), "closed");
    fail(&policies, 5);
    assert!(policies.try_probe().is_none(), "too early");
    hands.pass(6);
    let permit = policies.try_probe().unwrap();
    assert!(policies.try_probe().is_none(), "a second one");
    assert!(policies.admit().is_err(), "half-open refuses callers");
    assert_eq!(policies.snapshot().breaker, "half_open");
    permit.success();
    assert!(policies.admit().is_ok());
    fail(&policies, 4);
    assert!(policies.admit().is_ok(), "it starts afresh");
}

#[test]
fn circuit_breaker_reopens_for_longer_when_the_probe_fails_or_is_given_up() {
    let (policies, hands) = policies(BreakerMode::Normal);
    fail(&policies, 5);
    hands.pass(6);
    policies.try_probe().unwrap().failure();
    let second = policies.admit().unwrap_err().retry_after;
    assert!(second >= Duration::from_secs(8), "{second:?}");
    hands.pass(12);
    drop(policies.try_probe().unwrap());
    let third = policies.admit().unwrap_err().retry_after;
    assert!(third >= Duration::from_secs(16), "{third:?}");
}

#[test]
fn circuit_breaker_closes_by_any_health_read_and_a_late_permit_changes_nothing() {
    let (policies, hands) = policies(BreakerMode::Normal);
    fail(&policies, 5);
    hands.pass(6);
    let late = policies.try_probe().unwrap();
    policies.note_healthy();
    late.failure();
    assert!(policies.admit().is_ok());
    fail(&policies, 5);
    policies.reset();
    assert!(policies.admit().is_ok());
}

#[test]
fn circuit_breaker_counts_what_failed_by_one_incident_once() {
    let (policies, _) = policies(BreakerMode::Normal);
    let begun: Vec<_> = (0..50).map(|_| policies.stamp()).collect();
    for stamp in begun {
        policies.record(stamp, Verdict::Failed, String::new);
    }
    assert_eq!(policies.snapshot().failures_in_a_row, 1);
    assert!(policies.admit().is_ok());
}

#[test]
fn circuit_breaker_never_opens_by_what_says_nothing_or_by_signs_of_life() {
    let (policies, _) = policies(BreakerMode::Normal);
    for _ in 0..1000 {
        policies.record(policies.stamp(), Verdict::Ignored, String::new);
        policies.record(policies.stamp(), Verdict::Alive, String::new);
    }
    fail(&policies, 4);
    policies.record(policies.stamp(), Verdict::Alive, String::new);
    fail(&policies, 4);
    assert!(policies.admit().is_ok());
}

#[test]
fn circuit_breaker_modes_refuse_nothing_or_everything() {
    let (disabled, _) = policies(BreakerMode::Disabled);
    fail(&disabled, 100);
    assert!(disabled.admit().is_ok() && disabled.is_closed());
    let (observed, hands) = policies(BreakerMode::Observe);
    fail(&observed, 100);
    assert!(observed.admit().is_ok() && !observed.is_closed());
    assert_eq!(observed.snapshot().breaker, "open");
    hands.pass(6);
    observed.try_probe().unwrap().success();
    assert!(observed.is_closed());
    let (forced, hands) = policies(BreakerMode::ForcedOpen);
    assert_eq!(forced.admit().unwrap_err().barrier, Barrier::ForcedOpen);
    hands.pass(3600);
    assert!(forced.try_probe().is_none());
    forced.note_healthy();
    forced.reset();
    assert!(forced.admit().is_err());
}

#[test]
fn circuit_breaker_transitions_are_told_once_in_order() {
    let (policies, hands) = policies(BreakerMode::Normal);
    let woken = Arc::new(AtomicU32::new(0));
    let (count, weak) = (Arc::clone(&woken), Arc::downgrade(&policies));
    policies.on_transition(move || {
        count.fetch_add(1, Ordering::Relaxed);
        // Asking from within must not lock up.
        let policies = weak.upgrade().unwrap();
        assert_eq!(policies.snapshot().mode, "normal");
    });
    fail(&policies, 5);
    hands.pass(6);
    policies.try_probe().unwrap().failure();
    hands.pass(12);
    policies.try_probe().unwrap().success();
    let (told, dropped) = policies.take_transitions();
    let steps: Vec<_> = told
        .iter()
        .map(|step| format!("{}-{}", step.from.name(), step.to.name()))
        .collect();
    assert_eq!(
        steps,
        [
            "closed-open",
            "open-half_open",
            "half_open-open",
            "open-half_open",
            "half_open-closed"
        ]
    );
    assert!(told[0].reason.contains("connection refused"));
    assert!(told[0].retry_after.is_some() && told[4].retry_after.is_none());
    assert_eq!((dropped, woken.load(Ordering::Relaxed)), (0, 5));
    assert!(policies.take_transitions().0.is_empty());
    assert_eq!(policies.snapshot().opened, 1);
}

#[test]
fn circuit_breaker_hands_its_one_permit_to_one_of_many_threads() {
    let (policies, hands) = policies(BreakerMode::Normal);
    for _ in 0..200 {
        fail(&policies, 5);
        hands.pass(120);
        let permits: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4)
                .map(|_| scope.spawn(|| policies.try_probe()))
                .collect();
            threads
                .into_iter()
                .filter_map(|thread| thread.join().unwrap())
                .collect()
        });
        assert_eq!(permits.len(), 1);
        permits.into_iter().for_each(ProbePermit::success);
        assert!(policies.admit().is_ok());
    }
}

#[test]
fn a_full_line_is_refused_and_says_which() {
    let config = ResilienceConfig {
        max_writes: 1,
        max_waiting: 0,
        ..ResilienceConfig::default()
    };
    let policies = Policies::new("lnd", &config);
    let _held = policies.enter(Lane::Write).unwrap();
    let refusal = policies.enter(Lane::Write).unwrap_err();
    assert_eq!(refusal.barrier, Barrier::Overloaded);
    assert!(refusal.message.contains("write lane"), "{refusal:?}");
    assert!(policies.enter(Lane::Read).is_ok());
    assert_eq!(policies.snapshot().writes.refused, 1);
}
