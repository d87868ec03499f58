//! lookup_invoice: the state of one of the node's own invoices.

use schemars::JsonSchema;
use serde::Deserialize;

use super::context::Context;
use super::invoice_view::InvoiceView;
use crate::clients::json::Hex32;
use crate::error::{Error, Status};
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::{Invoice, PaymentHash};

/// Which invoice.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupInvoiceParams {
    /// Payment hash, 64 hex digits.
    payment_hash: Hex32,
}

pub(crate) type LookupInvoiceResult = InvoiceView;

pub(crate) async fn lookup_invoice(
    context: &Context,
    params: LookupInvoiceParams,
) -> Result<LookupInvoiceResult, Error> {
    let found = find_invoice(context, params.payment_hash).await;
    found
        .map(InvoiceView::from)
        .map_err(|failure| context.error(&failure))
}

/// The node's invoice with this hash.
async fn find_invoice(context: &Context, hash: Hex32) -> Result<Invoice, AttemptError> {
    let client = context.node().deciding_lightning();
    let send = |attempt| {
        let mut client = client.clone();
        let request = context.request(
            &attempt,
            PaymentHash {
                r_hash: hash.0.to_vec(),
            },
        );
        async move {
            client
                .lookup_invoice(request)
                .await
                .map(tonic::Response::into_inner)
        }
    };
    context.read(send).await
}

/// The same, where its absence is an answer too.
pub(super) async fn look(context: &Context, hash: Hex32) -> Result<Option<Invoice>, AttemptError> {
    match find_invoice(context, hash).await {
        Ok(invoice) => Ok(Some(invoice)),
        Err(failure) if is_not_found(context, &failure) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Whether a failed look-up says that there is no such invoice.
fn is_not_found(context: &Context, failure: &AttemptError) -> bool {
    context.error(failure).status() == Status::NotFound
}
