//! lnd's books about transactions of its wallet, read for a decision about a write.

use super::context::Context;
use crate::clients::json::OutPoint;
use crate::resilience::{Attempt, AttemptError};
use crate::transport::generated::lnrpc::{GetTransactionsRequest, Transaction};

/// The newest, unconfirmed ones included.
const TO_THE_TIP: i32 = -1;

pub(super) async fn transactions(context: &Context) -> Result<Vec<Transaction>, AttemptError> {
    let client = context.node().deciding_lightning();
    let send = |attempt: Attempt| {
        let mut client = client.clone();
        let message = GetTransactionsRequest {
            end_height: TO_THE_TIP,
            ..GetTransactionsRequest::default()
        };
        let request = context.request(&attempt, message);
        async move { client.get_transactions(request).await }
    };
    let found = context.read(send).await?;
    Ok(found.into_inner().transactions)
}

/// How many of these outputs the transaction spends.
pub(super) fn spent_by(transaction: &Transaction, outputs: &[OutPoint]) -> usize {
    let inputs = transaction.previous_outpoints.iter();
    inputs
        .filter_map(|input| OutPoint::from_text(&input.outpoint))
        .filter(|input| outputs.contains(input))
        .count()
}
