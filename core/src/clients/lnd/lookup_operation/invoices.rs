//! Looks up the writes about invoices: lnd keeps one invoice for each payment hash.

use super::super::add_invoice::AddInvoiceParams;
use super::super::context::Context;
use super::super::invoice_view::InvoiceView;
use super::super::lookup_invoice::{find_invoice, is_not_found};
use super::super::preimage;
use super::super::recognition::ready_for_write;
use super::finding::{Finding, Sought};
use crate::clients::json::Hex32;
use crate::error::Error;
use crate::transport::generated::lnrpc::Invoice;

pub(super) async fn added(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: AddInvoiceParams = sought.original()?;
    let preimage = match wanted.preimage() {
        Some(preimage) => preimage,
        None => {
            // The node's key is part of the derivation.
            ready_for_write(context).await?;
            preimage::derive(context, "add_invoice", sought.operation_id)?
        }
    };
    let found = look(context, preimage::payment_hash(&preimage)).await?;
    // A request on its way may still make it; making it again with the same id is harmless.
    Ok(found.map_or_else(Finding::not_found_yet, |invoice| {
        Finding::done(InvoiceView::from(invoice))
    }))
}

async fn look(context: &Context, hash: Hex32) -> Result<Option<Invoice>, Error> {
    match find_invoice(context, hash).await {
        Ok(invoice) => Ok(Some(invoice)),
        Err(failure) if is_not_found(context, &failure) => Ok(None),
        Err(failure) => Err(context.error(&failure)),
    }
}
