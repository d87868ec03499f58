//! How channels open, and why not.

use arkgrpc_devnet::proto::lnrpc::{
    ConnectPeerRequest, LightningAddress, OpenChannelRequest, PendingChannelsResponse,
    open_status_update::Update as Opening,
};
use tonic::Status;

use super::{
    CAPACITY, COMMITMENT, PUSHED, all_wealth, channels, fee, open, opening, pending, request_to,
};
use crate::support::{Pair, all, info, next, told};

#[tokio::test]
async fn a_channel_opens_once_its_funding_is_in_a_block() {
    let pair = Pair::new().await;
    let before = all_wealth(&pair).await;
    let request = request_to(&pair.devnet, "bob").await;
    let mut updates = open(&pair.alice, request).await.unwrap();
    let (txid, point) = opening(&mut updates).await;
    let seen = pending(&pair.alice).await.pending_open_channels;
    let view = seen[0].channel.as_ref().unwrap();
    assert_eq!(
        (&view.channel_point, view.memo.as_str()),
        (&point, "for rent")
    );
    let shares = (view.local_balance, view.remote_balance);
    assert_eq!(shares, (CAPACITY - PUSHED - COMMITMENT, PUSHED));
    let of_bob = pending(&pair.bob).await.pending_open_channels;
    assert_eq!(of_bob[0].channel.as_ref().unwrap().memo, "");
    assert_eq!(info(&pair.bob).await.unwrap().num_pending_channels, 1);
    assert_eq!(channels(&pair.alice).await.len(), 1, "pending is not open");
    let funding_fee = fee(&pair.alice, &txid).await;
    assert_eq!(all_wealth(&pair).await, before - funding_fee);

    pair.devnet.mine(1);
    let second = next(&mut updates).await.unwrap().unwrap();
    assert!(
        matches!(second.update, Some(Opening::ChanOpen(_))),
        "{second:?}"
    );
    assert!(
        next(&mut updates).await.unwrap().is_none(),
        "the stream ends"
    );
    let of_both = [channels(&pair.alice).await, channels(&pair.bob).await];
    let [of_alice, of_bob] = of_both.map(|all| {
        let mut all = all.into_iter();
        all.find(|channel| channel.channel_point == point).unwrap()
    });
    assert!(of_alice.active && of_alice.memo == "for rent");
    assert!(of_alice.chan_id >> 40 > 0 && of_alice.chan_id == of_bob.chan_id);
    assert_eq!(all_wealth(&pair).await, before - funding_fee);
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
    assert_eq!(
        pending(&pair.alice).await,
        PendingChannelsResponse::default()
    );
}

#[tokio::test]
async fn a_node_that_lags_and_a_peer_that_is_away_open_nothing() {
    let pair = Pair::new().await;
    let sound = request_to(&pair.devnet, "bob").await;
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
