//! Channels that open and close with mined blocks, and whose money is never more or less.

use arkgrpc_devnet::{
    Devnet,
    proto::lnrpc::{
        Channel, ChannelBalanceRequest, ChannelCloseSummary, ChannelPoint, CloseChannelRequest,
        CloseStatusUpdate, ClosedChannelsRequest, ConnectPeerRequest, GetTransactionsRequest,
        LightningAddress, ListChannelsRequest, OpenChannelRequest, OpenStatusUpdate,
        PendingChannelsRequest, PendingChannelsResponse, WalletBalanceRequest,
        channel_close_summary::ClosureType, channel_point::FundingTxid,
        close_status_update::Update, open_status_update::Update as Opening,
    },
};
use tonic::{Status, Streaming};

use crate::support::{Grpc, Pair, all, info, next, over, to_pay, told};

const CAPACITY: i64 = 1_000_000;
const PUSHED: i64 = 100_000;
/// Commitment fee and two anchors.
const COMMITMENT: i64 = 3470;
const ANCHORS: i64 = 660;

async fn request_to(devnet: &Devnet, peer: &str) -> OpenChannelRequest {
    OpenChannelRequest {
        node_pubkey: hex::decode(devnet.node(peer).unwrap().pubkey).unwrap(),
        local_funding_amount: CAPACITY,
        push_sat: PUSHED,
        sat_per_vbyte: 3,
        memo: "for rent".to_owned(),
        ..Default::default()
    }
}

async fn open(
    client: &Grpc,
    request: OpenChannelRequest,
) -> Result<Streaming<OpenStatusUpdate>, Status> {
    let request = client.request(request);
    Ok(client.lightning().open_channel(request).await?.into_inner())
}

async fn close(
    client: &Grpc,
    request: CloseChannelRequest,
) -> Result<Streaming<CloseStatusUpdate>, Status> {
    let request = client.request(request);
    Ok(client
        .lightning()
        .close_channel(request)
        .await?
        .into_inner())
}

async fn channels(client: &Grpc) -> Vec<Channel> {
    let request = client.request(ListChannelsRequest::default());
    client
        .lightning()
        .list_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels
}

async fn pending(client: &Grpc) -> PendingChannelsResponse {
    let request = client.request(PendingChannelsRequest::default());
    client
        .lightning()
        .pending_channels(request)
        .await
        .unwrap()
        .into_inner()
}

async fn closed(client: &Grpc, request: ClosedChannelsRequest) -> Vec<ChannelCloseSummary> {
    let request = client.request(request);
    client
        .lightning()
        .closed_channels(request)
        .await
        .unwrap()
        .into_inner()
        .channels
}

/// All that a node owns: coins, shares of channels on their way up, open, and on their way down,
/// and what an opener put up for the commitment transaction.
async fn wealth(client: &Grpc) -> i64 {
    let mut lightning = client.lightning();
    let request = client.request(WalletBalanceRequest::default());
    let coins = lightning
        .wallet_balance(request)
        .await
        .unwrap()
        .into_inner()
        .total_balance;
    let request = client.request(ChannelBalanceRequest {});
    let balance = lightning
        .channel_balance(request)
        .await
        .unwrap()
        .into_inner();
    let shares = [balance.local_balance, balance.pending_open_local_balance]
        .into_iter()
        .map(|amount| i64::try_from(amount.unwrap().sat).unwrap())
        .sum::<i64>();
    let pending = pending(client).await;
    let opening = pending.pending_open_channels.iter();
    let own = opening
        .filter(|view| view.channel.as_ref().unwrap().initiator == 1)
        .count();
    let open = channels(client)
        .await
        .iter()
        .filter(|channel| channel.initiator)
        .count();
    let put_up = COMMITMENT * i64::try_from(own + open).unwrap();
    coins + shares + put_up + pending.total_limbo_balance
}

async fn fee(client: &Grpc, txid: &str) -> i64 {
    let request = client.request(GetTransactionsRequest::default());
    let answer = client
        .lightning()
        .get_transactions(request)
        .await
        .unwrap()
        .into_inner();
    let known = answer
        .transactions
        .iter()
        .find(|known| known.tx_hash == txid);
    known.expect("the wallet knows it").total_fees
}

fn reversed(bytes: &[u8]) -> String {
    hex::encode(bytes.iter().rev().copied().collect::<Vec<_>>())
}

