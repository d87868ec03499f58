//! gRPC's connection backoff: 1 s, × 1.6, ± 20 %, at most 120 s, counted from the start of an attempt.

use std::time::Duration;

use tokio::time::Instant;

use super::random::random_fraction;

const FIRST: Duration = Duration::from_secs(1);
const FACTOR: f64 = 1.6;
const SPREAD: f64 = 0.2;

/// When the next dial may start.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: i32,
    not_before: Option<Instant>,
    longest: Duration,
}

impl Backoff {
    /// `longest` is shorter for a peer on this machine: it costs nobody anything to look again.
    pub(super) fn new(longest: Duration) -> Self {
        Self {
            failures: 0,
            not_before: None,
            longest,
        }
    }

    /// How long a dial must still wait.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.not_before?
            .checked_duration_since(now)
            .filter(|left| !left.is_zero())
    }

    /// The next dial may start at once; after another failure the pauses go on growing.
    pub(super) fn forgive(&mut self) {
        self.not_before = None;
    }

    pub(super) fn succeeded(&mut self) {
        self.failures = 0;
        self.not_before = None;
    }

    /// Notes a dial that started at `started` and failed.
    pub(super) fn failed(&mut self, started: Instant) {
        let grown = FIRST.as_secs_f64() * FACTOR.powi(self.failures);
        let bounded = grown.min(self.longest.as_secs_f64());
        let jittered = bounded * (1.0 - SPREAD + 2.0 * SPREAD * random_fraction());
        self.failures = (self.failures + 1).min(32);
        self.not_before = Some(started + Duration::from_secs_f64(jittered));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_within_their_jitter_and_bound() {
        let mut backoff = Backoff::new(Duration::from_secs(30));
        let start = Instant::now();
        let mut expected = 1.0_f64;
        for _ in 0..20 {
            backoff.failed(start);
            let pause = backoff.remaining(start).unwrap().as_secs_f64();
            assert!(
                pause >= expected * 0.79 && pause <= expected * 1.21,
                "{pause} for {expected}"
            );
            expected = (expected * 1.6).min(30.0);
        }
        backoff.forgive();
        assert!(backoff.remaining(start).is_none());
        backoff.failed(start);
        assert!(
            backoff.remaining(start).unwrap() > Duration::from_secs(20),
            "forgiving forgets no failure"
        );
        backoff.succeeded();
        assert!(backoff.remaining(start).is_none());
    }
}
