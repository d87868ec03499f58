//! The error of the simulator itself, as opposed to what its daemons answer.

use std::io;

/// Why the devnet could not do what its owner asked.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// There is no node of this name.
    #[error("the devnet has no node named {0:?}; it has alice, bob and, once started, carol")]
    UnknownNode(String),
    /// A node of this name exists already.
    #[error("the devnet has a node named {0:?} already")]
    NodeExists(String),
    /// A file or a port could not be had.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// A certificate or a key could not be made.
    #[error("cannot make the TLS certificate: {0}")]
    Certificate(String),
    /// The descriptors that the build left are broken.
    #[error("cannot read the descriptors of the messages: {0}")]
    Descriptors(String),
    /// Bytes that were to be a macaroon are none.
    #[error("not a macaroon: {0}")]
    Macaroon(String),
    /// The system gave no random bytes, or they made no key.
    #[error("cannot make a key: {0}")]
    Key(String),
    /// A simulated daemon refused what the devnet's owner asked.
    #[error("a simulated daemon refuses: {0}")]
    Refused(String),
    /// The thread behind the devnet is gone.
    #[error("the devnet's own thread has ended")]
    Ended,
}

impl DevnetError {
    /// Keeps the text of a daemon.
    pub(crate) fn refused(status: tonic::Status) -> Self {
        Self::Refused(status.message().to_owned())
    }

    /// Names what was tried when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
