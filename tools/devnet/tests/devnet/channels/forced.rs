//! Closing by force of one end, whose share is then locked for a while.

use arkgrpc_devnet::proto::lnrpc::{
    CloseChannelRequest, ClosedChannelsRequest, GetTransactionsRequest, PendingChannelsResponse,
    close_status_update::Update,
};

use super::{COMMITMENT, all_wealth, channels, close, closed, closing, named, pending};
use crate::support::{Grpc, Pair, next, told};

fn forced(point: &str) -> CloseChannelRequest {
    CloseChannelRequest {
        force: true,
        ..named(point)
    }
}

/// What a node's sweeps brought home.
async fn swept(client: &Grpc) -> i64 {
    let request = client.request(GetTransactionsRequest::default());
    let answer = client.lightning().get_transactions(request).await;
    let transactions = answer.unwrap().into_inner().transactions;
    let sweeps = transactions.iter().filter(|one| one.label == "0:sweep");
    sweeps.map(|one| one.output_details[0].amount).sum()
}

#[tokio::test]
async fn it_needs_no_peer_and_has_its_fee_already() {
    let pair = Pair::new().await;
    let point = channels(&pair.alice).await.remove(0).channel_point;
    pair.devnet.stop("bob").unwrap();
    let text = told(close(&pair.alice, named(&point)).await).1;
    assert!(
        text.starts_with("unable to gracefully close channel"),
        "{text}"
    );
    let priced = CloseChannelRequest {
        sat_per_vbyte: 5,
        ..forced(&point)
    };
    let text = told(close(&pair.alice, priced).await).1;
    assert_eq!(text, "force closing a channel uses a pre-defined fee");
    let mut updates = close(&pair.alice, forced(&point)).await.unwrap();
    let txid = closing(&mut updates).await;
    let again = told(close(&pair.alice, forced(&point)).await).1;
    assert_eq!(
        again,
        "channel is already in the process of being force closed"
    );
    let waiting = pending(&pair.alice).await.waiting_close_channels;
    assert_eq!((waiting.len(), &waiting[0].closing_txid), (1, &txid));
    pair.devnet.mine(1);
    let last = next(&mut updates).await.unwrap().unwrap();
    assert!(
        matches!(last.update, Some(Update::ChanClose(_))),
        "told after one block"
    );
    assert_eq!(pending(&pair.alice).await.waiting_close_channels.len(), 1);
}

#[tokio::test]
async fn its_shares_come_home_after_their_time_without_loss() {
    let pair = Pair::new().await;
    let before = all_wealth(&pair).await;
    let open = channels(&pair.alice).await.remove(0);
    close(&pair.alice, forced(&open.channel_point))
        .await
        .unwrap();
    assert_eq!(
        pending(&pair.alice).await.total_limbo_balance,
        open.local_balance
    );
    pair.devnet.mine(3);
    let waiting = pending(&pair.alice).await.pending_force_closing_channels;
    assert_eq!(
        (waiting.len(), waiting[0].limbo_balance),
        (1, open.local_balance)
    );
    assert!(waiting[0].blocks_til_maturity > 0 && waiting[0].maturity_height > 0);
    let none = closed(&pair.alice, ClosedChannelsRequest::default()).await;
    assert!(none.is_empty(), "not before it is swept");
    pair.devnet.mine(4);
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
    let local = ClosedChannelsRequest {
        local_force: true,
        ..Default::default()
    };
    let remote = ClosedChannelsRequest {
        remote_force: true,
        ..Default::default()
    };
    let of_alice = closed(&pair.alice, local).await;
    let of_bob = closed(&pair.bob, remote).await;
    assert!(
        closed(&pair.bob, local).await.is_empty(),
        "he did not force it"
    );
    assert_eq!((of_alice.len(), of_bob.len()), (1, 1));
    assert_eq!(of_alice[0].time_locked_balance, open.local_balance);
    let shares = of_alice[0].settled_balance + of_bob[0].settled_balance;
    assert_eq!(shares, open.capacity - COMMITMENT);
    let sweep_fees = shares - swept(&pair.alice).await - swept(&pair.bob).await;
    assert!(sweep_fees > 0);
    let after = all_wealth(&pair).await;
    assert_eq!(
        after,
        before - COMMITMENT - sweep_fees,
        "nothing lost, nothing made"
    );
}
