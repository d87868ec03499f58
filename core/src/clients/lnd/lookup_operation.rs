//! lookup_operation: what became of a write, told from its parameters and operation_id by the daemon's
//! own record, in a new process too.

use std::time::{SystemTime, UNIX_EPOCH};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::add_invoice::AddInvoiceParams;
use super::context::Context;
use super::invoice_view::InvoiceView;
use super::lookup_invoice::{find_invoice, is_not_found};
use super::payment_request::PaymentRequest;
use super::payment_tracking::{is_decided, peek, succeeded};
use super::payment_verdict;
use super::preimage;
use super::recognition::ready_for_write;
use super::send_payment::SendPaymentParams;
use crate::clients::options::check_id;
use crate::error::{Error, Status};

/// Which write.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LookupOperationParams {
    /// The operation_id of the write.
    operation_id: String,
    /// Its method.
    method: String,
    /// Its parameters.
    params: Value,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct LookupOperationResult {
    pub(super) operation_id: String,
    pub(super) method: String,
    /// `done`, `failed`, `in_flight`, `not_found` or `unknown`.
    pub(super) state: &'static str,
    /// Whether the state is final; for not_found: whether nothing happened and nothing will.
    pub(super) decisive: bool,
    /// From which unix time on not_found is final; null when it is now, or never.
    pub(super) decisive_after: Option<u64>,
    /// The view of what was found; null when nothing was.
    pub(super) result: Option<Value>,
}

struct Finding {
    state: &'static str,
    decisive: bool,
    decisive_after: Option<u64>,
    result: Option<Value>,
}

pub(crate) async fn lookup_operation(
    context: &Context,
    params: LookupOperationParams,
) -> Result<LookupOperationResult, Error> {
    check_id("field `operation_id`", &params.operation_id)?;
    let finding = match params.method.as_str() {
        "add_invoice" => find_added(context, &params).await?,
        "send_payment" => find_sent(context, &params).await?,
        _ => {
            return Err(Error::local(
                Status::InvalidArgument,
                "field `method`: not a write of lnd that can be looked up",
                "use one of: add_invoice, send_payment",
            ));
        }
    };
    Ok(LookupOperationResult {
        operation_id: params.operation_id,
        method: params.method,
        state: finding.state,
        decisive: finding.decisive,
        decisive_after: finding.decisive_after,
        result: finding.result,
    })
}

fn original<T: serde::de::DeserializeOwned>(params: &Value) -> Result<T, Error> {
    serde_path_to_error::deserialize(params).map_err(|error| {
        Error::local(
            Status::InvalidArgument,
            format!("field `params.{}`: {}", error.path(), error.inner()),
            "pass the parameters of the original call",
        )
    })
}

async fn find_added(context: &Context, params: &LookupOperationParams) -> Result<Finding, Error> {
    let wanted: AddInvoiceParams = original(&params.params)?;
    let preimage = match wanted.preimage() {
        Some(preimage) => preimage,
        None => {
            // The node's key is part of the derivation.
            ready_for_write(context).await?;
            preimage::derive(context, "add_invoice", &params.operation_id)?
        }
    };
    match find_invoice(context, preimage::payment_hash(&preimage)).await {
        Ok(invoice) => Ok(Finding {
            state: "done",
            decisive: true,
            decisive_after: None,
            result: serde_json::to_value(InvoiceView::from(invoice)).ok(),
        }),
        // A request on its way may still make it; making it again with the same id is harmless.
        Err(failure) if is_not_found(context, &failure) => Ok(Finding {
            state: "not_found",
            decisive: false,
            decisive_after: None,
            result: None,
        }),
        Err(failure) => Err(context.error(&failure)),
    }
}

async fn find_sent(context: &Context, params: &LookupOperationParams) -> Result<Finding, Error> {
    let wanted: SendPaymentParams = original(&params.params)?;
    let request = PaymentRequest::read(wanted.payment_request())?;
    let after = request.decisive_after();
    let past = unix_now() > after;
    let later = Some(after).filter(|_| !past);
    let found = peek(context, request.payment_hash).await;
    let Some(payment) = found.map_err(|failure| context.error(&failure))? else {
        return Ok(Finding {
            state: "not_found",
            decisive: past,
            decisive_after: later,
            result: None,
        });
    };
    let done = succeeded(&payment);
    let flying = !is_decided(&payment);
    Ok(Finding {
        state: if done {
            "done"
        } else if flying {
            "in_flight"
        } else {
            "failed"
        },
        // A request still on its way may try a failed payment again.
        decisive: done || (past && !flying),
        decisive_after: later.filter(|_| !done && !flying),
        result: Some(payment_verdict::shown(&payment)),
    })
}

fn unix_now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |now| now.as_secs())
}
