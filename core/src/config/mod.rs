//! Floor 1: where the daemons are, how to recognise them and with which credentials.
//!
//! Comes from JSON or from environment variables; one badly configured service leaves the others usable.

mod address;
mod environment;
mod lndconnect;
mod manager;
mod raw_service;
mod resilience;
mod secret;
mod service;
pub(crate) mod strict_json;

pub(crate) use address::Target;
pub(crate) use manager::ManagerConfig;
pub(crate) use resilience::{BreakerMode, ResilienceConfig};
pub(crate) use secret::Secret;
pub(crate) use service::{MacaroonSource, PemSource, ServiceConfig, ServiceKind, TlsMode};

use crate::error::{Error, Status};

/// An error of the configuration that names the key at fault.
pub(crate) fn invalid(key: &str, wrong: impl std::fmt::Display, valid: &str) -> Error {
    Error::local(
        Status::InvalidConfig,
        format!("configuration `{key}`: {wrong}"),
        valid.to_owned(),
    )
}
