//! What keeps the calls to one service in bounds: circuit breaker, retry budget, lanes. Made once per
//! service, carried by every call, asked at the door and told about every request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::admission::NotAdmitted;
use super::breaker::{Breaker, Permit, Phase, Settings, Stamp, Verdict};
use super::budget::RetryBudget;
use super::lanes::{Entry, Lane, Places};
use super::policies_view::Snapshot;
use super::transitions::{Transition, Transitions};
use crate::config::{BreakerMode, ResilienceConfig};
use crate::locks::Mutex;
use crate::transport::random_fraction;

/// The breaker stays open no longer than this, unless the configuration begins with more.
const LONGEST_RECOVERY: Duration = Duration::from_secs(60);
/// While the health read of another caller is out.
const WHILE_HALF_OPEN: Duration = Duration::from_millis(100);

/// Tells the time, monotonically. Tests give their own.
pub(crate) type Clock = Box<dyn Fn() -> Instant + Send + Sync>;

/// The policies of one service.
pub(crate) struct Policies {
    service: &'static str,
    mode: BreakerMode,
    clock: Clock,
    slow_call: Option<Duration>,
    /// What a call needs to know of the breaker, in one word: see [`pack`].
    view: AtomicU64,
    breaker: Mutex<Guarded>,
    refused: AtomicU64,
    budget: RetryBudget,
    reads: Arc<Places>,
    writes: Arc<Places>,
    payments: Arc<Places>,
    transitions: Transitions,
}

struct Guarded {
    breaker: Breaker,
    /// Why it opened, or will.
    last_failure: String,
}

/// The right to make the one health read that decides whether the breaker closes. Dropped, it counts as
/// a read that failed.
pub(crate) struct ProbePermit {
    policies: Arc<Policies>,
    permit: Option<Permit>,
}

const REFUSES: u64 = 1;
const NOT_CLOSED: u64 = 2;

/// Whether it refuses, whether it is closed, and the stamp.
fn pack(breaker: &Breaker) -> u64 {
    let refuses = if breaker.refuses() { REFUSES } else { 0 };
    let closed = breaker.phase() == Phase::Closed;
    breaker.stamp().to_bits() << 2 | if closed { 0 } else { NOT_CLOSED } | refuses
}

impl Policies {
    pub(crate) fn new(service: &'static str, config: &ResilienceConfig) -> Arc<Self> {
        Self::with_clock(service, config, Box::new(Instant::now))
    }

    pub(crate) fn with_clock(
        service: &'static str,
        config: &ResilienceConfig,
        clock: Clock,
    ) -> Arc<Self> {
        let breaker = Breaker::new(Settings {
            mode: config.breaker,
            threshold: config.breaker_threshold,
            recovery: config.breaker_recovery,
            longest_recovery: config.breaker_recovery.max(LONGEST_RECOVERY),
            ..Settings::default()
        });
        let places = |lane, limit| Places::new(lane, limit, config.max_waiting);
        Arc::new(Self {
            service,
            mode: config.breaker,
            clock,
            slow_call: config.slow_call,
            view: AtomicU64::new(pack(&breaker)),
            breaker: Mutex::new(Guarded {
                breaker,
                last_failure: String::new(),
            }),
            refused: AtomicU64::new(0),
            budget: RetryBudget::new(),
            reads: places(Lane::Read, config.max_reads),
            writes: places(Lane::Write, config.max_writes),
            payments: places(Lane::Payment, config.max_payments),
            transitions: Transitions::default(),
        })
    }

    /// Whether the breaker lets a call through; if not, when to come back and why.
    pub(crate) fn admit(&self) -> Result<(), NotAdmitted> {
        if self.is_refusing() {
            return Err(self.refuse());
        }
        Ok(())
    }

    pub(crate) fn is_refusing(&self) -> bool {
        self.view.load(Ordering::Acquire) & REFUSES != 0
    }

    /// False while it refuses, or would if it were not only observed: a health read may be due.
    pub(crate) fn is_closed(&self) -> bool {
        self.view.load(Ordering::Acquire) & NOT_CLOSED == 0
    }

    #[cold]
    fn refuse(&self) -> NotAdmitted {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let now = (self.clock)();
        let guarded = self.breaker.lock();
        let refused = guarded.breaker.admit(now).err();
        let left = refused.map_or(Duration::ZERO, |it| it.retry_after);
        NotAdmitted::circuit_open(
            self.service,
            left.max(WHILE_HALF_OPEN),
            self.mode == BreakerMode::ForcedOpen,
            &guarded.last_failure,
        )
    }

    /// A place in the call's lane, or in the line before it.
    pub(crate) fn enter(&self, lane: Lane) -> Result<Entry, NotAdmitted> {
        let places = self.places(lane);
        places
            .enter()
            .ok_or_else(|| NotAdmitted::line_full(self.service, lane, places.limit()))
    }

    pub(super) fn places(&self, lane: Lane) -> &Arc<Places> {
        match lane {
            Lane::Read => &self.reads,
            Lane::Write => &self.writes,
            Lane::Payment => &self.payments,
        }
    }

