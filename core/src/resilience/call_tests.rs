//! A call's attempts, and what the policies of its service do to them.
#![cfg(not(feature = "blind-retry"))]

use super::*;
use crate::config::{BreakerMode, ResilienceConfig};
use crate::resilience::Lane;
use std::sync::Arc;

fn call(span: Duration) -> Call {
    Call::new(Deadline::after(span), None, CancellationToken::new(), true)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
        .block_on(future)
}

fn unavailable() -> tonic::Status {
    tonic::Status::from_error(Box::new(std::io::Error::other("broken")))
}

#[test]
fn an_unsent_request_is_repeated_three_times_in_all() {
    let call = call(Duration::from_secs(20));
    let outcome = run(call.request(Effect::Write, |_| async { Err::<(), _>(unavailable()) }));
    assert!(!outcome.unwrap_err().handed);
    assert_eq!((call.attempts(), call.retries()), (3, 2));
    assert!(call.withdraw());
}

#[test]
fn a_past_deadline_and_a_triggered_token_send_nothing() {
    let sent = Arc::new(AtomicU32::new(0));
    let send = |_| {
        sent.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<Result<(), tonic::Status>>()
    };
    let late = call(Duration::ZERO);
    let error = run(late.request(Effect::Write, send)).unwrap_err();
    assert!(matches!(error.fault, Fault::DeadlineExceeded) && !error.handed);
    let token = CancelToken::new();
    token.trigger();
    let cancelled = Call::new(
        Deadline::after(Duration::from_secs(5)),
        Some(token),
        CancellationToken::new(),
        true,
    );
    let error = run(cancelled.request(Effect::Read, send)).unwrap_err();
    assert!(matches!(error.fault, Fault::Cancelled));
}

#[test]
fn closing_ends_a_running_call() {
    let closing = CancellationToken::new();
    let call = Call::new(
        Deadline::after(Duration::from_secs(60)),
        None,
        closing.clone(),
        true,
    );
    run(async {
        let request = call.request(Effect::Read, |_| {
            closing.cancel();
            std::future::pending::<Result<(), tonic::Status>>()
        });
        assert!(matches!(request.await.unwrap_err().fault, Fault::Cancelled));
    });
}

fn under(policies: &Arc<Policies>) -> Call {
    call(Duration::from_secs(20)).under(policies)
}

fn fails(call: &Call, status: fn() -> tonic::Status) -> AttemptError {
    run(call.request(Effect::Read, |_| async move { Err::<(), _>(status()) })).unwrap_err()
}

fn policies(config: ResilienceConfig) -> Arc<Policies> {
    Policies::new("lnd", &config)
}

#[test]
fn circuit_breaker_counts_requests_and_stops_repeats_once_it_is_open() {
    let policies = policies(ResilienceConfig {
        breaker_threshold: 2,
        ..ResilienceConfig::default()
    });
    let call = under(&policies);
    fails(&call, unavailable);
    assert_eq!(call.attempts(), 2, "the second one opened it");
    assert!(policies.is_refusing());
    let urgent = under(&policies);
    urgent.pass();
    fails(&urgent, unavailable);
    assert_eq!(urgent.attempts(), 3, "what passes is repeated all the same");
}

#[test]
fn a_budget_that_is_spent_stops_repeats() {
    let policies = policies(ResilienceConfig {
        breaker: BreakerMode::Disabled,
        ..ResilienceConfig::default()
    });
    let attempts = || {
        let call = under(&policies);
        fails(&call, unavailable);
        call.attempts()
    };
    assert_eq!((attempts(), attempts(), attempts()), (3, 2, 1));
    for _ in 0..100 {
        let good = under(&policies);
        run(good.request(Effect::Read, |_| async { Ok::<_, tonic::Status>(()) })).unwrap();
    }
    assert_eq!(attempts(), 3, "successes bring it back");
}

#[test]
fn the_daemons_pause_is_kept_to_the_letter() {
    let told = || {
        let mut status = tonic::Status::unavailable("busy");
        let headers = status.metadata_mut();
        headers.insert("grpc-retry-pushback-ms", "321".parse().unwrap());
        status
    };
    let call = call(Duration::from_secs(20));
    let begun = std::time::Instant::now();
    let send = |attempt: Attempt| {
        attempt.note_status_for_test();
        async move { Err::<(), _>(told()) }
    };
    run(call.request(Effect::Read, send)).unwrap_err();
    assert_eq!(call.attempts(), 3);
    assert!(begun.elapsed() >= Duration::from_millis(2 * 321));
}

#[test]
fn a_barred_call_sends_nothing_and_says_why() {
    let policies = policies(ResilienceConfig {
        breaker: BreakerMode::ForcedOpen,
        ..ResilienceConfig::default()
    });
    let call = under(&policies);
    call.bar(policies.admit().unwrap_err());
    let error = fails(&call, unavailable);
    assert!(matches!(error.fault, Fault::NotAdmitted(_)) && !error.handed);
    let dialled = run(call.connect(async { Ok::<_, DialError>(()) }));
    assert!(matches!(dialled, Err(Fault::NotAdmitted(_))));
    assert_eq!(call.attempts(), 0);
}

#[test]
fn a_call_waits_for_its_place_and_is_barred_when_its_time_is_up() {
    let policies = policies(ResilienceConfig {
        max_writes: 1,
        ..ResilienceConfig::default()
    });
    let enter = || policies.enter(Lane::Write).unwrap();
    let first = under(&policies);
    run(first.take_place(enter()));
    let late = call(Duration::from_millis(30)).under(&policies);
    run(late.take_place(enter()));
    let error = fails(&late, unavailable);
    assert!(
        matches!(&error.fault, Fault::NotAdmitted(why) if why.message.contains("waited")),
        "{error:?}"
    );
    first.leave_lane();
    let next = under(&policies);
    run(next.take_place(enter()));
    assert_eq!(policies.snapshot().writes.in_flight, 1);
    drop(next);
    assert_eq!(policies.snapshot().writes.in_flight, 0);
}