fn named(point: &str) -> CloseChannelRequest {
    let (txid, vout) = point.split_once(':').unwrap();
    CloseChannelRequest {
        channel_point: Some(ChannelPoint {
            funding_txid: Some(FundingTxid::FundingTxidStr(txid.to_owned())),
            output_index: vout.parse().unwrap(),
        }),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_channel_opens_carries_and_closes_without_loss() {
    let pair = Pair::new().await;
    let before = wealth(&pair.alice).await + wealth(&pair.bob).await;
    let mut opening = open(&pair.alice, request_to(&pair.devnet, "bob").await)
        .await
        .unwrap();
    let first = next(&mut opening).await.unwrap().unwrap();
    let Some(Opening::ChanPending(update)) = first.update else {
        panic!("{first:?}")
    };
    let (txid, point) = (
        reversed(&update.txid),
        format!("{}:{}", reversed(&update.txid), update.output_index),
    );
    let funding_fee = fee(&pair.alice, &txid).await;
    let seen = pending(&pair.alice).await.pending_open_channels;
    let view = seen[0].channel.as_ref().unwrap();
    assert_eq!(
        (&view.channel_point, view.memo.as_str()),
        (&point, "for rent")
    );
    assert_eq!(
        (view.local_balance, view.remote_balance),
        (CAPACITY - PUSHED - COMMITMENT, PUSHED)
    );
    assert_eq!(
        pending(&pair.bob).await.pending_open_channels[0]
            .channel
            .as_ref()
            .unwrap()
            .memo,
        ""
    );
    assert_eq!(info(&pair.bob).await.unwrap().num_pending_channels, 1);
    assert_eq!(channels(&pair.alice).await.len(), 1, "pending is not open");
    assert_eq!(
        wealth(&pair.alice).await + wealth(&pair.bob).await,
        before - funding_fee
    );

    pair.devnet.mine(1);
    let second = next(&mut opening).await.unwrap().unwrap();
    assert!(
        matches!(second.update, Some(Opening::ChanOpen(_))),
        "{second:?}"
    );
    assert!(
        next(&mut opening).await.unwrap().is_none(),
        "the stream ends"
    );
    let opened = channels(&pair.alice)
        .await
        .into_iter()
        .find(|channel| channel.channel_point == point)
        .unwrap();
    assert!(opened.active && opened.chan_id >> 40 > 0 && opened.memo == "for rent");
    assert_eq!(
        channels(&pair.bob)
            .await
            .iter()
            .find(|channel| channel.channel_point == point)
            .unwrap()
            .chan_id,
        opened.chan_id
    );

    // More than the first channel has, so the new one must carry it.
    let (request, _) = pair.bob.invoice(over(1_200_000)).await.unwrap();
    let small = close(
        &pair.alice,
        named(&channels(&pair.alice).await[0].channel_point),
    )
    .await
    .unwrap();
    drop(small);
    pair.devnet.mine(3);
    assert_eq!(
        channels(&pair.alice).await.len(),
        1,
        "closing went on without its client"
    );
    assert_eq!(
        pair.alice
            .pay(to_pay(&request))
            .await
            .unwrap()
            .last()
            .unwrap()
            .failure_reason,
        5
    );
    let (request, _) = pair.bob.invoice(over(300_000)).await.unwrap();
    assert_eq!(
        pair.alice
            .pay(to_pay(&request))
            .await
            .unwrap()
            .last()
            .unwrap()
            .status,
        2
    );

    let mut closing = close(&pair.bob, named(&point)).await.unwrap();
    let first = next(&mut closing).await.unwrap().unwrap();
    let Some(Update::ClosePending(update)) = first.update else {
        panic!("{first:?}")
    };
    let closing_txid = reversed(&update.txid);
    assert_eq!(
        pending(&pair.alice).await.waiting_close_channels[0].closing_txid,
        closing_txid
    );
    let offline =
        "unable to gracefully close channel while peer is offline (try force closing it instead)";
    assert!(
        told(close(&pair.alice, named(&point)).await)
            .1
            .starts_with(offline),
        "it closes already"
    );
    pair.devnet.mine(2);
    assert!(
        closed(&pair.bob, ClosedChannelsRequest::default())
            .await
            .iter()
            .all(|one| one.channel_point != point)
    );
    pair.devnet.mine(1);
    let last = next(&mut closing).await.unwrap().unwrap();
    let Some(Update::ChanClose(done)) = last.update else {
        panic!("{last:?}")
    };
    assert!(done.success && reversed(&done.closing_txid) == closing_txid);
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
    let mut closing_fees = 0;
    let summaries = [
        closed(&pair.alice, ClosedChannelsRequest::default()).await,
        closed(&pair.bob, ClosedChannelsRequest::default()).await,
    ];
    for (of_alice, of_bob) in summaries[0].iter().zip(&summaries[1]) {
        assert_eq!(of_alice.closing_tx_hash, of_bob.closing_tx_hash);
        closing_fees += of_alice.capacity - of_alice.settled_balance - of_bob.settled_balance;
    }
    let gone = summaries[1]
        .iter()
        .find(|one| one.channel_point == point)
        .unwrap();
    assert_eq!(
        (gone.settled_balance, gone.close_type()),
        (PUSHED + 300_000, ClosureType::CooperativeClose)
    );
    let after = wealth(&pair.alice).await + wealth(&pair.bob).await;
    assert_eq!(
        after,
        before - funding_fee - closing_fees,
        "nothing lost, nothing made"
    );
    assert_eq!(
        told(close(&pair.bob, named(&point)).await),
        (2, "channel not found".to_owned())
    );
}

#[tokio::test]
async fn a_forced_close_locks_the_closers_share_for_a_while() {
    let pair = Pair::new().await;
    let before = wealth(&pair.alice).await + wealth(&pair.bob).await;
    let open_channel = channels(&pair.alice).await.remove(0);
    let point = open_channel.channel_point;
    pair.devnet.stop("bob").unwrap();
    let text = told(close(&pair.alice, named(&point)).await).1;
    assert!(
        text.starts_with("unable to gracefully close channel"),
        "{text}"
    );
    let forced = CloseChannelRequest {
        force: true,
        ..named(&point)
    };
    let priced = CloseChannelRequest {
        sat_per_vbyte: 5,
        ..forced.clone()
    };
    assert_eq!(
        told(close(&pair.alice, priced).await).1,
        "force closing a channel uses a pre-defined fee"
    );
    let mut closing = close(&pair.alice, forced.clone()).await.unwrap();
    let first = next(&mut closing).await.unwrap().unwrap();
    assert!(matches!(first.update, Some(Update::ClosePending(_))));
    assert_eq!(
        told(close(&pair.alice, forced).await).1,
        "channel is already in the process of being force closed"
    );
    assert_eq!(
        pending(&pair.alice).await.total_limbo_balance,
        open_channel.local_balance
    );
    pair.devnet.mine(1);
    let last = next(&mut closing).await.unwrap().unwrap();
    assert!(
        matches!(last.update, Some(Update::ChanClose(_))),
        "told after one block"
    );
    assert_eq!(pending(&pair.alice).await.waiting_close_channels.len(), 1);
    pair.devnet.mine(2);
    let waiting = pending(&pair.alice).await.pending_force_closing_channels;
    assert_eq!(
        (waiting.len(), waiting[0].limbo_balance),
        (1, open_channel.local_balance)
    );
    assert!(waiting[0].blocks_til_maturity > 0 && waiting[0].maturity_height > 0);
    assert!(
        closed(&pair.alice, ClosedChannelsRequest::default())
            .await
            .is_empty(),
        "not before it is swept"
    );
    pair.devnet.start_again("bob").unwrap();
    pair.devnet.mine(4);
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
    let of_alice = closed(
        &pair.alice,
        ClosedChannelsRequest {
            local_force: true,
            ..Default::default()
        },
    )
    .await;
    let bob = Grpc::connect(&pair.devnet.node("bob").unwrap()).await;
    let of_bob = closed(
        &bob,
        ClosedChannelsRequest {
            remote_force: true,
            ..Default::default()
        },
    )
    .await;
    assert_eq!((of_alice.len(), of_bob.len()), (1, 1));
    assert_eq!(of_alice[0].time_locked_balance, open_channel.local_balance);
    assert!(
        closed(
            &bob,
            ClosedChannelsRequest {
                cooperative: true,
                ..Default::default()
            }
        )
        .await
        .is_empty()
    );
    let after = wealth(&pair.alice).await + wealth(&bob).await;
    let commitment_fee = COMMITMENT - ANCHORS;
    let mut sweeps = 0;
    for client in [&pair.alice, &bob] {
        let request = client.request(GetTransactionsRequest::default());
        let answer = client
            .lightning()
            .get_transactions(request)
            .await
            .unwrap()
            .into_inner();
        let swept = answer
            .transactions
            .iter()
            .filter(|one| one.label == "0:sweep");
        sweeps += swept.map(|one| one.output_details[0].amount).sum::<i64>();
    }
    let shares = of_alice[0].settled_balance + of_bob[0].settled_balance;
    assert_eq!(shares, open_channel.capacity - ANCHORS - commitment_fee);
    assert_eq!(after, before - ANCHORS - commitment_fee - (shares - sweeps));
}

#[tokio::test]
async fn what_lnd_does_not_open_is_refused_with_its_texts() {
    let pair = Pair::new().await;
    let sound = request_to(&pair.devnet, "bob").await;
    let own = hex::decode(pair.devnet.node("alice").unwrap().pubkey).unwrap();
    let cases = [
        (
            OpenChannelRequest {
                local_funding_amount: 0,
                ..sound.clone()
            },
            "local funding amount must be non-zero",
        ),
        (
            OpenChannelRequest {
                push_sat: CAPACITY,
                ..sound.clone()
            },
            "amount pushed to remote peer for initial state must be below the local funding amount",
        ),
        (
            OpenChannelRequest {
                local_funding_amount: 16_777_216,
                ..sound.clone()
            },
            "funding amount is too large, the max channel size is: 0.16777215 BTC",
        ),
        (
            OpenChannelRequest {
                local_funding_amount: 19_999,
                push_sat: 0,
                ..sound.clone()
            },
            "channel is too small, the minimum channel size is: 20000 SAT",
        ),
        (
            OpenChannelRequest {
                node_pubkey: vec![],
                ..sound.clone()
            },
            "NodePubkey is not set",
        ),
        (
            OpenChannelRequest {
                node_pubkey: own,
                ..sound.clone()
            },
            "cannot open channel to self",
        ),
        (
            OpenChannelRequest {
                memo: "m".repeat(501),
                ..sound.clone()
            },
            "is of length 501, exceeds 500",
        ),
        (
            OpenChannelRequest {
                target_conf: 6,
                ..sound.clone()
            },
            "fee preference conflict",
        ),
        (
            OpenChannelRequest {
                push_sat: CAPACITY - 5000,
                ..sound.clone()
            },
            "funder balance too small",
        ),
        (
            OpenChannelRequest {
                min_confs: 1000,
                ..sound.clone()
            },
            "not enough witness outputs to create funding transaction, need",
        ),
    ];
    for (request, part) in cases {
        let (code, text) = told(open(&pair.alice, request).await);
        assert!(code == 2 && text.contains(part), "{text:?} lacks {part:?}");
    }
    pair.devnet.lag_behind("alice", true).unwrap();
    let lagging = "channels cannot be created before the wallet is fully synced";
    assert_eq!(
        told(open(&pair.alice, sound.clone()).await),
        (2, lagging.to_owned())
    );
    assert!(!info(&pair.alice).await.unwrap().synced_to_chain);
    pair.devnet.lag_behind("alice", false).unwrap();
    pair.devnet.stop("bob").unwrap();
    let bob = pair.devnet.node("bob").unwrap().pubkey;
    assert_eq!(
        told(open(&pair.alice, sound).await),
        (2, format!("peer {bob} is not online"))
    );
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
}

#[tokio::test]
async fn a_peer_is_connected_before_a_channel_to_it_is_opened() {
    let pair = Pair::new().await;
    let carol = pair.devnet.start_locked_wallet_node().unwrap();
    pair.devnet.unlock("carol").unwrap();
    let request = request_to(&pair.devnet, "carol").await;
    assert_eq!(
        told(open(&pair.alice, request.clone()).await).1,
        format!("peer {} is not online", carol.pubkey)
    );
    let connect = |pubkey: &str, host: &str| {
        let addr = Some(LightningAddress {
            pubkey: pubkey.to_owned(),
            host: host.to_owned(),
        });
        let request = pair.alice.request(ConnectPeerRequest {
            addr,
            ..Default::default()
        });
        let mut lightning = pair.alice.lightning();
        async move { Ok::<_, Status>(lightning.connect_peer(request).await?.into_inner().status) }
    };
    let alice = pair.devnet.node("alice").unwrap();
    assert_eq!(
        told(connect(&alice.pubkey, &alice.peer_address).await).1,
        "cannot make connection to self"
    );
    let (_, refused) = told(connect(&carol.pubkey, "127.0.0.1:1").await);
    assert!(refused.ends_with("connection refused"), "{refused}");
    assert_eq!(told(connect("02", &carol.peer_address).await).0, 2);
    let status = connect(&carol.pubkey, &carol.peer_address).await.unwrap();
    assert_eq!(
        status,
        format!(
            "connection to {}@{} initiated",
            carol.pubkey, carol.peer_address
        )
    );
    let again = told(connect(&carol.pubkey, &carol.peer_address).await).1;
    assert!(again.starts_with("already connected to peer"), "{again}");
    let opening = open(&pair.alice, request).await.unwrap();
    pair.devnet.mine(1);
    let updates = all(opening).await.unwrap();
    assert_eq!(updates.len(), 2);
}

#[tokio::test]
async fn a_channel_with_a_held_payment_is_not_closed_by_both() {
    let pair = Pair::new().await;
    let hash = vec![3; 32];
    let asked = arkgrpc_devnet::proto::invoicesrpc::AddHoldInvoiceRequest {
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
