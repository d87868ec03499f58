//! What the fault server can do to one request, by the names that the table of faults uses.

use serde::Deserialize;

/// How one request is treated. Unless said otherwise the handler has run by then.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Act {
    /// No answer comes.
    Silent,
    /// The answer comes at one byte a second, from its headers on.
    SlowHeaders,
    /// The headers come, then the message at one byte a second.
    SlowBody,
    /// The server closes its sending side and goes on reading.
    HalfClose,
    /// RST_STREAM REFUSED_STREAM; the handler does not run.
    RefusedStream,
    /// GOAWAY whose last stream is the one before; the handler does not run.
    GoawayAbove {
        reason: u32,
        #[serde(default)]
        debug: String,
    },
    /// GOAWAY whose last stream is this one, then the connection is closed.
    GoawayCovering,
    /// The connection is closed in order.
    Close,
    /// The connection is reset.
    ResetConnection,
    /// RST_STREAM with this reason.
    ResetStream { reason: u32 },
    /// The headers come, then RST_STREAM.
    HeadersThenReset,
    /// Half of the message comes, then trailers that say OK.
    PartialThenTrailers,
    /// Half of the message comes, then the connection is closed.
    PartialThenClose,
    /// A gRPC status.
    Status {
        code: u32,
        text: String,
        /// Whether the handler has run all the same.
        #[serde(default)]
        executes: bool,
        #[serde(default)]
        pushback: Option<String>,
        #[serde(default)]
        details: Option<String>,
    },
    /// An answer of some proxy in plain HTTP; the handler does not run.
    Http { status: u16, body: String },
    /// A message that claims to be larger than any limit.
    TooLarge,
    /// A message that is no protobuf.
    NoProtobuf,
    /// A message with this byte in the place of the compression flag.
    Flag { flag: u8 },
    /// The whole daemon goes down and comes back on the same port.
    Restart,
}

impl Act {
    /// Whether the handler sees the message.
    pub fn executes(&self) -> bool {
        match self {
            Act::RefusedStream | Act::GoawayAbove { .. } | Act::Http { .. } => false,
            Act::Status { executes, .. } => *executes,
            _ => true,
        }
    }

    /// Whether the request is turned away before its message is read.
    pub fn is_before_the_message(&self) -> bool {
        matches!(self, Act::RefusedStream | Act::GoawayAbove { .. })
    }
}

/// How connections are received.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// TLS and HTTP/2, as it should be.
    #[default]
    Open,
    /// Nobody listens.
    Refused,
    /// The line of connections that wait is full, so that the system drops new ones.
    Full,
    /// Accepted and reset.
    AcceptReset,
    /// Accepted and closed.
    AcceptClose,
    /// Accepted, and never a word.
    AcceptSilent,
    /// TLS, and then never a word.
    TlsSilent,
    /// Speaks, but not TLS.
    Plaintext,
    /// TLS with another certificate.
    OtherCertificate,
}

/// When requests are struck.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// The first request to the target, and none after it.
    Once,
    /// The first request to the target and everything after it.
    Lasting,
    /// Everything.
    Outset,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Mode::Once => "once",
            Mode::Lasting => "lasting",
            Mode::Outset => "outset",
        }
    }
}
