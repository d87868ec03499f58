//! How one service is doing, judged by probes and by what calls meet, and when it is to be asked again.
//! No locks and no clock of its own: the owner guards it and says what time it is.

use std::time::{Duration, Instant};

/// Between two probes of a service that is well.
pub(crate) const UP_INTERVAL: Duration = Duration::from_secs(30);
/// Between two probes of one that is not.
pub(crate) const DOWN_INTERVAL: Duration = Duration::from_secs(5);
/// After the first call: a program that makes one call and ends is spared the probe.
const FIRST_PROBE: Duration = Duration::from_secs(5);
/// A single good probe after bad ones is confirmed soon, and nobody can have probes made more often.
pub(crate) const SOON: Duration = Duration::from_secs(1);
/// Failed probes in a row until the service counts as down.
const LOST: u32 = 2;
/// Good ones in a row until it counts as well again.
const RESTORED: u32 = 2;

/// The state, as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    /// It answers and is fit for everything.
    Up,
    /// It answered in part, failed one probe, or has just come back.
    Degraded,
    /// It answers, but is not fit for every write: locked, starting, syncing, or it refuses the macaroon.
    ReadOnly,
    /// It does not answer.
    Down,
    /// The manager was closed.
    Closed,
}

impl Health {
    /// The word in JSON.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Health::Up => "up",
            Health::Degraded => "degraded",
            Health::ReadOnly => "read_only",
            Health::Down => "down",
            Health::Closed => "closed",
        }
    }
}

/// What one probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finding {
    /// All is well.
    Ready,
    /// It answers, and says what it is not fit for.
    Limited,
    /// One question was answered, another one not.
    Impaired,
    /// No answer.
    Failed,
}

impl Finding {
    /// The state in which this finding alone would put a service.
    pub(crate) fn alone(self) -> Health {
        match self {
            Finding::Ready => Health::Up,
            Finding::Limited => Health::ReadOnly,
            Finding::Impaired => Health::Degraded,
            Finding::Failed => Health::Down,
        }
    }
}

/// A change of the state; from none when nothing was known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HealthChange {
    pub(crate) from: Option<Health>,
    pub(crate) to: Health,
}

/// The state machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// None until a call or a probe told something.
    health: Option<Health>,
    bad: u32,
    good: u32,
    /// When the next probe is due; none before the first call.
    next: Option<Instant>,
    started: Option<Instant>,
    ended: Option<Instant>,
    under_way: bool,
}

impl Machine {
    pub(crate) fn new() -> Self {
        Self {
            health: None,
            bad: 0,
            good: 0,
            next: None,
            started: None,
            ended: None,
            under_way: false,
        }
    }

    pub(crate) fn health(&self) -> Option<Health> {
        self.health
    }

    /// When the latest probe ended.
    pub(crate) fn probed(&self) -> Option<Instant> {
        self.ended
    }

    /// The first call is made: from now on there are probes.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.next.get_or_insert(now + FIRST_PROBE);
    }

    /// How long the next probe has to wait; none when none is to come, or one is under way.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        let next = self.next.filter(|_| !self.under_way)?;
        Some(next.saturating_duration_since(now))
    }

    /// A probe starts.
    pub(crate) fn start(&mut self, now: Instant) {
        self.under_way = true;
        self.started = Some(now);
    }

    /// A probe was given up without a finding.
    pub(crate) fn abandon(&mut self, now: Instant) {
        if std::mem::take(&mut self.under_way) {
            self.next = self.next.map(|_| now + DOWN_INTERVAL);
        }
    }

    /// A probe ended. `alive`: a call was answered since it started. `jitter` is in 0..1.
    pub(crate) fn finish(
        &mut self,
        finding: Finding,
        alive: bool,
        now: Instant,
        jitter: f64,
    ) -> Option<HealthChange> {
        if self.health == Some(Health::Closed) {
            return None;
        }
        self.ended = Some(now);
        let to = self.judge(finding, alive);
        let interval = match to {
            Health::Up => UP_INTERVAL,
            Health::Degraded if self.good > 0 => SOON,
            _ => DOWN_INTERVAL,
        };
        let from = if std::mem::take(&mut self.under_way) {
            self.started.unwrap_or(now)
        } else {
            now
        };
        let next = from + interval.mul_f64(0.8 + 0.4 * jitter);
        // Before the first call nobody makes probes, but somebody may have asked.
        self.next = self.next.map(|_| next.max(now));
        self.change(to)
    }

    fn judge(&mut self, finding: Finding, alive: bool) -> Health {
        match finding {
            Finding::Ready | Finding::Limited => {
                self.bad = 0;
                self.good = self.good.saturating_add(1);
            }
            Finding::Impaired => {
                self.bad = 1;
                self.good = 0;
            }
            Finding::Failed => {
                self.bad = self.bad.saturating_add(1);
                self.good = 0;
            }
        }
        let ailing = matches!(self.health, Some(Health::Degraded | Health::Down));
        match finding {
            Finding::Ready if ailing && self.good < RESTORED => Health::Degraded,
            Finding::Ready => Health::Up,
            Finding::Limited => Health::ReadOnly,
            Finding::Failed if self.bad >= LOST && !alive => Health::Down,
            Finding::Failed | Finding::Impaired => Health::Degraded,
        }
    }

    /// A call was answered: a sign of life, which says nothing about what the daemon is fit for.
    pub(crate) fn hear(&mut self, now: Instant) -> Option<HealthChange> {
        match self.health {
            None => self.change(Health::Up),
            Some(Health::Down) => {
                self.bad = 0;
                self.good = 1;
                self.bring_forward(now, SOON);
                self.change(Health::Degraded)
            }
            _ => None,
        }
    }

    /// Somebody knows better than the probes so far: what counted against the service is forgotten, and it
    /// is asked at once.
    pub(crate) fn pardon(&mut self, now: Instant) -> Option<HealthChange> {
        self.bad = 0;
        self.next = self.next.map(|next| next.min(now));
        match self.health {
            Some(Health::Down) => self.change(Health::Degraded),
            _ => None,
        }
    }

    /// The way failed under a call: the next probe comes as early as if the service were down.
    pub(crate) fn suspect(&mut self, now: Instant) {
        self.bring_forward(now, DOWN_INTERVAL);
    }

    /// Somebody waits for better news: the next probe comes at once, unless the latest is a moment old.
    pub(crate) fn wake(&mut self, now: Instant) {
        if self.ended.is_none() {
            self.next = self.next.map(|next| next.min(now));
        }
        self.bring_forward(now, SOON);
    }

    fn bring_forward(&mut self, now: Instant, interval: Duration) {
        if let (Some(next), Some(ended)) = (self.next, self.ended) {
            self.next = Some(next.min((ended + interval).max(now)));
        }
    }

    /// The manager is closed: no probe any more.
    pub(crate) fn close(&mut self) -> Option<HealthChange> {
        self.next = None;
        self.change(Health::Closed)
    }

    fn change(&mut self, to: Health) -> Option<HealthChange> {
        let from = self.health.replace(to);
        (from != Some(to)).then_some(HealthChange { from, to })
    }
}

#[cfg(test)]
#[path = "health_tests.rs"]
mod tests;
