//! Why no connection could be made: typed, shared by all callers that waited for the same dial.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What stopped a dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DialFault {
    /// Name resolution, TCP, Unix socket or proxy.
    Unreachable,
    /// Nothing answered within the connect timeout.
    TimedOut,
    /// The peer's certificate is not the expected one, or the handshake failed otherwise.
    Tls,
    /// The peer speaks, but not TLS, or not HTTP/2.
    WrongProtocol,
    /// The configuration cannot work, such as a certificate file that is gone.
    Configuration,
}

/// A failed dial. Nothing of any request was sent.
#[derive(Clone, Debug)]
pub(crate) struct DialError {
    pub(crate) fault: DialFault,
    message: Arc<str>,
    hint: Arc<str>,
    /// Set when the dial was not even tried: the backoff still runs.
    pub(crate) retry_after: Option<Duration>,
}

impl DialError {
    pub(super) fn new(
        fault: DialFault,
        message: impl fmt::Display,
        hint: impl fmt::Display,
    ) -> Self {
        Self {
            fault,
            message: message.to_string().into(),
            hint: hint.to_string().into(),
            retry_after: None,
        }
    }

    pub(super) fn while_backing_off(mut self, left: Duration) -> Self {
        self.retry_after = Some(left);
        self
    }

    pub(crate) fn hint(&self) -> &str {
        &self.hint
    }

    /// Whether dialling again cannot help before somebody acts.
    pub(crate) fn is_permanent(&self) -> bool {
        matches!(
            self.fault,
            DialFault::Tls | DialFault::WrongProtocol | DialFault::Configuration
        )
    }
}

impl fmt::Display for DialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for DialError {}
