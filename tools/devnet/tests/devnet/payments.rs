//! Paying over the simulated network: updates, both ledgers, fees.

use arkgrpc_devnet::proto::{
    lnrpc::{
        Invoice, Payment, PaymentFailureReason, invoice::InvoiceState, payment::PaymentStatus,
    },
    routerrpc::SendPaymentRequest,
};

use crate::support::{Grpc, Pair, all, end, next, over, to_pay, told};

#[tokio::test]
async fn a_payment_moves_both_ledgers() {
    let pair = Pair::new().await;
    let before = pair.balances().await;
    let (request, hash) = pair.bob.invoice(over(25_000)).await.unwrap();
    let updates = pair.alice.pay(to_pay(&request)).await.unwrap();

    let statuses: Vec<_> = updates.iter().map(Payment::status).collect();
    let in_flight = PaymentStatus::InFlight;
    assert_eq!(statuses, [in_flight, in_flight, PaymentStatus::Succeeded]);
    assert!(updates[0].htlcs.is_empty() && updates[1].htlcs.len() == 1);
    let paid = updates.last().unwrap();
    let invoice = pair.bob.lookup(&hash).await.unwrap();
    assert_eq!(paid.payment_hash, hex::encode(&hash));
    assert_eq!(paid.payment_preimage, hex::encode(&invoice.r_preimage));
    assert_eq!(
        (paid.value_sat, paid.value_msat, paid.fee_msat),
        (25_000, 25_000_000, 0)
    );
    assert_eq!(
        (paid.payment_index, paid.payment_request.as_str()),
        (1, request.as_str())
    );
    assert_eq!(updates[0].payment_preimage, "0".repeat(64));

    assert_eq!(invoice.state(), InvoiceState::Settled);
    assert_eq!(
        (invoice.amt_paid_sat, invoice.amt_paid_msat),
        (25_000, 25_000_000)
    );
    assert_eq!((invoice.settle_index, invoice.htlcs.len()), (1, 1));
    assert!(invoice.settle_date >= invoice.creation_date);
    let moved = 25_000;
    let [local, remote, ..] = before;
    let expected = [local - moved, remote + moved, remote + moved, local - moved];
    assert_eq!(pair.balances().await, expected);
}

#[tokio::test]
async fn both_directions_work() {
    let pair = Pair::new().await;
    let before = pair.balances().await;
    for (payer, payee) in [(&pair.alice, &pair.bob), (&pair.bob, &pair.alice)] {
        let (request, _) = payee.invoice(over(300)).await.unwrap();
        let updates = payer.pay(to_pay(&request)).await.unwrap();
        assert_eq!(end(&updates).0, PaymentStatus::Succeeded);
    }
    assert_eq!(pair.balances().await, before);
}

#[tokio::test]
async fn paying_twice_is_refused_and_moves_nothing() {
    let pair = Pair::new().await;
    let (request, hash) = pair.bob.invoice(over(100)).await.unwrap();
    pair.alice.pay(to_pay(&request)).await.unwrap();
    let after = pair.balances().await;
    let again = (6, "invoice is already paid".to_owned());
    assert_eq!(told(pair.alice.pay(to_pay(&request)).await), again);
    assert_eq!(pair.balances().await, after);
    let tracked = all(pair.alice.track(&hash).await.unwrap()).await.unwrap();
    assert_eq!(tracked.len(), 1);
    assert_eq!(
        (tracked[0].status(), tracked[0].payment_index),
        (PaymentStatus::Succeeded, 1)
    );
}

#[tokio::test]
async fn two_at_once_pay_once() {
    let pair = Pair::new().await;
    let (request, _) = pair.bob.invoice(over(100)).await.unwrap();
    let before = pair.balances().await;
    let (first, second) = tokio::join!(
        pair.alice.pay(to_pay(&request)),
        pair.alice.pay(to_pay(&request))
    );
    let told = [told(first), told(second)];
    assert_eq!(
        told.iter().filter(|(code, _)| *code == 0).count(),
        1,
        "{told:?}"
    );
    assert_eq!(
        told.iter().filter(|(code, _)| *code == 6).count(),
        1,
        "{told:?}"
    );
    assert_eq!(pair.balances().await[0], before[0] - 100);
}

