//! list_transactions: what touched the node's wallet, read in pages.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::context::Context;
use super::node::Lightning;
use super::paging::{Page, PageRequest, Rows, Window, read_pages};
use super::transaction_view::TransactionView;
use crate::clients::json::Decimal;
use crate::error::{Error, Status};
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::{GetTransactionsRequest, Transaction};

/// lnd goes through all transactions for each page, so pages are large.
const PAGE_SIZE: u64 = 2500;

/// Which transactions; the oldest 10,000 by default.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTransactionsParams {
    /// From this height on (default 0).
    #[serde(default)]
    start_height: Option<u32>,
    /// Up to this height; without it up to the tip and with what is unconfirmed.
    #[serde(default)]
    end_height: Option<u32>,
    /// Most transactions, 1 to 10000 (default 10000).
    #[serde(default)]
    limit: Option<u64>,
    /// How many of the oldest are passed over: next_offset of the call before.
    #[serde(default)]
    offset: Option<Decimal>,
}

/// The transactions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ListTransactionsResult {
    /// Oldest first, unconfirmed ones last.
    pub(super) transactions: Vec<TransactionView>,
    /// Whether there are more.
    pub(super) more: bool,
    /// The offset with which the next call goes on.
    pub(super) next_offset: Decimal,
}

pub(crate) async fn list_transactions(
    context: &Context,
    params: ListTransactionsParams,
) -> Result<ListTransactionsResult, Error> {
    let heights = Heights::check(&params)?;
    let window = Window::new(params.offset, params.limit, false)?;
    let rows = read_pages(window, PAGE_SIZE, |page| fetch(context, heights, page)).await;
    let Rows { rows, more, next } = rows.map_err(|failure| context.error(&failure))?;
    Ok(ListTransactionsResult {
        transactions: rows,
        more,
        next_offset: next,
    })
}

/// lnd's range of heights; −1 as end means with what is unconfirmed.
#[derive(Clone, Copy)]
struct Heights {
    start: i32,
    end: i32,
}

impl Heights {
    fn check(params: &ListTransactionsParams) -> Result<Self, Error> {
        let height = |field: &str, height: u32| {
            i32::try_from(height).map_err(|_| {
                Error::local(
                    Status::InvalidArgument,
                    format!("field `{field}`: {height} is no height of a block"),
                    "give a height from 0 to 2147483647",
                )
            })
        };
        let start = height("start_height", params.start_height.unwrap_or(0))?;
        let end = match params.end_height {
            Some(end) => height("end_height", end)?,
            None => -1,
        };
        if params.end_height == Some(0) || (end >= 0 && end < start) {
            return Err(Error::local(
                Status::InvalidArgument,
                format!("field `end_height`: {end} is 0 or below start_height"),
                "give a height from start_height on, or leave it out for everything up to now",
            ));
        }
        Ok(Self { start, end })
    }
}

async fn fetch(
    context: &Context,
    heights: Heights,
    page: PageRequest,
) -> Result<Page<TransactionView>, AttemptError> {
    let Ok(offset) = u32::try_from(page.offset) else {
        // Beyond what a wallet of lnd can hold.
        return Ok(Page {
            rows: Vec::new(),
            next: page.offset,
        });
    };
    let message = GetTransactionsRequest {
        start_height: heights.start,
        end_height: heights.end,
        account: String::new(),
        index_offset: offset,
        max_transactions: u32::try_from(page.count).unwrap_or(u32::MAX),
    };
    let client = context.node().lightning();
    let ask =
        |mut client: Lightning, request| async move { client.get_transactions(request).await };
    let mut transactions = context.ask(client, message, ask).await?.transactions;
    oldest_first(&mut transactions);
    Ok(Page {
        next: page.offset.saturating_add(transactions.len() as u64),
        rows: transactions
            .into_iter()
            .map(TransactionView::from)
            .collect(),
    })
}

/// lnd counts from the oldest on, but shows the newest of a page first.
fn oldest_first(transactions: &mut [Transaction]) {
    transactions.sort_by_key(|transaction| Reverse(transaction.num_confirmations));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unconfirmed_ones_come_last() {
        let mut list: Vec<Transaction> = [0, 3, 700, 1]
            .into_iter()
            .map(|num_confirmations| Transaction {
                num_confirmations,
                ..Transaction::default()
            })
            .collect();
        oldest_first(&mut list);
        let order: Vec<i32> = list.iter().map(|t| t.num_confirmations).collect();
        assert_eq!(order, [700, 3, 1, 0]);
    }

    #[test]
    fn heights_are_checked() {
        let check = |start_height, end_height| {
            Heights::check(&ListTransactionsParams {
                start_height,
                end_height,
                limit: None,
                offset: None,
            })
        };
        assert_eq!(check(None, None).unwrap().end, -1);
        assert_eq!(check(Some(5), Some(5)).unwrap().end, 5);
        for (start, end) in [(Some(5), Some(4)), (None, Some(0)), (Some(u32::MAX), None)] {
            assert!(check(start, end).is_err(), "{start:?} {end:?}");
        }
    }
}
