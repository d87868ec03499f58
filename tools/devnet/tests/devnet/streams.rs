//! Streams: what comes after subscribing, what is told again, and how they end.

use arkgrpc_devnet::proto::{
    lnrpc::{
        ChannelEventSubscription, ChannelEventUpdate, CloseChannelRequest, GetTransactionsRequest,
        Invoice, InvoiceSubscription, ListChannelsRequest, NewAddressRequest, SendCoinsRequest,
        channel_event_update::{Channel, UpdateType},
        channel_point::FundingTxid,
        invoice::InvoiceState,
        payment::PaymentStatus,
    },
    routerrpc::TrackPaymentsRequest,
};
use serde_json::json;
use tonic::{Code, Streaming};

use crate::support::{Grpc, PATIENCE, Pair, Rest, next, over, to_pay};

fn subscribe(
    client: &Grpc,
    from: InvoiceSubscription,
) -> tokio::task::JoinHandle<Streaming<Invoice>> {
    let request = client.request(from);
    let mut lightning = client.lightning();
    // Headers come with the first message, as from grpc-go.
    tokio::spawn(async move {
        lightning
            .subscribe_invoices(request)
            .await
            .unwrap()
            .into_inner()
    })
}

async fn invoice(stream: &mut Streaming<Invoice>) -> (u64, u64, InvoiceState) {
    let invoice = next(stream).await.unwrap().expect("the stream goes on");
    (invoice.add_index, invoice.settle_index, invoice.state())
}

