//! Watches the health of all services of a manager: asks each daemon now and then, beside the calls and
//! past their limits, and keeps what it learns where calls and callers can see it.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::health_events::Hub;
use super::health_pulse::{Examination, Pulse};
use super::health_view::{HealthView, Services};
use crate::error::{Error, Origin, Status};
use crate::resilience::{Call, Deadline, Finding, Health};
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
    daemon: Result<Arc<dyn Watched>, Error>,
}

/// The monitor of one manager.
pub(super) struct Monitor {
    services: Vec<Service>,
    hub: Arc<Hub>,
    closing: CancellationToken,
    spawner: OnceLock<Spawner>,
}

impl Monitor {
    pub(super) fn new(
        services: impl Iterator<Item = (&'static str, Result<Arc<dyn Watched>, Error>)>,
        closing: CancellationToken,
    ) -> Arc<Self> {
        let hub = Arc::<Hub>::default();
        let services = services.map(|(name, daemon)| {
            if let Ok(daemon) = &daemon {
                daemon.pulse().attach(name, &hub);
            }
            Service { name, daemon }
        });
        Arc::new(Self {
            services: services.collect(),
            hub,
            closing,
            spawner: OnceLock::new(),
        })
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
        for daemon in self.daemons() {
            daemon.pulse().with_machine(|machine| machine.begin(now));
        }
    }

    fn daemons(&self) -> impl Iterator<Item = &Arc<dyn Watched>> {
        self.services
            .iter()
            .filter_map(|service| service.daemon.as_ref().ok())
    }

    /// Starts the probes that are due; the time until there may be another one.
    pub(super) fn attend(self: &Arc<Self>) -> Duration {
        let Some(spawner) = self.spawner.get() else {
            return AT_FIRST;
        };
        let now = Instant::now();
        let mut rest = CALM;
        for daemon in self.daemons() {
            let pulse = daemon.pulse();
            if pulse.start_if_due(now) {
                let probe = Probe {
                    daemon: Arc::clone(daemon),
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

    /// Somebody waits for better news.
    pub(super) fn wake(self: &Arc<Self>, pulse: &Pulse) {
        pulse.with_machine(|machine| machine.wake(Instant::now()));
        self.attend();
    }

    /// What is known of every service, without asking.
    pub(super) fn snapshot(&self) -> Services<HealthView> {
        let views = self.services.iter().map(|service| {
            let view = match &service.daemon {
                Ok(daemon) => daemon.pulse().view(),
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
        for daemon in self.daemons() {
            daemon.pulse().close();
        }
        self.hub.end();
    }
}

/// One probe under way.
struct Probe {
    daemon: Arc<dyn Watched>,
    closing: CancellationToken,
}

impl Probe {
    async fn make(self) {
        self.daemon.forgive();
        let limit = Deadline::after(self.daemon.probe_limit());
        let call = Arc::new(Call::new(limit, None, self.closing.clone(), false));
        let examination = Arc::clone(&self.daemon).examine(call).await;
        if self.closing.is_cancelled() {
            return;
        }
        let finding = examination.finding;
        let pulse = self.daemon.pulse();
        pulse.finish(examination);
        let health = pulse.with_machine(|machine| machine.health());
        self.daemon.learn(finding, health);
    }
}

impl Drop for Probe {
    /// After a defect, or with its runtime: the next one must not wait for it.
    fn drop(&mut self) {
        let pulse = self.daemon.pulse();
        pulse.with_machine(|machine| machine.abandon(Instant::now()));
    }
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
    }
}
