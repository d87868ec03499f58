//! The addresses of lnd's REST that the simulated one has, and the call behind each.

use http::Method;

use super::permission;

/// A call over REST.
pub(crate) enum Route<'a> {
    Look(Look<'a>),
    Act(Act),
    /// Those whose answers are streams.
    Pay,
    Close {
        txid: &'a str,
        vout: &'a str,
    },
    /// The devnet's own.
    AddInvoices,
}

/// A call that reads.
pub(crate) enum Look<'a> {
    State,
    Info,
    ChannelBalance,
    Channels,
    Invoices,
    Invoice(&'a str),
    Payments,
    PaymentRequest(&'a str),
    Peers,
    PendingChannels,
    ClosedChannels,
    OnChain(OnChain),
}

/// A call about coins on the chain.
pub(crate) enum OnChain {
    WalletBalance,
    Transactions,
    Unspent,
    NewAddress,
}

/// A call that changes something.
pub(crate) enum Act {
    AddInvoice,
    AddHoldInvoice,
    SettleInvoice,
    CancelInvoice,
    Unlock,
    SendCoins,
    ConnectPeer,
    OpenChannel,
}

impl<'a> Route<'a> {
    /// The call at this address.
    pub(crate) fn find(method: &Method, path: &'a str) -> Option<Self> {
        let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        Some(match (method.as_str(), segments.as_slice()) {
            ("GET", ["v1", "state"]) => Self::Look(Look::State),
            ("GET", ["v1", "getinfo"]) => Self::Look(Look::Info),
            ("GET", ["v1", "balance", "channels"]) => Self::Look(Look::ChannelBalance),
            ("GET", ["v1", "channels"]) => Self::Look(Look::Channels),
            ("GET", ["v1", "invoices"]) => Self::Look(Look::Invoices),
            ("GET", ["v1", "invoice", hash]) => Self::Look(Look::Invoice(hash)),
            ("GET", ["v1", "payments"]) => Self::Look(Look::Payments),
            ("GET", ["v1", "payreq", text]) => Self::Look(Look::PaymentRequest(text)),
            ("GET", ["v1", "peers"]) => Self::Look(Look::Peers),
            ("GET", ["v1", "channels", "pending"]) => Self::Look(Look::PendingChannels),
            ("GET", ["v1", "channels", "closed"]) => Self::Look(Look::ClosedChannels),
            ("GET", ["v1", "balance", "blockchain"]) => {
                Self::Look(Look::OnChain(OnChain::WalletBalance))
            }
            ("GET", ["v1", "transactions"]) => Self::Look(Look::OnChain(OnChain::Transactions)),
            ("GET", ["v1", "utxos"]) => Self::Look(Look::OnChain(OnChain::Unspent)),
            ("GET", ["v1", "newaddress"]) => Self::Look(Look::OnChain(OnChain::NewAddress)),
            ("POST", ["v1", "transactions"]) => Self::Act(Act::SendCoins),
            ("POST", ["v1", "peers"]) => Self::Act(Act::ConnectPeer),
            ("POST", ["v1", "invoices"]) => Self::Act(Act::AddInvoice),
            ("POST", ["v2", "invoices", "hodl"]) => Self::Act(Act::AddHoldInvoice),
            ("POST", ["v2", "invoices", "settle"]) => Self::Act(Act::SettleInvoice),
            ("POST", ["v2", "invoices", "cancel"]) => Self::Act(Act::CancelInvoice),
            ("POST", ["v1", "unlockwallet"]) => Self::Act(Act::Unlock),
            ("POST", ["v1", "channels"]) => Self::Act(Act::OpenChannel),
            ("DELETE", ["v1", "channels", txid, vout]) => Self::Close { txid, vout },
            ("POST", ["devnet", "invoices"]) => Self::AddInvoices,
            ("POST", ["v2", "router", "send"]) => Self::Pay,
            _ => return None,
        })
    }

    /// The gRPC method that the address stands for.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Look(Look::State) => "/lnrpc.State/GetState",
            Self::Look(Look::Info) => "/lnrpc.Lightning/GetInfo",
            Self::Look(Look::ChannelBalance) => "/lnrpc.Lightning/ChannelBalance",
            Self::Look(Look::Channels) => "/lnrpc.Lightning/ListChannels",
            Self::Look(Look::Invoices) => "/lnrpc.Lightning/ListInvoices",
            Self::Look(Look::Invoice(_)) => "/lnrpc.Lightning/LookupInvoice",
            Self::Look(Look::Payments) => "/lnrpc.Lightning/ListPayments",
            Self::Look(Look::PaymentRequest(_)) => "/lnrpc.Lightning/DecodePayReq",
            Self::Look(Look::Peers) => "/lnrpc.Lightning/ListPeers",
            Self::Look(Look::PendingChannels) => "/lnrpc.Lightning/PendingChannels",
            Self::Look(Look::ClosedChannels) => "/lnrpc.Lightning/ClosedChannels",
            Self::Look(Look::OnChain(OnChain::WalletBalance)) => "/lnrpc.Lightning/WalletBalance",
            Self::Look(Look::OnChain(OnChain::Transactions)) => "/lnrpc.Lightning/GetTransactions",
            Self::Look(Look::OnChain(OnChain::Unspent)) => "/lnrpc.Lightning/ListUnspent",
            Self::Look(Look::OnChain(OnChain::NewAddress)) => "/lnrpc.Lightning/NewAddress",
            Self::Act(Act::SendCoins) => "/lnrpc.Lightning/SendCoins",
            Self::Act(Act::ConnectPeer) => "/lnrpc.Lightning/ConnectPeer",
            Self::Act(Act::OpenChannel) => "/lnrpc.Lightning/OpenChannelSync",
            Self::Close { .. } => "/lnrpc.Lightning/CloseChannel",
            Self::AddInvoices => permission::ADD_INVOICES,
            Self::Act(Act::AddInvoice) => "/lnrpc.Lightning/AddInvoice",
            Self::Act(Act::AddHoldInvoice) => "/invoicesrpc.Invoices/AddHoldInvoice",
            Self::Act(Act::SettleInvoice) => "/invoicesrpc.Invoices/SettleInvoice",
            Self::Act(Act::CancelInvoice) => "/invoicesrpc.Invoices/CancelInvoice",
            Self::Act(Act::Unlock) => "/lnrpc.WalletUnlocker/UnlockWallet",
            Self::Pay => "/routerrpc.Router/SendPaymentV2",
        }
    }
}
