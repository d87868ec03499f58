//! Sending coins: which ones, what it costs, what stays, and what is refused.

use arkgrpc_devnet::proto::lnrpc::{AddressType, EstimateFeeRequest, OutPoint, SendCoinsRequest};

use crate::support::{
    Pair,
    coins::{address, balance, coins, send, to, transaction},
    told,
};

/// lnd keeps this much for each public channel.
const RESERVED: i64 = 10_000;
/// What a node begins with.
const FIRST: i64 = 160_000_000;

#[tokio::test]
async fn chosen_coins_are_spent_once_and_no_others() {
    let pair = Pair::new().await;
    let coin = coins(&pair.bob, 1)
        .await
        .into_iter()
        .find(|coin| coin.amount_sat == 10_000_000)
        .unwrap();
    let chosen = coin.outpoint.clone().unwrap();
    let target = address(&pair.alice, AddressType::WitnessPubkeyHash).await;
    let order = SendCoinsRequest {
        outpoints: vec![chosen.clone()],
        ..to(&target, 3_000_000)
    };
    let txid = send(&pair.bob, order.clone()).await.unwrap();
    let inputs = transaction(&pair.bob, &txid).await.previous_outpoints;
    let named = format!("{}:{}", chosen.txid_str, chosen.output_index);
    assert_eq!(
        inputs
            .iter()
            .map(|input| &input.outpoint)
            .collect::<Vec<_>>(),
        [&named]
    );
    let (code, text) = told(send(&pair.bob, order.clone()).await);
    assert_eq!(
        (code, text),
        (
            2,
            format!("selected outpoint not eligible for spending: {named}")
        )
    );
    let twice = SendCoinsRequest {
        outpoints: vec![chosen.clone(), chosen],
        ..order
    };
    assert_eq!(
        told(send(&pair.bob, twice).await).1,
        "selected outpoints contain duplicate values"
    );
    let unknown = OutPoint {
        txid_str: "ab".repeat(32),
        ..Default::default()
    };
    let order = SendCoinsRequest {
        outpoints: vec![unknown],
        send_all: true,
        ..to(&target, 0)
    };
    assert!(
        told(send(&pair.bob, order).await)
            .1
            .contains("unknown utxo")
    );
}

#[tokio::test]
async fn everything_is_sent_but_the_reserve() {
    let pair = Pair::new().await;
    let target = address(&pair.bob, AddressType::WitnessPubkeyHash).await;
    let order = SendCoinsRequest {
        send_all: true,
        ..to(&target, 0)
    };
    let txid = send(&pair.alice, order).await.unwrap();
    assert_eq!(balance(&pair.alice).await.total_balance, RESERVED);
    let fees = transaction(&pair.alice, &txid).await.total_fees;
    let outputs = transaction(&pair.bob, &txid).await.amount;
    pair.devnet.mine(1);
    assert_eq!(balance(&pair.bob).await.confirmed_balance, FIRST + outputs);
    assert!(fees > 0);
    let reserve = to(&target, 5_000);
    let text = told(send(&pair.alice, reserve).await).1;
    assert!(
        text.starts_with("reserved wallet balance invalidated"),
        "{text}"
    );
}

#[tokio::test]
async fn bad_orders_are_refused_with_lnds_texts_and_change_nothing() {
    let pair = Pair::new().await;
    let own = address(&pair.bob, AddressType::WitnessPubkeyHash).await;
    let before = balance(&pair.alice).await;
    let bob_key = pair.devnet.node("bob").unwrap().pubkey;
    let mainnet = "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq";
    let cases = [
        (to(&own, 200), "transaction output is dust"),
        (to(&own, 0), "transaction output is dust"),
        (to(&own, -5), "transaction output amount is negative"),
        (
            to(&own, 900_000_000),
            "insufficient funds available to construct transaction",
        ),
        (to(mainnet, 5000), "is not valid for this network: regtest"),
        (
            to("1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2", 5000),
            "unknown address type",
        ),
        (to("nonsense", 5000), "checksum mismatch"),
        (to("0000", 5000), "decoded address is of unknown format"),
        (
            to(&own.replacen("bcrt1q", "bcrt1p", 1), 5000),
            "invalid checksum",
        ),
        (to(&bob_key, 5000), "cannot send coins to pubkeys"),
        (
            SendCoinsRequest {
                target_conf: 3,
                ..to(&own, 5000)
            },
            "fee preference conflict",
        ),
        (
            SendCoinsRequest {
                send_all: true,
                ..to(&own, 5000)
            },
            "amount set while SendAll is active",
        ),
        (
            SendCoinsRequest {
                min_confs: -1,
                ..to(&own, 5000)
            },
            "must be a non-negative number",
        ),
        (
            SendCoinsRequest {
                label: "x".repeat(501),
                ..to(&own, 5000)
            },
            "label length: 501 exceeds limit of 500",
        ),
    ];
    for (order, part) in cases {
        let (code, text) = told(send(&pair.alice, order).await);
        assert!(code == 2 && text.contains(part), "{text:?} lacks {part:?}");
    }
    assert_eq!(balance(&pair.alice).await, before);
}

#[tokio::test]
async fn a_fee_estimate_is_what_sending_then_costs() {
    let pair = Pair::new().await;
    let target = address(&pair.bob, AddressType::WitnessPubkeyHash).await;
    let request = EstimateFeeRequest {
        addr_to_amount: [(target.clone(), 70_000)].into(),
        target_conf: 6,
        ..Default::default()
    };
    let estimate = pair
        .alice
        .lightning()
        .estimate_fee(pair.alice.request(request))
        .await;
    let estimate = estimate.unwrap().into_inner();
    assert_eq!(estimate.sat_per_vbyte, 25);
    let order = SendCoinsRequest {
        sat_per_vbyte: 0,
        ..to(&target, 70_000)
    };
    let txid = send(&pair.alice, order).await.unwrap();
    assert_eq!(
        transaction(&pair.alice, &txid).await.total_fees,
        estimate.fee_sat
    );
}
