//! What can go wrong in the lab, each with enough text to act on without looking at log files.

use std::fmt::Display;
use std::io;
use std::time::Duration;

pub type Result<T> = std::result::Result<T, LabError>;

#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The machine lacks something the lab needs: a test says `SKIP: …` and is not red.
    #[error("{0}")]
    Unavailable(String),
    #[error("building the daemons failed: {0}")]
    Build(String),
    #[error("{action}: {source}")]
    Io { action: String, source: io::Error },
    #[error("{name} ended by itself ({status}); its last words:\n{log}")]
    DaemonExited {
        name: String,
        status: String,
        log: String,
    },
    #[error("{name} found one of its ports taken; its last words:\n{log}")]
    PortTaken { name: String, log: String },
    #[error("{what} did not happen within {limit:?}; last look: {last}")]
    Timeout {
        what: String,
        limit: Duration,
        last: String,
    },
    /// A poll saw that the awaited condition does not hold yet; ends up in [`LabError::Timeout`].
    #[error("not yet: {0}")]
    NotYet(String),
    /// The daemon answered with an error of its own; `code` is the gRPC or JSON-RPC code.
    #[error("{method} {path} answered HTTP {http_status}, code {code:?}: {message}")]
    Refused {
        method: String,
        path: String,
        http_status: u16,
        code: Option<i64>,
        message: String,
    },
    #[error("{method} {url}: {message}")]
    Http {
        method: String,
        url: String,
        message: String,
    },
    #[error("unexpected answer of {what}: {answer}")]
    UnexpectedAnswer { what: String, answer: String },
    #[error("the lab runs no daemon {name}; it runs: {known}")]
    UnknownDaemon { name: String, known: String },
    #[error("{name}: {message}")]
    WrongState { name: String, message: String },
    #[error("{0} is not a loopback address: the lab talks to this machine only")]
    NotLoopback(String),
    #[error("interrupted")]
    Interrupted,
}

impl LabError {
    pub fn io(action: impl Display) -> impl FnOnce(io::Error) -> LabError {
        let action = action.to_string();
        move |source| LabError::Io { action, source }
    }

    pub fn wrong_state(name: &str, message: impl Display) -> Self {
        LabError::WrongState {
            name: name.to_owned(),
            message: message.to_string(),
        }
    }

    pub fn unexpected(what: impl Display, answer: impl Display) -> Self {
        LabError::UnexpectedAnswer {
            what: what.to_string(),
            answer: answer.to_string(),
        }
    }

    /// Whether a test that meets this error is to be skipped aloud.
    pub fn is_skip(&self) -> bool {
        matches!(self, LabError::Unavailable(_))
    }

    /// Whether polling on makes no sense.
    pub(crate) fn is_final(&self) -> bool {
        use LabError::*;
        matches!(
            self,
            Unavailable(_)
                | DaemonExited { .. }
                | PortTaken { .. }
                | UnknownDaemon { .. }
                | WrongState { .. }
                | NotLoopback(_)
                | Interrupted
        )
    }
}
