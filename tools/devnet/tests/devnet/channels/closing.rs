//! Closing by both ends.

use arkgrpc_devnet::proto::{
    invoicesrpc::AddHoldInvoiceRequest,
    lnrpc::{
        ClosedChannelsRequest, PendingChannelsResponse, channel_close_summary::ClosureType,
        close_status_update::Update, payment::PaymentStatus,
    },
};

use super::{
    PUSHED, all_wealth, channels, close, closed, closing, fee, named, open, opening, pending,
    request_to,
};
use crate::support::{Pair, end, next, over, to_pay, told};

#[tokio::test]
async fn a_channel_that_carried_closes_without_loss() {
    let pair = Pair::new().await;
    let before = all_wealth(&pair).await;
    let request = request_to(&pair.devnet, "bob").await;
    let mut updates = open(&pair.alice, request).await.unwrap();
    let (txid, point) = opening(&mut updates).await;
    let funding_fee = fee(&pair.alice, &txid).await;
    pair.devnet.mine(1);
    let first = channels(&pair.alice).await.remove(0).channel_point;
    assert_ne!(first, point);
    drop(close(&pair.alice, named(&first)).await.unwrap());
    pair.devnet.mine(3);
    let left = channels(&pair.alice).await;
    assert_eq!(left.len(), 1, "closing went on without its client");
    let (request, _) = pair.bob.invoice(over(300_000)).await.unwrap();
    let paid = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(end(&paid).0, PaymentStatus::Succeeded);

    let mut updates = close(&pair.bob, named(&point)).await.unwrap();
    closing(&mut updates).await;
    pair.devnet.mine(3);
    let of_alice = closed(&pair.alice, ClosedChannelsRequest::default()).await;
    let of_bob = closed(&pair.bob, ClosedChannelsRequest::default()).await;
    assert_eq!((of_alice.len(), of_bob.len()), (2, 2));
    let mut closing_fees = 0;
    for (alice, bob) in of_alice.iter().zip(&of_bob) {
        assert_eq!(alice.closing_tx_hash, bob.closing_tx_hash);
        closing_fees += alice.capacity - alice.settled_balance - bob.settled_balance;
    }
    let gone = of_bob
        .iter()
        .find(|one| one.channel_point == point)
        .unwrap();
    let shown = (gone.settled_balance, gone.close_type());
    assert_eq!(shown, (PUSHED + 300_000, ClosureType::CooperativeClose));
    let after = all_wealth(&pair).await;
    assert_eq!(
        after,
        before - funding_fee - closing_fees,
        "nothing lost, nothing made"
    );
}

#[tokio::test]
async fn it_waits_for_blocks_and_is_then_unknown() {
    let pair = Pair::new().await;
    let point = channels(&pair.alice).await.remove(0).channel_point;
    let mut updates = close(&pair.bob, named(&point)).await.unwrap();
    let txid = closing(&mut updates).await;
    let waiting = pending(&pair.alice).await.waiting_close_channels;
    assert_eq!(waiting[0].closing_txid, txid);
    let again = told(close(&pair.alice, named(&point)).await).1;
    let offline = "unable to gracefully close channel while peer is offline";
    assert!(again.starts_with(offline), "{again}");
    pair.devnet.mine(2);
    assert!(
        closed(&pair.bob, ClosedChannelsRequest::default())
            .await
            .is_empty()
    );
    pair.devnet.mine(1);
    let last = next(&mut updates).await.unwrap().unwrap();
    assert!(matches!(last.update, Some(Update::ChanClose(done)) if done.success));
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
    let unknown = (2, "channel not found".to_owned());
    assert_eq!(told(close(&pair.bob, named(&point)).await), unknown);
    let (request, _) = pair.bob.invoice(over(10)).await.unwrap();
    let unpaid = pair.alice.pay(to_pay(&request)).await.unwrap();
    assert_eq!(
        end(&unpaid).0,
        PaymentStatus::Failed,
        "nothing goes over it any more"
    );
}

#[tokio::test]
async fn a_channel_with_a_held_payment_is_not_closed_by_both() {
    let pair = Pair::new().await;
    let hash = vec![3; 32];
    let asked = AddHoldInvoiceRequest {
        hash,
        value: 900,
        ..Default::default()
    };
    let added = pair
        .bob
        .invoices()
        .add_hold_invoice(pair.bob.request(asked))
        .await
        .unwrap()
        .into_inner();
    let mut updates = pair
        .alice
        .send(to_pay(&added.payment_request))
        .await
        .unwrap();
    while channels(&pair.alice).await[0].pending_htlcs.is_empty() {
        next(&mut updates).await.unwrap().expect("it is held");
    }
    let point = channels(&pair.alice).await[0].channel_point.clone();
    let (_, text) = told(close(&pair.alice, named(&point)).await);
    assert!(
        text.contains("active htlcs (number of active htlcs: 1)"),
        "{text}"
    );
}
