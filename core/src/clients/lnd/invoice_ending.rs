//! Bringing an invoice to its end, settled or canceled: asked about first, ended once, and every doubt is
//! decided by the state that lnd shows.

use super::context::Context;
use super::invoice_view::InvoiceView;
use super::keyed_write::{Written, write_by_key};
use super::lookup_invoice::look;
use super::made_invoice::recipe;
use crate::clients::json::Hex32;
use crate::error::{Error, Status};
use crate::resilience::{Attempt, Fault};
use crate::transport::generated::lnrpc::Invoice;
use crate::transport::generated::lnrpc::invoice::InvoiceState;

/// An invoice that has reached its end.
pub(super) struct Ended {
    /// None when lnd could not be asked about it, or has deleted it.
    pub(super) invoice: Option<InvoiceView>,
    /// Whether it had been there before this call.
    pub(super) replayed: bool,
}

/// Ends the invoice with this hash by `send`, unless it has ended so already.
pub(super) async fn end<S, Fut>(
    context: &Context,
    hash: Hex32,
    ending: InvoiceState,
    send: S,
) -> Result<Ended, Error>
where
    S: Fn(Attempt, u64) -> Fut,
    Fut: Future<Output = Result<(), tonic::Status>>,
{
    let has_ended = |invoice: &Invoice| invoice.state == ending as i32;
    match look(context, hash).await {
        Ok(Some(invoice)) if has_ended(&invoice) => {
            return Ok(Ended {
                invoice: Some(InvoiceView::from(invoice)),
                replayed: true,
            });
        }
        Ok(Some(_)) => {}
        Ok(None) => return Err(not_found(hash)),
        Err(failure) if matches!(failure.fault, Fault::DeadlineExceeded | Fault::Cancelled) => {
            // Nothing was sent but a read.
            let unsent = crate::resilience::AttemptError {
                handed: false,
                ..failure
            };
            return Err(context.error(&unsent));
        }
        // A payment is waiting: what cannot be asked must not keep it from being decided.
        Err(_) => {}
    }
    let ended = || async { Ok(look(context, hash).await?.filter(has_ended)) };
    let written = write_by_key(context, &recipe(hash), send, ended).await?;
    let found = match written {
        Written::Found { found, .. } => Some(found),
        Written::Answered(()) => look(context, hash).await.ok().flatten(),
    };
    Ok(Ended {
        invoice: found.map(InvoiceView::from),
        replayed: false,
    })
}

fn not_found(hash: Hex32) -> Error {
    Error::server(
        Status::NotFound,
        format!("this node has no invoice with hash {hash}"),
        "check the hash or preimage, and that the configuration names the node that made the invoice",
    )
}