/// Until so many streams of each node miss nothing any more.
async fn until_open(pair: &Pair, wanted: &[(&str, usize)]) {
    let all_open = async {
        for (name, count) in wanted {
            while pair.devnet.streams_open(name).unwrap() < *count {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, all_open)
        .await
        .expect("not all streams open");
}

async fn opened<T>(stream: tokio::task::JoinHandle<Streaming<T>>) -> Streaming<T> {
    tokio::time::timeout(PATIENCE, stream)
        .await
        .expect("no message comes")
        .unwrap()
}

#[tokio::test]
async fn invoices_are_told_when_added_and_settled_and_again_after_an_index() {
    let pair = Pair::new().await;
    for value in [10, 20] {
        let (request, _) = pair.bob.invoice(over(value)).await.unwrap();
        pair.alice.pay(to_pay(&request)).await.unwrap();
    }
    pair.bob.invoice(over(30)).await.unwrap();
    let (open, settled) = (InvoiceState::Open, InvoiceState::Settled);
    let mut after_first = opened(subscribe(
        &pair.bob,
        InvoiceSubscription {
            add_index: 1,
            settle_index: 1,
        },
    ))
    .await;
    assert_eq!(
        invoice(&mut after_first).await,
        (2, 2, settled),
        "added since"
    );
    assert_eq!(invoice(&mut after_first).await, (3, 0, open));
    assert_eq!(
        invoice(&mut after_first).await,
        (2, 2, settled),
        "settled since"
    );
    let mut after_settled = opened(subscribe(
        &pair.bob,
        InvoiceSubscription {
            add_index: 0,
            settle_index: 1,
        },
    ))
    .await;
    assert_eq!(invoice(&mut after_settled).await, (2, 2, settled));
    let (request, _) = pair.bob.invoice(over(40)).await.unwrap();
    pair.alice.pay(to_pay(&request)).await.unwrap();
    for stream in [&mut after_first, &mut after_settled] {
        assert_eq!(invoice(stream).await, (4, 0, open));
        assert_eq!(invoice(stream).await, (4, 3, settled));
    }
    pair.devnet.stop("bob").unwrap();
    let end = next(&mut after_first).await.unwrap_err();
    assert_ne!(end.code(), Code::Ok, "cut like a process that ends");
}

#[tokio::test]
async fn every_payment_is_told_in_every_state() {
    let pair = Pair::new().await;
    let track = |final_only| {
        let request = pair.alice.request(TrackPaymentsRequest {
            no_inflight_updates: final_only,
        });
        let mut router = pair.alice.router();
        tokio::spawn(async move { router.track_payments(request).await.unwrap().into_inner() })
    };
    let (earlier, _) = pair.bob.invoice(over(5)).await.unwrap();
    pair.alice.pay(to_pay(&earlier)).await.unwrap();
    let (every, ends) = (track(false), track(true));
    until_open(&pair, &[("alice", 2)]).await;
    let (request, hash) = pair.bob.invoice(over(900)).await.unwrap();
    let own = pair.alice.pay(to_pay(&request)).await.unwrap();
    let (large, _) = pair.bob.invoice(over(1_990_000)).await.unwrap();
    pair.alice.pay(to_pay(&large)).await.unwrap();
    let (mut every, mut ends) = (opened(every).await, opened(ends).await);
    for expected in &own {
        assert_eq!(next(&mut every).await.unwrap().unwrap(), *expected);
    }
    let done = next(&mut ends).await.unwrap().unwrap();
    assert_eq!(
        (done.payment_hash.as_str(), done.status()),
        (hex::encode(hash).as_str(), PaymentStatus::Succeeded)
    );
    assert_eq!(
        next(&mut ends).await.unwrap().unwrap().status(),
        PaymentStatus::Failed
    );
}

#[tokio::test]
async fn transactions_are_told_when_seen_and_when_confirmed() {
    let pair = Pair::new().await;
    let listen = |client: &Grpc| {
        let request = client.request(GetTransactionsRequest::default());
        let mut lightning = client.lightning();
        tokio::spawn(async move {
            lightning
                .subscribe_transactions(request)
                .await
                .unwrap()
                .into_inner()
        })
    };
    let streams = [listen(&pair.alice), listen(&pair.bob)];
    until_open(&pair, &[("alice", 1), ("bob", 1)]).await;
    let request = pair.bob.request(NewAddressRequest::default());
    let addr = pair
        .bob
        .lightning()
        .new_address(request)
        .await
        .unwrap()
        .into_inner()
        .address;
    let order = SendCoinsRequest {
        addr,
        amount: 77_000,
        label: "tip".to_owned(),
        ..Default::default()
    };
    let txid = pair
        .alice
        .lightning()
        .send_coins(pair.alice.request(order))
        .await
        .unwrap()
        .into_inner()
        .txid;
    pair.devnet.mine(1);
    for (stream, label) in streams.into_iter().zip(["tip", ""]) {
        let mut stream = opened(stream).await;
        for confirmations in [0, 1] {
            let told = next(&mut stream).await.unwrap().unwrap();
            assert_eq!(
                (&told.tx_hash, told.num_confirmations),
                (&txid, confirmations)
            );
            assert_eq!(told.label, label);
        }
    }
}

#[tokio::test]
async fn a_channels_way_is_told_to_both_ends() {
    let pair = Pair::new().await;
    let listen = |client: &Grpc| {
        let request = client.request(ChannelEventSubscription {});
        let mut lightning = client.lightning();
        tokio::spawn(async move {
            lightning
                .subscribe_channel_events(request)
                .await
                .unwrap()
                .into_inner()
        })
    };
    let (of_alice, of_bob) = (listen(&pair.alice), listen(&pair.bob));
    until_open(&pair, &[("alice", 1), ("bob", 1)]).await;
    let bob = pair.devnet.node("bob").unwrap();
    let rest = Rest::new(&pair.devnet.node("alice").unwrap());
    let order = json!({ "node_pubkey": crate::support::base64(&hex::decode(bob.pubkey).unwrap()), "local_funding_amount": "50000" });
    let (code, point) = rest.post("/v1/channels", order).await;
    assert_eq!(code, 200, "{point}");
    pair.devnet.mine(1);
    let (mut of_alice, mut of_bob) = (opened(of_alice).await, opened(of_bob).await);
    async fn told(
        stream: &mut Streaming<ChannelEventUpdate>,
        kind: UpdateType,
    ) -> ChannelEventUpdate {
        let update = next(stream).await.unwrap().expect("the stream goes on");
        assert_eq!(update.r#type(), kind);
        update
    }
    let mut opened_point = None;
    for stream in [&mut of_alice, &mut of_bob] {
        told(stream, UpdateType::PendingOpenChannel).await;
        let Some(Channel::OpenChannel(view)) = told(stream, UpdateType::OpenChannel).await.channel
        else {
            panic!()
        };
        assert_eq!((view.capacity, view.active), (50_000, true));
        let Some(Channel::ActiveChannel(point)) =
            told(stream, UpdateType::ActiveChannel).await.channel
        else {
            panic!()
        };
        opened_point = Some(point);
    }
    let channel_point = opened_point.unwrap();
    let Some(FundingTxid::FundingTxidBytes(bytes)) = channel_point.funding_txid.clone() else {
        panic!()
    };
    assert_eq!(
        point["funding_txid_bytes"],
        json!(crate::support::base64(&bytes))
    );
    let request = CloseChannelRequest {
        channel_point: Some(channel_point),
        ..Default::default()
    };
    pair.alice
        .lightning()
        .close_channel(pair.alice.request(request))
        .await
        .unwrap();
    pair.devnet.mine(3);
    for stream in [&mut of_alice, &mut of_bob] {
        told(stream, UpdateType::InactiveChannel).await;
        let Some(Channel::ClosedChannel(view)) =
            told(stream, UpdateType::ClosedChannel).await.channel
        else {
            panic!()
        };
        assert_eq!(view.capacity, 50_000);
        told(stream, UpdateType::FullyResolvedChannel).await;
    }
    pair.devnet.stop("bob").unwrap();
    told(&mut of_alice, UpdateType::InactiveChannel).await;
    pair.devnet.start_again("bob").unwrap();
    told(&mut of_alice, UpdateType::ActiveChannel).await;
    let request = pair.alice.request(ListChannelsRequest::default());
    let left = pair
        .alice
        .lightning()
        .list_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels;
    assert_eq!(left.len(), 1, "the first one is still there");
}

#[tokio::test]
async fn thousands_of_invoices_are_made_at_once() {
    let pair = Pair::new().await;
    let rest = Rest::new(&pair.devnet.node("bob").unwrap());
    let order = json!({ "count": 1500, "memo": "m".repeat(500), "value": "12" });
    let answer = rest.post("/devnet/invoices", order).await;
    assert_eq!(
        answer,
        (
            200,
            json!({ "first_add_index": "1", "last_add_index": "1500" })
        )
    );
    let (_, list) = rest
        .get("/v1/invoices?num_max_invoices=2000&index_offset=1")
        .await;
    assert_eq!(list["invoices"].as_array().unwrap().len(), 1499);
    assert_eq!(list["invoices"][0]["value"], json!("12"));
    let (code, text) = rest.post("/devnet/invoices", json!({ "count": 0 })).await;
    assert_eq!(
        (code, &text["message"]),
        (400, &json!("count must be between 1 and 100000"))
    );
}
