//! Watches the health of all services of a manager: asks each daemon now and then, beside the calls and
//! past their limits, and keeps what it learns where calls and callers can see it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::health_events::Hub;
use super::health_pulse::{Examination, Pulse};
use super::health_view::{HealthEventView, HealthView, Services};
use crate::error::{Error, Origin, Status};
use crate::locks::Mutex;
use crate::resilience::{Call, Deadline, Finding, Health, Phase, Policies, ProbePermit};
use crate::transport::{Chores, Spawner};

/// A service that is well is looked after this often; others more often, so that a probe that is
/// brought forward is not late.
const CALM: Duration = Duration::from_secs(5);
const ALERT: Duration = Duration::from_millis(500);
/// Before the runtime is there.
const AT_FIRST: Duration = Duration::from_millis(100);

/// A daemon that can be watched.
pub(crate) trait Watched: Send + Sync {
    /// What is known of it.
    fn pulse(&self) -> &Pulse;
    /// The time limit of one probe.
    fn probe_limit(&self) -> Duration;
    /// Lets the probe dial, however long calls still have to wait.
    fn forgive(&self);
    /// Asks the daemon how it is.
    fn examine(self: Arc<Self>, call: Arc<Call>) -> BoxFuture<'static, Examination>;
    /// What the probe came to: when it answered, calls need not wait any more; when it is down, a
    /// connection on which nothing comes is given up.
    fn learn(&self, finding: Finding, health: Option<Health>);
}

/// One service of a configuration.
struct Service {
    name: &'static str,
    /// Or why it cannot work as it is configured.
    patient: Result<Patient, Error>,
}

#[derive(Clone)]
struct Patient {
    daemon: Arc<dyn Watched>,
    policies: Arc<Policies>,
}

/// The monitor of one manager.
pub(super) struct Monitor {
    services: Vec<Service>,
    hub: Arc<Hub>,
    closing: CancellationToken,
    spawner: OnceLock<Spawner>,
    /// Held from fetching the changes of a breaker until they are told, so that they stay in order.
    telling: Mutex<()>,
}

