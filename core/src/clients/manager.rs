//! The manager: one worker, up to three daemons, and the clients that share them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::admission;
use super::call_metadata::metadata;
use super::execution::{GRACE, Gate, deadline, finish};
use super::health_monitor::{Monitor, Watched};
use super::metrics::{Measured, Metrics};
use super::options::{CallOptions, Operation, Success};
use super::registry::{self, Class, Lane, MethodRow};
use super::services::{not_configured, open, policies, service_kind};
use super::stale::{self, Memory};
use super::stream::{Ends, Stream};
use super::{failure, lnd, readiness};
use crate::config::{ManagerConfig, Secret, ServiceKind, TlsMode};
use crate::error::Error;
use crate::resilience::{Call, Deadline, Policies};
use crate::state::StateDirectory;
use crate::transport::{Helm, HostHooks, Runtime};

mod health;
mod measured;

/// How long `close` waits for cancelled calls and for the worker.
const JOIN_TIME: Duration = Duration::from_secs(2);

/// Owns the worker and the connections. Clones are the same manager.
#[derive(Clone)]
pub struct Manager(Arc<Core>);

/// One service of a manager; keeps the manager's core alive.
#[derive(Clone)]
pub struct Client {
    core: Arc<Core>,
    kind: ServiceKind,
    node: Arc<lnd::Node>,
    policies: Arc<Policies>,
}

struct Core {
    /// Started by the first call: a manager that makes none has no thread.
    runtime: OnceCell<Runtime>,
    helm: Arc<Helm>,
    hooks: HostHooks,
    services: BTreeMap<&'static str, Result<Arc<lnd::Node>, Error>>,
    policies: BTreeMap<&'static str, Arc<Policies>>,
    timeout: Option<Duration>,
    operation_secret: Option<Secret>,
    state: Option<StateDirectory>,
    monitor: Arc<Monitor>,
    memory: Memory,
    gate: Arc<Gate>,
    metrics: Arc<Metrics>,
    closing: CancellationToken,
    /// Ends the streams; they are not waited for, as they have no end of their own.
    ending_streams: CancellationToken,
}

impl Manager {
    /// From the JSON configuration. Nothing is dialled before the first call.
    pub fn new(config_json: &str, hooks: HostHooks) -> Result<Self, Error> {
        Self::start(ManagerConfig::from_json(config_json)?, hooks)
    }

    /// From environment variables, as `lookup` gives them.
    pub fn from_environment(
        lookup: &dyn Fn(&str) -> Option<String>,
        hooks: HostHooks,
    ) -> Result<Self, Error> {
        Self::start(ManagerConfig::from_environment(lookup)?, hooks)
    }

    fn start(config: ManagerConfig, hooks: HostHooks) -> Result<Self, Error> {
        let state = config.state_dir.map(StateDirectory::open).transpose()?;
        let policies = policies(&config.services);
        let helm = Arc::default();
        let services = config
            .services
            .into_iter()
            .map(|(name, service)| (name, service.and_then(|config| open(config, &helm))));
        let services: BTreeMap<_, _> = services.collect();
        let closing = CancellationToken::new();
        let watched = services.iter().map(|(name, service)| {
            let watched = service.clone().map(|node| node as Arc<dyn Watched>);
            (*name, watched)
        });
        Ok(Self(Arc::new(Core {
            monitor: Monitor::new(watched, &policies, closing.clone()),
            memory: Memory::default(),
            services,
            policies,
            timeout: config.timeout,
            operation_secret: config.operation_secret,
            state,
            gate: Arc::default(),
            metrics: Arc::default(),
            closing,
            ending_streams: CancellationToken::new(),
            runtime: OnceCell::new(),
            helm,
            hooks,
        })))
    }

    /// The client of a service by its name.
    pub fn client(&self, service: &str) -> Result<Client, Error> {
        drop(self.0.gate.enter()?);
        let kind = service_kind(service)?;
        let node = self.0.node(kind)?;
        let policies = self.0.policies(kind)?;
        Ok(Client {
            core: Arc::clone(&self.0),
            kind,
            node,
            policies,
        })
    }

