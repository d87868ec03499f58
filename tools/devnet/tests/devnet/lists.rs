//! Lists, hold invoices, decoded payment requests and estimates, all over gRPC.

use arkgrpc_devnet::proto::{
    invoicesrpc::{AddHoldInvoiceRequest, CancelInvoiceMsg, SettleInvoiceMsg},
    lnrpc::{
        ChannelBalanceRequest, ClosedChannelsRequest, Invoice, ListChannelsRequest,
        ListInvoiceRequest, ListPaymentsRequest, ListPeersRequest, PayReqString,
        PaymentFailureReason, PendingChannelsRequest, invoice::InvoiceState,
    },
    routerrpc::RouteFeeRequest,
};
use sha2::{Digest, Sha256};
use tonic::Status;

use crate::support::{Grpc, Pair, Rest, macaroon, next, nodes, over, to_pay, told};

async fn list(client: &Grpc, request: ListInvoiceRequest) -> (Vec<u64>, u64, u64) {
    let answer = client
        .lightning()
        .list_invoices(client.request(request))
        .await
        .unwrap()
        .into_inner();
    let indexes = answer.invoices.iter().map(|invoice| invoice.add_index);
    (
        indexes.collect(),
        answer.first_index_offset,
        answer.last_index_offset,
    )
}

#[tokio::test]
async fn invoices_come_in_pages() {
    let pair = Pair::new().await;
    for value in 1..=105 {
        pair.bob.invoice(over(value)).await.unwrap();
    }
    let all = ListInvoiceRequest::default;
    let (indexes, first, last) = list(&pair.bob, all()).await;
    assert_eq!(
        indexes,
        (1..=100).collect::<Vec<_>>(),
        "a hundred, the oldest"
    );
    assert_eq!((first, last), (1, 100));
    let (indexes, ..) = list(
        &pair.bob,
        ListInvoiceRequest {
            index_offset: last,
            ..all()
        },
    )
    .await;
    assert_eq!(indexes, (101..=105).collect::<Vec<_>>());
    let newest = ListInvoiceRequest {
        reversed: true,
        num_max_invoices: 3,
        ..all()
    };
    let (indexes, first, _) = list(&pair.bob, newest.clone()).await;
    assert_eq!(indexes, [103, 104, 105], "the newest, still ascending");
    let (indexes, ..) = list(
        &pair.bob,
        ListInvoiceRequest {
            index_offset: first,
            ..newest
        },
    )
    .await;
    assert_eq!(indexes, [100, 101, 102]);
    let future = ListInvoiceRequest {
        creation_date_start: 32_503_680_000,
        ..all()
    };
    assert_eq!(list(&pair.bob, future).await, (vec![], 0, 0));
    let (request, _) = pair.bob.invoice(over(7)).await.unwrap();
    pair.alice.pay(to_pay(&request)).await.unwrap();
    let pending = ListInvoiceRequest {
        pending_only: true,
        index_offset: 104,
        ..all()
    };
    assert_eq!(
        list(&pair.bob, pending).await.0,
        [105],
        "the paid one is not pending"
    );
}

async fn hashes(client: &Grpc, request: ListPaymentsRequest) -> (Vec<String>, u64) {
    let answer = client
        .lightning()
        .list_payments(client.request(request))
        .await
        .unwrap()
        .into_inner();
    let hashes = answer
        .payments
        .into_iter()
        .map(|payment| payment.payment_hash);
    (hashes.collect(), answer.total_num_payments)
}

#[tokio::test]
async fn payments_that_failed_are_listed_when_asked_for() {
    let pair = Pair::new().await;
    let (small, small_hash) = pair.bob.invoice(over(10)).await.unwrap();
    let (large, large_hash) = pair.bob.invoice(over(1_990_000)).await.unwrap();
    pair.alice.pay(to_pay(&large)).await.unwrap();
    pair.alice.pay(to_pay(&small)).await.unwrap();
    let [small, large] = [small_hash, large_hash].map(hex::encode);
    let plain = ListPaymentsRequest {
        count_total_payments: true,
        ..Default::default()
    };
    assert_eq!(hashes(&pair.alice, plain).await, (vec![small.clone()], 2));
    let whole = ListPaymentsRequest {
        include_incomplete: true,
        ..Default::default()
    };
    assert_eq!(hashes(&pair.alice, whole).await.0, [large, small]);
}

