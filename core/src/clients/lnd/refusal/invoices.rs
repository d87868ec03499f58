//! What lnd says about invoices that it makes, settles and cancels.

use super::Text;
use crate::error::Status;

pub(super) const TEXTS: &[Text] = &[
    (
        "data length too big to fit within ",
        Status::DaemonInvalidArgument,
        "shorten the memo to 639 bytes: a BOLT11 invoice has room for no more",
    ),
    (
        "invoice still open",
        Status::FailedPrecondition,
        "no payment waits at it: settle it when lookup_invoice says accepted",
    ),
    (
        "invoice already canceled",
        Status::FailedPrecondition,
        "it can no longer be settled: make a new invoice",
    ),
    (
        "invoice already settled",
        Status::FailedPrecondition,
        "the money has arrived and cannot be given back this way: pay it back with a payment",
    ),
    (
        "not a hodl invoice",
        Status::FailedPrecondition,
        "only an invoice of add_hold_invoice is settled by hand",
    ),
    (
        "invoice registry shutting down",
        Status::NotReady,
        "lnd is stopping: call again when it has started",
    ),
    (
        "invoice with payment address already exists",
        Status::AlreadyExists,
        "make the call again: lnd draws another payment address",
    ),
    (
        "payments of negative value",
        Status::DaemonInvalidArgument,
        "give an amount of 0 or more",
    ),
    (
        "amount cannot be negative",
        Status::DaemonInvalidArgument,
        "give an amount of 0 or more",
    ),
    (
        "amount and amount msat are mutually exclusive",
        Status::DaemonInvalidArgument,
        "give the amount in one unit",
    ),
    (
        "invoice amount ",
        Status::DaemonInvalidArgument,
        "give a smaller amount: lnd takes invoices up to 100000 BTC",
    ),
    (
        "description hash is ",
        Status::DaemonInvalidArgument,
        "give a description hash of 32 bytes",
    ),
    (
        "CLTV delta of ",
        Status::DaemonInvalidArgument,
        "give cltv_expiry from 24 to what the message names, or leave it out",
    ),
];