    /// Drops the connections of a service, or of all, and forgets backoff and identity.
    pub fn reconnect(&self, service: Option<&str>) -> Result<Success, Error> {
        let _inside = self.0.gate.enter()?;
        let chosen = service.map(service_kind).transpose()?;
        if let Some(kind) = chosen {
            self.0.node(kind)?;
        }
        let mut done = Vec::new();
        for (name, node) in &self.0.services {
            let wanted = chosen.is_none_or(|kind| kind.name() == *name);
            if let (true, Ok(node)) = (wanted, node) {
                node.reset();
                self.0.policies.get(name).inspect(|it| it.reset());
                self.0.memory.forget(name);
                done.push(*name);
            }
        }
        self.0.monitor.pardon(service);
        Ok(Success::new(json!({ "reconnected": done }).to_string()))
    }

    /// Refuses new calls, ends the streams, lets the present ones finish until the timeout, cancels the rest, and joins
    /// the worker within a bound. May be called again.
    pub fn close(&self, timeout: Duration) -> Result<Success, Error> {
        let core = &self.0;
        let limit = Instant::now() + timeout.min(Duration::from_secs(365 * 24 * 60 * 60));
        core.ending_streams.cancel();
        core.monitor.close();
        let drained = core.gate.close(limit);
        core.closing.cancel();
        let left = drained || core.gate.close(Instant::now() + JOIN_TIME);
        if let Some(runtime) = core.runtime.get() {
            runtime.shut_down(JOIN_TIME);
        }
        Ok(Success::new(
            json!({ "drained": drained, "all_calls_left": left }).to_string(),
        ))
    }

    /// Keeps everything for ever, touching nothing: for a forked child.
    pub fn forget(self) {
        std::mem::forget(self.0);
    }
}

impl Client {
    /// A call whose row was found and whose beginning was noted.
    fn make(
        &self,
        row: &'static MethodRow,
        params_json: &str,
        options: &CallOptions,
        measured: &Measured<'_>,
    ) -> Result<String, Error> {
        let place = |error: Error| error.with_place(row.service, row.name);
        let operation = Operation::of(row, options.operation_id.clone()).map_err(place)?;
        let metadata = metadata(&options.metadata).map_err(place)?;
        let prepared = registry::prepare_lnd(row, params_json).map_err(place)?;
        let call = self.core.begin(
            deadline(row, options, self.core.timeout),
            options,
            Some(&self.policies),
        );
        let obstacle = if options.wait_for_ready {
            self.wait(row, &call).map_err(place)?
        } else {
            None
        };
        // A call that is given up before its method has looked knows nothing about earlier tries.
        let named = operation.as_ref().is_some_and(|operation| operation.given);
        call.set_doubt(row.class != Class::Read && (named || row.lane == Lane::Payment));
        let entry = admission::ask(&self.policies, row, params_json, &call, |permit| {
            self.probe(permit, &call)
        })
        .settle(row, &call)
        .map_err(|refusal| place(failure::not_admitted(&refusal)))?;
        let secret = self.core.secret_for(row, operation.as_ref());
        let node = Arc::clone(&self.node);
        let context = lnd::Context::new(Arc::clone(&call), node, row, operation.clone(), None)
            .with_state(self.core.state.clone(), secret)
            .with_metadata(metadata);
        let limit = call.deadline().plus(GRACE);
        let runtime = self.core.runtime().map_err(place)?;
        let work = admission::run_in(entry, Arc::clone(&call), prepared(context));
        let outcome = if self.node.is_live_for(row.class) {
            runtime.run_here(row.class != Class::Read, limit, work)
        } else {
            runtime.run(limit, work)
        };
        // Also when the call was given up and its future still lies about.
        call.leave_lane();
        measured.effort(call.attempts(), call.retries());
        finish(row, &call, operation, outcome, params_json)
            .map_err(|error| readiness::explain(error, obstacle.as_ref()))
    }

