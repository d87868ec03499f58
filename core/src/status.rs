//! The status numbers of the C ABI. They are promises: explicit, append-only, never reused.

/// Declares the statuses once: number, name and remedy-free meaning, so that the header, the name
/// lookup and the frozen list of the tests come from the same rows.
macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $variant:ident = $number:literal, $name:literal;)+) => {
        /// What a call came to. The number is what a C caller sees.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i32)]
        pub enum Status {
            $($(#[doc = $doc])+ $variant = $number,)+
        }

        impl Status {
            /// Every status in ascending order of its number.
            pub const ALL: &'static [Status] = &[$(Status::$variant),+];

            /// The stable upper-case name, which is also the `code` of the error JSON.
            pub const fn name(self) -> &'static str {
                match self { $(Status::$variant => $name,)+ }
            }

            /// One sentence on what the status means, as the header prints it.
            pub const fn meaning(self) -> &'static str {
                match self { $(Status::$variant => concat!($($doc),+),)+ }
            }
        }
    };
}

statuses! {
    /// The call did all that it was asked to do.
    Ok = 0, "OK";

    /// A required pointer was NULL.
    NullPointer = 1, "NULL_POINTER";
    /// The handle is NULL, freed, foreign, or of another type.
    InvalidHandle = 2, "INVALID_HANDLE";
    /// An input text is not valid UTF-8.
    InvalidUtf8 = 3, "INVALID_UTF8";
    /// An input text contains a NUL character.
    InnerNul = 4, "INNER_NUL";
    /// An input text is not well-formed JSON, or a key stands twice in one object.
    InvalidJson = 5, "INVALID_JSON";
    /// An input text nests deeper than 128 levels.
    JsonTooDeep = 6, "JSON_TOO_DEEP";
    /// An input text is longer than the method accepts.
    InputTooLarge = 7, "INPUT_TOO_LARGE";
    /// A parameter or option is missing, unknown, out of range or contradicts another one.
    InvalidArgument = 8, "INVALID_ARGUMENT";
    /// The service is none of lnd, tapd and arkd.
    UnknownService = 9, "UNKNOWN_SERVICE";
    /// The service has no such method.
    UnknownMethod = 10, "UNKNOWN_METHOD";
    /// The configuration is incomplete or contradicts itself.
    InvalidConfig = 11, "INVALID_CONFIG";
    /// The manager was closed.
    Closed = 12, "CLOSED";
    /// The object was made before a fork and is used in the child.
    Forked = 13, "FORKED";
    /// A blocking function was called from one of the library's own threads.
    Reentrant = 14, "REENTRANT";
    /// The operation_id was used before with other parameters.
    OperationConflict = 15, "OPERATION_CONFLICT";

    /// The total deadline of the call passed.
    DeadlineExceeded = 100, "DEADLINE_EXCEEDED";
    /// The caller's cancel token was triggered.
    Cancelled = 101, "CANCELLED";
    /// The service is absent from the configuration.
    NotConfigured = 102, "NOT_CONFIGURED";
    /// The daemon or this version of the library cannot do this.
    Unsupported = 103, "UNSUPPORTED";
    /// The payment ended without paying.
    PaymentFailed = 104, "PAYMENT_FAILED";
    /// The payment was accepted by the node and is still under way.
    InFlight = 105, "IN_FLIGHT";
    /// The daemon's wallet is locked.
    WalletLocked = 106, "WALLET_LOCKED";
    /// The daemon has no wallet yet.
    WalletMissing = 107, "WALLET_MISSING";
    /// The daemon is starting or syncing.
    NotReady = 108, "NOT_READY";
    /// The wallet has not enough to spend.
    InsufficientFunds = 120, "INSUFFICIENT_FUNDS";
    /// The peer of the channel is not connected.
    PeerOffline = 121, "PEER_OFFLINE";
    /// The peer refused the channel.
    PeerRefused = 122, "PEER_REFUSED";
    /// The state directory is missing, not writable, full, or its disk fails.
    StateDirectory = 123, "STATE_DIRECTORY";
    /// A file of the state directory is cut or was altered.
    StateDamaged = 124, "STATE_DAMAGED";
    /// A file of the state directory was written by a newer version of the library.
    StateNewer = 125, "STATE_NEWER";
    /// Another call or process is at work on this operation_id.
    OperationBusy = 126, "OPERATION_BUSY";
    /// An earlier try of this operation_id is undecided; this call sent nothing.
    OperationUnresolved = 127, "OPERATION_UNRESOLVED";
    /// The channel is in a state that does not allow this.
    ChannelState = 128, "CHANNEL_STATE";
    /// An output that the write was to spend is spent already.
    InputsSpent = 129, "INPUTS_SPENT";
    /// No route to the payee can carry the amount.
    NoRoute = 130, "NO_ROUTE";
    /// The other node could not be reached.
    PeerUnreachable = 131, "PEER_UNREACHABLE";
    /// The stream had nothing new in the time that was given; it lives on.
    Timeout = 140, "TIMEOUT";
    /// The stream is over: its manager was closed.
    End = 141, "END";
    /// The daemon was out of reach several times in a row; for a moment calls are refused at once.
    CircuitOpen = 150, "CIRCUIT_OPEN";
    /// More calls of this kind are under way than the library lets through, and the line is full.
    Overloaded = 151, "OVERLOADED";

    /// No connection could be made.
    ConnectFailed = 200, "CONNECT_FAILED";
    /// The TLS handshake failed or the certificate is not the expected one.
    TlsFailed = 201, "TLS_FAILED";
    /// The daemon refused the macaroon.
    CredentialsRefused = 202, "CREDENTIALS_REFUSED";
    /// The macaroon lacks a permission that the method needs.
    PermissionMissing = 203, "PERMISSION_MISSING";
    /// The connection broke before the answer was complete.
    ConnectionLost = 204, "CONNECTION_LOST";
    /// The peer's answer is not a well-formed gRPC message.
    MalformedAnswer = 205, "MALFORMED_ANSWER";
    /// The answer is larger than the configured receive limit.
    AnswerTooLarge = 206, "ANSWER_TOO_LARGE";
    /// The peer is not the service, network or node that was expected.
    WrongPeer = 207, "WRONG_PEER";
    /// A credential file could not be read.
    CredentialsUnreadable = 208, "CREDENTIALS_UNREADABLE";

    /// gRPC code 1 of the daemon.
    DaemonCancelled = 301, "DAEMON_CANCELLED";
    /// gRPC code 2 of the daemon: for lnd and tapd this covers most refusals, the message says which.
    DaemonUnknown = 302, "DAEMON_UNKNOWN";
    /// gRPC code 3 of the daemon.
    DaemonInvalidArgument = 303, "DAEMON_INVALID_ARGUMENT";
    /// gRPC code 4 of the daemon.
    DaemonDeadlineExceeded = 304, "DAEMON_DEADLINE_EXCEEDED";
    /// gRPC code 5 of the daemon, or its text for a thing that does not exist.
    NotFound = 305, "NOT_FOUND";
    /// gRPC code 6 of the daemon, or its text for a thing that exists already.
    AlreadyExists = 306, "ALREADY_EXISTS";
    /// gRPC code 7 of the daemon.
    PermissionDenied = 307, "PERMISSION_DENIED";
    /// gRPC code 8 of the daemon.
    ResourceExhausted = 308, "RESOURCE_EXHAUSTED";
    /// gRPC code 9 of the daemon, or its text for a thing that is in the wrong state.
    FailedPrecondition = 309, "FAILED_PRECONDITION";
    /// gRPC code 10 of the daemon.
    Aborted = 310, "ABORTED";
    /// gRPC code 11 of the daemon.
    OutOfRange = 311, "OUT_OF_RANGE";
    /// gRPC code 12 of the daemon: it lacks this call.
    Unimplemented = 312, "UNIMPLEMENTED";
    /// gRPC code 13 of the daemon.
    DaemonInternal = 313, "DAEMON_INTERNAL";
    /// gRPC code 14 of the daemon.
    DaemonUnavailable = 314, "DAEMON_UNAVAILABLE";
    /// gRPC code 15 of the daemon.
    DataLoss = 315, "DATA_LOSS";
    /// gRPC code 16 of the daemon.
    Unauthenticated = 316, "UNAUTHENTICATED";

    /// A defect of this library was caught; process and handles live on.
    Panic = 900, "PANIC";
}

impl Status {
    /// The number that crosses the C ABI.
    pub const fn number(self) -> i32 {
        self as i32
    }

    /// The status with this number, if there is one.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|status| status.number() == number)
    }

    /// The status of a gRPC code that the daemon itself sent (1 to 16).
    pub fn from_grpc_code(code: i32) -> Self {
        Self::from_number(300 + code).unwrap_or(Self::DaemonUnknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_ascend_and_names_are_unique() {
        let mut names = std::collections::BTreeSet::new();
        let mut last = -1;
        for status in Status::ALL {
            assert!(status.number() > last, "{} is out of order", status.name());
            last = status.number();
            assert!(names.insert(status.name()));
        }
    }

    #[test]
    fn every_grpc_code_has_its_number() {
        for code in 1..=16 {
            assert_eq!(Status::from_grpc_code(code).number(), 300 + code);
        }
        assert_eq!(Status::from_grpc_code(99), Status::DaemonUnknown);
    }
}
