//! Making an invoice whose hash is known before anything is sent: lnd refuses a second one with it, and a
//! lost answer is found again by it.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::context::Context;
use super::invoice_terms::Terms;
use super::invoice_view::InvoiceView;
use super::keyed_write::{Written, write_by_key};
use super::lookup_invoice::look;
use crate::clients::json::Hex32;
use crate::error::{Error, Executed, Reconcile, Status};
use crate::resilience::Attempt;
use crate::transport::generated::lnrpc::Invoice;

/// The new invoice.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct MadeInvoice {
    #[serde(flatten)]
    pub(super) invoice: InvoiceView,
    /// The caller's id or the generated one.
    pub(super) operation_id: Option<String>,
    /// Whether an earlier call had made it.
    pub(super) replayed: bool,
}

/// Sends it, once, and shows what lnd then has.
pub(super) async fn make<S, Fut>(
    context: &Context,
    terms: &Terms,
    hash: Hex32,
    send: S,
) -> Result<MadeInvoice, Error>
where
    S: Fn(Attempt, u64) -> Fut,
    Fut: Future<Output = Result<(), tonic::Status>>,
{
    let recipe = recipe(hash);
    let written = write_by_key(context, &recipe, send, || look(context, hash)).await?;
    match written {
        Written::Found { found, earlier } => compare(context, terms, found, earlier),
        Written::Answered(()) => created(context, terms, hash).await,
    }
}

pub(super) fn recipe(hash: Hex32) -> Reconcile {
    Reconcile {
        method: "lookup_invoice",
        params: json!({ "payment_hash": hash }),
        decisive_after: None,
    }
}

/// The result for an invoice that the node has, if it is the wanted one.
fn compare(
    context: &Context,
    terms: &Terms,
    invoice: Invoice,
    replayed: bool,
) -> Result<MadeInvoice, Error> {
    let difference = terms.difference(&invoice);
    let invoice = InvoiceView::from(invoice);
    if let Some(field) = difference {
        return Err(Error::local(
            Status::OperationConflict,
            format!("an invoice with this payment hash exists already, with another {field}"),
            "draw a fresh operation_id, preimage or payment_hash for an invoice with other parameters",
        )
        .with_result(serde_json::to_value(&invoice).unwrap_or_default()));
    }
    Ok(MadeInvoice {
        invoice,
        operation_id: context.operation_id(),
        replayed,
    })
}

/// The node said that it made the invoice: what is left is to show it.
async fn created(context: &Context, terms: &Terms, hash: Hex32) -> Result<MadeInvoice, Error> {
    let unseen = |error: Error| {
        error
            .with_executed(Executed::Yes)
            .with_reconcile(recipe(hash))
    };
    match look(context, hash).await {
        Ok(Some(invoice)) => compare(context, terms, invoice, false),
        Ok(None) => Err(unseen(Error::server(
            Status::NotFound,
            "lnd made the invoice but does not find it",
            "look it up again",
        ))),
        Err(failure) => Err(unseen(context.error(&failure))),
    }
}
