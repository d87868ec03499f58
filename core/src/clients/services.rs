//! The services of a manager by their names, and what each of them has besides its connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::lnd;
use crate::config::{ServiceConfig, ServiceKind};
use crate::error::{Error, Status};
use crate::resilience::Policies;
use crate::transport::Helm;

pub(super) fn service_kind(name: &str) -> Result<ServiceKind, Error> {
    ServiceKind::from_name(name).ok_or_else(|| {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(64).collect();
        let valid: Vec<_> = ServiceKind::ALL.iter().map(|kind| kind.name()).collect();
        Error::local(
            Status::UnknownService,
            format!("there is no service `{shown}`"),
            format!("use one of: {}", valid.join(", ")),
        )
    })
}

/// Checks what can be checked without a dial.
pub(super) fn open(config: ServiceConfig, helm: &Arc<Helm>) -> Result<Arc<lnd::Node>, Error> {
    let name = config.kind.name();
    if config.kind != ServiceKind::Lnd {
        return Err(Error::local(
            Status::Unsupported,
            format!("this version of the library has no method of {name} yet"),
            "use lnd, or a later version",
        )
        .with_service(name));
    }
    lnd::Node::new(config, helm)
        .map(Arc::new)
        .map_err(|error| error.with_service(name))
}

/// One set for each service that can be called.
pub(super) fn policies(
    services: &BTreeMap<&'static str, Result<ServiceConfig, Error>>,
) -> BTreeMap<&'static str, Arc<Policies>> {
    let usable = services
        .iter()
        .filter_map(|(name, service)| Some((*name, service.as_ref().ok()?)));
    usable
        .map(|(name, config)| (name, Policies::new(name, &config.resilience)))
        .collect()
}

pub(super) fn not_configured(kind: ServiceKind) -> Error {
    Error::local(
        Status::NotConfigured,
        format!("{} is not configured", kind.name()),
        format!(
            "add \"{}\" to the configuration, or set its variables",
            kind.name()
        ),
    )
    .with_service(kind.name())
}
