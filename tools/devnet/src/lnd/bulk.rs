//! Many invoices at once, for tests of lists: the devnet's own call, which no lnd has.

use tokio::task::yield_now;
use tonic::Status;

use super::network::{NodeId, Shared};
use crate::proto::{
    devnet::lnd::{AddInvoicesRequest, AddInvoicesResponse},
    lnrpc::Invoice,
};

/// So many invoices are made before others get their turn.
const AT_ONCE: u32 = 50;
const MOST: u32 = 100_000;

/// Makes invoices that are alike but for their hashes.
pub(crate) async fn add_invoices(
    network: &Shared,
    id: NodeId,
    request: &AddInvoicesRequest,
) -> Result<AddInvoicesResponse, Status> {
    if request.count == 0 || request.count > MOST {
        return Err(Status::invalid_argument(format!(
            "count must be between 1 and {MOST}"
        )));
    }
    let invoice = Invoice {
        memo: request.memo.clone(),
        value: request.value,
        expiry: request.expiry,
        ..Invoice::default()
    };
    let mut answer = AddInvoicesResponse::default();
    let mut left = request.count;
    while left > 0 {
        let batch = left.min(AT_ONCE);
        left -= batch;
        for _ in 0..batch {
            let added = network.lock().add_invoice(id, &invoice)?.add_index;
            if answer.first_add_index == 0 {
                answer.first_add_index = added;
            }
            answer.last_add_index = added;
        }
        yield_now().await;
    }
    Ok(answer)
}