    /// The right to make the health read, if the breaker is open and its time has come. One at a time.
    pub(crate) fn try_probe(self: &Arc<Self>) -> Option<ProbePermit> {
        if self.is_closed() {
            return None;
        }
        let now = (self.clock)();
        let mut guarded = self.breaker.lock();
        let permit = guarded.breaker.permit(now)?;
        self.changed(&guarded, Phase::Open, now, "the recovery time has passed");
        drop(guarded);
        self.transitions.wake();
        Some(ProbePermit {
            policies: Arc::clone(self),
            permit: Some(permit),
        })
    }

    /// A health read found the daemon there, with or without permit: the breaker closes.
    pub(crate) fn note_healthy(&self) {
        self.close("a health read was answered");
    }

    /// Whatever was counted before is forgotten: the operator knows that the daemon is there.
    pub(crate) fn reset(&self) {
        self.close("reset by arkgrpc_manager_reconnect");
    }

    fn close(&self, reason: &str) {
        if self.is_closed() || self.mode == BreakerMode::ForcedOpen {
            return;
        }
        let now = (self.clock)();
        let mut guarded = self.breaker.lock();
        let before = guarded.breaker.phase();
        if !guarded.breaker.probe_succeeded() {
            return;
        }
        self.changed(&guarded, before, now, reason);
        drop(guarded);
        self.transitions.wake();
    }

    fn probe_failed(&self, permit: &Permit) {
        let now = (self.clock)();
        let mut guarded = self.breaker.lock();
        if !guarded.breaker.probe_failed(permit, now, random_fraction()) {
            return;
        }
        self.changed(&guarded, Phase::HalfOpen, now, "the health read failed");
        drop(guarded);
        self.transitions.wake();
    }

    /// What a request carries from its start to [`Policies::record`].
    pub(super) fn stamp(&self) -> Stamp {
        Stamp::from_bits(self.view.load(Ordering::Acquire) >> 2)
    }

    pub(super) fn slow_call(&self) -> Option<Duration> {
        self.slow_call
    }

    /// A request has come to an end.
    pub(super) fn record(&self, stamp: Stamp, verdict: Verdict, why: impl FnOnce() -> String) {
        if verdict == Verdict::Ignored || self.mode == BreakerMode::Disabled {
            return;
        }
        let now = (self.clock)();
        let mut guarded = self.breaker.lock();
        if verdict == Verdict::Failed {
            guarded.last_failure = why();
        }
        let opened = guarded
            .breaker
            .record(stamp, verdict, now, random_fraction());
        if !opened {
            self.publish(&guarded);
            return;
        }
        let reason = guarded.last_failure.clone();
        self.changed(&guarded, Phase::Closed, now, &reason);
        drop(guarded);
        self.transitions.wake();
    }

    fn publish(&self, guarded: &Guarded) {
        self.view.store(pack(&guarded.breaker), Ordering::Release);
    }

    /// Under the breaker's lock, so that the transitions stand in the order in which they happened.
    fn changed(&self, guarded: &Guarded, from: Phase, now: Instant, reason: &str) {
        self.publish(guarded);
        let to = guarded.breaker.phase();
        tracing::info!(
            target: "arkgrpc::breaker",
            service = self.service, from = from.name(), to = to.name(), reason,
            "the circuit breaker changed"
        );
        let retry_after = guarded.breaker.retry_after(now);
        self.transitions.note(from, to, reason, retry_after);
    }

    /// A request was answered.
    pub(super) fn earn_retries(&self) {
        self.budget.succeeded();
    }

    /// Pays for a request that failed in a way that may be repeated; true when it may be.
    pub(super) fn pay_for_retry(&self) -> bool {
        self.budget.pay((self.clock)())
    }

    /// What the breaker did since it was last asked, and how many changes were dropped because nobody
    /// asked for long.
    #[allow(
        dead_code,
        reason = "for the event stream of a manager, which is to come"
    )]
    pub(crate) fn take_transitions(&self) -> (Vec<Transition>, u64) {
        self.transitions.take()
    }

    /// `wake` runs after each change, without a lock held, and must not block. The first one given stays.
    #[allow(
        dead_code,
        reason = "for the event stream of a manager, which is to come"
    )]
    pub(crate) fn on_transition(&self, wake: impl Fn() + Send + Sync + 'static) {
        self.transitions.on_change(Box::new(wake));
    }

    /// The present state of everything.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let now = (self.clock)();
        let mut guarded = self.breaker.lock();
        let (calls_in_window, failures_in_window) = guarded.breaker.window_counts(now);
        let breaker = &guarded.breaker;
        Snapshot {
            mode: self.mode.name(),
            breaker: breaker.phase().name(),
            failures_in_a_row: breaker.failures_in_a_row(),
            calls_in_window,
            failures_in_window,
            retry_after_ms: breaker
                .retry_after(now)
                .map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX)),
            opened: self.transitions.openings(),
            refused: self.refused.load(Ordering::Relaxed),
            retry_tokens: self.budget.left(now),
            reads: self.reads.snapshot(),
            writes: self.writes.snapshot(),
            payments: self.payments.snapshot(),
        }
    }
}

impl ProbePermit {
    /// The daemon answered: the breaker closes.
    pub(crate) fn success(mut self) {
        self.permit = None;
        self.policies.note_healthy();
    }

    /// It did not: the breaker opens again, for longer.
    pub(crate) fn failure(self) {
        drop(self);
    }
}

impl Drop for ProbePermit {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.policies.probe_failed(&permit);
        }
    }
}

#[cfg(test)]
#[path = "policies_tests.rs"]
mod tests;
