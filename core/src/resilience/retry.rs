//! When an attempt may be followed by another one, and after which pause.

use std::time::Duration;

use tonic::Code;

use super::attempt::Effect;
use super::mutant::Mutant;
use super::outcome::Fault;
use crate::transport::random_fraction;

/// Attempts of one call, the first included.
pub(super) const ATTEMPTS: u32 = 3;
const BASE: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// An attempt with less time than this cannot succeed.
pub(super) const LEAST_TIME: Duration = Duration::from_millis(50);

/// Whether the fault allows another attempt of a call with this effect.
///
/// A write hangs on the latch alone: `handed` false proves that the request never left. No code and no
/// HTTP/2 signal stands in for that proof, since a peer can be mistaken or lie about them.
pub(super) fn allowed(effect: Effect, fault: &Fault, handed: bool) -> bool {
    if Mutant::RetryUnavailable.is_on() && is_unavailable(fault) {
        return true;
    }
    if effect == Effect::Write && handed {
        return false;
    }
    match fault {
        Fault::Dial(error) => !error.is_permanent() && error.retry_after.is_none(),
        Fault::Stale => true,
        Fault::Lost(_) | Fault::Malformed(_) => true,
        Fault::Answered(answer) => answer.is_transient(),
        Fault::TooLarge(_) | Fault::DeadlineExceeded | Fault::Cancelled => false,
    }
}

fn is_unavailable(fault: &Fault) -> bool {
    matches!(fault, Fault::Answered(answer) if answer.code == Code::Unavailable as i32)
}

/// The pause before attempt number `next` (2, 3 …): anything from nothing to the full backoff, so that
/// clients that failed together do not come back together.
pub(super) fn pause(next: u32) -> Duration {
    let doublings = next.saturating_sub(2).min(16);
    BASE.saturating_mul(1 << doublings)
        .min(LONGEST)
        .mul_f64(random_fraction())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handed_write_is_never_repeated() {
        for fault in [
            Fault::Lost("x".into()),
            Fault::Malformed("x".into()),
            Fault::Stale,
        ] {
            assert!(!allowed(Effect::Write, &fault, true), "{fault:?}");
            assert!(allowed(Effect::Write, &fault, false), "{fault:?}");
            assert!(allowed(Effect::Read, &fault, true), "{fault:?}");
        }
    }

    #[test]
    fn pauses_stay_within_the_backoff() {
        for next in 2..40 {
            assert!(pause(next) <= LONGEST);
        }
        assert!((0..1000).all(|_| pause(2) <= BASE));
        let mean: f64 = (0..10_000).map(|_| pause(2).as_secs_f64()).sum::<f64>() / 10_000.0;
        assert!(
            (mean - 0.05).abs() < 0.002,
            "full jitter has half the backoff as its mean: {mean}"
        );
    }
}
