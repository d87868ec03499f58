//! The circuit breaker against its promises, as a table and against a plain model. Time is made up.

use super::*;

const MIDDLE: f64 = 0.5;

fn after(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn failing(breaker: &mut Breaker, times: u32, now: Instant) {
    for _ in 0..times {
        let stamp = breaker.admit(now).unwrap();
        breaker.record(stamp, Verdict::Failed, now, MIDDLE);
    }
}

fn opened(now: Instant) -> Breaker {
    let mut breaker = Breaker::new(Settings::default());
    failing(&mut breaker, 5, now);
    assert_eq!(breaker.phase(), Phase::Open);
    breaker
}

#[test]
fn circuit_breaker_opens_at_the_threshold_and_not_before() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings::default());
    failing(&mut breaker, 4, now);
    assert_eq!(breaker.phase(), Phase::Closed);
    failing(&mut breaker, 1, now);
    assert_eq!(breaker.phase(), Phase::Open);
}

#[test]
fn circuit_breaker_refuses_while_open_and_says_for_how_long() {
    let now = Instant::now();
    let breaker = opened(now);
    let left = |second| breaker.admit(now + after(second)).unwrap_err().retry_after;
    assert_eq!((left(0), left(2), left(9)), (after(5), after(3), after(0)));
}

#[test]
fn circuit_breaker_is_half_open_after_the_recovery_time_with_one_probe_at_a_time() {
    let now = Instant::now();
    let mut breaker = opened(now);
    assert_eq!(breaker.permit(now + after(4)), None);
    assert!(breaker.permit(now + after(5)).is_some());
    assert_eq!(breaker.phase(), Phase::HalfOpen);
    assert_eq!(breaker.permit(now + after(5)), None, "a second probe");
    assert!(
        breaker.admit(now + after(5)).is_err(),
        "callers wait for its outcome"
    );
}

#[test]
fn circuit_breaker_closes_on_success_and_starts_afresh() {
    let now = Instant::now();
    let mut breaker = opened(now);
    breaker.permit(now + after(5)).unwrap();
    assert!(breaker.probe_succeeded());
    failing(&mut breaker, 4, now + after(6));
    assert_eq!(breaker.phase(), Phase::Closed);
    assert!(!breaker.probe_succeeded(), "nothing to close");
    failing(&mut breaker, 1, now + after(6));
    let refused = breaker.admit(now + after(6)).unwrap_err();
    assert_eq!(refused.retry_after, after(5), "not doubled by what is over");
}

#[test]
fn circuit_breaker_reopens_on_failure_for_twice_as_long_up_to_a_minute() {
    let mut now = Instant::now();
    let mut breaker = opened(now);
    for expected in [10, 20, 40, 60, 60] {
        now += breaker.admit(now).unwrap_err().retry_after;
        let permit = breaker.permit(now).unwrap();
        assert!(breaker.probe_failed(&permit, now, MIDDLE));
        assert_eq!(breaker.admit(now).unwrap_err().retry_after, after(expected));
    }
}

#[test]
fn circuit_breaker_ignores_a_permit_of_an_earlier_generation() {
    let now = Instant::now();
    let mut breaker = opened(now);
    let old = breaker.permit(now + after(5)).unwrap();
    breaker.probe_succeeded();
    failing(&mut breaker, 5, now + after(6));
    let present = breaker.permit(now + after(11)).unwrap();
    assert!(!breaker.probe_failed(&old, now + after(11), MIDDLE));
    assert_eq!(breaker.phase(), Phase::HalfOpen);
    assert!(breaker.probe_failed(&present, now + after(11), MIDDLE));
}

#[test]
fn circuit_breaker_ignores_late_results_of_calls_from_before_it_opened() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings::default());
    let early = breaker.admit(now).unwrap();
    failing(&mut breaker, 5, now);
    breaker.probe_succeeded();
    for _ in 0..20 {
        breaker.record(early, Verdict::Failed, now, MIDDLE);
        breaker.record(early, Verdict::Weak, now, MIDDLE);
    }
    assert_eq!(breaker.phase(), Phase::Closed);
}