impl Monitor {
    pub(super) fn new(
        services: impl Iterator<Item = (&'static str, Result<Arc<dyn Watched>, Error>)>,
        policies: &BTreeMap<&'static str, Arc<Policies>>,
        closing: CancellationToken,
    ) -> Arc<Self> {
        let hub = Arc::<Hub>::default();
        let services = services.filter_map(|(name, daemon)| {
            let patient = match daemon {
                Ok(daemon) => {
                    daemon.pulse().attach(name, &hub);
                    let policies = Arc::clone(policies.get(name)?);
                    Ok(Patient { daemon, policies })
                }
                Err(error) => Err(error),
            };
            Some(Service { name, patient })
        });
        let services = services.collect();
        Arc::new_cyclic(|myself: &Weak<Self>| {
            Self {
                services,
                hub,
                closing,
                spawner: OnceLock::new(),
                telling: Mutex::new(()),
            }
            .listening(myself)
        })
    }

    /// Is told of every change of a breaker.
    fn listening(self, myself: &Weak<Self>) -> Self {
        for (index, service) in self.services.iter().enumerate() {
            if let Ok(patient) = &service.patient {
                let monitor = myself.clone();
                patient.policies.on_transition(move || {
                    if let Some(monitor) = monitor.upgrade() {
                        monitor.breaker_changed(index);
                    }
                });
            }
        }
        self
    }

    fn breaker_changed(self: &Arc<Self>, index: usize) {
        let Some(service) = self.services.get(index) else {
            return;
        };
        let Ok(patient) = &service.patient else {
            return;
        };
        let telling = self.telling.lock();
        let (changes, dropped) = patient.policies.take_transitions();
        if dropped > 0 {
            tracing::warn!(target: "arkgrpc::health", dropped, "changes of a breaker were lost");
        }
        let opened = changes
            .iter()
            .any(|change| (change.from, change.to) == (Phase::Closed, Phase::Open));
        for change in changes {
            self.hub.publish(HealthEventView {
                event: "breaker",
                service: service.name,
                from: Some(change.from.name()),
                to: change.to.name(),
                at: unix(change.at),
                reason: Some(change.reason).filter(|reason| !reason.is_empty()),
                code: None,
                retry_after_ms: change.retry_after.map(milliseconds),
            });
        }
        drop(telling);
        if opened {
            self.wake(patient.daemon.pulse());
        }
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// What the worker does for it at certain times.
    pub(super) fn chores(self: &Arc<Self>) -> Chores {
        let monitor = Arc::clone(self);
        Chores::new(move || monitor.attend())
    }

    /// The runtime is there: the first call is about to be made.
    pub(super) fn begin(&self, spawner: Spawner) {
        self.spawner.get_or_init(|| spawner);
        let now = Instant::now();
        for patient in self.patients() {
            let pulse = patient.daemon.pulse();
            pulse.with_machine(|machine| machine.begin(now));
        }
    }

    fn patients(&self) -> impl Iterator<Item = &Patient> {
        self.services
            .iter()
            .filter_map(|service| service.patient.as_ref().ok())
    }

    /// Starts the probes that are due; the time until there may be another one.
    pub(super) fn attend(self: &Arc<Self>) -> Duration {
        let Some(spawner) = self.spawner.get() else {
            return AT_FIRST;
        };
        let now = Instant::now();
        let mut rest = CALM;
        for patient in self.patients() {
            let pulse = patient.daemon.pulse();
            if pulse.start_if_due(now) {
                let probe = Probe {
                    patient: patient.clone(),
                    closing: self.closing.clone(),
                };
                spawner.spawn(probe.make());
            }
            let (pause, health) =
                pulse.with_machine(|machine| (machine.pause(now), machine.health()));
            let well = matches!(health, None | Some(Health::Up | Health::Closed));
            rest = match pause {
                Some(pause) if well => rest.min(pause),
                Some(pause) => rest.min(pause).min(ALERT),
                // One is under way, and what it finds decides when the next one is due.
                None => rest.min(ALERT),
            };
        }
        rest
    }

    /// What a call met.
    pub(super) fn heed<T>(self: &Arc<Self>, pulse: &Pulse, outcome: &Result<T, Error>) {
        let Err(error) = outcome else {
            return pulse.hear();
        };
        match (error.origin(), error.status()) {
            (Origin::Server, _) => pulse.hear(),
            (Origin::Transport, _) | (_, Status::DeadlineExceeded) => {
                pulse.with_machine(|machine| machine.suspect(Instant::now()));
                self.attend();
            }
            // The refusal has woken the machine.
            (_, Status::ReadOnly | Status::ServiceDown) => {
                self.attend();
            }
            _ => {}
        }
    }

    /// The operator had the connections of a service dropped, or of all.
    pub(super) fn pardon(self: &Arc<Self>, service: Option<&str>) {
        for known in &self.services {
            if let Ok(patient) = &known.patient
                && service.is_none_or(|service| service == known.name)
            {
                patient.daemon.pulse().pardon();
            }
        }
        self.attend();
    }

    /// Somebody waits for better news.
    pub(super) fn wake(self: &Arc<Self>, pulse: &Pulse) {
        pulse.with_machine(|machine| machine.wake(Instant::now()));
        self.attend();
    }

    /// What is known of every service, without asking.
    pub(super) fn snapshot(&self) -> Services<HealthView> {
        let views = self.services.iter().map(|service| {
            let view = match &service.patient {
                Ok(patient) => HealthView {
                    breaker: Some(patient.policies.snapshot().into()),
                    ..patient.daemon.pulse().view()
                },
                Err(error) => misconfigured(error),
            };
            (service.name, view)
        });
        Services {
            services: views.collect(),
        }
    }

    /// The manager is closed.
    pub(super) fn close(&self) {
        for patient in self.patients() {
            patient.daemon.pulse().close();
        }
        self.hub.end();
    }
}

/// One probe under way.
struct Probe {
    patient: Patient,
    closing: CancellationToken,
}

impl Probe {
    async fn make(self) {
        let Patient { daemon, policies } = &self.patient;
        let limit = Deadline::after(daemon.probe_limit());
        let call = Arc::new(Call::new(limit, None, self.closing.clone(), false));
        let permit = policies.try_probe();
        look(Arc::clone(daemon), call, policies, permit).await;
    }
}

impl Drop for Probe {
    /// After a defect, or with its runtime: the next one must not wait for it.
    fn drop(&mut self) {
        let pulse = self.patient.daemon.pulse();
        pulse.with_machine(|machine| machine.abandon(Instant::now()));
    }
}

/// Asks a daemon how it is, by whomever that is wanted, and lets all know who should. Past breaker and
/// lanes; an answer closes the breaker.
pub(super) async fn look(
    daemon: Arc<dyn Watched>,
    call: Arc<Call>,
    policies: &Policies,
    permit: Option<ProbePermit>,
) -> Arc<Examination> {
    daemon.forgive();
    daemon.pulse().listen();
    let patient = call.deadline().span() >= daemon.probe_limit();
    let examination = Arc::new(Arc::clone(&daemon).examine(Arc::clone(&call)).await);
    let finding = examination.finding;
    let alive = finding != Finding::Failed;
    match permit {
        Some(permit) if alive => permit.success(),
        Some(permit) => permit.failure(),
        None if alive => policies.note_healthy(),
        None => {}
    }
    if examination.tells(patient) {
        let pulse = daemon.pulse();
        pulse.finish(&examination);
        let health = pulse.with_machine(|machine| machine.health());
        daemon.learn(finding, health);
    }
    examination
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn unix(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}

fn misconfigured(error: &Error) -> HealthView {
    HealthView {
        status: Some(Health::Down.name()),
        since: None,
        last_probe_age_ms: None,
        reason: Some(error.message().to_owned()),
        hint: Some(error.hint().to_owned()),
        code: Some(error.status().name()),
        state: None,
        latency_ms: None,
        info: None,
        last_error: None,
        breaker: None,
    }
}
