//! What lnd says about payment requests, addresses, routes and filters that it is asked about.

use super::Text;
use crate::error::Status;

pub(super) const TEXTS: &[Text] = &[
    (
        "hrp too short",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again",
    ),
    (
        "prefix should be ",
        Status::DaemonInvalidArgument,
        "give a BOLT11 invoice, which begins with ln",
    ),
    (
        "invalid index of 1",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again",
    ),
    (
        "invalid bech32 string length",
        Status::DaemonInvalidArgument,
        "copy the whole text again",
    ),
    (
        "invalid character ",
        Status::DaemonInvalidArgument,
        "copy the whole text again",
    ),
    (
        "string not all lowercase or all uppercase",
        Status::DaemonInvalidArgument,
        "copy the whole text again, in one case",
    ),
    (
        "invalid invoice signature",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again, or ask the payee for a new one",
    ),
    (
        "unable to deserialize signature",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again, or ask the payee for a new one",
    ),
    (
        "short invoice",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again",
    ),
    (
        "invoice is too large",
        Status::DaemonInvalidArgument,
        "ask the payee for a shorter invoice",
    ),
    (
        "payment request amount must be greater than 0",
        Status::DaemonInvalidArgument,
        "this invoice names no amount: give destination and amount in place of it",
    ),
    (
        "unable to find a path to destination",
        Status::NoRoute,
        "try a smaller amount, or later; check with list_channels that enough can be sent",
    ),
    (
        "insufficient local balance",
        Status::NoRoute,
        "the node's channels cannot send so much: see list_channels",
    ),
    (
        "all LSP probe payments failed",
        Status::NoRoute,
        "try a smaller amount, or later",
    ),
    (
        "warning, the fee estimation payment probe unexpectedly succeeded",
        Status::DaemonUnknown,
        "the payee took the probe's money without a preimage of its own: ask it for a refund",
    ),
    (
        "decoded address is of unknown format",
        Status::DaemonInvalidArgument,
        "give a bitcoin address of the node's network",
    ),
    (
        "decoded address is of unknown size",
        Status::DaemonInvalidArgument,
        "give a bitcoin address of the node's network",
    ),
    (
        "invalid checksum (",
        Status::DaemonInvalidArgument,
        "copy the whole address again",
    ),
    (
        "checksum mismatch",
        Status::DaemonInvalidArgument,
        "copy the whole address again",
    ),
    (
        "address is not for ",
        Status::DaemonInvalidArgument,
        "give an address of the node's network",
    ),
    (
        "unknown address type",
        Status::DaemonInvalidArgument,
        "give an address of the node's network, or an address type that this lnd knows",
    ),
    (
        "min confirmations must be >= 0",
        Status::DaemonInvalidArgument,
        "give 0 or more confirmations",
    ),
    (
        "max confirmations must be >= min confirmations",
        Status::DaemonInvalidArgument,
        "give min_confs up to max_confs",
    ),
    (
        "start date(",
        Status::DaemonInvalidArgument,
        "give creation_date_start before creation_date_end",
    ),
    (
        "either `active_only` or ",
        Status::DaemonInvalidArgument,
        "set one of the two",
    ),
    (
        "either `public_only` or ",
        Status::DaemonInvalidArgument,
        "set one of the two",
    ),
];
