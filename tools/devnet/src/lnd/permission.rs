//! Which operations a macaroon must grant for which call, and which ones lnd's macaroon files
//! grant.

/// An operation: an entity and an action upon it.
pub(crate) type Operation = (&'static str, &'static str);

/// Who may call a method.
pub(crate) enum Access {
    /// Everybody, in every state of the wallet.
    Anybody,
    /// Everybody, while the wallet is locked.
    Unlocker,
    /// Whoever shows a macaroon over all of these operations, while the node runs.
    Macaroon(&'static [Operation]),
}

/// Every call that the simulated lnd serves over gRPC.
const OVER_GRPC: &[&str] = &[
    "/lnrpc.State/GetState",
    "/lnrpc.Lightning/GetInfo",
    "/lnrpc.Lightning/AddInvoice",
    "/lnrpc.Lightning/LookupInvoice",
    "/lnrpc.Lightning/ListInvoices",
    "/lnrpc.Lightning/DecodePayReq",
    "/lnrpc.Lightning/ListPayments",
    "/lnrpc.Lightning/ChannelBalance",
    "/lnrpc.Lightning/ListChannels",
    "/lnrpc.Lightning/PendingChannels",
    "/lnrpc.Lightning/ClosedChannels",
    "/lnrpc.Lightning/ListPeers",
    "/lnrpc.Lightning/ConnectPeer",
    "/lnrpc.Lightning/OpenChannel",
    "/lnrpc.Lightning/CloseChannel",
    "/lnrpc.Lightning/WalletBalance",
    "/lnrpc.Lightning/NewAddress",
    "/lnrpc.Lightning/SendCoins",
    "/lnrpc.Lightning/EstimateFee",
    "/lnrpc.Lightning/ListUnspent",
    "/lnrpc.Lightning/GetTransactions",
    "/lnrpc.Lightning/SubscribeInvoices",
    "/lnrpc.Lightning/SubscribeTransactions",
    "/lnrpc.Lightning/SubscribeChannelEvents",
    "/routerrpc.Router/SendPaymentV2",
    "/routerrpc.Router/TrackPaymentV2",
    "/routerrpc.Router/TrackPayments",
    "/routerrpc.Router/EstimateRouteFee",
    "/invoicesrpc.Invoices/AddHoldInvoice",
    "/invoicesrpc.Invoices/SettleInvoice",
    "/invoicesrpc.Invoices/CancelInvoice",
];

/// The devnet's own call, which REST alone has.
pub(crate) const ADD_INVOICES: &str = "/devnet.Devnet/AddInvoices";

/// What lnd writes to readonly.macaroon, sorted as the bakery sorts.
pub(crate) const READONLY: [Operation; 9] = [
    ("address", "read"),
    ("info", "read"),
    ("invoices", "read"),
    ("macaroon", "read"),
    ("message", "read"),
    ("offchain", "read"),
    ("onchain", "read"),
    ("peers", "read"),
    ("signer", "read"),
];

/// What lnd writes to invoice.macaroon.
pub(crate) const INVOICE: [Operation; 5] = [
    ("address", "read"),
    ("address", "write"),
    ("invoices", "read"),
    ("invoices", "write"),
    ("onchain", "read"),
];

/// What lnd writes to admin.macaroon.
pub(crate) const ADMIN: [Operation; 19] = [
    ("address", "read"),
    ("address", "write"),
    ("info", "read"),
    ("info", "write"),
    ("invoices", "read"),
    ("invoices", "write"),
    ("macaroon", "generate"),
    ("macaroon", "read"),
    ("macaroon", "write"),
    ("message", "read"),
    ("message", "write"),
    ("offchain", "read"),
    ("offchain", "write"),
    ("onchain", "read"),
    ("onchain", "write"),
    ("peers", "read"),
    ("peers", "write"),
    ("signer", "generate"),
    ("signer", "read"),
];

/// Who may call this method, over gRPC or by way of REST; nothing for what the simulated lnd does
/// not have.
pub(crate) fn access(method: &str) -> Option<Access> {
    Some(match method {
        "/lnrpc.State/GetState" => Access::Anybody,
        "/lnrpc.WalletUnlocker/UnlockWallet" => Access::Unlocker,
        "/lnrpc.Lightning/GetInfo" => Access::Macaroon(&[("info", "read")]),
        "/lnrpc.Lightning/ChannelBalance"
        | "/lnrpc.Lightning/ListChannels"
        | "/lnrpc.Lightning/ListPayments"
        | "/lnrpc.Lightning/DecodePayReq"
        | "/lnrpc.Lightning/PendingChannels"
        | "/lnrpc.Lightning/ClosedChannels"
        | "/lnrpc.Lightning/SubscribeChannelEvents"
        | "/routerrpc.Router/TrackPayments"
        | "/routerrpc.Router/TrackPaymentV2"
        | "/routerrpc.Router/EstimateRouteFee" => Access::Macaroon(&[("offchain", "read")]),
        "/lnrpc.Lightning/ListPeers" => Access::Macaroon(&[("peers", "read")]),
        "/lnrpc.Lightning/ConnectPeer" => Access::Macaroon(&[("peers", "write")]),
        "/lnrpc.Lightning/OpenChannel"
        | "/lnrpc.Lightning/OpenChannelSync"
        | "/lnrpc.Lightning/CloseChannel" => {
            Access::Macaroon(&[("onchain", "write"), ("offchain", "write")])
        }
        "/lnrpc.Lightning/WalletBalance"
        | "/lnrpc.Lightning/EstimateFee"
        | "/lnrpc.Lightning/ListUnspent"
        | "/lnrpc.Lightning/GetTransactions"
        | "/lnrpc.Lightning/SubscribeTransactions" => Access::Macaroon(&[("onchain", "read")]),
        "/lnrpc.Lightning/SendCoins" => Access::Macaroon(&[("onchain", "write")]),
        "/lnrpc.Lightning/NewAddress" => Access::Macaroon(&[("address", "write")]),
        "/routerrpc.Router/SendPaymentV2" => Access::Macaroon(&[("offchain", "write")]),
        "/lnrpc.Lightning/LookupInvoice"
        | "/lnrpc.Lightning/ListInvoices"
        | "/lnrpc.Lightning/SubscribeInvoices" => Access::Macaroon(&[("invoices", "read")]),
        ADD_INVOICES
        | "/lnrpc.Lightning/AddInvoice"
        | "/invoicesrpc.Invoices/AddHoldInvoice"
        | "/invoicesrpc.Invoices/SettleInvoice"
        | "/invoicesrpc.Invoices/CancelInvoice" => Access::Macaroon(&[("invoices", "write")]),
        _ => return None,
    })
}

/// Looks a path up as grpc-go does, and answers with its text if there is no such service or
/// method.
pub(crate) fn find_over_grpc(path: &str) -> Result<&'static str, String> {
    if let Some(method) = OVER_GRPC.iter().find(|known| **known == path) {
        return Ok(method);
    }
    let trimmed = path.strip_prefix('/').unwrap_or(path);
    let Some((service, method)) = trimmed.rsplit_once('/') else {
        return Err(format!("malformed method name: {path:?}"));
    };
    let of_service = |known: &&str| {
        known[1..]
            .rsplit_once('/')
            .is_some_and(|(name, _)| name == service)
    };
    Err(match OVER_GRPC.iter().any(of_service) {
        true => format!("unknown method {method} for service {service}"),
        false => format!("unknown service {service}"),
    })
}
