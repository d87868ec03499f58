//! What a manager tells of the health of its services: asked now, known without asking, as it changes; and
//! what its calls do about it.

use std::sync::Arc;
use std::time::Duration;

use super::{Client, Core, Manager};
use crate::clients::execution::GRACE;
use crate::clients::health_events::CancelWatch;
use crate::clients::health_monitor::{Watched, look};
use crate::clients::health_pulse::Examination;
use crate::clients::health_view::Services;
use crate::clients::options::{CallOptions, Success};
use crate::clients::registry::{MethodRow, Printable};
use crate::clients::stream::{Ends, Stream};
use crate::clients::{admission, failure, lnd, readiness};
use crate::error::Error;
use crate::resilience::{Call, CancelToken, Deadline, ProbePermit};

impl Manager {
    /// Asks every configured daemon now how it is doing.
    pub fn health_check_all(&self, timeout: Duration) -> Result<Success, Error> {
        let _inside = self.0.gate.enter()?;
        let limit = Deadline::after(timeout);
        let services = self.0.services.iter().map(|(name, service)| {
            let found = match service {
                Ok(node) => self.0.ask_health(name, node, limit),
                Err(error) => Arc::new(Examination::failed(error.clone())),
            };
            (*name, found.view())
        });
        let told = Services {
            services: services.collect(),
        };
        told.print().map(Success::new)
    }

    /// How every service is, as the monitor knows it: no daemon is asked. Answered when closed, too.
    pub fn health(&self) -> Result<Success, Error> {
        self.0.monitor.snapshot().print().map(Success::new)
    }

    /// A stream of the changes of health, from the present state on. Starts the monitor.
    pub fn events(&self, cancel: Option<CancelToken>) -> Result<Stream, Error> {
        let _inside = self.0.gate.enter()?;
        self.0.runtime()?;
        let hub = self.0.monitor.hub();
        let feed = hub.subscribe();
        let ends = Ends::new(cancel.unwrap_or_default(), hub.ended());
        let watch = CancelWatch::new(&ends.cancel, &feed);
        let keep_alive = Arc::new((self.0.clone(), watch));
        Ok(Stream::of_events(feed, ends, keep_alive))
    }
}

impl Client {
    /// Waits until the service is ready for the method. Gives what was in the way when the call's time was
    /// up; the method of a write then says what is proven about earlier tries.
    pub(super) fn wait(
        &self,
        row: &'static MethodRow,
        call: &Arc<Call>,
    ) -> Result<Option<Error>, Error> {
        let runtime = self.core.runtime()?;
        let patience = readiness::Patience {
            monitor: Arc::clone(&self.core.monitor),
            daemon: Arc::clone(&self.node),
            policies: Arc::clone(&self.policies),
            call: Arc::clone(call),
        };
        let limit = call.deadline().plus(GRACE);
        // Whatever became of the wait, the call's own first step finds out.
        let obstacle = runtime.run(limit, patience.wait(row)).unwrap_or_default();
        readiness::settle(row, call, obstacle)
    }

    /// Has the health read made whose time has come, and waits for it if the breaker refuses meanwhile.
    pub(super) fn probe(&self, permit: ProbePermit, call: &Arc<Call>) {
        if let Ok(runtime) = self.core.runtime() {
            let daemon: Arc<dyn Watched> = self.node.clone();
            let limit = Deadline::after(daemon.probe_limit());
            let read = self.core.begin(limit, &once(), None);
            let policies = Arc::clone(&self.policies);
            let asked = async move {
                look(daemon, read, &policies, Some(permit)).await;
            };
            let waits = self.policies.is_refusing().then_some(call);
            admission::probe(runtime, asked, waits);
        }
    }
}

impl Core {
    fn ask_health(&self, name: &str, node: &Arc<lnd::Node>, limit: Deadline) -> Arc<Examination> {
        let Some(policies) = self.policies.get(name).map(Arc::clone) else {
            return Arc::new(Examination::failed(failure::deadline_exceeded()));
        };
        let daemon: Arc<dyn Watched> = node.clone();
        let read = self.begin(limit, &once(), None);
        let outcome = self.runtime().and_then(|runtime| {
            let asked = async move { look(daemon, read, &policies, None).await };
            let answer = runtime.run(limit.plus(GRACE), asked);
            answer.map_err(|_| failure::deadline_exceeded())
        });
        outcome.unwrap_or_else(|error| Arc::new(Examination::failed(error)))
    }
}

/// A health read is made once: that it failed is what it tells.
fn once() -> CallOptions {
    CallOptions {
        no_retry: true,
        ..CallOptions::default()
    }
}
