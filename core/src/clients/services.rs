//! The services of a manager by their names, and what each of them has besides its connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::{ServiceConfig, ServiceKind};
use crate::error::{Error, Status};
use crate::resilience::Policies;

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
