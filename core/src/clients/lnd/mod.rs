//! lnd: one file a concern. The functions named as in `methods.toml` are the methods.

mod add_invoice;
mod context;
mod get_info;
#[cfg(test)]
mod golden;
mod health;
mod invoice_view;
mod lookup_invoice;
mod lookup_operation;
mod node;
mod payment_request;
mod payment_tracking;
mod payment_verdict;
mod payment_view;
mod preimage;
mod recognition;
mod refusal;
mod send_payment;
mod track_payment;
mod writing;

pub(super) use add_invoice::{AddInvoiceParams, AddInvoiceResult, add_invoice};
pub(super) use context::Context;
pub(super) use get_info::{GetInfoParams, GetInfoResult, get_info};
pub(super) use health::health;
pub(super) use lookup_invoice::{LookupInvoiceParams, LookupInvoiceResult, lookup_invoice};
pub(super) use lookup_operation::{LookupOperationParams, LookupOperationResult, lookup_operation};
pub(super) use node::Node;
pub(super) use send_payment::{SendPaymentParams, SendPaymentResult, send_payment};
pub(super) use track_payment::{TrackPaymentParams, TrackPaymentResult, track_payment};
