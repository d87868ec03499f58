//! lnd: one file a concern. The functions named as in `methods.toml` are the methods.

mod add_hold_invoice;
mod add_invoice;
mod address_type;
mod cancel_invoice;
mod channel_books;
mod channel_search;
mod channel_terms;
mod channel_view;
mod close_channel;
mod connect_peer;
mod context;
mod decode_payment_request;
mod estimate_fee;
mod estimate_route_fee;
mod feature_view;
mod fee_choice;
mod get_info;
mod get_lightning_balance;
mod get_onchain_balance;
mod get_total_balance;
#[cfg(test)]
mod golden;
mod health;
mod invoice_ending;
mod invoice_terms;
mod invoice_view;
mod keyed_write;
mod list_channels;
mod list_closed_channels;
mod list_invoices;
mod list_payments;
mod list_peers;
mod list_pending_channels;
mod list_transactions;
mod list_unspent;
mod lookup_invoice;
mod lookup_operation;
mod made_invoice;
mod new_address;
mod node;
mod once;
mod open_channel;
mod opened_channel;
mod operation_claim;
mod operation_tag;
mod paging;
mod payment_request;
mod payment_tracking;
mod payment_verdict;
mod payment_view;
mod preimage;
mod recognition;
mod refusal;
mod send_onchain;
mod send_payment;
mod settle_invoice;
mod streams;
mod track_payment;
mod transaction_view;
mod wallet_books;
mod writing;

pub(super) use add_hold_invoice::{AddHoldInvoiceParams, AddHoldInvoiceResult, add_hold_invoice};
pub(super) use add_invoice::{AddInvoiceParams, AddInvoiceResult, add_invoice};
pub(super) use cancel_invoice::{CancelInvoiceParams, CancelInvoiceResult, cancel_invoice};
pub(super) use close_channel::{CloseChannelParams, CloseChannelResult, close_channel};
pub(super) use connect_peer::{ConnectPeerParams, ConnectPeerResult, connect_peer};
pub(super) use context::Context;
pub(super) use decode_payment_request::{
    DecodePaymentRequestParams, DecodePaymentRequestResult, decode_payment_request,
};
pub(super) use estimate_fee::{EstimateFeeParams, EstimateFeeResult, estimate_fee};
pub(super) use estimate_route_fee::{
    EstimateRouteFeeParams, EstimateRouteFeeResult, estimate_route_fee,
};
pub(super) use get_info::{GetInfoParams, GetInfoResult, get_info};
pub(super) use get_lightning_balance::{
    GetLightningBalanceParams, GetLightningBalanceResult, get_lightning_balance,
};
pub(super) use get_onchain_balance::{
    GetOnchainBalanceParams, GetOnchainBalanceResult, get_onchain_balance,
};
pub(super) use get_total_balance::{
    GetTotalBalanceParams, GetTotalBalanceResult, get_total_balance,
};
pub(super) use list_channels::{ListChannelsParams, ListChannelsResult, list_channels};
pub(super) use list_closed_channels::{
    ListClosedChannelsParams, ListClosedChannelsResult, list_closed_channels,
};
pub(super) use list_invoices::{ListInvoicesParams, ListInvoicesResult, list_invoices};
pub(super) use list_payments::{ListPaymentsParams, ListPaymentsResult, list_payments};
pub(super) use list_peers::{ListPeersParams, ListPeersResult, list_peers};
pub(super) use list_pending_channels::{
    ListPendingChannelsParams, ListPendingChannelsResult, list_pending_channels,
};
pub(super) use list_transactions::{
    ListTransactionsParams, ListTransactionsResult, list_transactions,
};
pub(super) use list_unspent::{ListUnspentParams, ListUnspentResult, list_unspent};
pub(super) use lookup_invoice::{LookupInvoiceParams, LookupInvoiceResult, lookup_invoice};
pub(super) use lookup_operation::{
    LookupOperationParams, LookupOperationResult, is_looked_up, lookup_operation,
};
pub(super) use new_address::{NewAddressParams, NewAddressResult, new_address};
pub(super) use node::Node;
pub(super) use open_channel::{OpenChannelParams, open_channel};
pub(super) use opened_channel::OpenChannelResult;
pub(super) use send_onchain::{SendOnchainParams, SendOnchainResult, send_onchain};
pub(super) use send_payment::{SendPaymentParams, SendPaymentResult, send_payment};
pub(super) use settle_invoice::{SettleInvoiceParams, SettleInvoiceResult, settle_invoice};
pub(super) use streams::{
    ChannelEventsItem, ChannelEventsParams, InvoicesItem, InvoicesParams, PaymentsItem,
    PaymentsParams, Subscriber, Terms, TransactionsItem, TransactionsParams, channel_events,
    invoices, payments, transactions,
};
pub(super) use track_payment::{TrackPaymentParams, TrackPaymentResult, track_payment};
