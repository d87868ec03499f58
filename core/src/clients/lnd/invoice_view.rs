//! How an invoice of the node's own is shown.

use schemars::JsonSchema;
use serde::Serialize;

use crate::clients::json::{Decimal, Hex32, Millisatoshis, Satoshis};
use crate::transport::generated::lnrpc::Invoice;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

/// One invoice.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(crate) struct InvoiceView {
    /// BOLT11 text.
    pub(super) payment_request: String,
    /// Payment hash.
    pub(super) payment_hash: Option<Hex32>,
    /// The same under lnd's name.
    r_hash: Option<Hex32>,
    /// The preimage, once the invoice is settled; null before.
    preimage: Option<Hex32>,
    /// Amount asked for, whole satoshis (rounded down); 0 when the payer chooses.
    value: Satoshis,
    /// Amount asked for, millisatoshis.
    pub(super) value_msat: Millisatoshis,
    /// Amount received, satoshis (rounded down).
    amt_paid_sat: Satoshis,
    /// Amount received, millisatoshis.
    amt_paid_msat: Millisatoshis,
    /// Whether the money has arrived for good.
    settled: bool,
    /// `open`, `settled`, `canceled` or `accepted`.
    state: String,
    /// Unix seconds.
    creation_date: i64,
    /// Unix seconds; null until settled.
    settle_date: Option<i64>,
    /// Seconds after creation_date.
    pub(super) expiry: i64,
    /// Text for the payer.
    pub(super) memo: String,
    /// Hash of a longer description; null when there is none.
    description_hash: Option<Hex32>,
    /// Whether route hints over private channels are included.
    private: bool,
    /// Position in the order of creation.
    add_index: Decimal,
    /// Position in the order of settlement; null until settled.
    settle_index: Option<Decimal>,
    /// Whether it came to be by a spontaneous payment.
    is_keysend: bool,
}

impl From<Invoice> for InvoiceView {
    fn from(invoice: Invoice) -> Self {
        let settled = invoice.state == InvoiceState::Settled as i32;
        let hash = Hex32::from_slice(&invoice.r_hash);
        Self {
            payment_hash: hash,
            r_hash: hash,
            preimage: Hex32::from_slice(&invoice.r_preimage).filter(|_| settled),
            value: Satoshis(positive(invoice.value)),
            value_msat: Millisatoshis(positive(invoice.value_msat)),
            amt_paid_sat: Satoshis(positive(invoice.amt_paid_sat)),
            amt_paid_msat: Millisatoshis(positive(invoice.amt_paid_msat)),
            settled,
            state: state_name(invoice.state),
            creation_date: invoice.creation_date,
            settle_date: Some(invoice.settle_date).filter(|_| settled),
            expiry: invoice.expiry,
            memo: invoice.memo,
            description_hash: Hex32::from_slice(&invoice.description_hash),
            private: invoice.private,
            add_index: Decimal(invoice.add_index),
            settle_index: Some(Decimal(invoice.settle_index)).filter(|_| settled),
            is_keysend: invoice.is_keysend,
            payment_request: invoice.payment_request,
        }
    }
}

fn state_name(state: i32) -> String {
    match InvoiceState::try_from(state) {
        Ok(InvoiceState::Open) => "open".to_owned(),
        Ok(InvoiceState::Settled) => "settled".to_owned(),
        Ok(InvoiceState::Canceled) => "canceled".to_owned(),
        Ok(InvoiceState::Accepted) => "accepted".to_owned(),
        Err(_) => format!("unknown_{state}"),
    }
}

/// lnd's amounts are signed but never negative.
pub(super) fn positive(amount: i64) -> u64 {
    u64::try_from(amount).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preimage_shows_only_once_settled() {
        let mut invoice = Invoice {
            r_preimage: vec![7; 32],
            r_hash: vec![8; 32],
            ..Invoice::default()
        };
        assert!(InvoiceView::from(invoice.clone()).preimage.is_none());
        invoice.state = InvoiceState::Accepted as i32;
        assert!(InvoiceView::from(invoice.clone()).preimage.is_none());
        invoice.state = InvoiceState::Settled as i32;
        assert!(InvoiceView::from(invoice).preimage.is_some());
    }

    #[test]
    fn unknown_states_keep_their_number() {
        let invoice = Invoice {
            state: 9,
            ..Invoice::default()
        };
        assert_eq!(InvoiceView::from(invoice).state, "unknown_9");
    }
}
