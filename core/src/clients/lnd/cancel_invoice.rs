//! cancel_invoice: gives a waiting payment back, or keeps an open invoice from being paid.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_ending::end;
use super::invoice_view::InvoiceView;
use crate::clients::json::Hex32;
use crate::error::Error;
use crate::resilience::Attempt;
use crate::transport::generated::invoicesrpc::CancelInvoiceMsg;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

/// Which invoice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelInvoiceParams {
    /// Payment hash, 64 hex digits.
    payment_hash: Hex32,
}

impl CancelInvoiceParams {
    pub(super) fn payment_hash(&self) -> Hex32 {
        self.payment_hash
    }
}

/// The canceled invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CancelInvoiceResult {
    /// Payment hash.
    pub(super) payment_hash: Hex32,
    /// Always true: anything else is an error.
    pub(super) canceled: bool,
    /// Whether it had been canceled before this call, or had expired.
    pub(super) replayed: bool,
    /// The invoice as in lookup_invoice; null when lnd could not be asked for it afterwards, or deletes
    /// canceled invoices.
    pub(super) invoice: Option<InvoiceView>,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
}

pub(crate) async fn cancel_invoice(
    context: &Context,
    params: CancelInvoiceParams,
) -> Result<CancelInvoiceResult, Error> {
    let payment_hash = params.payment_hash;
    let client = context.node().writing_invoices();
    let send = |attempt: Attempt, generation| {
        let mut client = client.clone();
        let message = CancelInvoiceMsg {
            payment_hash: payment_hash.0.to_vec(),
        };
        let request = context.request_on(&attempt, generation, message);
        async move { client.cancel_invoice(request).await.map(|_| ()) }
    };
    let ended = end(context, payment_hash, InvoiceState::Canceled, send).await?;
    Ok(CancelInvoiceResult {
        payment_hash,
        canceled: true,
        replayed: ended.replayed,
        invoice: ended.invoice,
        operation_id: context.operation_id(),
    })
}
