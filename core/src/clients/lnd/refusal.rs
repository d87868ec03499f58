//! lnd answers nearly every refusal with gRPC code 2; its texts say what is meant, and what to do.

mod chain_writes;
mod invoices;
mod peers;
mod queries;

use super::super::registry::{MethodRow, begins_like};
use crate::error::Status;
use crate::resilience::Answer;

/// Beginning of the text, meaning, remedy.
type Text = (&'static str, Status, &'static str);

/// The texts of one concern each.
const TABLES: &[&[Text]] = &[
    TEXTS,
    chain_writes::TEXTS,
    invoices::TEXTS,
    peers::TEXTS,
    queries::TEXTS,
];

/// Texts about the daemon itself, and those that many methods share.
const TEXTS: &[Text] = &[
    (
        "waiting to start, RPC services",
        Status::NotReady,
        "wait until lnd has started, then call again",
    ),
    (
        "wallet not created",
        Status::WalletMissing,
        "create the wallet: lncli create",
    ),
    (
        "wallet locked",
        Status::WalletLocked,
        "unlock the wallet: lncli unlock",
    ),
    (
        "the RPC server is in the process of starting up",
        Status::NotReady,
        "wait until lnd has started, then call again",
    ),
    (
        "server is still in the process of starting",
        Status::NotReady,
        "wait until lnd is in sync with its chain, then call again",
    ),
    (
        "expected 1 macaroon, got ",
        Status::CredentialsRefused,
        "set macaroon in the configuration, or LND_MACAROON, to the path of a macaroon of this node",
    ),
    (
        "cannot get macaroon: ",
        Status::CredentialsRefused,
        "the macaroon is unknown to this node: take the one of the right network directory, baked by it",
    ),
    (
        "verification failed: ",
        Status::CredentialsRefused,
        "the macaroon belongs to another lnd or was made anew: copy this node's current one",
    ),
    (
        "caveat \"time-before ",
        Status::CredentialsRefused,
        "the macaroon has expired: bake a new one",
    ),
    (
        "invoice with payment hash already exists",
        Status::AlreadyExists,
        "look it up by its hash",
    ),
    (
        "unable to locate invoice",
        Status::NotFound,
        "check the payment hash; this node has no such invoice",
    ),
    (
        "there are no existing invoices",
        Status::NotFound,
        "this node has no invoice yet",
    ),
    (
        "payment isn't initiated",
        Status::NotFound,
        "this node has not started a payment with this hash",
    ),
    (
        "invoice expired. ",
        Status::DaemonInvalidArgument,
        "ask the payee for a new invoice",
    ),
    (
        "invoice not for current active network",
        Status::DaemonInvalidArgument,
        "pay it from a node on the invoice's network",
    ),
    (
        "checksum failed. ",
        Status::DaemonInvalidArgument,
        "copy the whole invoice again",
    ),
    (
        "self-payments not allowed",
        Status::DaemonInvalidArgument,
        "the invoice is this node's own; pay it from another node",
    ),
    (
        "memo too large: ",
        Status::DaemonInvalidArgument,
        "shorten the memo to 639 bytes",
    ),
    (
        "expiry of ",
        Status::DaemonInvalidArgument,
        "give an expiry of at most one year in seconds",
    ),
    (
        "unable to get best block",
        Status::NotReady,
        "lnd's chain backend does not answer: check bitcoind or btcd",
    ),
];

/// What a refusal of lnd means and what helps.
pub(super) fn explain(row: &MethodRow, answer: &Answer) -> (Status, String) {
    if answer.message.starts_with("permission denied") && answer.code == 2 {
        let hint = format!(
            "{} needs {}: use a macaroon that grants it, such as the admin macaroon",
            row.name,
            row.permissions.join(" and ")
        );
        return (Status::PermissionMissing, hint);
    }
    let known = TABLES
        .iter()
        .copied()
        .flatten()
        .find(|(text, _, _)| begins_like(&answer.message, text));
    if let Some((_, status, hint)) = known {
        return (*status, (*hint).to_owned());
    }
    if answer.code == 12 && answer.message.starts_with("unknown ") {
        let hint = if answer.message.starts_with("unknown method") {
            "this version of lnd lacks the call: use a newer one"
        } else {
            "this port is not lnd's, or this lnd was built without the sub-server"
        };
        return (Status::Unimplemented, hint.to_owned());
    }
    let status = Status::from_grpc_code(answer.code);
    (status, "read the message: it is lnd's own".to_owned())
}

/// Whether another macaroon would help: then its file is read once more.
pub(super) fn is_about_credentials(answer: &Answer) -> bool {
    let text = answer.message.as_str();
    text.starts_with("cannot get macaroon: ")
        || text.starts_with("verification failed: ")
        || text.starts_with("caveat \"time-before ")
        || text.starts_with("expected 1 macaroon, got ")
}

/// Whether the macaroon lacks a permission.
pub(super) fn is_permission(answer: &Answer) -> bool {
    answer.code == 2 && answer.message.starts_with("permission denied")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clients::registry::find;

    fn status(code: i32, message: &str) -> (Status, String) {
        let row = find("lnd", "send_payment").unwrap();
        explain(
            row,
            &Answer {
                code,
                message: message.to_owned(),
                ..Answer::default()
            },
        )
    }

    #[test]
    fn states_and_credentials_are_told_apart() {
        assert_eq!(
            status(2, "wallet locked, unlock it …").0,
            Status::WalletLocked
        );
        assert_eq!(
            status(2, "expected 1 macaroon, got 0").0,
            Status::CredentialsRefused
        );
        assert_eq!(
            status(12, "unknown service lnrpc.Lightning").0,
            Status::Unimplemented
        );
        assert_eq!(status(5, "x").0, Status::NotFound);
        let (denied, hint) = status(2, "permission denied");
        assert_eq!(denied, Status::PermissionMissing);
        assert!(hint.contains("offchain:write"));
    }

    #[test]
    fn no_text_hides_behind_a_shorter_one() {
        let all: Vec<&Text> = TABLES.iter().copied().flatten().collect();
        for (index, (text, ..)) in all.iter().enumerate() {
            let hidden = all
                .iter()
                .take(index)
                .find(|(other, ..)| text.starts_with(other));
            assert!(hidden.is_none(), "{text}: {hidden:?} answers for it");
        }
    }

    #[test]
    fn texts_of_every_table_are_found() {
        assert_eq!(
            status(2, "invoice still open").0,
            Status::FailedPrecondition
        );
        assert_eq!(
            status(2, "dial tcp 127.0.0.1:1: connect: connection refused").0,
            Status::PeerUnreachable
        );
        assert_eq!(
            status(2, "unable to find a path to destination").0,
            Status::NoRoute
        );
    }

    #[test]
    fn texts_in_the_middle_mean_nothing() {
        assert_eq!(status(2, "peer: wallet locked").0, Status::DaemonUnknown);
    }
}