#[tokio::test]
async fn balance_channels_and_peers_agree_with_rest() {
    let pair = Pair::new().await;
    let rest = Rest::new(&pair.devnet.node("alice").unwrap());
    let mut lightning = pair.alice.lightning();
    let request = pair.alice.request(ChannelBalanceRequest {});
    let balance = lightning
        .channel_balance(request)
        .await
        .unwrap()
        .into_inner();
    let local = balance.local_balance.unwrap().sat;
    assert_eq!(
        i64::try_from(local).unwrap(),
        rest.balance("local_balance").await
    );
    let request = pair.alice.request(ListChannelsRequest {
        peer_alias_lookup: true,
        ..Default::default()
    });
    let channels = lightning
        .list_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels;
    let bob = pair.devnet.node("bob").unwrap();
    assert_eq!((channels.len(), &channels[0].peer_alias), (1, &bob.alias));
    let (_, seen) = rest.get("/v1/channels").await;
    assert_eq!(
        seen["channels"][0]["channel_point"],
        channels[0].channel_point
    );
    let peers = |client: &Grpc| client.request(ListPeersRequest::default());
    let of_alice = lightning
        .list_peers(peers(&pair.alice))
        .await
        .unwrap()
        .into_inner()
        .peers;
    assert_eq!(of_alice.len(), 1);
    assert_eq!(
        (&of_alice[0].pub_key, &of_alice[0].address),
        (&bob.pubkey, &bob.peer_address)
    );
    let of_bob = pair
        .bob
        .lightning()
        .list_peers(peers(&pair.bob))
        .await
        .unwrap()
        .into_inner()
        .peers;
    assert_ne!(
        of_alice[0].inbound, of_bob[0].inbound,
        "one of them dialled"
    );
    pair.devnet.stop("bob").unwrap();
    assert!(
        lightning
            .list_peers(peers(&pair.alice))
            .await
            .unwrap()
            .into_inner()
            .peers
            .is_empty()
    );
    pair.devnet.start_again("bob").unwrap();
    assert_eq!(
        lightning
            .list_peers(peers(&pair.alice))
            .await
            .unwrap()
            .into_inner()
            .peers
            .len(),
        1
    );
    let request = pair.alice.request(PendingChannelsRequest::default());
    assert_eq!(
        lightning
            .pending_channels(request)
            .await
            .unwrap()
            .into_inner(),
        Default::default()
    );
    let request = pair.alice.request(ClosedChannelsRequest::default());
    assert!(
        lightning
            .closed_channels(request)
            .await
            .unwrap()
            .into_inner()
            .channels
            .is_empty()
    );
}

#[tokio::test]
async fn a_payment_request_is_decoded() {
    let (_devnet, alice, bob) = nodes();
    let bob_client = Grpc::connect(&bob).await;
    let invoice = Invoice {
        expiry: 700,
        cltv_expiry: 40,
        ..over(1234)
    };
    let (pay_req, hash) = bob_client.invoice(invoice).await.unwrap();
    let written = bob_client.lookup(&hash).await.unwrap();
    let client = Grpc::connect(&alice).await;
    let decode = |pay_req: String| {
        let request = client.request(PayReqString { pay_req });
        let mut lightning = client.lightning();
        async move { Ok::<_, Status>(lightning.decode_pay_req(request).await?.into_inner()) }
    };
    let decoded = decode(pay_req.clone()).await.unwrap();
    assert_eq!(
        (&decoded.destination, decoded.payment_hash),
        (&bob.pubkey, hex::encode(hash))
    );
    assert_eq!((decoded.num_satoshis, decoded.num_msat), (1234, 1_234_000));
    assert_eq!(
        (decoded.expiry, decoded.cltv_expiry, decoded.timestamp),
        (700, 40, written.creation_date)
    );
    assert_eq!(
        (decoded.description, decoded.payment_addr),
        ("coffee".to_owned(), written.payment_addr)
    );
    assert!(decoded.features[&14].is_required && decoded.features[&14].name == "payment-addr");
    let (_, seen) = Rest::new(&alice)
        .get(&format!("/v1/payreq/{pay_req}"))
        .await;
    assert_eq!(seen["num_msat"], "1234000");
    let (code, text) = told(decode(pay_req.replacen('0', "2", 1)).await);
    assert!(code == 2 && !text.is_empty(), "{code} {text}");
}

