//! What is known of one service: its state, what its daemon is fit for, and the error that a write gets
//! while it is not.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::Notify;

use super::health_events::Hub;
use super::health_view::{CheckView, HealthEventView, HealthView, LastErrorView, NodeView};
use super::registry::{Class, MethodRow, Needs};
use crate::error::{Error, Status};
use crate::locks::Mutex;
use crate::resilience::{Finding, Health, HealthChange, Machine, SOON, UP_INTERVAL};
use crate::transport::random_fraction;

/// What a look at a daemon brought.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) finding: Finding,
    /// Whether it serves more than questions about its state; none when it did not say.
    pub(crate) active: Option<bool>,
    /// Whether it is in sync with its chain; none when it did not say.
    pub(crate) synced: Option<bool>,
    /// Why it is not well, or what could not be seen.
    pub(crate) reason: Option<String>,
    pub(crate) hint: Option<String>,
    /// What the look met.
    pub(crate) error: Option<Error>,
    /// The daemon's own state.
    pub(crate) state: Option<String>,
    pub(crate) latency: Option<Duration>,
    pub(crate) info: Option<NodeView>,
}

impl Examination {
    /// Of a daemon that did not answer.
    pub(crate) fn failed(error: Error) -> Self {
        Self {
            finding: Finding::Failed,
            active: None,
            synced: None,
            reason: Some(error.message().to_owned()),
            hint: Some(error.hint().to_owned()),
            error: Some(error),
            state: None,
            latency: None,
            info: None,
        }
    }

    /// Whether it says something about the daemon, and not only about a caller in a hurry.
    pub(super) fn tells(&self, patient: bool) -> bool {
        match self.error.as_ref().map(Error::status) {
            Some(Status::DeadlineExceeded) => patient,
            Some(Status::Cancelled) => false,
            _ => true,
        }
    }

    /// As `health_check_all` shows it.
    pub(crate) fn view(&self) -> CheckView {
        CheckView {
            status: self.finding.alone().name(),
            reason: self.reason.clone(),
            hint: self.hint.clone(),
            code: self.code(),
            state: self.state.clone(),
            latency_ms: self.latency.map(milliseconds),
            info: self.info.clone(),
        }
    }

    fn code(&self) -> Option<&'static str> {
        self.error.as_ref().map(|error| error.status().name())
    }
}

fn milliseconds(span: Duration) -> f64 {
    (span.as_secs_f64() * 1_000_000.0).round() / 1000.0
}

/// One service's health. Shared by its calls and the monitor.
#[derive(Default)]
pub(crate) struct Pulse {
    known: Mutex<Known>,
    /// An answered call changes nothing but the sign of life: then the lock is not taken.
    calm: AtomicBool,
    /// A call was answered since the latest look started.
    alive: AtomicBool,
    /// Told whenever something was found out.
    news: Notify,
    hub: OnceLock<(&'static str, Arc<Hub>)>,
}

struct Known {
    machine: Machine,
    since: Option<u64>,
    latest: Option<Arc<Examination>>,
    active: Option<bool>,
    synced: Option<bool>,
    info: Option<NodeView>,
    last_error: Option<(Instant, &'static str, String)>,
}

impl Default for Known {
    fn default() -> Self {
        Self {
            machine: Machine::new(),
            since: None,
            latest: None,
            active: None,
            synced: None,
            info: None,
            last_error: None,
        }
    }
}

impl Pulse {
    /// Where changes are told; once.
    pub(super) fn attach(&self, service: &'static str, hub: &Arc<Hub>) {
        self.hub.get_or_init(|| (service, Arc::clone(hub)));
    }

    /// The machine itself, for what is no news to anybody.
    pub(super) fn with_machine<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        act(&mut self.known.lock().machine)
    }

    /// A look at the daemon starts: signs of life count from now on.
    pub(super) fn listen(&self) {
        self.alive.store(false, Ordering::Relaxed);
    }

    /// A probe starts, if one is due; one at a time, whoever asks.
    pub(super) fn start_if_due(&self, now: Instant) -> bool {
        self.with_machine(|machine| {
            let due = machine.pause(now) == Some(Duration::ZERO);
            if due {
                machine.start(now);
            }
            due
        })
    }

    /// A look at the daemon ended.
    pub(super) fn finish(&self, examination: &Arc<Examination>) {
        let now = Instant::now();
        let mut known = self.known.lock();
        let alive = self.alive.load(Ordering::Relaxed);
        let finding = examination.finding;
        let change = known.machine.finish(finding, alive, now, random_fraction());
        if finding != Finding::Failed {
            known.active = examination.active;
            known.synced = examination.synced;
        }
        if let Some(error) = &examination.error {
            known.last_error = Some((now, error.status().name(), error.message().to_owned()));
        }
        if let Some(info) = &examination.info {
            known.info = Some(info.clone());
        }
        known.latest = Some(Arc::clone(examination));
        self.settle(&mut known, change);
        drop(known);
        self.news.notify_waiters();
    }

