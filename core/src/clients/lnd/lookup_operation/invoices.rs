//! Looks up the writes about invoices: lnd keeps one invoice for each payment hash.

use super::super::add_hold_invoice::AddHoldInvoiceParams;
use super::super::add_invoice::AddInvoiceParams;
use super::super::cancel_invoice::CancelInvoiceParams;
use super::super::context::Context;
use super::super::invoice_view::InvoiceView;
use super::super::lookup_invoice::look;
use super::super::preimage;
use super::super::recognition::ready_for_write;
use super::super::settle_invoice::SettleInvoiceParams;
use super::finding::{Finding, Sought};
use crate::clients::json::Hex32;
use crate::error::Error;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

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
    let found = look(context, preimage::payment_hash(&preimage)).await;
    let found = found.map_err(|failure| context.error(&failure))?;
    // A request on its way may still make it; making it again with the same id is harmless.
    Ok(found.map_or_else(Finding::not_found_yet, |invoice| {
        Finding::done(InvoiceView::from(invoice))
    }))
}

pub(super) async fn hold_added(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: AddHoldInvoiceParams = sought.original()?;
    let found = look(context, wanted.payment_hash()).await;
    let found = found.map_err(|failure| context.error(&failure))?;
    Ok(found.map_or_else(Finding::not_found_yet, |invoice| {
        Finding::done(InvoiceView::from(invoice))
    }))
}

pub(super) async fn settled(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: SettleInvoiceParams = sought.original()?;
    ended(context, wanted.checked_hash()?, InvoiceState::Settled).await
}

pub(super) async fn canceled(context: &Context, sought: Sought<'_>) -> Result<Finding, Error> {
    let wanted: CancelInvoiceParams = sought.original()?;
    ended(context, wanted.payment_hash(), InvoiceState::Canceled).await
}

/// An invoice ends once: settled or canceled, and the other is then impossible for ever.
async fn ended(context: &Context, hash: Hex32, ending: InvoiceState) -> Result<Finding, Error> {
    let found = look(context, hash).await;
    let Some(invoice) = found.map_err(|failure| context.error(&failure))? else {
        return Ok(Finding::not_found_yet());
    };
    let state = invoice.state;
    let final_states = [InvoiceState::Settled as i32, InvoiceState::Canceled as i32];
    let view = InvoiceView::from(invoice);
    Ok(if state == ending as i32 {
        Finding::done(view)
    } else if final_states.contains(&state) {
        Finding::failed(view)
    } else {
        Finding::not_found_yet()
    })
}
