//! The on-chain side: addresses, coins, lists, and what mining does to them.

use std::str::FromStr;

use arkgrpc_devnet::proto::lnrpc::{
    AddressType, GetTransactionsRequest, NewAddressRequest, SendCoinsRequest, Transaction,
};
use bitcoin::{Address, AddressType as Kind, Network};
use serde_json::json;

use crate::support::{
    Pair, Rest,
    coins::{address, balance, coins, send, to, transaction, transactions},
    told,
};

/// lnd keeps this much for each public channel.
const RESERVED: i64 = 10_000;
/// What a node begins with.
const FIRST: i64 = 160_000_000;

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
async fn a_transaction_is_shown_to_both_of_its_ends() {
    let pair = Pair::new().await;
    let target = address(&pair.bob, AddressType::TaprootPubkey).await;
    let order = SendCoinsRequest {
        label: "rent".to_owned(),
        ..to(&target, 1_000_000)
    };
    let txid = send(&pair.alice, order).await.unwrap();
    let sent = transaction(&pair.alice, &txid).await;
    let shown = (sent.num_confirmations, sent.block_height, &sent.label[..]);
    assert_eq!(shown, (0, 0, "rent"));
    assert!(sent.total_fees > 0 && sent.amount == -1_000_000 - sent.total_fees);
    let mut inputs = sent.previous_outpoints.iter();
    assert!(inputs.all(|input| input.is_our_output));
    let mut outputs = sent.output_details.iter();
    let paid = outputs.find(|output| output.address == target).unwrap();
    assert_eq!((paid.amount, paid.is_our_address), (1_000_000, false));
    let bytes = hex::decode(&sent.raw_tx_hex).unwrap();
    let raw: bitcoin::Transaction = bitcoin::consensus::deserialize(&bytes).unwrap();
    assert_eq!(raw.compute_txid().to_string(), txid);
    let received = transaction(&pair.bob, &txid).await;
    let shown = (received.amount, received.total_fees, &received.label[..]);
    assert_eq!(shown, (1_000_000, 0, ""));
}

#[tokio::test]
async fn mining_confirms_coins_and_their_sum_stays() {
    let pair = Pair::new().await;
    let (alice, bob) = (balance(&pair.alice).await, balance(&pair.bob).await);
    assert_eq!(bob.confirmed_balance, FIRST);
    assert_eq!(alice.reserved_balance_anchor_chan, RESERVED);
    let before = alice.total_balance + bob.total_balance;
    let target = address(&pair.bob, AddressType::TaprootPubkey).await;
    let txid = send(&pair.alice, to(&target, 1_000_000)).await.unwrap();
    let fees = transaction(&pair.alice, &txid).await.total_fees;
    let bob = balance(&pair.bob).await;
    let shown = (bob.confirmed_balance, bob.unconfirmed_balance);
    assert_eq!(shown, (FIRST, 1_000_000));
    let (all, confirmed) = (coins(&pair.bob, 0).await, coins(&pair.bob, 1).await);
    assert_eq!((all.len(), confirmed.len()), (4, 3));

    pair.devnet.mine(2);
    let (alice, bob) = (balance(&pair.alice).await, balance(&pair.bob).await);
    let shown = (bob.confirmed_balance, bob.unconfirmed_balance);
    assert_eq!(shown, (FIRST + 1_000_000, 0));
    let after = alice.total_balance + bob.total_balance;
    assert_eq!(after + fees, before, "no more, no less");
    let confirmed = transaction(&pair.bob, &txid).await;
    assert_eq!(confirmed.num_confirmations, 2);
    assert!(confirmed.block_height > 0 && confirmed.block_hash.len() == 64);
    let rest = Rest::new(&pair.devnet.node("bob").unwrap());
    let (_, seen) = rest.get("/v1/balance/blockchain").await;
    let sum = (FIRST + 1_000_000).to_string();
    assert_eq!(seen["confirmed_balance"], json!(sum));
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