#[tokio::test]
async fn a_hold_invoice_is_settled_and_another_canceled() {
    let pair = Pair::new().await;
    let preimages = [[1; 32], [2; 32]];
    let hash = |preimage: &[u8; 32]| Sha256::digest(preimage).to_vec();
    let mut invoices = pair.bob.invoices();
    let mut streams = Vec::new();
    for preimage in &preimages {
        let asked = AddHoldInvoiceRequest {
            hash: hash(preimage),
            value: 50,
            ..Default::default()
        };
        let added = invoices
            .add_hold_invoice(pair.bob.request(asked))
            .await
            .unwrap()
            .into_inner();
        let mut updates = pair
            .alice
            .send(to_pay(&added.payment_request))
            .await
            .unwrap();
        while !pair
            .bob
            .lookup(&hash(preimage))
            .await
            .unwrap()
            .state()
            .eq(&InvoiceState::Accepted)
        {
            next(&mut updates)
                .await
                .unwrap()
                .expect("it is held, not ended");
        }
        streams.push(updates);
    }
    let settle = SettleInvoiceMsg {
        preimage: preimages[0].to_vec(),
    };
    invoices
        .settle_invoice(pair.bob.request(settle))
        .await
        .unwrap();
    let cancel = CancelInvoiceMsg {
        payment_hash: hash(&preimages[1]),
    };
    invoices
        .cancel_invoice(pair.bob.request(cancel))
        .await
        .unwrap();
    let states = [InvoiceState::Settled, InvoiceState::Canceled];
    for (preimage, state) in preimages.iter().zip(states) {
        assert_eq!(
            pair.bob.lookup(&hash(preimage)).await.unwrap().state(),
            state
        );
    }
    let unknown = SettleInvoiceMsg {
        preimage: vec![9; 32],
    };
    let answer = invoices.settle_invoice(pair.bob.request(unknown)).await;
    assert_eq!(told(answer), (2, "unable to locate invoice".to_owned()));
}

#[tokio::test]
async fn a_fee_is_estimated_by_invoice_and_by_destination() {
    let (devnet, alice, bob) = nodes();
    let carol = devnet.start_locked_wallet_node().unwrap();
    devnet.unlock("carol").unwrap();
    let (payment_request, _) = Grpc::connect(&carol)
        .await
        .invoice(over(5000))
        .await
        .unwrap();
    let client = Grpc::connect(&alice).await;
    let estimate = |request: RouteFeeRequest| {
        let request = client.request(request);
        let mut router = client.router();
        async move { Ok::<_, Status>(router.estimate_route_fee(request).await?.into_inner()) }
    };
    let by_invoice = RouteFeeRequest {
        payment_request: payment_request.clone(),
        ..Default::default()
    };
    let probed = estimate(by_invoice).await.unwrap();
    let paid = client.pay(to_pay(&payment_request)).await.unwrap();
    assert_eq!(probed.routing_fee_msat, paid.last().unwrap().fee_msat);
    assert!(probed.routing_fee_msat > 0, "bob forwards for a fee");
    let to_carol = RouteFeeRequest {
        dest: hex::decode(&carol.pubkey).unwrap(),
        amt_sat: 5000,
        ..Default::default()
    };
    assert_eq!(
        estimate(to_carol.clone()).await.unwrap().routing_fee_msat,
        probed.routing_fee_msat
    );
    let too_much = RouteFeeRequest {
        amt_sat: 1_200_000,
        ..to_carol
    };
    assert_eq!(told(estimate(too_much).await).0, 2);
    let (large, _) = Grpc::connect(&bob)
        .await
        .invoice(over(1_900_000))
        .await
        .unwrap();
    let failed = estimate(RouteFeeRequest {
        payment_request: large,
        ..Default::default()
    })
    .await
    .unwrap();
    assert_eq!(
        failed.failure_reason(),
        PaymentFailureReason::FailureReasonInsufficientBalance
    );
    let neither = estimate(RouteFeeRequest::default()).await;
    assert_eq!(
        told(neither),
        (2, "specify either a destination or an invoice".to_owned())
    );
}

#[tokio::test]
async fn a_macaroon_for_invoices_lists_them_and_nothing_else() {
    let (_devnet, alice, _) = nodes();
    let client = Grpc::connect_with(&alice, vec![macaroon(&alice.invoice_macaroon)]).await;
    assert_eq!(list(&client, ListInvoiceRequest::default()).await.0, [0; 0]);
    let denied = (2, "permission denied".to_owned());
    let request = client.request(ListPaymentsRequest::default());
    assert_eq!(
        told(client.lightning().list_payments(request).await),
        denied
    );
    let request = client.request(ListPeersRequest::default());
    assert_eq!(told(client.lightning().list_peers(request).await), denied);
}
