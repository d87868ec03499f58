//! Lists over gRPC: pages, filters, and what they agree with.

use arkgrpc_devnet::proto::lnrpc::{
    ChannelBalanceRequest, ClosedChannelsRequest, ListChannelsRequest, ListInvoiceRequest,
    ListPaymentsRequest, ListPeersRequest, Peer, PendingChannelsRequest,
};

use crate::support::{Grpc, Pair, Rest, macaroon, nodes, over, to_pay, told};

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
    let (indexes, first, _) = list(&pair.bob, newest).await;
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
async fn balance_and_channels_agree_with_rest() {
    let pair = Pair::new().await;
    let rest = Rest::new(&pair.devnet.node("alice").unwrap());
    let mut lightning = pair.alice.lightning();
    let request = pair.alice.request(ChannelBalanceRequest {});
    let balance = lightning.channel_balance(request).await.unwrap();
    let local = balance.into_inner().local_balance.unwrap().sat;
    let seen = rest.balance("local_balance").await;
    assert_eq!(i64::try_from(local).unwrap(), seen);
    let request = pair.alice.request(ListChannelsRequest {
        peer_alias_lookup: true,
        ..Default::default()
    });
    let channels = lightning.list_channels(request).await.unwrap();
    let channels = channels.into_inner().channels;
    let bob = pair.devnet.node("bob").unwrap();
    assert_eq!((channels.len(), &channels[0].peer_alias), (1, &bob.alias));
    let (_, seen) = rest.get("/v1/channels").await;
    let point = &channels[0].channel_point;
    assert_eq!(seen["channels"][0]["channel_point"], *point);
    let request = pair.alice.request(PendingChannelsRequest::default());
    let pending = lightning.pending_channels(request).await.unwrap();
    assert_eq!(pending.into_inner(), Default::default());
    let request = pair.alice.request(ClosedChannelsRequest::default());
    let closed = lightning.closed_channels(request).await.unwrap();
    assert!(closed.into_inner().channels.is_empty());
}

async fn peers(client: &Grpc) -> Vec<Peer> {
    let request = client.request(ListPeersRequest::default());
    let answer = client.lightning().list_peers(request).await;
    answer.unwrap().into_inner().peers
}

#[tokio::test]
async fn peers_are_those_who_are_up() {
    let pair = Pair::new().await;
    let bob = pair.devnet.node("bob").unwrap();
    let of_alice = peers(&pair.alice).await;
    assert_eq!(of_alice.len(), 1);
    let shown = (&of_alice[0].pub_key, &of_alice[0].address);
    assert_eq!(shown, (&bob.pubkey, &bob.peer_address));
    let of_bob = peers(&pair.bob).await;
    let dialled = (of_alice[0].inbound, of_bob[0].inbound);
    assert_ne!(dialled.0, dialled.1, "one of them dialled");
    pair.devnet.stop("bob").unwrap();
    assert!(peers(&pair.alice).await.is_empty());
    pair.devnet.start_again("bob").unwrap();
    assert_eq!(peers(&pair.alice).await.len(), 1);
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
