//! lnd: one file a concern. The functions named as in `methods.toml` are the methods.

mod add_invoice;
mod channel_books;
mod channel_search;
mod close_channel;
mod context;
mod fee_choice;
mod get_info;
#[cfg(test)]
mod golden;
mod health;
mod invoice_view;
mod lookup_invoice;
mod lookup_operation;
mod node;
mod once;
mod open_channel;
mod opened_channel;
mod operation_claim;
mod operation_tag;
mod payment_request;
mod payment_tracking;
mod payment_verdict;
mod payment_view;
mod preimage;
mod recognition;
mod refusal;
mod send_onchain;
mod send_payment;
mod track_payment;
mod wallet_books;
mod writing;

pub(super) use add_invoice::{AddInvoiceParams, AddInvoiceResult, add_invoice};
pub(super) use close_channel::{CloseChannelParams, CloseChannelResult, close_channel};
pub(super) use context::Context;
pub(super) use get_info::{GetInfoParams, GetInfoResult, get_info};
pub(super) use health::health;
pub(super) use lookup_invoice::{LookupInvoiceParams, LookupInvoiceResult, lookup_invoice};
pub(super) use lookup_operation::{LookupOperationParams, LookupOperationResult, lookup_operation};
pub(super) use node::Node;
pub(super) use open_channel::{OpenChannelParams, open_channel};
pub(super) use opened_channel::OpenChannelResult;
pub(super) use send_onchain::{SendOnchainParams, SendOnchainResult, send_onchain};
pub(super) use send_payment::{SendPaymentParams, SendPaymentResult, send_payment};
pub(super) use track_payment::{TrackPaymentParams, TrackPaymentResult, track_payment};
