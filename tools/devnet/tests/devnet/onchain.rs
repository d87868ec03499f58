//! The on-chain side: addresses, coins, sending, fees, and what mining does to them.

use std::str::FromStr;

use arkgrpc_devnet::proto::lnrpc::{
    AddressType, EstimateFeeRequest, GetTransactionsRequest, ListUnspentRequest, NewAddressRequest,
    OutPoint, SendCoinsRequest, Transaction, Utxo, WalletBalanceRequest, WalletBalanceResponse,
};
use bitcoin::{Address, AddressType as Kind, Network};
use serde_json::json;
use tonic::Status;

use crate::support::{Grpc, Pair, Rest, told};

/// lnd keeps this much for each public channel.
const RESERVED: i64 = 10_000;
const FIRST: i64 = 160_000_000;

async fn balance(client: &Grpc) -> WalletBalanceResponse {
    let request = client.request(WalletBalanceRequest::default());
    client
        .lightning()
        .wallet_balance(request)
        .await
        .unwrap()
        .into_inner()
}

async fn address(client: &Grpc, kind: AddressType) -> String {
    let request = NewAddressRequest {
        r#type: kind.into(),
        ..Default::default()
    };
    let answer = client
        .lightning()
        .new_address(client.request(request))
        .await;
    answer.unwrap().into_inner().address
}

async fn send(client: &Grpc, request: SendCoinsRequest) -> Result<String, Status> {
    let request = client.request(request);
    Ok(client
        .lightning()
        .send_coins(request)
        .await?
        .into_inner()
        .txid)
}

async fn coins(client: &Grpc, min_confs: i32) -> Vec<Utxo> {
    let request = ListUnspentRequest {
        min_confs,
        max_confs: i32::MAX,
        ..Default::default()
    };
    let answer = client
        .lightning()
        .list_unspent(client.request(request))
        .await;
    answer.unwrap().into_inner().utxos
}

async fn transactions(client: &Grpc, request: GetTransactionsRequest) -> Vec<Transaction> {
    let answer = client
        .lightning()
        .get_transactions(client.request(request))
        .await;
    answer.unwrap().into_inner().transactions
}

async fn transaction(client: &Grpc, txid: &str) -> Transaction {
    let all = transactions(client, GetTransactionsRequest::default()).await;
    all.into_iter()
        .find(|known| known.tx_hash == txid)
        .expect("the transaction is known")
}

fn to(addr: &str, amount: i64) -> SendCoinsRequest {
    SendCoinsRequest {
        addr: addr.to_owned(),
        amount,
        sat_per_vbyte: 2,
        ..Default::default()
    }
}

#[tokio::test]
async fn addresses_are_real_and_advance_unless_an_unused_one_is_asked_for() {
    let pair = Pair::new().await;
    let kinds = [
        (
            AddressType::WitnessPubkeyHash,
            AddressType::UnusedWitnessPubkeyHash,
            Kind::P2wpkh,
        ),
        (
            AddressType::NestedPubkeyHash,
            AddressType::UnusedNestedPubkeyHash,
            Kind::P2sh,
        ),
        (
            AddressType::TaprootPubkey,
            AddressType::UnusedTaprootPubkey,
            Kind::P2tr,
        ),
    ];
    for (advancing, unused, kind) in kinds {
        let first = address(&pair.bob, advancing).await;
        let parsed = Address::from_str(&first)
            .unwrap()
            .require_network(Network::Regtest)
            .unwrap();
        assert_eq!(parsed.address_type(), Some(kind));
        let second = address(&pair.bob, advancing).await;
        assert_ne!(first, second);
        assert_eq!(address(&pair.bob, unused).await, second);
        assert_eq!(address(&pair.bob, unused).await, second);
        send(&pair.alice, to(&second, 50_000)).await.unwrap();
        assert_ne!(
            address(&pair.bob, unused).await,
            second,
            "it has been used now"
        );
    }
    let rest = Rest::new(&pair.devnet.node("bob").unwrap());
    let (_, by_name) = rest.get("/v1/newaddress?type=TAPROOT_PUBKEY").await;
    let (_, by_number) = rest.get("/v1/newaddress?type=5").await;
    assert_eq!(by_name["address"], by_number["address"]);
    let request = NewAddressRequest {
        r#type: 77,
        ..Default::default()
    };
    let answer = pair
        .alice
        .lightning()
        .new_address(pair.alice.request(request))
        .await;
    assert_eq!(told(answer), (2, "unknown address type: 77".to_owned()));
}

