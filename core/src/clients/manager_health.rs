//! What a manager tells of the health of its services: asked now, known without asking, as it changes.

use std::sync::Arc;
use std::time::Duration;

use super::{Core, Manager};
use crate::clients::execution::GRACE;
use crate::clients::health_events::CancelWatch;
use crate::clients::health_monitor::Watched;
use crate::clients::health_pulse::Examination;
use crate::clients::health_view::{CheckView, Services};
use crate::clients::options::{CallOptions, Success};
use crate::clients::registry::Printable;
use crate::clients::stream::{Ends, Stream};
use crate::clients::{failure, lnd};
use crate::error::Error;
use crate::resilience::{CancelToken, Deadline};

impl Manager {
    /// Asks every configured daemon now how it is doing.
    pub fn health_check_all(&self, timeout: Duration) -> Result<Success, Error> {
        let _inside = self.0.gate.enter()?;
        let limit = Deadline::after(timeout);
        let services = self.0.services.iter().map(|(name, service)| {
            let view = match service {
                Ok(node) => self.0.ask_health(node, limit),
                Err(error) => Examination::failed(error.clone()).view(),
            };
            (*name, view)
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
        Ok(Stream::of_events(
            feed,
            ends,
            Arc::new((self.0.clone(), watch)),
        ))
    }
}

impl Core {
    fn ask_health(&self, node: &Arc<lnd::Node>, limit: Deadline) -> CheckView {
        let options = CallOptions {
            no_retry: true,
            ..CallOptions::default()
        };
        let asked = Arc::clone(node).examine(self.begin(limit, &options));
        let outcome = self.runtime().and_then(|runtime| {
            let answer = runtime.run(limit.plus(GRACE), asked);
            answer.map_err(|_| failure::deadline_exceeded())
        });
        let examination = outcome.unwrap_or_else(Examination::failed);
        let view = examination.view();
        if examination.tells(limit.span() >= node.probe_limit()) {
            node.pulse().finish(examination);
        }
        view
    }
}
