//! When an attempt may be followed by another one, and after which pause.

use std::time::Duration;

use tonic::Code;

use super::attempt::Effect;
use super::mutant::Mutant;
use super::outcome::{Answer, Fault};
use super::pushback::Pushback;
use crate::transport::random_fraction;

/// The daemon or a proxy has no room.
const RESOURCE_EXHAUSTED: i32 = 8;

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
        Fault::Answered(answer) => may_be_asked_again(answer),
        Fault::TooLarge(_) | Fault::DeadlineExceeded | Fault::Cancelled | Fault::NotAdmitted(_) => {
            false
        }
    }
}

/// The daemon's own word counts for more than its code.
fn may_be_asked_again(answer: &Answer) -> bool {
    match answer.pushback {
        None => answer.is_transient(),
        Some(Pushback::Never) => false,
        Some(Pushback::After(_)) => answer.is_transient() || answer.code == RESOURCE_EXHAUSTED,
    }
}

/// Whether the failure costs a token of the retry budget. A request that never left costs nothing; one
/// that the daemon does not want to see again costs as much as one that may be repeated.
pub(super) fn is_charged(effect: Effect, fault: &Fault, handed: bool) -> bool {
    match fault {
        Fault::Stale => handed,
        Fault::Answered(answer) if answer.pushback == Some(Pushback::Never) => true,
        _ => allowed(effect, fault, handed),
    }
}

/// The pause before attempt number `next` after `fault`: the daemon's, else our own.
pub(super) fn pause_after(fault: &Fault, next: u32) -> Duration {
    match fault {
        Fault::Answered(Answer {
            pushback: Some(Pushback::After(span)),
            ..
        }) => *span,
        _ => pause(next),
    }
}

fn is_unavailable(fault: &Fault) -> bool {
    matches!(fault, Fault::Answered(answer) if answer.code == Code::Unavailable as i32)
}

/// The pause before attempt number `next` (2, 3 …): anything from nothing to the full backoff, so that
/// clients that failed together do not come back together.
fn pause(next: u32) -> Duration {
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
    fn the_daemons_word_on_repeats_is_kept() {
        let answered = |code, pushback| {
            Fault::Answered(Answer {
                code,
                pushback,
                ..Answer::default()
            })
        };
        let span = Duration::from_millis(1234);
        let after = Some(Pushback::After(span));
        let may = |code, pushback| allowed(Effect::Read, &answered(code, pushback), true);
        assert!(may(14, None) && may(14, after) && !may(14, Some(Pushback::Never)));
        assert!(!may(8, None) && may(8, after) && !may(8, Some(Pushback::Never)));
        assert!(!may(3, after), "a refusal stays one");
        assert!(!allowed(Effect::Write, &answered(14, after), true));
        assert_eq!(pause_after(&answered(14, after), 2), span);
        assert!(pause_after(&answered(14, None), 2) <= BASE);
        assert!(is_charged(
            Effect::Read,
            &answered(3, Some(Pushback::Never)),
            true
        ));
        assert!(!is_charged(Effect::Read, &answered(3, None), true));
        assert!(!is_charged(Effect::Write, &Fault::Stale, false));
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