#[test]
fn circuit_breaker_counts_calls_lost_by_one_incident_once() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings::default());
    let stamps: Vec<_> = (0..50).map(|_| breaker.admit(now).unwrap()).collect();
    for stamp in stamps {
        breaker.record(stamp, Verdict::Failed, now, MIDDLE);
    }
    assert_eq!(breaker.phase(), Phase::Closed);
}

#[test]
fn circuit_breaker_opens_at_half_of_ten_calls_within_the_window() {
    let start = Instant::now();
    let mut breaker = Breaker::new(Settings::default());
    for turn in 0..4 {
        let now = start + after(turn);
        let stamp = breaker.admit(now).unwrap();
        breaker.record(stamp, Verdict::Alive, now, MIDDLE);
        failing(&mut breaker, 1, now);
    }
    let now = start + after(5);
    let stamp = breaker.admit(now).unwrap();
    breaker.record(stamp, Verdict::Alive, now, MIDDLE);
    assert_eq!(breaker.phase(), Phase::Closed, "nine calls say nothing");
    failing(&mut breaker, 1, now);
    assert_eq!(breaker.phase(), Phase::Open);
}

#[test]
fn circuit_breaker_modes_do_what_their_names_say() {
    let now = Instant::now();
    for (mode, phase, admits) in [
        (Mode::Normal, Phase::Open, false),
        (Mode::Observe, Phase::Open, true),
        (Mode::Disabled, Phase::Closed, true),
        (Mode::ForcedOpen, Phase::Open, false),
    ] {
        let mut breaker = Breaker::new(Settings {
            mode,
            ..Settings::default()
        });
        for _ in 0..20 {
            if let Ok(stamp) = breaker.admit(now) {
                breaker.record(stamp, Verdict::Failed, now, MIDDLE);
            }
        }
        assert_eq!(
            (breaker.phase(), breaker.admit(now).is_ok()),
            (phase, admits),
            "{mode:?}"
        );
    }
}

#[test]
fn circuit_breaker_takes_the_settings_of_the_replaced_product() {
    let now = Instant::now();
    let mut breaker = Breaker::new(Settings {
        recovery: after(60),
        ..Settings::default()
    });
    failing(&mut breaker, 5, now);
    assert_eq!(breaker.admit(now).unwrap_err().retry_after, after(60));
}

/// xorshift: the sequences must be the same in every run.
struct Draws(u64);

impl Draws {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// The rule in its plainest form: every call with its time, counted anew at each failure.
#[derive(Default)]
struct Model {
    calls: Vec<(u64, bool)>,
    in_a_row: u32,
}

impl Model {
    fn opens(&mut self, millis: u64, good: bool) -> bool {
        self.calls.push((millis / 3_000, good));
        self.in_a_row = if good { 0 } else { self.in_a_row + 1 };
        let recent = self
            .calls
            .iter()
            .filter(|call| call.0 + 10 > millis / 3_000);
        let (all, bad) = recent.fold((0, 0), |(all, bad), call| {
            (all + 1, bad + u32::from(!call.1))
        });
        !good && (self.in_a_row >= 5 || (all >= 10 && bad * 2 >= all))
    }
}

#[test]
fn circuit_breaker_agrees_with_a_plain_model_over_ten_thousand_sequences() {
    let start = Instant::now();
    for seed in 1..=10_000_u64 {
        let mut draws = Draws(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let (mut breaker, mut model) = (Breaker::new(Settings::default()), Model::default());
        // The window's buckets are counted from the first call on.
        let mut millis = 0;
        let share = draws.below(100);
        for step in 0..60 {
            let now = start + Duration::from_millis(millis);
            let good = draws.below(100) < share;
            let verdict = if good {
                Verdict::Alive
            } else {
                Verdict::Failed
            };
            let stamp = breaker.admit(now).unwrap();
            let opened = breaker.record(stamp, verdict, now, MIDDLE);
            assert_eq!(
                opened,
                model.opens(millis, good),
                "seed {seed}, step {step}"
            );
            if opened {
                assert!(breaker.probe_succeeded());
                model = Model::default();
            }
            millis += draws.below(4_000);
        }
    }
}