#[tokio::test]
async fn without_inflight_updates_there_is_the_end_alone() {
    let pair = Pair::new().await;
    let (request, _) = pair.bob.invoice(over(100)).await.unwrap();
    let quiet = SendPaymentRequest {
        no_inflight_updates: true,
        ..to_pay(&request)
    };
    let updates = pair.alice.pay(quiet).await.unwrap();
    assert_eq!(updates.len(), 1);
    assert_eq!(updates[0].status(), PaymentStatus::Succeeded);
}

#[tokio::test]
async fn an_upper_case_request_is_paid_like_another() {
    let pair = Pair::new().await;
    let (request, _) = pair.bob.invoice(over(100)).await.unwrap();
    let updates = pair
        .alice
        .pay(to_pay(&request.to_uppercase()))
        .await
        .unwrap();
    assert_eq!(end(&updates).0, PaymentStatus::Succeeded);
}

#[tokio::test]
async fn an_open_amount_is_the_payers_choice() {
    let pair = Pair::new().await;
    let (request, hash) = pair.bob.invoice(Invoice::default()).await.unwrap();
    let asked = SendPaymentRequest {
        amt_msat: 4_321_999,
        ..to_pay(&request)
    };
    let updates = pair.alice.pay(asked).await.unwrap();
    assert_eq!(updates.last().unwrap().value_msat, 4_321_999);
    assert_eq!(
        pair.bob.lookup(&hash).await.unwrap().amt_paid_msat,
        4_321_999
    );
}

#[tokio::test]
async fn a_payment_goes_on_when_its_client_leaves() {
    let pair = Pair::new().await;
    let (request, hash) = pair.bob.invoice(over(10)).await.unwrap();
    pair.devnet.refuse_htlcs("bob", true).unwrap();
    let leaving = Grpc::connect(&pair.devnet.node("alice").unwrap()).await;
    let mut stream = leaving.send(to_pay(&request)).await.unwrap();
    next(&mut stream).await.unwrap().unwrap();
    drop((stream, leaving));
    pair.devnet.refuse_htlcs("bob", false).unwrap();
    let tracked = all(pair.alice.track(&hash).await.unwrap()).await.unwrap();
    assert_eq!(end(&tracked).0, PaymentStatus::Succeeded);
}

#[tokio::test]
async fn fees_are_paid_within_their_limit_and_none_are_without_one() {
    let pair = Pair::new().await;
    let carol = pair.devnet.start_locked_wallet_node().unwrap();
    pair.devnet.unlock("carol").unwrap();
    let carol = Grpc::connect(&carol).await;
    let [_, _, bob, _] = pair.balances().await;
    let (request, _) = carol.invoice(over(2_000)).await.unwrap();
    for fee_limit_msat in [0, 1_001] {
        let asked = SendPaymentRequest {
            fee_limit_msat,
            ..to_pay(&request)
        };
        let updates = pair.alice.pay(asked).await.unwrap();
        assert_eq!(
            end(&updates),
            (
                PaymentStatus::Failed,
                PaymentFailureReason::FailureReasonNoRoute
            )
        );
    }
    let asked = SendPaymentRequest {
        fee_limit_msat: 1_002,
        ..to_pay(&request)
    };
    let updates = pair.alice.pay(asked).await.unwrap();
    let paid = updates.last().unwrap();
    assert_eq!(
        (paid.status(), paid.fee_msat, paid.fee_sat),
        (PaymentStatus::Succeeded, 1_002, 1)
    );
    let route = paid.htlcs[0].route.as_ref().unwrap();
    assert_eq!((route.hops.len(), route.total_amt_msat), (2, 2_001_002));
    assert_eq!(
        (route.hops[0].fee_msat, route.hops[1].amt_to_forward_msat),
        (1_002, 2_000_000)
    );
    assert_eq!(
        pair.balances().await[2],
        bob + 1,
        "the forwarding node earns its fee"
    );
}
