//! The streams of lnd: one file each. A stream alternates between catching up on what lnd keeps on record
//! and following what it reports; what a reconnect cannot bring back is said in the stream's row.

mod channel_events;
mod invoices;
mod payments;
mod subscriber;
mod transactions;

pub(crate) use channel_events::{ChannelEventsItem, ChannelEventsParams, channel_events};
#[cfg(test)]
pub(super) use invoices::told as invoice_item;
pub(crate) use invoices::{InvoicesItem, InvoicesParams, invoices};
pub(crate) use payments::{PaymentsItem, PaymentsParams, payments};
pub(crate) use subscriber::{Subscriber, Terms};
pub(crate) use transactions::{TransactionsItem, TransactionsParams, transactions};