#[tokio::test]
async fn coins_travel_and_mining_confirms_them() {
    let pair = Pair::new().await;
    let (before_alice, before_bob) = (balance(&pair.alice).await, balance(&pair.bob).await);
    assert_eq!(before_bob.confirmed_balance, FIRST);
    assert_eq!(before_alice.reserved_balance_anchor_chan, RESERVED);
    let target = address(&pair.bob, AddressType::TaprootPubkey).await;
    let order = SendCoinsRequest {
        label: "rent".to_owned(),
        ..to(&target, 1_000_000)
    };
    let txid = send(&pair.alice, order).await.unwrap();

    let sent = transaction(&pair.alice, &txid).await;
    assert_eq!(
        (
            sent.num_confirmations,
            sent.block_height,
            sent.label.as_str()
        ),
        (0, 0, "rent")
    );
    assert!(sent.total_fees > 0 && sent.amount == -1_000_000 - sent.total_fees);
    assert!(
        sent.previous_outpoints
            .iter()
            .all(|input| input.is_our_output)
    );
    let paid = sent
        .output_details
        .iter()
        .find(|output| output.address == target)
        .unwrap();
    assert_eq!((paid.amount, paid.is_our_address), (1_000_000, false));
    let bytes = hex::decode(&sent.raw_tx_hex).unwrap();
    let raw: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
    assert_eq!(raw.compute_txid().to_string(), txid);

    let received = transaction(&pair.bob, &txid).await;
    assert_eq!(
        (
            received.amount,
            received.total_fees,
            received.label.as_str()
        ),
        (1_000_000, 0, "")
    );
    let bob = balance(&pair.bob).await;
    assert_eq!(
        (bob.confirmed_balance, bob.unconfirmed_balance),
        (FIRST, 1_000_000)
    );
    assert_eq!(
        (
            coins(&pair.bob, 0).await.len(),
            coins(&pair.bob, 1).await.len()
        ),
        (4, 3)
    );

    pair.devnet.mine(2);
    let alice = balance(&pair.alice).await;
    let bob = balance(&pair.bob).await;
    assert_eq!(
        (bob.confirmed_balance, bob.unconfirmed_balance),
        (FIRST + 1_000_000, 0)
    );
    let before = before_alice.total_balance + before_bob.total_balance;
    assert_eq!(
        alice.total_balance + bob.total_balance + sent.total_fees,
        before,
        "no more, no less"
    );
    let confirmed = transaction(&pair.bob, &txid).await;
    assert_eq!(confirmed.num_confirmations, 2);
    assert!(confirmed.block_height > 0 && confirmed.block_hash.len() == 64);
    let rest = Rest::new(&pair.devnet.node("bob").unwrap());
    let (_, seen) = rest.get("/v1/balance/blockchain").await;
    assert_eq!(
        seen["confirmed_balance"],
        json!((FIRST + 1_000_000).to_string())
    );
    let (_, seen) = rest.get("/v1/utxos?min_confs=1&max_confs=2").await;
    assert_eq!(seen["utxos"][0]["outpoint"]["txid_str"], json!(txid));
}

#[tokio::test]
async fn transactions_are_filtered_and_paged() {
    let pair = Pair::new().await;
    let target = address(&pair.bob, AddressType::WitnessPubkeyHash).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(send(&pair.alice, to(&target, 40_000)).await.unwrap());
        pair.devnet.mine(1);
    }
    sent.push(
        send(
            &pair.alice,
            SendCoinsRequest {
                spend_unconfirmed: true,
                ..to(&target, 40_000)
            },
        )
        .await
        .unwrap(),
    );
    let hashes = |all: Vec<Transaction>| all.into_iter().map(|one| one.tx_hash).collect::<Vec<_>>();
    let whole = hashes(transactions(&pair.bob, GetTransactionsRequest::default()).await);
    let newest_first: Vec<_> = sent.iter().rev().cloned().collect();
    assert_eq!(
        whole[..4],
        newest_first,
        "the mempool first, then back in time"
    );
    let height = transaction(&pair.bob, &sent[1]).await.block_height;
    let one_block = GetTransactionsRequest {
        start_height: height,
        end_height: height,
        ..Default::default()
    };
    assert_eq!(
        hashes(transactions(&pair.bob, one_block).await),
        [sent[1].clone()]
    );
    let total = u32::try_from(whole.len()).unwrap();
    let page = GetTransactionsRequest {
        index_offset: total - 2,
        max_transactions: 5,
        ..Default::default()
    };
    assert_eq!(
        hashes(transactions(&pair.bob, page).await),
        [sent[3].clone(), sent[2].clone()]
    );
    let beyond = GetTransactionsRequest {
        index_offset: total,
        ..Default::default()
    };
    assert!(transactions(&pair.bob, beyond).await.is_empty());
}

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
