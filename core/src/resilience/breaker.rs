//! The circuit breaker of one service: after enough transport failures it refuses calls at once, until
//! a health read of our own shows that the daemon is back. No locks and no clock of its own: the owner
//! guards it and says what time it is.

use std::time::{Duration, Instant};

use super::breaker_window::Window;
pub(super) use crate::config::BreakerMode as Mode;

/// When it opens and for how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) mode: Mode,
    /// Failures in a row.
    pub(super) threshold: u32,
    /// Failures among the calls of the window, in per cent.
    pub(super) failure_percent: u32,
    /// Fewer calls than this in the window say nothing about a rate.
    pub(super) least_calls: u32,
    pub(super) window: Duration,
    /// How long it stays open the first time; doubles with each failed health read.
    pub(super) recovery: Duration,
    pub(super) longest_recovery: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Normal,
            threshold: 5,
            failure_percent: 50,
            least_calls: 10,
            window: Duration::from_secs(30),
            recovery: Duration::from_secs(5),
            longest_recovery: Duration::from_secs(60),
        }
    }
}

/// What one request says about the way to the daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The daemon answered, be it with a refusal.
    Alive,
    /// The way failed.
    Failed,
    /// Counts for the rate, not for the failures in a row.
    Weak,
    /// Says nothing.
    Ignored,
}

/// The state, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Closed,
    Open,
    HalfOpen,
}

impl Phase {
    /// The word in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open {
        until: Instant,
    },
    /// The permit with the present generation is out.
    HalfOpen,
}

/// Given to an admitted call: what it reports later counts only for the state it was admitted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    generation: u32,
    incident: u32,
}

impl Stamp {
    /// In 62 bits; two bits of the generation are not worth a second word.
    pub(super) fn to_bits(self) -> u64 {
        u64::from(self.generation & GENERATION) << 32 | u64::from(self.incident)
    }

    pub(super) fn from_bits(bits: u64) -> Self {
        let half = |bits: u64| u32::try_from(bits & u64::from(u32::MAX)).unwrap_or_default();
        Self {
            generation: half(bits >> 32) & GENERATION,
            incident: half(bits),
        }
    }
}

const GENERATION: u32 = u32::MAX >> 2;

/// The right to make the one health read of the half-open state.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Permit(u32);

/// The service must not be called before this time has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) retry_after: Duration,
}

/// The breaker's state machine.
#[derive(Debug)]
pub(super) struct Breaker {
    settings: Settings,
    state: State,
    /// Changes with every change of the state.
    generation: u32,
    /// Counted failures. A call that began before the latest one failed by the same incident: fifty
    /// calls lost with one connection are one failure.
    incidents: u32,
    in_a_row: u32,
    /// How often it opened without having closed since.
    openings: u32,
    window: Window,
}

impl Breaker {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings,
            state: State::Closed,
            generation: 0,
            incidents: 0,
            in_a_row: 0,
            openings: 0,
            window: Window::new(settings.window),
        }
    }

    pub(super) fn phase(&self) -> Phase {
        match (self.settings.mode, self.state) {
            (Mode::ForcedOpen, _) => Phase::Open,
            (_, State::Closed) => Phase::Closed,
            (_, State::Open { .. }) => Phase::Open,
            (_, State::HalfOpen) => Phase::HalfOpen,
        }
    }

    /// Whether a call may go out now.
    pub(super) fn admit(&self, now: Instant) -> Result<Stamp, Refused> {
        if self.refuses() {
            let retry_after = self.retry_after(now).unwrap_or_default();
            return Err(Refused { retry_after });
        }
        Ok(self.stamp())
    }

    /// Whether calls are kept away now.
    pub(super) fn refuses(&self) -> bool {
        match (self.settings.mode, self.state) {
            (Mode::Observe | Mode::Disabled, _) | (Mode::Normal, State::Closed) => false,
            (Mode::ForcedOpen | Mode::Normal, _) => true,
        }
    }

    /// When a call may get through again; `None` while it is closed.
    pub(super) fn retry_after(&self, now: Instant) -> Option<Duration> {
        match (self.settings.mode, self.state) {
            (Mode::ForcedOpen, _) => Some(self.settings.longest_recovery),
            (_, State::Closed) => None,
            (_, State::Open { until }) => Some(until.saturating_duration_since(now)),
            (_, State::HalfOpen) => Some(Duration::ZERO),
        }
    }

    /// What a call that goes out now carries.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            generation: self.generation,
            incident: self.incidents,
        }
    }

    pub(super) fn failures_in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// All calls of the window, and those of them that failed.
    pub(super) fn window_counts(&mut self, now: Instant) -> (u64, u64) {
        self.window.counts(now)
    }

    /// Takes note of an admitted request; true when the breaker opens by it. `jitter` is in 0..1.
    pub(super) fn record(
        &mut self,
        stamp: Stamp,
        verdict: Verdict,
        now: Instant,
        jitter: f64,
    ) -> bool {
        let late = stamp.generation != self.generation || !matches!(self.state, State::Closed);
        if late || self.settings.mode == Mode::Disabled {
            return false;
        }
        match verdict {
            Verdict::Ignored => return false,
            Verdict::Alive => {
                self.in_a_row = 0;
                self.window.record(true, now);
                return false;
            }
            Verdict::Failed if stamp.incident != self.incidents => return false,
            Verdict::Failed => {
                self.incidents = self.incidents.wrapping_add(1);
                self.in_a_row = self.in_a_row.saturating_add(1);
                self.window.record(false, now);
            }
            Verdict::Weak => self.window.record(false, now),
        }
        let opens = self.in_a_row >= self.settings.threshold || self.rate_is_reached(now);
        if opens {
            self.open(now, jitter);
        }
        opens
    }

    /// The permit for the health read, once the open time has passed; one at a time.
    pub(super) fn permit(&mut self, now: Instant) -> Option<Permit> {
        match self.state {
            State::Open { until } if now >= until => {
                self.change(State::HalfOpen);
                Some(Permit(self.generation))
            }
            _ => None,
        }
    }

    /// The health read failed, or was given up: open again, for longer. True when that changed the
    /// state: a permit of an earlier generation changes nothing.
    pub(super) fn probe_failed(&mut self, permit: &Permit, now: Instant, jitter: f64) -> bool {
        let current = matches!(self.state, State::HalfOpen) && permit.0 == self.generation;
        if current {
            self.open(now, jitter);
        }
        current
    }

    /// A health read succeeded, with or without permit: the daemon is there. True when it was not closed.
    pub(super) fn probe_succeeded(&mut self) -> bool {
        let was_closed = matches!(self.state, State::Closed);
        if !was_closed {
            self.change(State::Closed);
            self.openings = 0;
            self.in_a_row = 0;
            self.window.clear();
        }
        !was_closed
    }

    fn rate_is_reached(&mut self, now: Instant) -> bool {
        let (all, bad) = self.window.counts(now);
        all >= u64::from(self.settings.least_calls)
            && bad * 100 >= all * u64::from(self.settings.failure_percent)
    }

    fn open(&mut self, now: Instant, jitter: f64) {
        let doublings = self.openings.min(16);
        let span = self
            .settings
            .recovery
            .saturating_mul(1 << doublings)
            .min(self.settings.longest_recovery);
        self.openings = self.openings.saturating_add(1);
        let until = now + span.mul_f64(0.8 + 0.4 * jitter);
        self.change(State::Open { until });
    }

    fn change(&mut self, state: State) {
        self.state = state;
        self.generation = self.generation.wrapping_add(1) & GENERATION;
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
