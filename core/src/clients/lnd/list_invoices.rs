//! list_invoices: the node's own invoices, read in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::invoice_view::InvoiceView;
use super::node::Lightning;
use super::paging::{Page, PageRequest, Rows, Window, read_pages};
use crate::clients::json::Decimal;
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::ListInvoiceRequest;

const PAGE_SIZE: u64 = 1000;

/// Which invoices; the oldest 10,000 by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListInvoicesParams {
    /// Only open and accepted ones: neither settled nor canceled.
    #[serde(default)]
    pending_only: bool,
    /// Most invoices, 1 to 10000 (default 10000).
    #[serde(default)]
    limit: Option<u64>,
    /// Goes on after this add_index (before it with reversed): next_offset of the call before.
    #[serde(default)]
    offset: Option<Decimal>,
    /// Begins with the newest; the list itself stays in ascending order.
    #[serde(default)]
    reversed: bool,
    /// Only those made at this unix time or later.
    #[serde(default)]
    creation_date_start: Option<u64>,
    /// Only those made at this unix time or earlier.
    #[serde(default)]
    creation_date_end: Option<u64>,
}

/// The invoices.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListInvoicesResult {
    /// Ascending by add_index.
    pub(super) invoices: Vec<InvoiceView>,
    /// Whether there are more in that direction.
    pub(super) more: bool,
    /// The offset with which the next call goes on.
    pub(super) next_offset: Decimal,
}

pub(crate) async fn list_invoices(
    context: &Context,
    params: ListInvoicesParams,
) -> Result<ListInvoicesResult, Error> {
    let window = Window::new(params.offset, params.limit, params.reversed)?;
    let rows = read_pages(window, PAGE_SIZE, |page| fetch(context, &params, page)).await;
    let Rows { rows, more, next } = rows.map_err(|failure| context.error(&failure))?;
    Ok(ListInvoicesResult {
        invoices: rows,
        more,
        next_offset: next,
    })
}

async fn fetch(
    context: &Context,
    params: &ListInvoicesParams,
    page: PageRequest,
) -> Result<Page<InvoiceView>, AttemptError> {
    let message = ListInvoiceRequest {
        pending_only: params.pending_only,
        index_offset: page.offset,
        num_max_invoices: page.count,
        reversed: page.reversed,
        creation_date_start: params.creation_date_start.unwrap_or(0),
        creation_date_end: params.creation_date_end.unwrap_or(0),
    };
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.list_invoices(request).await };
    let answer = context.ask(client, message, ask).await?;
    Ok(Page {
        rows: answer.invoices.into_iter().map(InvoiceView::from).collect(),
        next: if page.reversed {
            answer.first_index_offset
        } else {
            answer.last_index_offset
        },
    })
}
