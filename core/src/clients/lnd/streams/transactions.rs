//! The stream `transactions`: what touches the node's wallet, once when it is first seen and once when a
//! block contains it. lnd replays nothing; after an interruption its list, from the last known height on,
//! tells the rest.

use std::collections::HashSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::super::get_info::ask as get_info;
use super::super::node::Lightning;
use super::super::transaction_view::TransactionView;
use super::subscriber::{Source, Subscriber, broken, watch};
use crate::error::Error;
use crate::resilience::AttemptError;
use crate::transport::generated::lnrpc::{GetTransactionsRequest, Transaction};

/// lnd does not say when a subscription stands; after this time the list is read once more.
const SETTLED_IN: Duration = Duration::from_secs(2);

/// Where to begin.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransactionsParams {
    /// Tells first what is in the blocks from this height on, and what no block contains yet; without it
    /// only what happens from now on. The highest block_height that was dealt with goes on in a new
    /// process.
    #[serde(default)]
    #[schemars(range(max = 2_147_483_647))]
    start_height: Option<u32>,
}

/// A transaction as it is now.
pub(crate) type TransactionsItem = TransactionView;

pub(crate) async fn transactions(subscriber: &Subscriber, params: TransactionsParams) -> Error {
    let source = Transactions {
        known: params.start_height.map(|height| Known {
            height: i32::try_from(height).unwrap_or(i32::MAX),
            told: HashSet::new(),
        }),
    };
    watch(subscriber, source).await
}

struct Transactions {
    /// None before lnd answered for the first time.
    known: Option<Known>,
}

/// What was told: everything below a height, and these.
#[derive(Debug, Default)]
struct Known {
    height: i32,
    /// Ids with their heights; 0 for none.
    told: HashSet<(String, i32)>,
}

impl Known {
    /// Notes the transaction; false when this state of it was told before.
    fn note(&mut self, transaction: &Transaction) -> bool {
        let height = transaction.block_height;
        let news = self.told.insert((transaction.tx_hash.clone(), height));
        if height > 0 {
            self.told.remove(&(transaction.tx_hash.clone(), 0));
        }
        if height > self.height {
            self.height = height;
            self.told.retain(|(_, told)| *told == 0 || *told >= height);
        }
        news
    }
}

impl Source for Transactions {
    async fn catch_up(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        if let Some(known) = &mut self.known {
            return read_list(subscriber, known, true).await;
        }
        let info = get_info(&subscriber.context()).await?;
        let mut known = Known {
            height: i32::try_from(info.block_height).unwrap_or(i32::MAX),
            told: HashSet::new(),
        };
        read_list(subscriber, &mut known, false).await?;
        self.known = Some(known);
        Ok(())
    }

    async fn follow(&mut self, subscriber: &Subscriber) -> Result<(), AttemptError> {
        let known = self.known.get_or_insert_default();
        let message = GetTransactionsRequest {
            start_height: known.height,
            end_height: -1,
            ..GetTransactionsRequest::default()
        };
        let mut subscription = subscriber.subscribe(message, {
            let mut client = subscriber.node().deciding_lightning();
            |request| async move { client.subscribe_transactions(request).await }
        });
        let stands = Instant::now() + SETTLED_IN;
        while let Ok(message) = timeout_at(stands, subscription.next()).await {
            tell(subscriber, known, message.map_err(broken)?);
            subscriber.progress();
        }
        read_list(subscriber, known, true).await?;
        loop {
            let transaction = subscription.next().await.map_err(broken)?;
            tell(subscriber, known, transaction);
            subscriber.progress();
        }
    }
}

fn tell(subscriber: &Subscriber, known: &mut Known, transaction: Transaction) {
    if known.note(&transaction) {
        subscriber.offer(TransactionView::from(transaction));
    }
}

/// Reads the list from the known height on; tells what was not told, or only notes it.
async fn read_list(
    subscriber: &Subscriber,
    known: &mut Known,
    telling: bool,
) -> Result<(), AttemptError> {
    let message = GetTransactionsRequest {
        start_height: known.height,
        end_height: -1,
        ..GetTransactionsRequest::default()
    };
    let ask =
        |mut client: Lightning, request| async move { client.get_transactions(request).await };
    let client = subscriber.node().deciding_lightning();
    let answer = subscriber.context().ask(client, message, ask).await?;
    subscriber.answering();
    let mut list = answer.transactions;
    // Oldest first, what no block contains last.
    list.sort_by_key(|one| std::cmp::Reverse(one.num_confirmations));
    for transaction in list {
        if telling {
            tell(subscriber, known, transaction);
        } else {
            known.note(&transaction);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(tx_hash: &str, block_height: i32) -> Transaction {
        Transaction {
            tx_hash: tx_hash.into(),
            block_height,
            ..Transaction::default()
        }
    }

    #[test]
    fn each_state_is_told_once() {
        let mut known = Known::default();
        assert!(known.note(&transaction("a", 0)));
        assert!(!known.note(&transaction("a", 0)));
        assert!(known.note(&transaction("a", 5)));
        assert!(!known.note(&transaction("a", 5)));
        assert!(known.note(&transaction("b", 5)));
        assert_eq!(known.height, 5);
    }

    #[test]
    fn what_lies_below_the_height_is_forgotten() {
        let mut known = Known::default();
        for height in 1..1000 {
            known.note(&transaction("a", height));
            known.note(&transaction("b", 0));
        }
        assert_eq!(known.told.len(), 2);
    }
}
