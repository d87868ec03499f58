//! The retry budget of one service: repeats are worth their load only while most calls succeed. gRPC's
//! throttle, with tokens that also come back by time, so that a quiet client recovers.

use std::time::{Duration, Instant};

use crate::locks::Mutex;

/// In thousandths of a token.
const FULL: u64 = 10_000;
const FAILURE: u64 = 1_000;
const SUCCESS: u64 = 100;
/// A whole token comes back after each of these.
const REFILL: Duration = Duration::from_secs(5);

/// Tokens of one service; time is given by the caller, from a monotonic clock.
#[derive(Debug)]
pub(crate) struct RetryBudget(Mutex<Tokens>);

#[derive(Debug)]
struct Tokens {
    left: u64,
    /// Up to when time has been counted.
    counted: Option<Instant>,
}

impl RetryBudget {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Tokens {
            left: FULL,
            counted: None,
        }))
    }

    pub(super) fn succeeded(&self) {
        let mut tokens = self.0.lock();
        tokens.left = (tokens.left + SUCCESS).min(FULL);
    }

    /// How many tokens are left.
    pub(super) fn left(&self, now: Instant) -> f64 {
        let mut tokens = self.0.lock();
        tokens.refill(now);
        tokens.left as f64 / 1_000.0
    }

    /// Pays for a failure that could be repeated; true when the repeat may be made. The failing request
    /// pays before it is judged, as in gRPC.
    pub(super) fn pay(&self, now: Instant) -> bool {
        let mut tokens = self.0.lock();
        tokens.refill(now);
        tokens.left = tokens.left.saturating_sub(FAILURE);
        tokens.left > FULL / 2
    }
}

impl Tokens {
    fn refill(&mut self, now: Instant) {
        let counted = *self.counted.get_or_insert(now);
        let periods = now.saturating_duration_since(counted).as_millis() / REFILL.as_millis();
        let periods = u32::try_from(periods).unwrap_or(u32::MAX);
        // Only whole periods are counted, so that frequent failures do not round the rest away.
        self.counted = counted
            .checked_add(REFILL.saturating_mul(periods))
            .or(Some(now));
        self.left = (self.left + u64::from(periods) * 1_000).min(FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failures_until_refusal(budget: &RetryBudget, now: Instant) -> u32 {
        (1..100).find(|_| !budget.pay(now)).unwrap()
    }

    #[test]
    fn the_fifth_failure_in_a_row_is_not_repeated() {
        let budget = RetryBudget::new();
        assert_eq!(failures_until_refusal(&budget, Instant::now()), 5);
    }

    #[test]
    fn successes_bring_repeats_back_a_tenth_at_a_time() {
        let (budget, now) = (RetryBudget::new(), Instant::now());
        for _ in 0..5 {
            budget.pay(now);
        }
        for _ in 0..10 {
            budget.succeeded();
        }
        assert!(
            !budget.pay(now),
            "five tokens and one, less one: not above half"
        );
        for _ in 0..11 {
            budget.succeeded();
        }
        assert!(budget.pay(now));
    }

    #[test]
    fn time_brings_a_token_back_every_five_seconds_and_no_more_than_all() {
        let (budget, start) = (RetryBudget::new(), Instant::now());
        for _ in 0..20 {
            budget.pay(start);
        }
        assert!(
            !budget.pay(start + Duration::from_millis(29_999)),
            "five back, one paid"
        );
        assert!(!budget.pay(start + Duration::from_secs(30)));
        let much_later = start + Duration::from_secs(86_400);
        assert_eq!(failures_until_refusal(&budget, much_later), 5);
    }
}