    /// Opens a stream: checks the parameters and begins in the background.
    pub fn stream(
        &self,
        name: &str,
        params_json: &str,
        options: CallOptions,
    ) -> Result<Stream, Error> {
        let _inside = self.core.gate.enter()?;
        let stream = registry::find_stream(self.kind.name(), name)?;
        let row = &stream.row;
        let place = |error: Error| error.with_place(row.service, row.name);
        if options.allow_stale {
            stale::check(row).map_err(place)?;
        }
        Operation::of(row, options.operation_id.clone()).map_err(place)?;
        let metadata = metadata(&options.metadata).map_err(place)?;
        let prepared = registry::prepare_lnd_stream(row, params_json).map_err(place)?;
        let ends = Ends::new(
            options.cancel.clone().unwrap_or_default(),
            self.core.ending_streams.clone(),
        );
        let feed = Arc::default();
        let terms = lnd::Terms {
            cancel: ends.cancel.clone(),
            closing: ends.closing.clone(),
            limit: deadline(row, &options, self.core.timeout).remaining(),
            retry: !options.no_retry,
            policies: Arc::clone(&self.policies),
            metadata,
        };
        let subscriber =
            lnd::Subscriber::new(Arc::clone(&self.node), row, terms, Arc::clone(&feed));
        let runtime = self.core.runtime().map_err(place)?;
        runtime.spawn(ends.drive(prepared(subscriber), Arc::clone(&feed), row));
        let open = Metrics::stream(&self.core.metrics, stream);
        let keep_alive = Arc::new((self.clone(), open));
        Ok(Stream::new(stream, feed, ends, keep_alive))
    }

    /// What this client is connected to, as JSON.
    pub fn info(&self) -> String {
        let config = &self.node.config;
        json!({
            "service": self.kind.name(),
            "target": config.target.display(),
            "tls_mode": match config.tls {
                TlsMode::Pin(_) => "pin",
                TlsMode::Ca(_) => "ca",
                TlsMode::System => "system",
                TlsMode::Plaintext => "plaintext",
            },
            "macaroon": config.macaroon.is_some(),
            "proxy": config.proxy.as_ref().map(|(host, port)| format!("{host}:{port}")),
            "methods": registry::names(self.kind.name()),
            "streams": registry::stream_names(self.kind.name()),
            "resilience": self.policies.snapshot(),
        })
        .to_string()
    }

    /// Keeps everything for ever, touching nothing: for a forked child.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Core {
    fn runtime(&self) -> Result<&Runtime, Error> {
        self.runtime.get_or_try_init(|| {
            let helm = Arc::clone(&self.helm);
            let runtime = Runtime::start(self.hooks, helm, self.monitor.chores())?;
            self.monitor.begin(runtime.spawner());
            Ok(runtime)
        })
    }

    fn node(&self, kind: ServiceKind) -> Result<Arc<lnd::Node>, Error> {
        match self.services.get(kind.name()) {
            Some(Ok(node)) => Ok(Arc::clone(node)),
            Some(Err(error)) => Err(error.clone()),
            None => Err(not_configured(kind)),
        }
    }

    /// The configured secret, or the one of the state directory where the call may need it. Read here,
    /// on the caller's thread.
    fn secret_for(
        &self,
        row: &MethodRow,
        operation: Option<&Operation>,
    ) -> Result<Option<Secret>, Error> {
        let makes_invoices =
            row.class != Class::Read && row.permissions.contains(&"invoices:write");
        match (&self.operation_secret, &self.state) {
            (Some(secret), _) => Ok(Some(secret.clone())),
            (None, Some(state)) if row.name == "lookup_operation" => state.operation_secret(),
            (None, Some(state)) if makes_invoices && operation.is_some_and(|it| it.given) => {
                state.operation_secret_or_new().map(Some)
            }
            _ => Ok(None),
        }
    }

    fn policies(&self, kind: ServiceKind) -> Result<Arc<Policies>, Error> {
        self.policies
            .get(kind.name())
            .map(Arc::clone)
            .ok_or_else(|| not_configured(kind))
    }

    fn begin(
        &self,
        deadline: Deadline,
        options: &CallOptions,
        policies: Option<&Arc<Policies>>,
    ) -> Arc<Call> {
        let call = Call::new(
            deadline,
            options.cancel.clone(),
            self.closing.clone(),
            !options.no_retry,
        );
        Arc::new(match policies {
            Some(policies) if !cfg!(feature = "policies-off") => call.under(policies),
            _ => call,
        })
    }
}

#[cfg(test)]
#[path = "manager_tests.rs"]
mod tests;
