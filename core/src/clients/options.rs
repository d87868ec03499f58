//! What a caller may ask for besides the parameters, and what it gets.

use std::time::Duration;

use zeroize::Zeroizing;

use super::registry::{Class, MethodRow};
use crate::error::{Error, Status};
use crate::resilience::CancelToken;

/// How one call is to be made.
#[derive(Clone, Debug, Default)]
pub struct CallOptions {
    /// Total time for everything; `None`: the configuration's or the row's.
    pub timeout: Option<Duration>,
    /// Ends the call early.
    pub cancel: Option<CancelToken>,
    /// One attempt only.
    pub no_retry: bool,
    /// Wait within the deadline for a service that is not ready, in place of failing at once.
    pub wait_for_ready: bool,
    /// Rather the last good answer of certain reads than an error, marked with its age.
    pub allow_stale: bool,
    /// The caller's name for a write.
    pub operation_id: Option<String>,
    /// Further gRPC metadata, lower-case ASCII names.
    pub metadata: Vec<(String, String)>,
}

/// The answer of a call that did what it was asked to do.
#[derive(Debug)]
pub struct Success {
    /// One JSON object.
    pub json: String,
    /// Secrets needed to get money back; to be stored before anything else.
    pub recovery: Option<Recovery>,
}

impl Success {
    pub(crate) fn new(json: String) -> Self {
        Self {
            json,
            recovery: None,
        }
    }
}

/// A secret text: wiped when dropped, never printed.
pub struct Recovery(Zeroizing<String>);

impl Recovery {
    /// Wraps a text.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Shows it to the one who must store it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Recovery(…)")
    }
}

/// The name of a write, and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) given: bool,
}

impl Operation {
    /// The caller's id, or a fresh one; none for a read.
    pub(crate) fn of(row: &MethodRow, given: Option<String>) -> Result<Option<Self>, Error> {
        match (row.class, given) {
            (Class::Read, None) => Ok(None),
            (Class::Read, Some(_)) => Err(Error::local(
                Status::InvalidArgument,
                format!(
                    "option `operation_id`: {} is a read and takes none",
                    row.name
                ),
                "leave operation_id out: reads may simply be repeated",
            )),
            (_, Some(id)) => {
                check_id("option `operation_id`", &id)?;
                Ok(Some(Self { id, given: true }))
            }
            (_, None) => {
                let bytes = crate::transport::random_bytes::<16>().ok_or_else(no_randomness)?;
                Ok(Some(Self {
                    id: hex::encode(bytes),
                    given: false,
                }))
            }
        }
    }
}

/// Ids travel in labels and memos of daemons, so they are short and plain.
pub(crate) fn check_id(place: &str, id: &str) -> Result<(), Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        return Ok(());
    }
    Err(Error::local(
        Status::InvalidArgument,
        format!("{place}: it must have 1 to 64 characters of A-Z a-z 0-9 . _ -"),
        "draw a fresh id for each write, such as a UUID",
    ))
}

/// The operating system refused randomness: nothing secret can be made.
pub(crate) fn no_randomness() -> Error {
    Error::local(
        Status::Unsupported,
        "the operating system gives no random bytes",
        "check that getrandom or /dev/urandom is available to this process",
    )
}
