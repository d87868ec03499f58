//! list_payments: the node's outgoing payments, read in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::node::Lightning;
use super::paging::{Page, PageRequest, Rows, Window, read_pages};
use super::payment_view::PaymentView;
use crate::clients::json::Decimal;
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::ListPaymentsRequest;

/// A payment in many parts takes far more room than an invoice.
const PAGE_SIZE: u64 = 500;

/// Which payments; the oldest 10,000 that succeeded by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListPaymentsParams {
    /// Also those that failed or are under way; without it lnd shows only what succeeded.
    #[serde(default)]
    include_incomplete: bool,
    /// Most payments, 1 to 10000 (default 10000).
    #[serde(default)]
    limit: Option<u64>,
    /// Goes on after this payment_index (before it with reversed): next_offset of the call before.
    #[serde(default)]
    offset: Option<Decimal>,
    /// Begins with the newest; the list itself stays in ascending order.
    #[serde(default)]
    reversed: bool,
    /// Only those begun at this unix time or later.
    #[serde(default)]
    creation_date_start: Option<u64>,
    /// Only those begun at this unix time or earlier.
    #[serde(default)]
    creation_date_end: Option<u64>,
}

/// The payments.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListPaymentsResult {
    /// Ascending by payment_index.
    pub(super) payments: Vec<PaymentView>,
    /// Whether there are more in that direction.
    pub(super) more: bool,
    /// The offset with which the next call goes on.
    pub(super) next_offset: Decimal,
}

pub(crate) async fn list_payments(
    context: &Context,
    params: ListPaymentsParams,
) -> Result<ListPaymentsResult, Error> {
    let window = Window::new(params.offset, params.limit, params.reversed)?;
    let rows = read_pages(window, PAGE_SIZE, |page| fetch(context, &params, page)).await;
    let Rows { rows, more, next } = rows.map_err(|failure| context.error(&failure))?;
    Ok(ListPaymentsResult {
        payments: rows,
        more,
        next_offset: next,
    })
}

async fn fetch(
    context: &Context,
    params: &ListPaymentsParams,
    page: PageRequest,
) -> Result<Page<PaymentView>, AttemptError> {
    let message = ListPaymentsRequest {
        include_incomplete: params.include_incomplete,
        index_offset: page.offset,
        max_payments: page.count,
        reversed: page.reversed,
        count_total_payments: false,
        creation_date_start: params.creation_date_start.unwrap_or(0),
        creation_date_end: params.creation_date_end.unwrap_or(0),
        // No view shows them, and they are most of an answer.
        omit_hops: true,
    };
    let client = context.node().lightning();
    let ask = |mut client: Lightning, request| async move { client.list_payments(request).await };
    let answer = context.ask(client, message, ask).await?;
    Ok(Page {
        rows: answer.payments.iter().map(PaymentView::from).collect(),
        next: if page.reversed {
            answer.first_index_offset
        } else {
            answer.last_index_offset
        },
    })
}
