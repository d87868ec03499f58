//! add_hold_invoice: an invoice whose preimage lnd does not know. A payment to it waits until it is
//! settled with the preimage, or canceled.

use schemars::JsonSchema;
use serde::Deserialize;

use super::context::Context;
use super::invoice_terms::{Asked, Terms};
use super::made_invoice::{self, MadeInvoice};
use crate::clients::json::{Hex32, Millisatoshis, Satoshis};
use crate::error::Error;
use crate::resilience::Attempt;
use crate::transport::generated::invoicesrpc::AddHoldInvoiceRequest;

/// What to ask for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddHoldInvoiceParams {
    /// SHA-256 of the preimage, 64 hex digits. The preimage must be unguessable and stays with the caller.
    payment_hash: Hex32,
    /// Amount in satoshis; 0 only with any_amount.
    #[serde(default)]
    amount: Option<Satoshis>,
    /// Amount in millisatoshis, in place of amount.
    #[serde(default)]
    amount_msat: Option<Millisatoshis>,
    /// Text for the payer, at most 639 bytes.
    #[serde(default)]
    memo: Option<String>,
    /// Seconds until it expires: 1 to 31536000, default 3600.
    #[serde(default)]
    expiry: Option<u32>,
    /// Lets the payer choose the amount.
    #[serde(default)]
    any_amount: bool,
    /// Adds route hints over private channels.
    #[serde(default)]
    private: bool,
    /// Blocks that a payment may wait, at least 24 (default: lnd's 80). lnd cancels a payment that is
    /// neither settled nor canceled shortly before they have passed.
    #[serde(default)]
    cltv_expiry: Option<u32>,
}

impl AddHoldInvoiceParams {
    pub(super) fn payment_hash(&self) -> Hex32 {
        self.payment_hash
    }
}

pub(crate) type AddHoldInvoiceResult = MadeInvoice;

pub(crate) async fn add_hold_invoice(
    context: &Context,
    params: AddHoldInvoiceParams,
) -> Result<AddHoldInvoiceResult, Error> {
    let terms = Terms::check(&Asked {
        amount: params.amount,
        amount_msat: params.amount_msat,
        any_amount: params.any_amount,
        memo: params.memo.as_deref(),
        expiry: params.expiry,
        private: params.private,
        cltv_expiry: params.cltv_expiry,
        hold: true,
    })?;
    let client = context.node().writing_invoices();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let invoice = AddHoldInvoiceRequest {
            memo: terms.memo.clone(),
            hash: params.payment_hash.0.to_vec(),
            value_msat: terms.value_msat,
            expiry: terms.expiry,
            private: terms.private,
            cltv_expiry: terms.cltv_expiry,
            ..AddHoldInvoiceRequest::default()
        };
        let request = context.request_on(&attempt, generation, invoice);
        async move { client.add_hold_invoice(request).await.map(|_| ()) }
    };
    made_invoice::make(context, &terms, params.payment_hash, send).await
}