    /// A call was answered by the daemon.
    pub(super) fn hear(&self) {
        if self.calm.load(Ordering::Relaxed) {
            if !self.alive.load(Ordering::Relaxed) {
                self.alive.store(true, Ordering::Relaxed);
            }
            return;
        }
        self.alive.store(true, Ordering::Relaxed);
        let mut known = self.known.lock();
        let change = known.machine.hear(Instant::now());
        self.settle(&mut known, change);
        drop(known);
        self.news.notify_waiters();
    }

    /// The connections were dropped because somebody knows that the way is another one now.
    pub(super) fn pardon(&self) {
        let mut known = self.known.lock();
        known.active = None;
        known.synced = None;
        let change = known.machine.pardon(Instant::now());
        self.settle(&mut known, change);
        drop(known);
        self.news.notify_waiters();
    }

    pub(super) fn close(&self) {
        let mut known = self.known.lock();
        let change = known.machine.close();
        self.settle(&mut known, change);
    }

    /// Tells a change under the lock, so that all see changes in their order.
    fn settle(&self, known: &mut Known, change: Option<HealthChange>) {
        let health = known.machine.health();
        self.calm.store(
            !matches!(health, None | Some(Health::Down)),
            Ordering::Relaxed,
        );
        let (Some(change), Some((service, hub))) = (change, self.hub.get()) else {
            return;
        };
        let at = unix_now();
        known.since = Some(at);
        let because = known
            .latest
            .as_ref()
            .filter(|_| !matches!(change.to, Health::Up | Health::Closed));
        hub.publish(HealthEventView {
            event: "health",
            service,
            from: change.from.map(Health::name),
            to: change.to.name(),
            at,
            reason: because.and_then(|latest| latest.reason.clone()),
            code: because.and_then(|latest| latest.code()),
            retry_after_ms: None,
        });
    }

    /// Waits for the next news, if it is asked for before they can come.
    pub(super) fn news(&self) -> tokio::sync::futures::Notified<'_> {
        self.news.notified()
    }

    /// Whether what is known of the daemon is fresh enough to wait by it.
    pub(super) fn is_known(&self) -> bool {
        let known = self.known.lock();
        let fresh = |probed: Instant| probed.elapsed() < UP_INTERVAL * 2;
        known.latest.is_some() && known.machine.probed().is_some_and(fresh)
    }

    /// Refuses a write that the daemon is known not to be fit for. The next probe is then made soon.
    pub(crate) fn admit(&self, row: &MethodRow) -> Result<(), Error> {
        if row.class == Class::Read {
            return Ok(());
        }
        self.obstacle(row, row.needs)
    }

    /// What stands in the way of a method that needs this.
    pub(super) fn obstacle(&self, row: &MethodRow, needs: Needs) -> Result<(), Error> {
        if needs == Needs::Nothing {
            return Ok(());
        }
        let mut known = self.known.lock();
        let refused = known.refusal(row, needs);
        if refused.is_none() {
            return Ok(());
        }
        let now = Instant::now();
        known.machine.wake(now);
        let pause = known.machine.pause(now).unwrap_or(SOON).max(SOON / 10);
        refused.map_or(Ok(()), |error| {
            Err(error.with_retryable(true).with_retry_after(Some(pause)))
        })
    }

    /// What is known, without asking.
    pub(super) fn view(&self) -> HealthView {
        let known = self.known.lock();
        let latest = known.latest.as_ref();
        HealthView {
            status: known.machine.health().map(Health::name),
            since: known.since,
            last_probe_age_ms: known.machine.probed().map(age),
            reason: latest.and_then(|latest| latest.reason.clone()),
            hint: latest.and_then(|latest| latest.hint.clone()),
            code: latest.and_then(|latest| latest.code()),
            state: latest.and_then(|latest| latest.state.clone()),
            latency_ms: latest.and_then(|latest| latest.latency.map(milliseconds)),
            info: known.info.clone(),
            last_error: known
                .last_error
                .as_ref()
                .map(|(at, code, message)| LastErrorView {
                    code,
                    message: message.clone(),
                    age_ms: age(*at),
                }),
            breaker: None,
        }
    }
}

impl Known {
    fn refusal(&self, row: &MethodRow, needs: Needs) -> Option<Error> {
        let told = |what: Option<&str>| what.unwrap_or("its health probes fail").to_owned();
        let latest = self.latest.as_ref();
        let reason = told(latest.and_then(|latest| latest.reason.as_deref()));
        let hint = latest.and_then(|latest| latest.hint.as_deref());
        if self.machine.health() == Some(Health::Down) {
            let message = format!("{} is down: {reason}", row.service);
            let hint = hint.unwrap_or("see arkgrpc_manager_health");
            return Some(Error::local(Status::ServiceDown, message, hint));
        }
        let unfit = match needs {
            Needs::Nothing | Needs::Answering => false,
            Needs::ServerActive => self.active == Some(false),
            Needs::Synced => self.active == Some(false) || self.synced == Some(false),
        };
        unfit.then(|| {
            let message = format!(
                "{} takes no {} now: {reason}; nothing was sent",
                row.service, row.name
            );
            let hint = hint.unwrap_or("wait until it is ready, or set wait_for_ready");
            Error::local(Status::ReadOnly, message, hint)
        })
    }
}

fn age(at: Instant) -> u64 {
    u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn unix_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |since| since.as_secs())
}

#[cfg(test)]
#[path = "health_pulse_tests.rs"]
mod tests;
